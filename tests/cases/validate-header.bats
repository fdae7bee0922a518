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
	expect 0 'thirdPartyId,a\nx,1\n' ''
	# Also where the names would be refused for something else.
	try_with 'thirdPartyId;profile.a\nx;1\n' tp-validate
	expect 3 '' "$hint ';': use --delimiter ';'\n"
}

@test "several files have one header" {
	local rest='files of one run must have the same header'

	printf 'thirdPartyId,a\nx,1\n' >one
	printf 'thirdPartyId,a\r\ny,2' >two
	printf '\357\273\277thirdPartyId,a\nz,3\n' >three
	printf 'thirdPartyId,b\nz,3\n' >other
	try tp-validate -q one two three
	expect 0 'thirdPartyId,a\nx,1\ny,2\r\nz,3\n' ''
	try tp-validate one other
	expect 3 'thirdPartyId,a\nx,1\n' "tp-validate: other:1:14: the header \
differs from that of one: column 2 is 'b' here, but 'a' there; $rest\n"
	cp one $'o\e\342\200\256ne'
	try tp-validate $'o\e\342\200\256ne' other
	expect 3 'thirdPartyId,a\nx,1\n' "tp-validate: other:1:14: the header \
differs from that of o\\\\x1B\\\\u{202E}ne: column 2 is 'b' here, but 'a' there; $rest\n"
}

# What tp-validate says of a header that it cannot use; nothing else remains.
unusable() { # TEXT MESSAGE OPTION...
	local text=$1 message=$2
	shift 2
	mkdir work && cd work || return
	try_with "$text" tp-validate --rejects bad --errors why --summary sum "$@"
	expect 3 '' "tp-validate: $message\n" || return
	[ "$(echo *)" = 'err expected in out' ] || {
		ls -A
		return 1
	}
	[ -z "$(find . -name '.*.tmp-*')" ]
	cd .. && rm -r work
}

@test "no header" {
	unusable '' '-: the input is empty: there is no header'
	unusable '\n\r\n\n' '-: the input is empty: there is no header'
	unusable '\357\273\277' '-: the input is empty: there is no header'
}

@test "no identifier column" {
	local said='no column is named pcId, thirdPartyId or mbox3rdPartyId; '
	local program hint='say which one is the identifier with --id NAME, or add the header if the file lacks it'

	unusable 'id,a\nx,1\n' "-:1: ${said}there is 'id', 'a': $hint"
	unusable 'thirdpartyid,a\nx,1\n' \
		"-:1: ${said}there is 'thirdpartyid', 'a': $hint"
	unusable '\n\nthirdPartyId ,a\nx,1\n' \
		"-:3: ${said}there is 'thirdPartyId ', 'a': $hint"
	unusable 'id,a\nx,1\n' "-:1: the header has no column 'crm', which --id \
names; it has 'id', 'a'" --id crm
	unusable 'id,a\nx,1\n' "-:1: the header has no column 'crm', which --id \
names; it has 'id', 'a'" --id crm=pcId
	# What is shown is escaped, cut, and counted.
	unusable '\342\200\256id,"a""b",\303\244\nx,1\n' \
		"-:1: ${said}there is '\\\\u{202E}id', 'a\"b', '\303\244': $hint"
	unusable "$(printf %0100d 0),$(seq -s , 1000)\nx,1\n" \
		"-:1: ${said}there is '$(printf %044d 0)...', $(seq -f "'%.0f'" \
			-s ', ' 43) and 957 more: $hint"
	# What tp-validate has renamed.
	for program in tp-split tp-validate; do
		try_with 'crm_id,a\nx,1\n' tp-validate --id crm_id
		mv out in
		status=0
		$program --id crm_id <in >out 2>err || status=$?
		expect 3 '' "$program: -:1: the header has no column 'crm_id', \
which --id names, but has 'thirdPartyId', as tp-validate renames it: leave out \
--id\n"
	done
	unusable 'a,mbox3rdPartyId\nx,1\n' "-:1: the header has no column 'crm', \
which --id names, but has 'mbox3rdPartyId': leave out --id" --id crm
}

@test "--id: a KIND that is none, and columns with = in their names" {
	local said="is no kind of identifier: expected thirdPartyId or pcId"

	for program in tp-validate tp-split; do
		try_with 'crm,a\nx,1\n' $program --id crm=pcid
		expect 2 '' "$program: -:1: --id crm=pcid: 'pcid' $said\n"
	done
	try_with 'crm,a\nx,1\n' tp-validate --id crm=
	expect 2 '' "tp-validate: -:1: --id crm=: '' $said\n"
	try_with 'crm,a\nx,1\n' tp-validate --id crm=pcId=$'\e'
	expect 3 '' "tp-validate: -:1: the header has no column \
'crm=pcId=\\\\x1B', which --id names; it has 'crm', 'a'\n"
	try_with 'crm,crm=pcid\nx,1\n' tp-validate --id crm=pcid
	expect 0 'crm,thirdPartyId\nx,1\n' ''
}

@test "two identifier columns" {
	local said='more than one column is named like an identifier: choose '

	unusable 'pcId,thirdPartyId,a\nx,1\n' \
		"-:1: ${said}with --id pcId or --id thirdPartyId"
	unusable 'pcId,a,mbox3rdPartyId\nx,1\n' \
		"-:1: ${said}with --id pcId or --id mbox3rdPartyId"
	unusable 'thirdPartyId,a,mbox3rdPartyId\nx,1\n' "-:1:1: column 1 is \
named thirdPartyId, but --id makes column 3 that; rename one" \
		--id mbox3rdPartyId
}

@test "the same name twice" {
	unusable 'thirdPartyId,a,b,a\nx,1\n' "-:1:18: columns 2 and 4 are both \
named 'a'; rename one"
	unusable 'thirdPartyId,a,"a"\nx,1\n' "-:1:16: columns 2 and 3 are both \
named 'a'; rename one"
	unusable 'thirdPartyId,thirdPartyId\nx,1\n' "-:1:14: columns 1 and 2 are \
both named 'thirdPartyId'; rename one"
	unusable 'thirdPartyId,a,profile.a\nx,1\n' "-:1:16: columns 2 and 3 are \
both named 'a'; rename one" --strip-prefix
	unusable 'thirdPartyId,a, a\nx,1\n' "-:1:16: columns 2 and 3 are both \
named 'a'; rename one" --trim
	try_with 'thirdPartyId,a, a,A\nx,1\n' tp-validate -q
	expect 0 'thirdPartyId,a, a,A\nx,1\n' ''
}

@test "names that are empty, or hold what no name can" {
	local said='has no name in the header'
	local end='give it one, or leave out the delimiter before it'

	unusable 'thirdPartyId,,b\nx,1\n' \
		"-:1:14: column 2, behind 'thirdPartyId', $said: give it one"
	unusable 'thirdPartyId,b,\nx,1\n' \
		"-:1:16: column 3, behind 'b', $said: $end"
	unusable 'thirdPartyId,""\nx,1\n' \
		"-:1:14: column 2, behind 'thirdPartyId', $said: $end"
	unusable 'thirdPartyId,profile.\nx,1\n' \
		"-:1:14: column 2, behind 'thirdPartyId', $said: $end" --strip-prefix
	unusable ',thirdPartyId,a\n0,x,1\n' "-:1:1: column 1 $said; if it is the \
index that pandas writes: to_csv(index=False)"
	unusable 'thirdPartyId,a\377\nx,1\n' "-:1:14: the name of column 2 is not \
UTF-8; convert the export first, for instance from what Windows writes: iconv \
-f WINDOWS-1252 -t UTF-8 FILE | ..."
	unusable 'thirdPartyId,"a\nb"\nx,1\n' "-:1:14: the name of column 2 holds \
a control character or line break"
	unusable 'thirdPartyId,a\000b\nx,1\n' "-:1:14: the name of column 2 holds \
a control character or line break"
}

@test "a header that cannot be read" {
	local said='is this CSV, and --quote right?'

	unusable 'thirdPartyId,a"b\nx,1\n' \
		"-:1:15: the header is malformed at this quote; $said"
	unusable 'thirdPartyId,"a\nx,1\n' \
		"-:1:14: this quote in the header never closes; $said"
	said='the header is longer than --max-record allows: raise it, if this is CSV'
	unusable 'thirdPartyId,abcdefg\nx,1\n' "-:1: $said" --max-record 19
	unusable '\nthirdPartyId,abcdefg\r\nx,1\n' "-:2: $said" --max-record 5
	# As a Macintosh once ended lines.
	said='the header holds a carriage return without line feed; if all '
	said+="lines end so, convert the export first: tr '\\\\r' '\\\\n' <FILE | ..."
	unusable 'thirdPartyId,a\rb\nx,1\n' "-:1: $said"
	unusable 'thirdPartyId,a\rx,1\ry,2\r' "-:1: $said"
	unusable 'thirdPartyId,a\rx,1\ry,2\r' "-:1: $said" --max-record 15
}

@test "prefixes: refused with a hint, or stripped" {
	unusable 'thirdPartyId,profile.a\nx,1\n' "-:1:14: names are sent bare, \
without \"profile.\" in front: use tp-validate --strip-prefix"
	try_with 'profile.b,"profile.c,d",thirdPartyId,"e","profile.f"\n1,2,x,3,4\n' \
		tp-validate --strip-prefix
	expect 0 'b,"c,d",thirdPartyId,"e",f\n1,2,x,3,4\n' ''
	try_with 'profile.thirdPartyId,profiles.a,Profile.b,profile.c\r\nx,1,2,3\r\n' \
		tp-validate --strip-prefix
	expect 0 'thirdPartyId,profiles.a,Profile.b,c\r\nx,1,2,3\r\n' ''
	# What is left would be refused by tp-split.
	unusable 'thirdPartyId,profile.profile.x\nx,1\n' "-:1:14: names are sent \
bare, and this one has \"profile.\" in front twice: rename it" --strip-prefix
}

@test "the identifier: its kinds, forms and places" {
	try_with 'a,thirdPartyId\n1,x\n' tp-validate
	expect 0 'a,thirdPartyId\n1,x\n' ''
	try_with 'a,"thirdPartyId"\n1,x\n' tp-validate
	expect 0 'a,"thirdPartyId"\n1,x\n' ''
	try_with 'a,mbox3rdPartyId,b\r\n1,x,2\r\n' tp-validate
	expect 0 'a,thirdPartyId,b\r\n1,x,2\r\n' ''
	try_with 'a,crm,b\n1,x+,2\n1,x,2\n' tp-validate --id crm
	expect 1 'a,thirdPartyId,b\n1,x,2\n'
	try_with 'a,crm,b\n1,x,2\n' tp-validate --id crm=thirdPartyId
	expect 0 'a,thirdPartyId,b\n1,x,2\n' ''
	try_with 'a,crm,b\n1,x+,2\n' tp-validate -q --id crm=pcId
	expect 0 'a,pcId,b\n1,x+,2\n' ''
	# The column pcId is a pcId, whatever else there is.
	try_with 'pcId,thirdPartyId,a\nx+,2,3\n' tp-validate -q --id pcId
	expect 0 'pcId,a\nx+,3\n' ''
	try_with 'pcId,thirdPartyId,a\n1,x+,3\n1,x,3\n' tp-validate -q \
		--id thirdPartyId
	expect 1 'thirdPartyId,a\nx,3\n'
	# A name that holds =, and one that looks like a kind.
	try_with 'a=b,c\nx,1\n' tp-validate --id a=b
	expect 0 'thirdPartyId,c\nx,1\n' ''
	try_with 'a=b,c\nx.1_0,1\n' tp-validate -q --id a=b=pcId
	expect 0 'pcId,c\nx.1_0,1\n' ''
	# Named as in the header, decoded.
	try_with '"my ""id""",c\nx,1\n' tp-validate --id 'my "id"'
	expect 0 'thirdPartyId,c\nx,1\n' ''
}

@test "a BOM is dropped, from each file" {
	try_with '\357\273\277thirdPartyId,a\nx,1\n' tp-validate
	expect 0 'thirdPartyId,a\nx,1\n' ''
	try_with '\357\273\277"thirdPartyId",a\nx,1\n' tp-validate
	expect 0 '"thirdPartyId",a\nx,1\n' ''
	printf '\357\273\277thirdPartyId,a\nx,1\n' | gzip >packed
	try tp-validate packed packed
	expect 0 'thirdPartyId,a\nx,1\nx,1\n' ''
}

@test "a later file without header, or with none of its own" {
	printf 'thirdPartyId,a\nx,1\n' >one
	: >empty
	try tp-validate one empty
	expect 3 'thirdPartyId,a\nx,1\n' \
		'tp-validate: empty: the input is empty: there is no header\n'
	try tp-validate one nowhere
	expect 3 'thirdPartyId,a\nx,1\n' \
		'tp-validate: nowhere: cannot open: No such file or directory\n'
	printf 'thirdPartyId,"a\nx,1\n' >broken
	try tp-validate one broken
	expect 3 'thirdPartyId,a\nx,1\n' 'tp-validate: broken:1:14: this quote in '\
'the header never closes; is this CSV, and --quote right?\n'
}

@test "a name that is too long is in the line where the header is" {
	local long
	long=$(printf %0129d 0)
	try_with "\n\nthirdPartyId,$long\na,b\n" tp-validate
	expect 0 "thirdPartyId,$long\na,b\n" "tp-validate: warning: name-long: \
the name is longer than 128 characters, the limit in pages (once, at \
-:3)\n"
	try_with "\n\nthirdPartyId,$long\na,b\n" tp-validate --strict
	expect 3 '' "tp-validate: -:3: column 2: the name is longer than 128 \
characters, the limit in pages (--strict)\n"
}

@test "-v says what the header was taken as" {
	local program said='crm.csv:2: 3 columns; the thirdPartyId is column 2,'

	said+=" 'crm id'; scan kernel: portable\\n"
	printf '\nmail,crm id,tier\nx,a1,\\N\n' >crm.csv
	for program in tp-validate tp-split; do
		TP_SCAN=portable try $program -v --id 'crm id' crm.csv
		[ "$status" = 0 ]
		printf "$program: $said" | cmp - err
		TP_SCAN=portable try $program -v -q --id 'crm id' crm.csv
		[ ! -s err ]
	done
	try_with 'thirdPartyId,pcId\nx,1-1.1_0\n' tp-split -vv --id pcId
	grep -q ": 2 columns; the pcId is column 2, 'pcId'; " err
}

@test "of headers that differ the first difference is named" {
	local rest='files of one run must have the same header' program

	printf 'thirdPartyId,a,b,c\nx,1,2,3\n' >one
	differs() { # HEADER PLACE DIFFERENCE OPTION...
		local header=$1 place=$2 said=$3
		shift 3
		printf "$header\ny,1,2,3\n" >two
		for program in tp-validate tp-split; do
			[ $# = 0 ] || [ $program = tp-validate ] || continue
			try $program "$@" one two
			[ "$status" = 3 ]
			printf "$program: two:1:$place: the header differs from that of one: $said; $rest\n" >expected
			assert_same expected err
		done
	}
	differs 'thirdPartyId,a,B,c' 16 "column 3 is 'B' here, but 'b' there"
	differs 'thirdPartyId,x,a,b,c' 14 "column 2 is 'x' here, but 'a' there"
	differs 'thirdPartyId,a,b,c,d' 20 "column 5, 'd', is only here"
	differs 'thirdPartyId,a,b' 17 "column 4, 'c', is only there"
	differs 'thirdPartyId,a,c,b' 16 "the columns are in another order: \
column 3 is 'c' here, but 'b' there"
	differs 'c,thirdPartyId,a,b' 1 "the columns are in another order: \
column 1 is 'c' here, but 'thirdPartyId' there"
	differs 'thirdPartyId,a,a,c' 16 "column 3 is 'a' here, but 'b' there"
	differs 'thirdPartyId;a;b;c' 1 "column 1 is 'thirdPartyId;a;b;c' here, \
but 'thirdPartyId' there"
	differs 'thirdPartyId,"a",b,c' 21 "the names are the same, but the \
quotes or spaces around them are not"
	differs 'thirdPartyId,a,b\033,c' 16 \
		"column 3 is 'b\\\\x1B' here, but 'b' there"
	# Prefixes are no difference in the names.
	printf 'thirdPartyId,profile.a\nx,1\n' >one
	differs 'thirdPartyId,a' 15 "the names are the same, but the quotes \
or spaces around them are not" --strip-prefix
	differs 'thirdPartyId,profile.b' 14 "column 2 is 'b' here, but 'a' there" \
		--strip-prefix
}
