#!/usr/bin/env bats
# What tp-validate and tp-split say can be read, and tells what to do.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "one of a thing is no plural" {
	local long word='(^|[^0-9:.,])1 [a-z]+s( |,|$)'

	# Each message with a number in it, and that number 1.
	printf 'thirdPartyId,a\nx,"1,2"\n' >one
	printf 'thirdPartyId,a\nx,1\n+,2\n' >bad
	printf 'thirdPartyId,a\nx,\n' >none
	printf 'thirdPartyId\nx\n' >single
	for command in 'tp-validate one' 'tp-split one' \
		'tp-validate none' 'tp-split -v single' \
		'tp-validate -v --keep-empty single' \
		'tp-validate --expect-rows 2 one' \
		'tp-validate --max-rejects 0% --id a=pcId --strict one' \
		'tp-validate --max-rejects 1 bad' \
		'tp-validate --max-rejects 1 bad bad' \
		'tp-split --max-rejects 0% --separators reject one'; do
		echo "$command"
		# shellcheck disable=SC2086 # options are words
		try $command
		[ -s err ] || [ "$status" = 1 ]
		cat err >>all
	done
	cat all
	# All of them were said.
	for text in '(once, at one:2)' 'skipped 1 record that holds no values (--keep-empty passes it)' \
		': 1 column; ' ': 1 record instead of 2 (--expect-rows)' \
		': 1 of 1 record rejected, over 0% ' \
		': more than 1 record rejected (--max-rejects)'; do
		grep -qF "$text" all || {
			echo "missing: $text"
			return 1
		}
	done
	never grep -E "$word" all
	# With two it is.
	printf 'thirdPartyId,a\nx,"1,2"\ny,"3,4"\nz,\nz,\n' >two
	try tp-validate two
	grep -qF '(2 times, first at two:2)' err
	grep -qF 'skipped 2 records that hold no values (--keep-empty passes them)' err
	try tp-split two
	grep -qF '(2 times, first at two:2)' err
}

@test "what an option cannot take, and what it can" {
	local said

	said="expected replace=TEXT with a TEXT that holds no comma and no line \
break, as it is sent in place of these: such as 'replace=;' or 'replace= '"
	for text in , 'a,b' $'\n' $'\r'; do
		try_with 'thirdPartyId,a\nx,"1,2"\n' \
			tp-split --separators "replace=$text"
		[ "$status" = 2 ]
		grep -qF "tp-split: --separators replace=" err
		grep -qF ": $said" err
	done
	for text in ';' ' '; do
		try_with 'thirdPartyId,a\nx,"1,2"\n' \
			tp-split --raw-utf8 --separators "replace=$text"
		[ "$status" = 0 ]
	done
	try_with 'thirdPartyId,a\nx,\n' tp-split --empty-as 'a,b'
	expect 2 '' 'tp-split: --empty-as a,b: expected text without commas and '\
'line breaks, which might move values to other columns\n'
	try_with 'thirdPartyId,a,b\nx,1,2\n' tp-split --params a,c
	expect 2 '' "tp-split: --params: column 'c' is not in the header, which \
has 'thirdPartyId', 'a', 'b'\n"
	try_with 'thirdPartyId,a,b\nx,1,2\n' tp-split --drop A
	expect 2 '' "tp-split: --drop: column 'A' is not in the header, which \
has 'thirdPartyId', 'a', 'b'\n"
	# tp-split has no --strip-prefix itself.
	try_with 'thirdPartyId,profile.a\nx,1\n' tp-split
	expect 3 '' 'tp-split: -:1:14: names are sent bare, without "profile." '\
'in front: use tp-validate --strip-prefix\n'
}

@test "what looks like CSV to a spreadsheet" {
	local said='this line is for Excel, not the header: leave it out by '

	said+='tail -n +2 FILE | tp-validate'
	for program in tp-validate tp-split; do
		try_with 'sep=,\r\nthirdPartyId,a\r\nx,1\r\n' $program
		expect 3 '' "$program: -:1: $said\n"
		try_with '\357\273\277sep=;\nthirdPartyId;a\nx;1\n' $program
		expect 3 '' "$program: -:1: $said --delimiter ';'\n"
		try_with 'sep=\t\nthirdPartyId\ta\nx\t1\n' $program
		expect 3 '' "$program: -:1: $said --delimiter tab\n"
		try_with 'thirdPartyId,sep=;\nx,1\n' $program
		[ "$status" = 0 ]
		# Spaces around quotes.
		try_with 'thirdPartyId, "a"\nx,1\n' $program
		expect 3 '' "$program: -:1:15: the header is malformed at this \
quote; if the spaces around quotes are layout, use --trim\n"
		for row in 'x, "1"' '"x" ,1' '\t"x",1'; do
			try_with "thirdPartyId,a\n$row\n" $program
			[ "$status" = 1 ]
			grep -q ': quote: quotes are malformed; if the spaces around them are layout, use --trim$' err
			try_with "thirdPartyId,a\n$row\n" $program --trim
			[ "$status" = 0 ]
		done
		# --trim is there, or would not help.
		try_with 'thirdPartyId,a\nx,"1"2\n' $program
		[ "$status" = 1 ]
		never grep -e --trim err
		try_with 'thirdPartyId,a\nx,"1" 2\n' $program --trim
		[ "$status" = 1 ]
		never grep -e --trim err
	done
}
