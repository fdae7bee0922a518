# shellcheck shell=bash disable=SC2154 # try and expect set status
# tp-settle: only what is proven to have been accepted is in the next base.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	printf 'thirdPartyId,tier\na1,gold\n"a,2",none\na3,new\n' >export
	tp-diff --base none --base-optional --next next export >delta
	rows accepted a1 '"a,2"' a3 >rows
	files='--next next --delta delta --rows rows'
}

# No file is left in TMPDIR.
teardown() {
	[ ! -d tmp ] || [ -z "$(ls -A tmp)" ]
}

# A file of rows, as tp-send writes it.
rows() { # STATE ID...
	echo state,api,batch,batchId,time,thirdPartyId
	for id in "${@:2}"; do
		echo "$1,v2,1,b-1,2026-01-01T00:00:00Z,$id"
	done
}

# The identifiers of the base that tp-settle makes.
settles() { # OPTION...
	# shellcheck disable=SC2086 # words
	try tp-settle -q $files "$@"
	[ "$status" = 0 ] || return
	head -n -1 out | tail -n +2 | tr -d '"' | cut -d, -f1 | xargs
}

refuses() { # TEXT OPTION...
	# shellcheck disable=SC2086 # words
	try tp-settle $files "${@:2}"
	expect 3 '' "tp-settle: $1\n"
}

@test "all rows were accepted: the base is NEXT, with a seal of its own" {
	# shellcheck disable=SC2086 # words
	tp-settle $files >base
	assert_same export <(head -n -1 base)
	[ "$(tail -n 1 base)" = "#tp-seal rows=3 bytes=$(wc -c <export) sha256=$(
		sha256sum <export | cut -d' ' -f1)" ]
	# Nothing is left to be sent, and the same files give the same bytes.
	[ "$(tp-diff --base base export)" = thirdPartyId,tier ]
	# shellcheck disable=SC2086 # words
	tp-settle $files | cmp - base
	gzip -k next delta rows
	tp-settle --next next.gz --delta delta.gz --rows rows.gz | cmp - base
}

@test "what is not proven is taken out, and that is said" {
	rows accepted a1 >rows
	# shellcheck disable=SC2086 # words
	try tp-settle $files --summary sum
	[ "$status" = 0 ]
	[ "$(head -n -1 out)" = $'thirdPartyId,tier\na1,gold' ]
	[ "$(cat err)" = 'tp-settle: 2 of 3 rows sent are not proven to be accepted, and will be sent again: 2 not sent, 0 not accepted, 0 unconfirmed, 0 failed, 0 not kept' ]
	[ "$(jq -c '[.next, .delta, .proven, .unsent, .out, .exit]' sum)" = '[3,3,1,2,1,0]' ]
	# Sent again whole.
	[ "$(tp-diff -q --base out export | tail -n +2)" = $'"a,2",none\na3,new' ]
	for state in refused failed unknown invalid; do
		rows accepted a1 a3 '"a,2"' >rows
		rows $state a3 | tail -n 1 >>rows
		[ "$(settles)" = 'a1 a' ]
		# The last line counts.
		rows accepted a3 | tail -n 1 >>rows
		[ "$(settles)" = 'a1 a a3' ]
	done
	echo thirdPartyId >missing
	[ "$(settles --missing missing)" = 'a1 a a3' ]
	echo a1 >>missing
	[ "$(settles --missing missing)" = 'a a3' ]
}

@test "a quiet day" {
	# shellcheck disable=SC2086 # words
	tp-settle $files >base
	tp-diff --base base --next next export >delta
	rows accepted >rows
	[ "$(settles)" = 'a1 a a3' ]
	sed -i s/thirdPartyId/pcId/ rows
	[ "$(settles)" = 'a1 a a3' ]
	printf 'thirdPartyId,tier\n' >export
	tp-diff --base base --next next export >delta
	[ "$(settles --allow-empty)" = '' ]
}

@test "files that are missing, torn, or not of one run: exit 3, and no output" {
	for option in --next --delta; do
		head -n -1 "${option#--}" >cut
		# shellcheck disable=SC2086 # words
		try tp-settle $files $option cut
		[ "$status" = 3 ] && [ ! -s out ]
		grep 'tp-settle: cut: there is no seal at the end' err
	done
	for option in --next --delta --rows --outcomes --missing; do
		# shellcheck disable=SC2086 # words
		try tp-settle $files $option gone
		[ "$status" = 3 ] && [ ! -s out ]
		grep 'gone: cannot open' err
	done
	# Of another run.
	tp-diff --base none --base-optional --next next2 --drop tier export >delta2
	refuses 'delta2 is not of one run with next, whose seal names another sha256' \
		--delta delta2
	# shellcheck disable=SC2086 # words
	tp-settle $files >base
	refuses 'delta is not of one run with base, whose seal names another sha256 (none: it is no file that tp-diff --next wrote)' \
		--next base
	rows accepted a1 a9 >rows
	refuses 'rows: line 3: the identifier is not in delta: they are not of one run'
	rows accepted a1 | head -c -4 >rows
	# shellcheck disable=SC2086 # words
	try tp-settle $files
	[ "$status" = 3 ] && [ ! -s out ]
	rows accepted a1 a3 | head -c -1 >rows
	refuses 'rows: its last line is torn: run tp-send again with the same journal and files'
	printf 'thirdPartyId,tier\na1,x\n' >rows
	refuses "rows has no column 'state': it is no file that tp-send --rows writes"
	: >rows
	# shellcheck disable=SC2086 # words
	try tp-settle $files
	[ "$status" = 3 ] && [ ! -s out ]
	rows accepted a1 >rows
	printf '{"batch":1,"reconciled":true' >outcomes
	refuses 'outcomes:1: this last line is torn: run tp-send again with the same journal and files, or tp-status' \
		--outcomes outcomes
	echo oops >outcomes
	refuses 'outcomes:1: not an outcome, as tp-send --outcomes and tp-status write them' \
		--outcomes outcomes
}

@test "wrong usage: exit 2" {
	try tp-settle --next next --delta delta
	expect 2 '' 'tp-settle: give --next FILE and --delta FILE, both of tp-diff, and --rows FILE, of tp-send\n'
	# shellcheck disable=SC2086 # words
	try tp-settle $files next
	expect 2 '' 'tp-settle: all files are given by options\n'
	try tp-settle --next <(cat next) --delta delta --rows rows
	[ "$status" = 2 ]
	grep 'this is read twice, and so must be a file' err
	# shellcheck disable=SC2086 # words
	try tp-settle $files --summary next
	[ "$status" = 2 ]
	# shellcheck disable=SC2086 # words
	try tp-settle $files --memory 1
	[ "$status" = 2 ]
}

@test "generated runs, against a reference, in memory and from disk" {
	"$root/tests/cases/settle.py" "${TP_TEST_SETTLES:-250}" 1
	mkdir tmp
	TMPDIR=$PWD/tmp "$root/tests/cases/settle.py" 2 2 40000
}

@test "an output that cannot be written: exit 4, and no seal" {
	status=0
	# shellcheck disable=SC2086 # words
	tp-settle $files >/dev/full 2>err || status=$?
	[ "$status" = 4 ]
	seq 60000 | sed 's/.*/id&,x/' | sed '1i thirdPartyId,a' >export
	tp-diff --base none --base-optional --next next export >delta
	status=0
	rows accepted >rows
	sed -n 's/^\(id[0-9]*\),.*/accepted,v2,1,b,2026-01-01T00:00:00Z,\1/p' \
		export >>rows
	(
		ulimit -f 100
		# shellcheck disable=SC2086 # words
		exec tp-settle $files >out 2>err
	) || status=$?
	[ "$status" = 4 ]
	tail -n 1 out | grep tp-seal && false
	true
}
