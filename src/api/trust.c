#include "api/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "base/escape.h"
#include "base/signals.h"
#include "base/sys.h"
#include "base/wait.h"

static int
read_all(int fd, struct buffer *to)
{
	enum { BLOCK = 64 * 1024 };

	for (;;) {
		ssize_t n;

		/* Past the maximum there is no room. */
		if (buffer_reserve(to, BLOCK) != 0) {
			errno = to->len + BLOCK > to->max ? EFBIG : ENOMEM;
			return -1;
		}
		n = wait_read(fd, to->data + to->len, BLOCK);
		if (n <= 0)
			return (int)n;
		to->len += (size_t)n;
	}
}

/* A folder can be opened, but not read. */
static int
read_file(struct buffer *pem, const char *path, struct error *e)
{
	static const char cannot[] = "cannot read these certificates";
	int fd = wait_open(path, O_RDONLY | O_NOCTTY, 0);
	int result = 0;

	if (fd < 0)
		return error_errno(e, EXIT_USAGE, cannot);
	buffer_init(pem, TRUST_MAX);
	if (read_all(fd, pem) != 0)
		result = errno == EINTR
			     ? signals_interrupt(e)
			     : error_errno(e,
				   errno == ENOMEM ? EXIT_LOCAL : EXIT_USAGE,
				   cannot);
	(void)sys_close(fd);
	return result;
}

/* How many certificates it has; *damaged: it has something that cannot be
 * read. */
static int
count(const struct buffer *pem, bool *damaged)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	STACK_OF(X509_INFO) *list = NULL;
	int i, found = 0;

	if (bio != NULL)
		list = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
	for (i = 0; list != NULL && i < sk_X509_INFO_num(list); i++)
		found += sk_X509_INFO_value(list, i)->x509 != NULL;
	*damaged = list == NULL;
	sk_X509_INFO_pop_free(list, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error(); /* libcurl would take it for one of its own */
	return found;
}

static int
check(const struct buffer *pem, struct error *e)
{
	bool damaged = false;
	int found = pem->len > 0 ? count(pem, &damaged) : 0;

	if (damaged)
		return error_set(e, EXIT_USAGE,
		    "a certificate or key in this file is damaged");
	if (found == 0)
		return error_set(e, EXIT_USAGE,
		    "there is no certificate in this file; it must hold at "
		    "least one in PEM form (-----BEGIN CERTIFICATE-----)");
	return 0;
}

int
trust_read(struct buffer *pem, const char *path, struct error *e)
{
	char shown[256];

	memset(pem, 0, sizeof(*pem));
	if (read_file(pem, path, e) == 0 && check(pem, e) == 0)
		return 0;
	escape_text(shown, sizeof(shown), path, strlen(path));
	error_place(e, shown, 0, 0);
	return -1;
}

int
trust_check_default(const char *file, const char *folder, struct error *e)
{
	struct error why = ERROR_INIT;
	struct buffer pem;
	struct stat st;
	int result = 0;

	if (file != NULL) {
		result = trust_read(&pem, file, &why);
		buffer_free(&pem);
	} else if (folder != NULL && stat(folder, &st) != 0) {
		result = error_errno(
		    &why, EXIT_USAGE, "cannot read these certificates");
		error_place(&why, folder, 0, 0);
	}
	if (result == 0)
		return 0;
	error_set(e, why.code,
	    "%s; this is what libcurl trusts: install it (Debian: "
	    "ca-certificates), or name another with --cacert",
	    why.text);
	error_place(e, why.place, 0, 0);
	return -1;
}
