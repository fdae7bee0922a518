# shellcheck shell=bash disable=SC2154 # try and expect set status
# tp-diff: what of an export has to be sent.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	printf 'thirdPartyId,tier,points\na1,gold,1\na2,none,2\na3,,3\n' >monday
	printf 'thirdPartyId,tier,points\na2,silver,2\na1,gold,1\na4,new,\n' >tuesday
	tp-diff --base none --base-optional --next next monday >delta
	settled <next >base
}

# No file is left in TMPDIR.
teardown() {
	[ ! -d tmp ] || [ -z "$(ls -A tmp)" ]
}

# A base, as if every row of what follows was accepted: with a seal of its own.
settled() {
	grep -v '^#tp-seal' >rows
	printf '%s\n' "$(cat rows)" "#tp-seal rows=$(($(wc -l <rows) - 1)) bytes=$(
		wc -c <rows) sha256=$(sha256sum <rows | cut -d' ' -f1)"
}

# The CSV of a sealed stream.
csv() {
	head -n -1 "$1"
}

@test "the first run sends everything, the next what changed" {
	assert_same monday <(csv delta)
	assert_same monday <(csv next)
	try tp-diff --base base --next next2 --removed gone --summary sum tuesday
	[ "$status" = 0 ]
	assert_same <(printf 'thirdPartyId,tier,points\na2,silver,2\na4,new,\n') \
		<(csv out)
	assert_same tuesday <(csv next2)
	assert_same <(printf 'thirdPartyId,tier,points\na3,,3\n') gone
	[ "$(jq -c '[.in, .base, .out, .next, .new, .changed, .unchanged, .removed, .values]' sum)" = \
		'[3,3,2,3,1,1,1,1,{"tier":1}]' ]
	# Settled, nothing is left to send.
	settled <next2 >base2
	tp-diff --base base2 tuesday >out
	[ "$(cat out)" = thirdPartyId,tier,points ]
	# Standard input, compressed, and a base that is.
	gzip -k base tuesday
	tp-diff --base base.gz <tuesday.gz | cmp - <(tp-diff --base base tuesday)
}

@test "both streams are sealed, and the next base names the changes" {
	tp-diff --base base --next next2 tuesday >out
	sum=$(csv out | sha256sum | cut -d' ' -f1)
	[ "$(tail -n 1 out)" = "#tp-seal rows=2 bytes=$(csv out | wc -c) sha256=$sum" ]
	[ "$(tail -n 1 next2)" = "#tp-seal rows=3 bytes=$(csv next2 | wc -c) sha256=$(
		csv next2 | sha256sum | cut -d' ' -f1) delta=$sum" ]
	[ "$(stat -c %a next2)" = 600 ]
	tp-diff --base base --next next2.gz tuesday | cmp - out
	gzip -dc next2.gz | cmp - next2
	gzip -t next2.gz
	# Without it, only if that is asked for.
	tp-diff --base base tuesday | cmp - <(csv out)
	tp-diff --base base --seal tuesday | cmp - out
	# Its reader takes the seal for one.
	tp-diff --base next2 monday >again
	tp-split --sealed <out >batches
}

@test "a base that is missing, cut, or of another kind" {
	try tp-diff monday
	expect 2 '' 'tp-diff: give --base FILE, and at the first run --base-optional\n'
	try tp-diff --base none --next next2 monday
	expect 3 '' 'tp-diff: there is no base none: use --base-optional at the first run, which sends everything\n'
	[ ! -e next2 ]
	csv base >cut
	try tp-diff --base cut --next next2 monday
	[ "$status" = 3 ]
	grep 'tp-diff: cut: there is no seal at the end' err
	[ ! -s out ] && [ ! -e next2 ]
	sed s/gold/lead/ base >forged
	try tp-diff --base forged monday
	[ "$status" = 3 ]
	grep 'tp-diff: forged: the seal does not match' err
	[ ! -s out ]
	printf 'pcId,tier\n1-1.1_0,gold\n' | settled >pc
	try tp-diff --base pc monday
	expect 3 '' 'tp-diff: the identifiers of the base are of the kind pcId, and those of the export thirdPartyId\n'
	printf 'thirdPartyId,tier,points\na1,"g"x,1\n' | settled >bad
	try tp-diff --base bad monday
	[ "$status" = 3 ]
	grep '^tp-diff: bad:2:7: quote: ' err
	try tp-diff --base "$PWD" monday
	[ "$status" = 3 ]
	[ ! -s out ]
}

@test "an identifier that stands twice: exit 3, wherever it does" {
	local twice='make one row of them with tp-merge'

	printf 'thirdPartyId,tier,points\na1,gold,1\na2,none,2\na1,gold,1\n' >in
	try tp-diff --base base --next next2 in
	expect 3 '' "tp-diff: an identifier stands twice in the export, in records 1 and 3: $twice\n"
	[ ! -e next2 ]
	try tp-diff --base none --base-optional in
	expect 3 '' "tp-diff: an identifier stands twice in the export, in records 1 and 3: $twice\n"
	printf 'thirdPartyId,tier,points\nn1,gold,1\nn2,none,2\nn2,gold,1\n' >in
	try tp-diff --base base in
	[ "$status" = 3 ]
	settled <in >twice
	try tp-diff --base twice monday
	[ "$status" = 3 ]
	grep "tp-diff: an identifier stands twice in the base, .*$twice" err
	# Once in the export, which has met the first.
	printf 'thirdPartyId,tier,points\nn1,gold,1\nn2,gold,1\n' >in
	try tp-diff --base twice in
	[ "$status" = 3 ]
	grep "tp-diff: an identifier stands twice in the base, once in record 3: $twice" err
	# In both.
	printf 'thirdPartyId,tier,points\nn2,none,2\nn1,gold,1\nn2,gold,1\n' >in
	try tp-diff --base twice in
	[ "$status" = 3 ]
	# Far from each other.
	{
		cat monday
		seq 30000 | sed 's/.*/n&,x,y/'
		echo a2,z,z
	} >in
	for memory in 1M 64M; do
		try tp-diff --memory $memory --base base in
		expect 3 '' "tp-diff: an identifier stands twice in the export, in records 2 and 30004: $twice\n"
	done
}

@test "guards: not a row is written past them" {
	try tp-diff --base base --next next2 --removed gone --max-removed 0 tuesday
	expect 3 '' 'tp-diff: 1 of 3 rows of the base are not in the export, over 0 (--max-removed): is the export whole? Nothing was written\n'
	[ ! -e next2 ] && [ ! -e gone ]
	try tp-diff --base base --max-changed 33% tuesday
	expect 3 '' 'tp-diff: 1 of 3 rows of the base changed, over 33%% (--max-changed): is the export whole? Nothing was written\n'
	tp-diff -q --base base --max-changed 33.334% --max-removed 1 tuesday >out
	# New and refreshed rows do not count, nor is a share judged without a base.
	tp-diff --base base --max-changed 1 --refresh 1-3/3 tuesday >out
	[ "$(wc -l <out)" = 4 ]
	tp-diff --base none --base-optional --max-changed 0% --max-removed 0% \
		tuesday >out
	try tp-diff --base base --max-changed x% tuesday
	expect 2 '' 'tp-diff: --max-changed x%%: expected a number, or a share from 0%% to 100%%\n'
}

@test "values that are gone: --cleared-as and --empty-as" {
	printf 'thirdPartyId,tier,points\na1,,1\na2,none,2\na9,,9\n' >in
	# They change nothing by themselves.
	tp-diff --base base in >out
	assert_same <(printf 'thirdPartyId,tier,points\na9,,9\n') out
	tp-diff --base base --cleared-as - --next next2 --summary sum in >out
	assert_same <(printf 'thirdPartyId,tier,points\na1,-,1\na9,-,9\n') <(csv out)
	[ "$(jq -c '[.changed, .cleared, .new]' sum)" = '[1,1,1]' ]
	settled <next2 >base2
	tp-diff --base base2 --cleared-as - in >out
	[ "$(cat out)" = thirdPartyId,tier,points ]
	tp-diff --base base --empty-as none in >out
	assert_same <(printf 'thirdPartyId,tier,points\na1,none,1\na9,none,9\n') out
	try tp-diff --base base --empty-as x --cleared-as y in
	[ "$status" = 2 ]
	# A row that sets nothing is not sent, nor in the next base.
	printf 'thirdPartyId,tier,points\na8,,\n' >in
	tp-diff --base base --next next2 --summary sum in >out
	[ "$(csv next2)" = thirdPartyId,tier,points ]
	[ "$(jq .empty sum)" = 1 ]
	tp-diff --base base --cleared-as gone in | grep -x a8,gone,gone
}

@test "--refresh: parts by a hash that others can compute" {
	for i in 1 2 3 4 5; do
		tp-diff --base base --refresh $i/5 monday
	done | grep -v thirdPartyId | sort | cmp - <(tail -n +2 monday)
	part=$(python3 -c 'import zlib; print(zlib.crc32(b"a2") % 7 + 1)')
	tp-diff --base base --refresh "$part/7" monday | grep -x a2,none,2
	tp-diff --base base --refresh "$((part % 7 + 1))-$(((part + 5) % 7 + 1))/7" \
		monday >out
	grep a2 out && false
	[ "$(tp-diff --base base --refresh 1-5/5 monday | wc -l)" = 4 ]
	for bad in 0/5 6/5 1 1-/5 a/b 1/0 1-6/5 ''; do
		try tp-diff --base base --refresh "$bad" monday
		[ "$status" = 2 ]
		grep "expected parts of N, such as 3/10 or 9-2/10" err
	done
}

@test "columns: by name, chosen, renamed, and those that the export lacks" {
	printf 'points,updated,crm\n1,today,a1\n7,today,a2\n' >in
	try tp-diff --id crm --base base --drop updated --next next2 in
	[ "$status" = 0 ]
	grep "tp-diff: warning: columns of the base that are not sent keep their values: 'tier'" err
	assert_same <(printf 'thirdPartyId,points\na2,7\n') <(csv out)
	assert_same <(printf 'thirdPartyId,points,tier\na1,1,gold\na2,7,\n') \
		<(csv next2)
	tp-diff -q --id crm --base base --params points:tier in >out
	assert_same <(printf 'thirdPartyId,tier\na1,1\na2,7\n') out
	try tp-diff --base base --params nope monday
	[ "$status" = 2 ]
	grep -- "--params: column 'nope' is not in the header" err
}

@test "an export in another dialect, with rejects" {
	printf 'thirdPartyId; tier\na1;"gold"\na2;NULL\nx"y;1\na3; lead \n' >in
	try tp-diff -q --delimiter ';' --trim --null NULL --base base \
		--rejects bad --next next2 in
	[ "$status" = 1 ]
	assert_same <(printf 'thirdPartyId,tier\na3,lead\n') <(csv out)
	assert_same <(printf 'thirdPartyId; tier\nx"y;1\n') bad
	[ "$(csv next2 | wc -l)" = 4 ]
	try tp-diff -q --delimiter ';' --trim --max-rejects 0 --base base \
		--next next3 in
	[ "$status" = 3 ]
	[ ! -s out ] && [ ! -e next3 ]
	# Sealed inputs, where that is demanded.
	try tp-diff --sealed --base base monday
	[ "$status" = 3 ]
	tp-validate -q --seal monday >sealed
	tp-diff --sealed --base base sealed >out
	[ "$(head -n 1 out)" = thirdPartyId,tier,points ]
}

@test "generated exports and bases, against a reference" {
	"$root/tests/cases/diff.py" "${TP_TEST_DIFFS:-250}" 1
	"$root/tests/cases/diff.py" 12 2 2000
	mkdir tmp
	TMPDIR=$PWD/tmp "$root/tests/cases/diff.py" 3 3 30000
}

@test "memory: little for what keeps its order, bounded for what does not" {
	skip_if_sanitized 'peak memory'
	mkdir tmp
	export TMPDIR=$PWD/tmp
	seq 400000 | sed 's/.*/id&,some value & of this row,another one/' >rows
	cat <(echo thirdPartyId,a,b) rows >in
	cat <(echo thirdPartyId,a,b) <(sed '/7,/s/another/a new/' rows | tac) >back
	tp-diff --base none --base-optional --next next in >delta
	settled <next >base
	command time -f %M -o peak tp-diff --base base --next next in >out
	[ "$(cat peak)" -le $((16 * 1024)) ]
	command time -f %M -o peak tp-diff --memory 2M --base base --next next \
		back >out
	[ "$(cat peak)" -le $((18 * 1024)) ]
	[ "$(csv out | wc -l)" = $(($(grep -c 7, rows) + 1)) ]
	cmp back <(csv next)
}

@test "a disk that is full, an output that is closed: no base appears" {
	seq 60000 | sed 's/.*/id&,some text & of this row/' |
		cat <(echo thirdPartyId,a) - >in
	status=0
	tp-diff --base none --base-optional --next next2 in >/dev/full 2>err ||
		status=$?
	[ "$status" = 4 ]
	[ ! -e next2 ]
	status=0
	(
		ulimit -f 1000
		exec tp-diff --base none --base-optional --next next2 in >out 2>err
	) || status=$?
	[ "$status" = 4 ]
	[ ! -e next2 ]
	tail -n 1 out | grep tp-seal && false
	tp-diff --base none --base-optional --next next2 in 2>err | true
	[ ! -e next2 ] || [ "$(tail -n 1 next2 | cut -c -8)" = '#tp-seal' ]
	# Where it cannot be made, that is found out at once.
	try tp-diff --base base --next none/next monday
	expect 2 '' 'tp-diff: cannot make none/next: No such file or directory\n'
	try tp-diff --base base --next base monday
	[ "$status" = 2 ]
	try tp-diff --base base --next monday monday
	[ "$status" = 2 ]
	! compgen -G '.*.tmp-*'
}
