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
	skip="tp-validate: skipped 1 record that holds no values \
(--keep-empty passes it)\n"
	try_with "$head"'x,"""""x"""""\n'"$good" tp-validate --null '""x""'
	expect 0 "$head$good" "$skip"
}

@test "separators are counted once for each record that has one in a value" {
	try_with 'a;thirdPartyId;b\n1;"x;y,z";2\n1,2;x;"3,4"\n1;x;"2;3"
"1\n2";x;3\n"1,2";x;3\n1,2;x;345\n' tp-validate --delimiter ';' \
		--summary sum -q
	[ "$status" = 0 ]
	assert_same <(printf 'a,thirdPartyId,b\n1,"x;y,z",2\n"1,2",x,"3,4"\n1,x,2;3
"1\n2",x,3\n"1,2",x,3\n"1,2",x,345\n') out
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

@test "carriage returns behind a record with quotes cost that record alone" {
	local head='thirdPartyId,a\n' why="bare-cr: a carriage return without \
line feed, outside of quotes"

	for TP_SCAN in avx512 avx2 portable libcsv; do
		export TP_SCAN
		tp-validate --version | grep -q "kernel: $TP_SCAN" || continue
		try_with "$head"'x,"1"\r\r\r\ny,2\nz,3\n' tp-validate --rejects bad
		expect 1 "$head"'y,2\nz,3\n' "tp-validate: -:2:6: $why\n"
		printf "$head"'x,"1"\r\r\r\n' | cmp - bad
		try_with "$head"'y,2\nx,"1"\r\r\r\n' tp-validate
		expect 1 "$head"'y,2\n' "tp-validate: -:3:6: $why\n"
		try_with "$head"'x,"1"\r  \ny,2\nx,"1" \r\t\r\r\nz,3\n' \
			tp-validate --trim
		expect 1 "$head"'y,2\nz,3\n' "tp-validate: -:2:6: $why
tp-validate: -:4:7: $why\n"
	done
}

# COUNT times TEXT
times() { # COUNT TEXT
	printf "%.0s$2" $(seq "$1")
}

# One record that must be rejected, among two that pass.
rejected() { # RULE LINE:COLUMN COLUMN-NAME RECORD OPTION...
	local rule=$1 place=$2 name=$3 record=$4 said
	shift 4
	try_with "thirdPartyId,tier,note\ng1,gold,first\n$record\ng2,gold,last\n" \
		tp-validate "$@"
	expect 1 'thirdPartyId,tier,note\ng1,gold,first\ng2,gold,last\n' || return
	said=$(cat err)
	[[ $said == "tp-validate: -:$place: $rule: ${name:+"column '$name': "}"* ]] &&
		[ "$(wc -l <err)" = 1 ] || {
		echo "$said"
		return 1
	}
}

# One record that must pass without a word: as it is, or written anew.
passes() { # RECORD OPTION...
	passes_as "$1" "$@"
}
passes_as() { # WRITTEN RECORD OPTION...
	local written=$1 record=$2
	shift 2
	try_with "thirdPartyId,tier,note\n$record\n" tp-validate "$@"
	expect 0 "thirdPartyId,tier,note\n$written\n" ''
}

@test "id-empty" {
	rejected id-empty 3:1 thirdPartyId ',gold,x'
	rejected id-empty 3:1 thirdPartyId '"",gold,x'
	rejected id-empty 3:1 thirdPartyId 'NULL,gold,x' --null NULL
	rejected id-empty 3:1 thirdPartyId ' ,gold,x' --trim
	passes 'NULL,gold,x' --null null
}

@test "an id behind the end of a short record is empty" {
	try_with 'tier,note,thirdPartyId\ngold,x\ngold,x,1\n' tp-validate
	expect 1 'tier,note,thirdPartyId\ngold,x,1\n' 'tp-validate: -:2:7: '\
'id-empty: column '"'thirdPartyId'"': the identifier is empty\n'
}

@test "id-plus-slash, but not in a pcId" {
	rejected id-plus-slash 3:1 thirdPartyId 'a+b,gold,x'
	rejected id-plus-slash 3:1 thirdPartyId 'a/b,gold,x'
	rejected id-plus-slash 3:1 thirdPartyId '"0123456789/",gold,x'
	rejected id-plus-slash 3:1 thirdPartyId '0123456+89,gold,x'
	rejected id-plus-slash 3:1 thirdPartyId 'é+,gold,x'
	passes 'a%%2Fb.-_~!*=,gold,x'
	try_with 'pcId,a\na+/b,1\n' tp-validate -q
	expect 0 'pcId,a\na+/b,1\n' ''
}

@test "id-too-long: 256 characters pass, 257 do not" {
	passes "$(times 256 a),gold,x"
	passes "\"$(times 256 a)\",gold,x"
	passes "$(times 256 é),gold,x"
	passes "$(times 256 '\360\237\216\201'),gold,x"
	rejected id-too-long 3:1 thirdPartyId "$(times 257 a),gold,x"
	rejected id-too-long 3:1 thirdPartyId "\"$(times 257 a)\",gold,x"
	rejected id-too-long 3:1 thirdPartyId "$(times 257 é),gold,x"
	rejected id-too-long 3:1 thirdPartyId "$(times 256 '中')a,gold,x"
	# Two quotes are one character.
	passes "\"$(times 255 a)\"\"\",gold,x"
	rejected id-too-long 3:1 thirdPartyId "\"$(times 256 a)\"\"\",gold,x"
}

@test "id-control: C0, DEL and C1" {
	for c in 001 010 011 033 037 177 '302\\200' '302\\237'; do
		rejected id-control 3:1 thirdPartyId "a\\${c//\\\\/\\}b,gold,x"
	done
	rejected id-control 3:1 thirdPartyId '"a\nb",gold,x'
	rejected id-control 3:1 thirdPartyId '"a\r\nb",gold,x'
	rejected id-control 3:1 thirdPartyId 'a\000b,gold,x'
	passes 'a\302\240b,gold,x'
}

@test "id-space: leading or trailing, also within quotes" {
	rejected id-space 3:1 thirdPartyId ' a,gold,x'
	rejected id-space 3:1 thirdPartyId 'a ,gold,x'
	rejected id-space 3:1 thirdPartyId '" a",gold,x'
	rejected id-space 3:1 thirdPartyId '0123456789012345 ,gold,x'
	rejected id-space 3:1 thirdPartyId ' " a",gold,x' --trim
	passes 'a b,gold,x'
	passes_as a,gold,x ' a ,gold,x' --trim
	passes_as a,gold,x '\ta\t,gold,x' --trim
}

@test "id-ecid: 38 digits as a pcId, no more and no fewer" {
	local d37=1234567890123456789012345678901234567

	try_with "pcId,a\n${d37}8,1\n" tp-validate
	expect 1 'pcId,a\n' "tp-validate: -:2:1: id-ecid: column 'pcId': 38 \
digits are an Experience Cloud ID, which bulk update does not take as pcId\n"
	for id in $d37 ${d37}89 ${d37}x 1${d37}.1_0; do
		try_with "pcId,a\n$id,1\n" tp-validate -q
		expect 0 "pcId,a\n$id,1\n" ''
	done
	# As a thirdPartyId it is any other.
	try_with "thirdPartyId,a\n${d37}8,1\n" tp-validate
	expect 0 "thirdPartyId,a\n${d37}8,1\n" ''
}

@test "utf8: what is no UTF-8, anywhere in a record" {
	rejected utf8 3:6 tier 'a,gol\377d,x'
	rejected utf8 3:1 thirdPartyId '\300\200,gold,x'
	rejected utf8 3:1 thirdPartyId '\355\240\200,gold,x'
	rejected utf8 3:8 note 'a,gold,\364\220\200\200'
	rejected utf8 3:8 note 'a,gold,\303'
	rejected utf8 3:9 note 'a,gold,"\200"'
	passes 'a,gold,\364\217\277\277'
	passes 'a,gold,\357\273\277'
}

@test "control: NUL and C0 but for tab, CR and LF" {
	for c in 000 001 007 010 013 014 016 033 037; do
		rejected control 3:4 tier "a,g\\${c}ld,x"
		rejected control 3:5 tier "a,\"g\\${c}ld\",x"
	done
	passes 'a,g\tld,x'
	passes 'a,g\177ld,x'
	try_with 'thirdPartyId,b\na,"x\r\ny"\n' tp-validate -q
	expect 0 'thirdPartyId,b\na,"x\r\ny"\n' ''
}

@test "columns: more than the header, unless what is over is empty" {
	rejected columns 3:10 '' 'a,gold,x,y'
	rejected columns 3:11 '' 'a,gold,x,,y'
	rejected columns 3:10 '' 'a,gold,x," "'
	rejected columns 3:10 '' 'a,gold,x, '
	for over in , ,, ',""'; do
		try_with "thirdPartyId,tier,note\na,gold,x$over\n" tp-validate
		expect 0 "thirdPartyId,tier,note\na,gold,x$over\n" \
			"tp-validate: warning: surplus: more fields than the \
header has; those over are empty (once, at -:2)\n"
	done
}

@test "quote: malformed" {
	rejected quote 3:4 '' 'a,g"old,x'
	rejected quote 3:6 '' 'a,"g"o,x'
	rejected quote 3:6 '' 'a,"g" ,x'
	rejected quote 3:4 '' 'a, "g",x'
	passes 'a,"g""o",x'
	passes 'a,"","x"'
	passes_as a,g,x 'a, "g" ,x' --trim
	passes_as 'a,"g""old",x' "a,g\"old,x" --quote "'"
}

@test "bare-cr outside of quotes" {
	rejected bare-cr 3:4 '' 'a,g\rold,x'
	rejected bare-cr 3:6 '' 'a,"g"\r,x'
	rejected bare-cr 3:9 '' 'a,gold,x\r\r'
	passes 'a,"g\rold",x' -q
	passes 'a,gold,x\r'
}

@test "record-too-long: --max-record bytes pass, one more does not" {
	local head='thirdPartyId,a\n' ending

	for ending in '\n' '\r\n'; do
		try_with "thirdPartyId,a${ending}x,$(times 18 1)$ending" \
			tp-validate --max-record 20
		expect 0 "thirdPartyId,a${ending}x,$(times 18 1)$ending" ''
		try_with "thirdPartyId,a${ending}x,$(times 19 1)${ending}y,1$ending" \
			tp-validate --max-record 20
		expect 1 "thirdPartyId,a${ending}y,1$ending" \
			"tp-validate: -:2:21: record-too-long: longer than \
--max-record allows\n"
		# In quotes the same.
		try_with "${head}x,\"$(times 16 1)\"$ending" \
			tp-validate --max-record 20
		expect 0 "${head}x,\"$(times 16 1)\"$ending" ''
		try_with "${head}x,\"$(times 17 1)\"${ending}y,1\n" \
			tp-validate --max-record 20
		expect 1 "${head}y,1\n"
		grep -q '2:21: record-too-long' err
	done
	# The last, unterminated.
	try_with "${head}x,$(times 18 1)" tp-validate -q --max-record 20
	expect 0 "${head}x,$(times 18 1)\n" ''
	try_with "${head}x,$(times 19 1)" tp-validate --max-record 20 --rejects bad
	expect 1 "$head"
	printf "${head}x,$(times 19 1)\n" | cmp - bad
}

@test "record-too-long by default: 1 MiB, kept whole among the rejects" {
	for n in 1048573 1048574 1048575 3000000; do
		{
			printf 'thirdPartyId,a\nx,'
			head -c $n /dev/zero | tr '\0' v
			printf '\ny,1\n'
		} >in
		status=0
		tp-validate -q --rejects bad in >out || status=$?
		if [ $n -le 1048574 ]; then
			[ $status = 0 ]
			cmp in out
		else
			[ $status = 1 ]
			printf 'thirdPartyId,a\ny,1\n' | cmp - out
			sed 3d in | cmp - bad
		fi
	done
}

@test "repeated-header: what cat makes of two files" {
	printf 'thirdPartyId,a\nx,1\n' >one
	printf '\357\273\277thirdPartyId,a\r\ny,2\r\n' >two
	cat one two one | {
		status=0
		tp-validate >out 2>err || status=$?
		[ "$status" = 1 ]
	}
	status=1
	expect 1 'thirdPartyId,a\nx,1\ny,2\r\nx,1\n' 'tp-validate: -:3:1: '\
'repeated-header: the header once more; name files as operands instead of '\
'joining them with cat
tp-validate: -:5:1: repeated-header: the header once more; name files as '\
'operands instead of joining them with cat\n'
	# Among others that are good.
	for end in '\n' '\r\n'; do
		try_with "thirdPartyId,a,b${end}x,1,2${end}thirdPartyId,a,b${end}y,1,2${end}\357\273\277thirdPartyId,a,b${end}z,1,2$end" \
			tp-validate -q
		expect 1 "thirdPartyId,a,b${end}x,1,2${end}y,1,2${end}z,1,2$end" ''
	done
	# In other words it is a record.
	try_with 'thirdPartyId,a\n"thirdPartyId",a\n' tp-validate
	expect 0 'thirdPartyId,a\n"thirdPartyId",a\n' ''
}

@test "records without values are skipped" {
	local head='thirdPartyId,a,b\n' said='tp-validate: skipped 6 records '\
'that hold no values (--keep-empty passes them)\n'

	try_with "$head"'x,,\nx\n,,\n"x","",""\nx,,,\na+b,,\ny,1,\n' tp-validate \
		--summary sum
	expect 0 "$head"'y,1,\n'
	printf '%b' "$said" | cmp - <(grep skipped err)
	[ "$(jq -c '[.in, .out, .rejected, .skipped]' sum)" = '[7,1,0,6]' ]
}

@test "blank lines are neither records nor passed on" {
	try_with '\n\nthirdPartyId,a\n\nx,1\n\r\n\ny,2\n\n' tp-validate \
		--summary sum
	expect 0 'thirdPartyId,a\nx,1\ny,2\n' ''
	[ "$(jq -c '[.in, .out, .blankLines]' sum)" = '[2,2,6]' ]
	try_with 'thirdPartyId,a\n \t \nx,1\n' tp-validate --trim --summary sum
	expect 0 'thirdPartyId,a\nx,1\n' ''
	[ "$(jq -c '[.in, .out, .blankLines]' sum)" = '[1,1,1]' ]
}

@test "good input passes byte for byte, LF and CRLF alike" {
	{
		echo 'tier,thirdPartyId,note'
		for i in {1..3000}; do
			echo "gold,id$i,plain é 中"
			echo "\"si\"\"lver\",\"id $i\",\"two, and"
			echo "three $i\""
			echo "bronze,x$i,"
		done
	} >lf
	sed 's/$/\r/' lf >crlf
	for kernel in '' portable libcsv; do
		[ -z "$kernel" ] || export TP_SCAN=$kernel
		for f in lf crlf; do
			tp-validate -q $f | cmp $f -
			tp-validate -q <$f | cmp $f -
			dd if=$f bs=7 2>/dev/null | tp-validate -q | cmp $f -
		done
	done
}

@test "rows judged in runs are judged as one by one" {
	"$root/tests/cases/runs-fuzz.py" tp-validate 40 "${TP_TEST_SEED:-1}"
}

@test "warned about: values of 257 characters, not of 256" {
	local head='thirdPartyId,a,b\n'

	try_with "${head}x,1,$(times 256 é)\ny,$(times 256 v),2\n" tp-validate
	expect 0 "${head}x,1,$(times 256 é)\ny,$(times 256 v),2\n" ''
	try_with "${head}x,1,$(times 257 é)\ny,$(times 257 v),2\n" tp-validate
	expect 0 "${head}x,1,$(times 257 é)\ny,$(times 257 v),2\n" \
		'tp-validate: warning: value-long: a value is longer than 256 '\
'characters, the limit in pages (2 times, first at -:2)\n'
	try_with "${head}x,1,$(times 257 v)\n" tp-validate --strict
	expect 1 "$head" "tp-validate: -:2:5: value-long: column 'b': a value \
is longer than 256 characters, the limit in pages\n"
	try_with "${head}x,1,$(times 256 v)\n" tp-validate --strict
	expect 0 "${head}x,1,$(times 256 v)\n" ''
}

@test "warned about: short records" {
	try_with 'thirdPartyId,a,b\nx,1\ny,2,\n' tp-validate
	expect 0 'thirdPartyId,a,b\nx,1\ny,2,\n' 'tp-validate: warning: short: '\
'fewer fields than the header has; the values that are not there are left '\
'as they are (once, at -:2)\n'
	try_with 'thirdPartyId,a,b\nx,1\ny,2,\n' tp-validate --strict
	expect 1 'thirdPartyId,a,b\ny,2,\n' 'tp-validate: -:2:4: short: fewer '\
'fields than the header has; the values that are not there are left as '\
'they are\n'
}

@test "warned about: surplus fields with --strict" {
	try_with 'thirdPartyId,a\nx,1,\ny,2\n' tp-validate --strict
	expect 1 'thirdPartyId,a\ny,2\n' 'tp-validate: -:2:5: surplus: more '\
'fields than the header has; those over are empty\n'
}

@test "warned about: a pcId of an unusual shape" {
	local usual='1368007744041-575948.01_00' odd

	try_with "pcId,a\n$usual,1\nabcdef0123456789.28_0,2\n" tp-validate
	expect 0 "pcId,a\n$usual,1\nabcdef0123456789.28_0,2\n" ''
	for odd in abc 1.1 1_1 .1_1 1.1_ 1.1_1x g.1_1 1._1; do
		try_with "pcId,a\n$odd,1\n" tp-validate
		expect 0 "pcId,a\n$odd,1\n" 'tp-validate: warning: '\
'pcid-shape: the pcId is not like those that Target makes (once, '\
'at -:2)\n'
		try_with "pcId,a\n$odd,1\n$usual,2\n" tp-validate --strict
		expect 1 "pcId,a\n$usual,2\n" "tp-validate: -:2:1: pcid-shape: \
column 'pcId': the pcId is not like those that Target makes\n"
	done
}

@test "warned about: commas and line breaks in values, not in ids" {
	local head='thirdPartyId,a\n' v

	for v in '"1,2"' '"1\n2"' '"1\r2"'; do
		try_with "${head}x,$v\n\"p,q\",2\n" tp-validate
		expect 0 "${head}x,$v\n\"p,q\",2\n"
		grep -q 'separators: .* (once, at -:2)$' err
		try_with "${head}x,$v\n\"p,q\",2\n" tp-validate --strict
		expect 1 "$head\"p,q\",2\n"
		grep -q "^tp-validate: -:2:3: separators: column 'a': a comma" err
	done
}

@test "warned about: names of 129 characters, not of 128" {
	try_with "thirdPartyId,$(times 128 é)\nx,1\n" tp-validate --strict
	expect 0 "thirdPartyId,$(times 128 é)\nx,1\n" ''
	try_with "thirdPartyId,$(times 129 é)\nx,1\n" tp-validate
	expect 0 "thirdPartyId,$(times 129 é)\nx,1\n" 'tp-validate: warning: '\
'name-long: the name is longer than 128 characters, the limit in pages '\
'(once, at -:1)\n'
	try_with "thirdPartyId,$(times 129 é)\nx,1\n" tp-validate --strict
	expect 3 '' 'tp-validate: -:1: column 2: the name is longer than 128 '\
'characters, the limit in pages (--strict)\n'
}

@test "what --null names is empty where a record has too many fields, too" {
	local head='thirdPartyId,v\n' program said

	said='tp-validate: warning: surplus: more fields than the header has; '
	said+='those over are empty (once, at -:2)\n'
	for TP_SCAN in avx512 avx2 portable libcsv; do
		export TP_SCAN
		tp-validate --version | grep -q "kernel: $TP_SCAN" || continue
		try_with "$head"'a,b,NULL,,"NULL"\n' tp-validate --null NULL
		expect 0 "$head"'a,b,,,\n' "$said"
		try_with "$head"'a,b,NULL,,"NULL"\n' tp-split --null NULL
		expect 0 'batch=thirdPartyId,v\na,b\n' ''
		for program in tp-validate tp-split; do
			try_with "$head"'a,b,NULL,x\n' $program --null NULL --errors why
			[ "$status" = 1 ]
			[ "$(jq -c '[.column, .rule]' why)" = '[10,"columns"]' ]
			try_with "$head"'a,b,NULL\n' $program
			[ "$status" = 1 ]
		done
	done
}
