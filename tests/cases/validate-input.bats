#!/usr/bin/env bats
# tp-validate: files, pipes, and what they are packed in.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# A gzip member of exactly SIZE bytes: its header holds a long name.
member() { # SIZE
	gzip -nc >packed
	local rest=$(($(wc -c <packed) - 10))
	printf '\037\213\010\010\0\0\0\0\0\003'
	head -c $(($1 - 11 - rest)) /dev/zero | tr '\0' x
	printf '\0'
	tail -c +11 packed
}

@test "gzip: members and padding that end where a read ends" {
	printf 'thirdPartyId,a\nx,1\ny,2\n' >expected
	for size in 65535 65536 65537; do
		printf 'thirdPartyId,a\nx,1\n' | member $size >two.gz
		[ "$(wc -c <two.gz)" = $size ]
		cp two.gz padded.gz
		printf 'y,2\n' | gzip >>two.gz
		tp-validate two.gz | cmp expected -
		head -c 131072 /dev/zero >>padded.gz
		printf 'y,2\n' | gzip >>padded.gz
		tp-validate padded.gz | cmp expected -
	done
}

@test "an unterminated last record is ended like the first" {
	try_with 'thirdPartyId,a\nx,1' tp-validate
	expect 0 'thirdPartyId,a\nx,1\n' ''
	try_with 'thirdPartyId,a\r\nx,1' tp-validate
	expect 0 'thirdPartyId,a\r\nx,1\r\n' ''
	try_with 'thirdPartyId,a\r\nx,1\r' tp-validate
	expect 0 'thirdPartyId,a\r\nx,1\r\n' ''
	try_with '\r\n\r\nthirdPartyId,a\r\nx,1' tp-validate
	expect 0 'thirdPartyId,a\r\nx,1\r\n' ''
	try_with '\n\nthirdPartyId,a\r\nx,1\ny,2' tp-validate
	expect 0 'thirdPartyId,a\r\nx,1\ny,2\r\n' ''
	try_with 'thirdPartyId,a' tp-validate
	expect 0 'thirdPartyId,a\n' ''
}

@test "closed standard streams are never mistaken for a file" {
	printf 'thirdPartyId,a\nx,1\n,2\n' >in
	try_closed() { # REDIRECTION COMMAND...
		local how=$1
		shift
		status=0
		eval '"$@" 2>err '"$how" || status=$?
	}
	try_closed '>&-' tp-validate --rejects bad in
	[ "$status" = 4 ]
	[ "$(tail -n 1 err)" = 'tp-validate: cannot write to standard output: Bad file descriptor' ]
	printf 'thirdPartyId,a\n,2\n' | cmp - bad
	try_closed '<&- >out' tp-validate
	[ "$status" = 3 ]
	[ "$(cat err)" = 'tp-validate: -: cannot read: Bad file descriptor' ]
	try_closed '<&- >out' tp-validate in
	[ "$status" = 1 ]
	printf 'thirdPartyId,a\nx,1\n' | cmp - out
	status=0
	tp-validate in >out 2>&- || status=$?
	[ "$status" = 1 ]
	printf 'thirdPartyId,a\nx,1\n' | cmp - out
}
