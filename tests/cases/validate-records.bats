#!/usr/bin/env bats
# tp-validate: which records pass, by every rule.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "the quick look and the thorough one judge alike" {
	local head='thirdPartyId,a\n' good='x,valuevalue\n' skip

	# An id that is empty between its quotes.
	try_with "$head"'"",valuevalue\n'"$good" tp-validate
	expect 1 "$head$good" "tp-validate: -:2:1: id-empty: column \
'thirdPartyId': the identifier is empty\n"
	# One that --null calls empty, beside a long value.
	try_with "$head"'NULL,valuevalue\n'"$good" tp-validate --null NULL
	expect 1 "$head$good"
	# A short record can be too long.
	try_with "$head"'x,valuevalue123\n'"$good" tp-validate --max-record 14
	expect 1 "$head$good"
	# Quotes in --null are doubled in a cell.
	skip="tp-validate: skipped 1 records that hold no values \
(--keep-empty passes them)\n"
	try_with "$head"'x,"""""x"""""\n'"$good" tp-validate --null '""x""'
	expect 0 "$head$good" "$skip"
}

@test "separators are counted once for each record that has one in a value" {
	try_with 'a;thirdPartyId;b\n1;"x;y,z";2\n1,2;x;"3,4"\n1;x;"2;3"
"1\n2";x;3\n"1,2";x;3\n1,2;x;345\n' tp-validate --delimiter ';' \
		--summary sum -q
	[ "$status" = 0 ]
	assert_same in out
	[ "$(jq -c .warnings sum)" = '{"separators":4}' ]
	printf 'a,thirdPartyId\nv,"x,y"\n"v,w",x\nv,"x,y"\nvalue,"x,y"\r\n' >in
	tp-validate -q --summary sum in | cmp in -
	[ "$(jq -c .warnings sum)" = '{"separators":1}' ]
}

@test "a carriage return in front of a record is as bare as any" {
	local head='thirdPartyId,a\n'

	try_with "$head"'\rx,1\n\r\r\ny,2\n \rz,3\n' tp-validate --rejects bad
	expect 1 "$head"'y,2\n' 'tp-validate: -:2:1: bare-cr: a carriage '\
'return without line feed, outside of quotes
tp-validate: -:3:1: bare-cr: a carriage return without line feed, outside '\
'of quotes
tp-validate: -:5:2: bare-cr: a carriage return without line feed, outside '\
'of quotes\n'
	printf "$head"'\rx,1\n\r\r\n \rz,3\n' | cmp - bad
	try_with "$head"' \t\rz,3\n\t\r\r\ny,2\n' tp-validate --trim
	expect 1 "$head"'y,2\n' 'tp-validate: -:2:3: bare-cr: a carriage '\
'return without line feed, outside of quotes
tp-validate: -:3:2: bare-cr: a carriage return without line feed, outside '\
'of quotes\n'
}
