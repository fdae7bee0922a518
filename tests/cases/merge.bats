# shellcheck shell=bash disable=SC2154 # try and expect set status
# tp-merge: one row for each identifier.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	printf 'thirdPartyId,tier,points\na1,gold,\n"a,2",silver,3\na1,,9\n' >one
	printf 'city,crm\nBern,a1\n"Köln",a3\n' >two
}

# No file is left in TMPDIR.
teardown() {
	[ ! -d tmp ] || [ -z "$(ls -A tmp)" ]
}

@test "rows of an identifier become one, files with other columns are joined" {
	try tp-merge one
	expect 0 'thirdPartyId,tier,points\na1,gold,9\n"a,2",silver,3\n' ''
	try tp-merge --id crm one two
	expect 0 'thirdPartyId,tier,points,city\na1,gold,9,Bern\n"a,2",silver,3,\na3,,,Köln\n' ''
	try tp-merge --id crm two one
	expect 0 'city,thirdPartyId,tier,points\nBern,a1,gold,9\nKöln,a3,,\n,"a,2",silver,3\n' ''
	tp-merge one | cmp - <(tp-merge <one)
	gzip -k one
	tp-merge one | cmp - <(tp-merge one.gz)
}

@test "policies" {
	printf 'pcId,a,b,c\n1,x,,2\n2,p,q,r\n1,y,z,\n' >in
	try tp-merge in
	expect 0 'pcId,a,b,c\n1,y,z,2\n2,p,q,r\n' ''
	try tp-merge --policy first in
	expect 0 'pcId,a,b,c\n1,x,z,2\n2,p,q,r\n' ''
	try tp-merge --policy last-row in
	expect 0 'pcId,a,b,c\n1,y,z,\n2,p,q,r\n' ''
	try tp-merge -q --policy reject --rejects bad --errors why --summary sum in
	expect 1 'pcId,a,b,c\n2,p,q,r\n'
	assert_same <(printf 'pcId,a,b,c\n1,x,,2\n1,y,z,\n') bad
	assert_same - why <<-'END'
	{"record":1,"file":"in","line":2,"column":1,"rule":"id-repeated","field":"pcId"}
	{"record":3,"file":"in","line":4,"column":1,"rule":"id-repeated","field":"pcId"}
	END
	[ "$(jq -c '[.in, .rejected, .ids, .merged, .byRule, .exit]' sum)" = \
		'[3,2,1,0,{"id-repeated":2},1]' ]
	try tp-merge --policy reject in
	grep -x "tp-merge: in:2:1: id-repeated: column 'pcId': the identifier stands in more than one record" err
	try tp-merge --policy reject --max-rejects 1 in
	[ "$status" = 3 ]
	try tp-merge --policy newest in
	expect 2 '' "tp-merge: --policy newest: expected last, first, last-row or reject\n"
}

@test "files that cannot be merged" {
	try tp-merge --policy reject --id crm --rejects bad one two
	[ "$status" = 2 ]
	grep -- '--rejects FILE cannot hold records of files with different headers' err
	[ ! -e bad ]
	try tp-merge --policy reject --id crm one two
	expect 2 '' 'tp-merge: --policy reject is for files with the same header, and two has another one than the file before it\n'
	try tp-merge one two
	[ "$status" = 3 ]
	grep 'tp-merge: two:1: no column is named pcId' err
	[ ! -s out ]
	printf 'pcId,a\n1,2\n' >other
	try tp-merge one other
	expect 3 '' 'tp-merge: other: its identifiers are of the kind pcId, and those of the files before it thirdPartyId: they cannot be merged\n'
	try tp-merge --id city --id crm two
	expect 3 '' "tp-merge: two:1: more than one of the columns that --id names is there: 'city' and 'crm'\n"
	try tp-merge one missing
	[ "$status" = 3 ]
	try tp-merge one /dev/null
	[ "$status" = 3 ]
	[ ! -s out ]
}

@test "what cannot be read is rejected, and the rest merged" {
	printf 'thirdPartyId,a\nx,1\ny"z,2\n,3\nx,\377\nx,4,5\nx,6\n' >in
	try tp-merge -q --rejects bad --summary sum in
	expect 1 'thirdPartyId,a\nx,6\n'
	assert_same <(printf 'thirdPartyId,a\ny"z,2\n,3\nx,\377\nx,4,5\n') bad
	[ "$(jq -c '[.in, .ids, .merged, .rejected, .conflicts]' sum)" = \
		'[6,1,1,4,{"a":1}]' ]
	# Many of them, among runs of rows that are good.
	python3 - >in <<-'END'
	print("thirdPartyId,a")
	for i in range(30000):
	    print(f"x{i % 10000},{i}" if i % 97 else f'b"{i},1')
	END
	try tp-merge -q --rejects bad --summary sum in
	[ "$(jq -c '[.in, .rejected]' sum)" = '[30000,310]' ]
	[ "$(wc -l <out)" = 10001 ]
	python3 - <<-'END'
	rows = {}
	for i in range(30000):
	    if i % 97:
	        rows[i % 10000] = i
	wanted = "thirdPartyId,a\n" + "".join(f"x{k},{v}\n" for k, v in rows.items())
	assert open("out").read() == wanted
	END
}

@test "generated files, against a reference, in memory and from disk" {
	"$root/tests/cases/merge.py" "${TP_TEST_MERGES:-250}" 1
	mkdir tmp
	TMPDIR=$PWD/tmp "$root/tests/cases/merge.py" 4 2 25000
}

@test "memory is bounded, whatever the input" {
	skip_if_sanitized 'peak memory'
	mkdir tmp
	python3 - <<-'END'
	import random
	rng = random.Random(1)
	with open("in", "w") as f:
	    f.write("thirdPartyId,a,b\n")
	    for i in range(400000):
	        # Half of all rows are of one identifier.
	        n = 0 if i % 2 else rng.randrange(200000)
	        f.write(f"id{n},{i},{'x' * 40}\n")
	END
	TMPDIR=$PWD/tmp command time -f %M -o peak \
		tp-merge --memory 1M in >out
	[ "$(cat peak)" -le $((17 * 1024)) ]
	tp-merge in | cmp - out
}

@test "a folder that is full, or not there: exit 4, and no seal" {
	seq 60000 | sed '1i thirdPartyId,a' | sed 's/^[0-9].*/x&,&/' >in
	try env TMPDIR="$PWD/none" tp-merge --memory 1M --seal in
	[ "$status" = 4 ]
	grep "cannot make a temporary file in $PWD/none (set TMPDIR to a folder with room)" err
	grep tp-seal out && false
	mkdir tmp
	status=0
	(
		ulimit -f 1000
		TMPDIR=$PWD/tmp exec tp-merge --memory 1M --seal in >out 2>err
	) || status=$?
	[ "$status" = 4 ]
	grep "cannot write to a temporary file in" err
	grep tp-seal out && false
	try tp-merge --memory 1 in
	expect 2 '' "tp-merge: --memory 1: expected a size from 1M to 1024G\n"
	status=0
	tp-merge in >/dev/full 2>err || status=$?
	[ "$status" = 4 ]
}

@test "seals, an empty day, an export in another dialect" {
	tp-validate -q --seal one >sealed
	tp-merge --sealed --seal sealed >merged
	[ "$(tail -n 1 merged | cut -d' ' -f1-2)" = '#tp-seal rows=2' ]
	try tp-merge --sealed one
	[ "$status" = 3 ]
	TP_SEAL=1 tp-merge sealed >again
	[ "$(tail -n 1 again)" = "$(tail -n 1 merged)" ]
	try_with 'thirdPartyId,a\n' tp-merge --allow-empty
	expect 0 'thirdPartyId,a\n' ''
	try_with '' tp-merge
	[ "$status" = 3 ]
	# A file without records has columns all the same.
	printf 'thirdPartyId,extra\n' >none
	try tp-merge one none
	expect 0 'thirdPartyId,tier,points,extra\na1,gold,9,\n"a,2",silver,3,\n' ''
	printf "id; a ;pcId\r\n'x;1';NULL;p\r\n y ; 2;\r\n'x;1';b,c;\r\n" >in
	try tp-merge --id id --delimiter ';' --quote "'" --trim --null NULL in
	expect 0 'thirdPartyId,a\r\nx;1,"b,c"\r\ny,2\r\n'
	grep "'pcId': left out" err
	tp-validate -q out | cmp out -
	# What becomes the header is no header.
	try_with 'crm,a\nx,1\nthirdPartyId,a\nthirdPartyId,\n' tp-merge --id crm
	expect 0 'thirdPartyId,a\nx,1\n"thirdPartyId","a"\n' ''
	try_with 'crm,a\nx,1\nthirdPartyId,a\n' tp-merge --id crm
	expect 0 'thirdPartyId,a\nx,1\n"thirdPartyId","a"\n' ''
}
