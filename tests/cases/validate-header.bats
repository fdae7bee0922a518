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
	try tp-validate -q one two three
	expect 0 'thirdPartyId,a\nx,1\ny,2\r\nz,3\n' ''
	try tp-validate one other
	expect 3 'thirdPartyId,a\nx,1\n' 'tp-validate: other:1: the header '\
'differs from that of one; files of one run must have the same columns\n'
	cp one $'o\e\342\200\256ne'
	try tp-validate $'o\e\342\200\256ne' other
	expect 3 'thirdPartyId,a\nx,1\n' 'tp-validate: other:1: the header '\
'differs from that of o\\x1B\\u{202E}ne; files of one run must have the same columns\n'
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
	local said='no column is named pcId, thirdPartyId or mbox3rdPartyId: '

	said+='name the identifier with --id COLUMN'
	unusable 'id,a\nx,1\n' "-:1: $said"
	unusable 'thirdpartyid,a\nx,1\n' "-:1: $said"
	unusable '\n\nthirdPartyId ,a\nx,1\n' "-:3: $said"
	unusable 'id,a\nx,1\n' "-:1: the header has no column 'crm', which --id \
names" --id crm
	unusable 'id,a\nx,1\n' "-:1: the header has no column 'crm', which --id \
names" --id crm=pcId
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
'crm=pcId=\\\\x1B', which --id names\n"
	try_with 'crm,crm=pcid\nx,1\n' tp-validate --id crm=pcid
	expect 0 'crm,thirdPartyId\nx,1\n' ''
}

@test "two identifier columns" {
	local said='more than one column is named like an identifier: choose '

	said+='with --id COLUMN'
	unusable 'pcId,thirdPartyId,a\nx,1\n' "-:1: $said"
	unusable 'pcId,a,mbox3rdPartyId\nx,1\n' "-:1: $said"
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
	unusable 'thirdPartyId,,b\nx,1\n' \
		'-:1:14: column 2 has no name in the header'
	unusable 'thirdPartyId,b,\nx,1\n' \
		'-:1:16: column 3 has no name in the header'
	unusable 'thirdPartyId,""\nx,1\n' \
		'-:1:14: column 2 has no name in the header'
	unusable 'thirdPartyId,profile.\nx,1\n' \
		'-:1:14: column 2 has no name in the header' --strip-prefix
	unusable 'thirdPartyId,a\377\nx,1\n' "-:1:14: the header is not UTF-8; \
convert the export with iconv"
	unusable 'thirdPartyId,"a\nb"\nx,1\n' "-:1:14: the name of column 2 holds \
a control character or line break"
	unusable 'thirdPartyId,a\000b\nx,1\n' "-:1:14: the name of column 2 holds \
a control character or line break"
}

@test "a header that cannot be read" {
	local said='the header is malformed; is this CSV, and the quote '

	said+='character right?'
	unusable 'thirdPartyId,a"b\nx,1\n' "-:1: $said"
	unusable 'thirdPartyId,"a\nx,1\n' "-:1: $said"
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
without \"profile.\" in front: use --strip-prefix"
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
	try_with 'pcId,thirdPartyId\nx+,2\n' tp-validate -q --id pcId
	expect 0 'pcId,thirdPartyId\nx+,2\n' ''
	try_with 'pcId,thirdPartyId\n1,x+\n1,x\n' tp-validate -q --id thirdPartyId
	expect 1 'pcId,thirdPartyId\n1,x\n'
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
	expect 3 'thirdPartyId,a\nx,1\n' 'tp-validate: broken:1: the header '\
'differs from that of one; files of one run must have the same columns\n'
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
