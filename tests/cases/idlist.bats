# shellcheck shell=bash disable=SC2154 # try and expect set status
# tp-validate --only-ids, --except-ids: lists of identifiers.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	printf 'thirdPartyId,v\na,1\nab,2\nA,3\n"b,c",4\n"d""e",5\nf+,6\ng,\n' >in
	# The record of f+ is rejected, and that of g skipped.
	head='thirdPartyId,v\n'
}

# What a list, as printf has it, keeps and leaves out.
keeps() { # LIST KEPT LEFT
	# shellcheck disable=SC2059
	printf "$1" >list
	try tp-validate -q --only-ids list in
	expect 1 "$head$2" '' || return
	try tp-validate -q --except-ids list in
	expect 1 "$head$3" ''
}

@test "one identifier a line, as it stands" {
	keeps 'a\n' 'a,1\n' 'ab,2\nA,3\n"b,c",4\n"d""e",5\n'
	keeps 'ab\r\n\r\nA\r\n' 'ab,2\nA,3\n' 'a,1\n"b,c",4\n"d""e",5\n'
	keeps '\n\nb,c\nd"e\n\n' '"b,c",4\n"d""e",5\n' 'a,1\nab,2\nA,3\n'
	# Neither are quotes taken away, nor spaces.
	keeps '"a"\n"b,c"\n ab\nA \n' '' 'a,1\nab,2\nA,3\n"b,c",4\n"d""e",5\n'
	# One that stands twice, and one that stands nowhere.
	keeps 'a\nz\na\n' 'a,1\n' 'ab,2\nA,3\n"b,c",4\n"d""e",5\n'
}

@test "CSV with a column of identifiers" {
	keeps 'state,thirdPartyId\nx,a\n"y\n",ab\n' 'a,1\nab,2\n' \
		'A,3\n"b,c",4\n"d""e",5\n'
	keeps '"mbox3rdPartyId",x\r\n"b,c"\r\n"a",,,\r\n"d""e",1\r\n' \
		'a,1\n"b,c",4\n"d""e",5\n' 'ab,2\nA,3\n'
	# Of records without identifier there is none.
	keeps '\nx,thirdPartyId\n1\n2,\n\n3,A\n' 'A,3\n' \
		'a,1\nab,2\n"b,c",4\n"d""e",5\n'
	# A name within another, or in another line, names no column.
	keeps 'xthirdPartyId\na\n' 'a,1\n' 'ab,2\nA,3\n"b,c",4\n"d""e",5\n'
	keeps 'a\nthirdPartyId,x\nab,1\n' 'a,1\n' 'ab,2\nA,3\n"b,c",4\n"d""e",5\n'
}

@test "lists are unpacked, and lose their mark" {
	keeps '\xef\xbb\xbfa\n' 'a,1\n' 'ab,2\nA,3\n"b,c",4\n"d""e",5\n'
	keeps '\xef\xbb\xbfthirdPartyId\na\n' 'a,1\n' 'ab,2\nA,3\n"b,c",4\n"d""e",5\n'
	printf 'a\n' >list
	gzip -k list
	try tp-validate -q --only-ids list.gz in
	expect 1 "$head"'a,1\n' ''
	try tp-validate -q --only-ids - in
	expect 1 "$head" ''
	status=0
	tp-validate -q --only-ids - in <list >out 2>err || status=$?
	expect 1 "$head"'a,1\n' ''
	try tp-validate -q --only-ids <(printf 'thirdPartyId\nab\n') in
	expect 1 "$head"'ab,2\n' ''
	head -c 15 list.gz >cut
	try tp-validate -q --only-ids cut in
	expect 3 ''
	grep -q '^tp-validate: cut: gzip data ends early' err
}

@test "a seal of a list is checked and taken away, and a torn one is none of its lines" {
	printf 'thirdPartyId,v\na,1\nab,2\n' | tp-validate --seal >list
	try tp-validate -q --only-ids list in
	expect 1 "$head"'a,1\nab,2\n' ''
	sed 's/ab/abc/' list >changed
	try tp-validate -q --only-ids changed in
	expect 3 '' 'tp-validate: changed: the seal is over another number of bytes: what wrote this did not finish, or it was changed since; run it again\n'
	said='a seal that is cut short, changed, or not the last line: what wrote this list did not finish, or sealed lists were joined with cat; make it again, or give the option once for each'
	cat list list >twice
	try tp-validate -q --except-ids twice in
	expect 3 '' "tp-validate: twice:4: $said\n"
	printf 'a\n#tp-seal rows=1 by' >torn
	try tp-validate -q --except-ids torn in
	expect 3 '' "tp-validate: torn:2: $said\n"
}

@test "both options hold, each may be repeated" {
	printf 'a\nab\nA\n' >some
	printf 'ab\nb,c\n' >others
	try tp-validate -q --only-ids some --except-ids others --summary sum in
	expect 1 "$head"'a,1\nA,3\n' ''
	[ "$(jq -c '[.in, .out, .rejected, .skipped, .leftOut]' sum)" = '[7,2,1,4,3]' ]
	try tp-validate -q --only-ids some --only-ids others in
	expect 1 "$head"'a,1\nab,2\nA,3\n"b,c",4\n' ''
	try tp-validate -q --except-ids some --except-ids others in
	expect 1 "$head"'"d""e",5\n' ''
	many=()
	for i in {1..8}; do
		many+=(--only-ids some --except-ids others)
	done
	try tp-validate -q "${many[@]}" in
	expect 1 "$head"'a,1\nA,3\n' ''
	try tp-validate -q "${many[@]}" --only-ids some in
	expect 2 '' 'tp-validate: --only-ids and --except-ids may be given at most 16 times together\n'
}

@test "what is left out is told and counted" {
	printf 'a\nz\n' >list
	try tp-validate --except-ids list --summary sum --rejects bad in
	expect 1 "$head"'ab,2\nA,3\n"b,c",4\n"d""e",5\n'
	[ "$(tail -n 2 err)" = "tp-validate: skipped 1 record that holds no values (--keep-empty passes it)
tp-validate: left out 1 record by identifier (--except-ids)" ]
	jq -e '.in == .out + .rejected + .skipped and .leftOut == 1 and .skipped == 2' sum
	assert_same <(printf '%b' "$head"'f+,6\n') bad
	try tp-validate --only-ids list --check --summary sum in
	[ "$status" = 1 ] && [ ! -s out ]
	grep -x 'tp-validate: left out 4 records by identifier (--only-ids)' err
	[ "$(jq -c '[.in, .out, .rejected, .skipped, .leftOut]' sum)" = '[7,1,1,5,4]' ]
	try tp-validate -v --only-ids list --except-ids in in
	grep -x 'tp-validate: list: 2 identifiers, one a line (--only-ids)' err
	grep -x 'tp-validate: in: 7 identifiers, in column 1 (--except-ids)' err
	grep -x 'tp-validate: left out 5 records by identifier (--only-ids, --except-ids)' err
	# Without a list nothing of it is said.
	tp-validate -q --summary sum in >out || [ $? = 1 ]
	jq -e 'has("leftOut") | not' sum
}

@test "a list that is empty, or meets no record, is warned about" {
	: >list
	printf '\n\r\n\n' >blank
	printf 'thirdPartyId,x\n,1\n' >header
	for empty in list blank header; do
		try tp-validate --except-ids $empty in
		[ "$status" = 1 ]
		grep -x "tp-validate: warning: $empty: this list of identifiers is empty (--except-ids)" err
		try tp-validate -q --only-ids $empty in
		expect 1 "$head" ''
	done
	# The good records without values, and those at fault, are not met.
	printf 'x\nf+\ng\n' >list
	try tp-validate --except-ids list in
	expect 1 "$head"'a,1\nab,2\nA,3\n"b,c",4\n"d""e",5\n'
	grep -x 'tp-validate: warning: no good record has an identifier that --except-ids lists: is it the right list?' err
	never grep -q 'left out' err
	try tp-validate --only-ids list in
	grep -x 'tp-validate: warning: no good record has an identifier that --only-ids lists: is it the right list?' err
	try_with "$head" tp-validate --only-ids list
	expect 0 "$head" ''
}

@test "a list whose last line is not ended" {
	said='the last line has no line ending, as in a list that was cut short: if it was, make the list again; if it is whole, end the line'
	printf 'a\n\nab' >plain
	printf 'thirdPartyId\na\n\nab' >csv
	for list in plain:3 csv:4; do
		try tp-validate --only-ids ${list%:*} in
		expect 1 "$head"'a,1\nab,2\n'
		grep -x "tp-validate: warning: $list: $said" err
		try tp-validate -q --strict --only-ids ${list%:*} in
		expect 3 '' "tp-validate: $list: $said (--strict)\n"
	done
}

@test "rejects and lists: the rules come first" {
	try tp-validate -q --rejects bad in
	printf 'thirdPartyId,v\nf+,6\n' | cmp - bad
	sed 's/^f+/f/;s/^ab/a b/' in >mended
	# What was rejected has another identifier now.
	try tp-validate -q --only-ids bad mended
	expect 0 "$head" ''
	# A row is judged whatever the lists say of it.
	for option in only except; do
		try tp-validate -q --$option-ids bad --rejects again in
		[ "$status" = 1 ]
		cmp bad again
	done
	# Mended beside the identifier, in an export that is made again.
	printf '%b' "$head"'a,1\nb,\001\nc,3\n' >old
	printf '%b' "$head"'a,1\nb,2\nc,3\n' >new
	try tp-validate -q --rejects bad old
	expect 1 "$head"'a,1\nc,3\n' ''
	try tp-validate -q --only-ids bad new
	expect 0 "$head"'b,2\n' ''
}

@test "the rejects of an export in another dialect are a list of it" {
	printf "crm id;v\n a ;1\n 'b;' ;2\nc+;3\n d;N\n" >in
	options=(--delimiter ';' --quote "'" --trim --null N --id 'crm id')
	printf "crm id;v\n 'b;' ;5\nc+;x\n" >bad
	try tp-validate -q "${options[@]}" --except-ids bad in
	expect 1 'thirdPartyId,v\na,1\n' ''
	try tp-validate -q "${options[@]}" --only-ids bad in
	expect 1 'thirdPartyId,v\nb;,2\n' ''
	# So is plain CSV of another program.
	printf 'state,thirdPartyId\naccepted,"b;"\n' >rows
	try tp-validate -q "${options[@]}" --keep-empty --except-ids rows in
	expect 1 'thirdPartyId,v\na,1\nd,\n' ''
	# And one a line.
	printf 'b;\n' >list
	try tp-validate -q "${options[@]}" --only-ids list in
	expect 1 'thirdPartyId,v\nb;,2\n' ''
	# A name with a delimiter, a prefix, a kind.
	printf '"a,b",profile.v\n1-1.1_0,2\n2-2.2_0,3\n' >in
	printf '"a,b",profile.v\n2-2.2_0,3\n' >bad
	try tp-validate -q --strip-prefix --id a,b=pcId --only-ids bad in
	expect 0 'pcId,v\n2-2.2_0,3\n' ''
	# The column that --id names counts before one of another name.
	printf 'pcId,crm,v\na,b,1\nb,a,2\n' >in
	printf 'pcId,crm\na,b\n' >list
	try tp-validate -q --id crm --only-ids list in
	expect 0 'thirdPartyId,v\nb,1\n' ''
}

@test "quotes that may not be those of the input" {
	printf 'thirdPartyId,v\na,1\n"b",2\n' >list
	try tp-validate -q --quote "'" --except-ids list in
	expect 3 '' 'tp-validate: list:3: a field begins with a double quote, and --quote names another: list the identifiers one a line instead\n'
	printf "thirdPartyId,v\n'a',1\nx\"b,2\n" >list
	try tp-validate -q --quote "'" --only-ids list in
	expect 1 "$head"'a,1\n' ''
}

@test "a list that is of no use: nothing is written" {
	unusable() { # MESSAGE OPTION...
		for kind in only except; do
			try tp-validate -q "${@:2}" --$kind-ids list \
				--rejects bad --summary sum in
			expect 3 '' "tp-validate: $1\n" || return
			[ ! -e bad ] && [ ! -e sum ]
		done
	}
	unusable 'list: cannot open: No such file or directory'
	mkdir list
	unusable 'list: this is a folder; name the files in it'
	rmdir list
	printf 'x,thirdPartyId\n1,a\n2,b"c\n' >list
	unusable 'list:3:4: quote: quotes are malformed; double a quote inside a quoted field, close each one that is opened (a list of identifiers must be good CSV: mend or remove this record)'
	printf 'x,thirdPartyId\n1,a\n"2,b\n' >list
	unusable 'list:3:1: quote: quotes are malformed; double a quote inside a quoted field, close each one that is opened (a list of identifiers must be good CSV: mend or remove this record)'
	printf 'x,thirdPartyId\n1,a\r2,b\n' >list
	unusable 'list:2:4: bare-cr: a carriage return without line feed, outside of quotes (a list of identifiers must be good CSV: mend or remove this record)'
	printf 'x,thirdPartyId\n1,a\n1,2,a\n' >list
	unusable 'list:3:1: columns: more fields than the header has; quote fields that hold the delimiter (a list of identifiers must be good CSV: mend or remove this record)'
	printf 'x,thirdPartyId\n1234567890123,a\n' >list
	unusable 'list:2:15: record-too-long: longer than --max-record allows (a list of identifiers must be good CSV: mend or remove this record)' --max-record 14
}

@test "a list that is of no use: its header, and lines that list nothing" {
	printf 'thirdPartyId,x,pcId\n1,2,3\n' >list
	try tp-validate -q --only-ids list in
	expect 3 '' 'tp-validate: list:1: more than one column is named like an identifier: choose with --id thirdPartyId or --id pcId\n'
	printf '\nthirdPartyId,"x\n1,2\n' >list
	try tp-validate -q --only-ids list in
	expect 3 '' 'tp-validate: list:2:14: this quote in the header never closes; is this CSV, and --quote right?\n'
	printf '\npcId\n1\n' >list
	try tp-validate -q --only-ids list in
	expect 3 '' 'tp-validate: list:2: this list has identifiers of the kind pcId, and the input of the kind thirdPartyId: they cannot be compared\n'
	said='this line holds a control character, and no identifier does: is this a list of identifiers, one a line, or CSV with a column named pcId or thirdPartyId?'
	for text in 'a\nb\t1\n:2' 'a\rb\rc\r:1' 'a\n\nb\0\n:3' 'a\n\177\n:2'; do
		# shellcheck disable=SC2059
		printf "${text%:*}" >list
		try tp-validate -q --only-ids list in
		expect 3 '' "tp-validate: list:${text##*:}: $said\n"
	done
	{ echo a && head -c 3000000 /dev/zero | tr '\0' x; } >list
	try tp-validate -q --only-ids list in
	expect 3 '' 'tp-validate: list:2: this line is longer than --max-record allows: is this a list of identifiers, one a line?\n'
}

@test "a list is no output, and standard input is one thing only" {
	printf 'a\n' >list
	ln list hard
	for option in rejects errors summary; do
		try tp-validate --$option hard --only-ids list in
		expect 2 '' "tp-validate: --$option and --only-ids are the same file: name another for one of them\n"
	done
	status=0
	tp-validate --except-ids list in >>hard 2>err || status=$?
	[ "$status" = 2 ]
	[ "$(cat err)" = 'tp-validate: standard output is what --except-ids reads: write to another file' ]
	status=0
	tp-validate --except-ids - in <list 1<>hard 2>err || status=$?
	[ "$status" = 2 ] && [ "$(cat list)" = a ]
	said='tp-validate: standard input can be one thing only: name the export, or a file for each list of identifiers\n'
	try tp-validate --only-ids -
	expect 2 '' "$said"
	try tp-validate --only-ids - in -
	expect 2 '' "$said"
	try tp-validate --only-ids - --except-ids - in
	expect 2 '' "$said"
	# What is read may be read twice.
	try tp-validate -q --only-ids in in
	expect 1 "$head"'a,1\nab,2\nA,3\n"b,c",4\n"d""e",5\n' ''
}

@test "long runs of rows, and rows that are written anew" {
	python3 - <<-'END'
	import random
	rng = random.Random(1)
	with open("long", "w") as export, open("list", "w") as listed, \
	        open("kept", "w") as kept, open("anew", "w") as anew, \
	        open("left", "w") as left:
	    for file in export, kept, anew, left:
	        file.write("a,thirdPartyId\n")
	    stretch = 0
	    for i in range(60000):
	        if stretch == 0:
	            chosen, stretch = rng.random() < 0.5, rng.choice([1, 2, 31, 32, 33, 700])
	        stretch -= 1
	        value = rng.choice(["x", '"y,z"', "NULL", "2026"])
	        row = f'{value},"i{i}"\n' if i % 7 == 0 else f"{value},i{i}\n"
	        export.write(row)
	        if chosen:
	            listed.write(f"i{i}\n")
	            kept.write(row)
	            if value != "NULL":
	                anew.write(row)
	        else:
	            left.write(row)
	END
	tp-validate -q --only-ids list long | cmp kept -
	tp-validate -q --except-ids list long | cmp left -
	tp-validate -q --only-ids list --null NULL long | cmp anew -
	tp-validate -q --only-ids list --seal long >sealed
	tp-validate -q sealed | cmp kept -
}

@test "generated exports and lists, against a reference" {
	"$root/tests/cases/idlist.py" "${TP_TEST_EXPORTS:-150}" 1
	TP_SCAN=libcsv "$root/tests/cases/idlist.py" 50 2
	TP_SCAN=portable "$root/tests/cases/idlist.py" 50 3
}

@test "an identifier of a list takes 64 bytes at most, however long it is" {
	skip_if_sanitized 'memory is measured'
	# Just more than one size of the set holds.
	awk 'BEGIN { for (i = 0; i < 851969; i++) printf "%0100d\n", i }' >list
	command time -f %M -o none tp-validate -q in >/dev/null || [ $? = 1 ]
	command time -f %M -o peak tp-validate -q --except-ids list in >/dev/null ||
		[ $? = 1 ]
	tail -n 1 none peak
	[ $((($(tail -n 1 peak) - $(tail -n 1 none)) * 1024)) -lt $((64 * 851969)) ]
}
