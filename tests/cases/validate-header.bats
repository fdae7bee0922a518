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

@test "several files have one header" {
	printf 'thirdPartyId,a\nx,1\n' >one
	printf 'thirdPartyId,a\r\ny,2' >two
	printf '\357\273\277thirdPartyId,a\nz,3\n' >three
	printf 'thirdPartyId,b\nz,3\n' >other
	try tp-validate one two three
	expect 0 'thirdPartyId,a\nx,1\ny,2\r\nz,3\n' ''
	try tp-validate one other
	expect 3 'thirdPartyId,a\nx,1\n' 'tp-validate: other:1: the header '\
'differs from that of one; files of one run must have the same columns\n'
	cp one $'o\e\342\200\256ne'
	try tp-validate $'o\e\342\200\256ne' other
	expect 3 'thirdPartyId,a\nx,1\n' 'tp-validate: other:1: the header '\
'differs from that of o\\x1B\\u{202E}ne; files of one run must have the same columns\n'
}
