#!/usr/bin/env bats
# -q leaves out warnings and what is rejected, but never why the exit status is
# 2 or more.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'thirdPartyId,a\nx,1\n,2\ny,3' >in
	printf 'thirdPartyId,a\nx,1\n' >good
	printf 'thirdPartyId,b\nx,1\n' >other
	printf 'thirdPartyId,a\nx,1\n#tp-seal rows=1' >torn
	tp-validate --seal good >sealed
	{ cat sealed && echo z,1; } >behind
	printf 'thirdPartyId,a\nx,1\nx,2\n#tp-seal rows=1 bytes=9 sha256=%064d\n' \
		0 >false
	: >empty
	mkdir folder
	gzip -c in | head -c 20 >cut.gz
	printf '\050\265\057\375rest' >zstd
}

# Exit STATUS, and one line or more that has this text; nothing else is said.
says() { # STATUS TEXT COMMAND...
	local expected=$1 text=$2
	shift 2
	status=0
	"$@" </dev/null >out 2>err || status=$?
	echo "$*: exit $status" && cat err
	[ "$status" = "$expected" ]
	grep -qF "${1##*/}: $text" err
	never grep -e warning: -e id-empty err
}

@test "each way to exit with 2 or more says why, with -q too" {
	local p
	for p in tp-validate tp-split; do
		# 2
		says 2 "unknown option or argument '--bogus'" $p -q --bogus in
		says 2 '--max-rejects x: expected a number' $p -q --max-rejects x in
		says 2 '--id needs an argument' $p -q --id
		says 2 '--delimiter ;;: expected one ASCII' $p -q --delimiter ';;' in
		says 2 "--quote '': expected one ASCII" $p -q --quote '' in
		says 2 'the delimiter and the quote must differ' $p -q --quote , in
		says 2 '--max-record 0: expected a size' $p -q --max-record 0 in
		says 2 '--progress x: expected auto' $p -q --progress x in
		says 2 "in:1: --id a=x: 'x' is no kind" $p -q --id a=x in
		says 2 'cannot make no/file: No such file' $p -q --rejects no/file in
		says 2 'cannot make folder: Is a dir' $p -q --summary folder in
		says 2 '--errors is the input in: write' $p -q --errors in in
		says 2 '--errors -: standard output is for' $p -q --errors - in
		TP_SEAL=x says 2 'TP_SEAL must be 0 or 1' $p -q in
		TP_SCAN=x says 2 'TP_SCAN=x: there is no such' $p -q in
		# 3
		says 3 'nowhere: cannot open: No such file' $p -q nowhere
		says 3 'folder: this is a folder' $p -q folder
		says 3 'empty: the input is empty' $p -q empty
		says 3 '-: the input is empty' $p -q
		says 3 'cut.gz: gzip data ends early' $p -q cut.gz
		says 3 'zstd: this is zstd data' $p -q zstd
		says 3 'in:1: the header has no column' $p -q --id none in
		says 3 'torn:3: a seal that is cut short' $p -q torn
		says 3 'behind:3: a seal that is cut short' $p -q behind
		says 3 'false: the seal is over another number' $p -q false
		says 3 'other:1:14: the header differs' $p -q good other
		says 3 'nowhere: cannot open: No such file' $p -q good nowhere
		says 3 'more than 0 records rejected (--max-rejects)' \
			$p -q --max-rejects 0 in
		says 3 '1 of 3 records rejected, over 33% (--max-rejects)' \
			$p -q --max-rejects 33% in
	done
	says 3 '3 records instead of 2 (--expect-rows)' \
		tp-validate -q --expect-rows 2 in
	says 3 'in:4: the last line has no line ending' tp-validate -q --strict in
	printf 'thirdPartyId,%0129d\nx,1\n' 0 >long
	says 3 'long:1: column 2: the name is longer than 128' \
		tp-validate -q --strict long
	says 3 'good: there is no seal at the end' tp-split -q --sealed good
	says 2 "--drop: column 'z' is not in the header" tp-split -q --drop z in
	says 2 '--params and --drop exclude' tp-split -q --drop a --params a in
	says 2 'no row fits: the header has 21 bytes' tp-split -q --max-bytes 21 in
	says 2 '--max-rows 0: expected a number' tp-split -q --max-rows 0 in
	says 2 '--separators x: expected encode' tp-split -q --separators x in
	says 2 "cannot use folder good: Not a dir" tp-split -q -o good in
	mkdir full && touch full/batch-000001.txt
	says 2 'full holds batch files already' tp-split -q -o full in
}

@test "… and 4: the disk is full, also when the run ends with 3 anyway" {
	local p full='cannot write to /dev/full: No space left on device'
	for p in tp-validate tp-split; do
		for option in rejects errors summary; do
			says 4 "$full" $p -q --$option /dev/full in
			[ "$(wc -l <err)" = 1 ]
			# Neither the one nor the other is lost.
			says 4 "$full" $p -q --$option /dev/full --max-rejects 0 in
			grep -qx "$p: more than 0 records .*" err
			[ "$(wc -l <err)" = 2 ]
		done
		for more in '' '--max-rejects 0'; do
			status=0
			# shellcheck disable=SC2086 # options are words
			$p -q $more in >/dev/full 2>err || status=$?
			[ "$status" = 4 ]
			grep -qx "$p: cannot write to standard output: No space .*" err
			[ "$(wc -l <err)" = $((1 + ${#more} / 15)) ]
		done
		status=0
		$p -q in >&- 2>err || status=$?
		[ "$status" = 4 ]
		grep -qx "$p: cannot write to standard output: Bad file .*" err
	done
	says 4 "$full" tp-split -q --manifest /dev/full in
	# More rejects than a buffer holds: it is said once.
	{ printf 'thirdPartyId,a\n' && yes ',2' | head -n 100000; } >many
	for p in tp-validate tp-split; do
		says 4 "$full" $p -q --rejects /dev/full many
		[ "$(wc -l <err)" = 1 ]
	done
}

@test "… also when there is no /dev/null in place of a closed stream" {
	skip_if_sanitized strace
	for p in tp-validate tp-split; do
		status=0
		strace -o log -P /dev/null -e inject=openat:error=EACCES \
			$p -q in >out 2>err <&- || status=$?
		[ "$status" = 4 ]
		grep -qx "$p: cannot open /dev/null for a standard stream that is closed" err
	done
}

@test "-q leaves out what does not end the run" {
	for p in tp-validate tp-split; do
		printf 'thirdPartyId,a\nx,"1,2"\n,3\ny' >some
		try $p -q some
		[ "$status" = 1 ]
		[ ! -s err ]
	done
}
