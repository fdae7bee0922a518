#!/usr/bin/env bats
# tp-validate: the header.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "a header in one cell: the delimiter to use is named" {
	local hint='tp-validate: -:1: the header is a single cell that holds'

	try_with 'thirdPartyId;a\nx;1\n' tp-validate
	expect 3 '' "$hint ';': use --delimiter ';'\n"
	try_with 'thirdPartyId|a\nx|1\n' tp-validate
	expect 3 '' "$hint '|': use --delimiter '|'\n"
	try_with 'thirdPartyId,a\nx,1\n' tp-validate --delimiter ';'
	expect 3 '' "$hint ',': use --delimiter ','\n"
	try_with 'thirdPartyId\ta\nx\t1\n' tp-validate
	expect 3 '' "$hint tabs: use --delimiter tab\n"
	try_with 'thirdPartyId\ta\nx\t1\n' tp-validate --delimiter tab
	expect 0 'thirdPartyId\ta\nx\t1\n' ''
	# Also where the names would be refused for something else.
	try_with 'thirdPartyId;profile.a\nx;1\n' tp-validate
	expect 3 '' "$hint ';': use --delimiter ';'\n"
}
