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
