#!/usr/bin/env bats
# tp-send halves a batch that is refused for something in it: which rows end
# where, what the receipts say, and what the next run does.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TP_CLIENT=demo
	printf 'batch=thirdPartyId,tier\nz1,gold\n' >good
}

teardown() {
	[ -z "${edge_pid-}" ] || kill "$edge_pid" 2>/dev/null || true
}

# A batch of rows a1,v1 a2,v2 …; those at fault have "bad" for a value.
batch() { # ROWS ROW-AT-FAULT...
	echo batch=thirdPartyId,tier
	local rows=$1 i
	shift
	for ((i = 1; i <= rows; i++)); do
		case " $* " in
		*" $i "*) echo "a$i,bad" ;;
		*) echo "a$i,v$i" ;;
		esac
	done
}

# A server that refuses each body with a "bad" in it: $edge; its log is $log, and
# what it took is in $taken.
edge_start() {
	rm -rf edge.out edge
	mkdir -p edge/demo
	log=edge/demo/requests
	taken=edge/demo
	: >"$log"
	# It ends when its input does.
	mkfifo edge/end
	"$BATS_TEST_DIRNAME/../fault/faithful.py" edge <>edge/end \
		>edge.out 3>&- &
	edge_pid=$!
	edge=$(await_address edge.out "$edge_pid")
}

send() { # OPTION... FILE...
	code=0
	tp-send --endpoint "$edge" --rate 1000 --retry-delay 0 \
		--failed failed "$@" >receipts 2>said || code=$?
}

# "state:from+rows/attempts" of each receipt; from is 0 of a whole batch.
parts() {
	jq -r '"\(.state):\(.rowsFrom // 0)+\(.rows)/\(.attempts)"' receipts |
		paste -sd ' '
}

came_to() { # CODE PARTS
	[ "$code $(parts)" = "$1 $2" ] || {
		echo "got $code $(parts), expected $1 $2"
		cat said
		return 1
	}
	[ "$(jq -s 'map(.attempts) | add' receipts)" = "$(wc -l <"$log")" ]
}

rows_of() {
	cat -- "$@" 2>/dev/null | grep -v ^batch= | sort
}

@test "one row at fault: it alone is in the failed file" {
	edge_start
	batch 8 3 >one
	send good one good
	came_to 1 'accepted:0+1/1 accepted:1+2/3 accepted:4+1/3 accepted:5+4/1 refused:3+1/0 accepted:0+1/1'
	printf 'batch=thirdPartyId,tier\na3,bad\n' >expected
	assert_same expected failed
	grep 'one:1: refused: batch 2, row 3: HTTP 200: Unexpected error' said
	grep 'send again with: tp-send -c demo' said
	# in order, and before any later batch
	[ "$(jq -r '"\(.rows) \(.first)"' "$log" | paste -sd ,)" = \
		'1 z1,8 a1,4 a1,2 a1,2 a3,1 a3,1 a4,4 a5,1 z1' ]
	# what a receipt's digest is of
	jq -r 'select(.rowsFrom == 3) | .sha256' receipts >sha
	[ "$(cat sha)" = "$(sha256sum <failed | cut -d ' ' -f 1)" ]
	[ "$(jq -r 'select(.rowsFrom == 3) | .bytes' receipts)" = \
		"$(wc -c <failed)" ]
}

@test "each row is accepted or in the failed file, once" {
	edge_start
	for faults in 1 '1 2 3' '5 9 17 33' '40' '20 21 22 30 40'; do
		rm -f failed "$taken"/0*
		: >"$log"
		# shellcheck disable=SC2086
		batch 40 $faults >one
		send --bisect-calls 200 good one
		[ "$code" = 1 ]
		assert_same <(rows_of good one) <(rows_of "$taken"/0* failed)
		assert_same <(grep ',bad$' one | sort) <(rows_of failed)
		[ "$(jq -s 'map(.rows) | add' receipts)" = 41 ]
	done
	# neighbours are one batch
	[ "$(jq -r 'select(.state == "refused") | "\(.rowsFrom)+\(.rows)"' \
		receipts | paste -sd ' ')" = '20+3 30+1 40+1' ]
	[ "$(grep -c ^batch= failed)" = 3 ]
}

@test "413 is halved; another 4xx is not" {
	edge_start
	batch 4 2 | sed s/bad/huge/ >one
	send good one
	came_to 1 'accepted:0+1/1 accepted:1+1/3 accepted:3+2/2 refused:2+1/0'
	rm failed
	: >"$log"
	batch 4 2 | sed s/bad/never/ >one
	send good one
	came_to 1 'accepted:0+1/1 refused:0+4/1'
	assert_same one failed
}

@test "the calls are used up: the rest goes to the failed file" {
	edge_start
	batch 64 2 60 >one
	send --bisect-calls 7 good one
	[ "$code" = 1 ]
	[ "$(wc -l <"$log")" = 9 ]
	assert_same <(rows_of good one) <(rows_of "$taken"/0* failed)
	grep 'the calls for this batch are used up' said
	rm failed
	for off in '--bisect-calls 0' --no-bisect; do
		: >"$log"
		# shellcheck disable=SC2086
		send $off good one
		came_to 1 'accepted:0+1/1 refused:0+64/1'
		assert_same one failed
		rm failed
	done
	# 40, if nothing is said
	: >"$log"
	batch 64 $(seq 1 2 64) >one
	send good one
	[ "$(wc -l <"$log")" = 42 ]
}

@test "no part is accepted: the batch stays whole" {
	edge_start
	batch 4 1 2 3 4 >one
	send good one
	came_to 1 'accepted:0+1/1 refused:0+4/7'
	assert_same one failed
}

@test "nothing was accepted after 8 calls: stops with 6, batches whole" {
	edge_start
	batch 64 $(seq 64) >one
	batch 2 >two
	send one two
	came_to 6 'refused:0+64/8 failed:0+2/0'
	assert_same <(cat one two) failed
	grep 'stopped: the service refuses these batches' said
}

@test "3 batches in a row, none accepted: stops with 6, batches whole" {
	edge_start
	batch 1 1 >one
	send one one one good
	came_to 6 'refused:0+1/1 refused:0+1/1 refused:0+1/1 failed:0+1/0'
	assert_same <(cat one one one good) failed
}

@test "later, 20 refused calls in one batch do not stop the run" {
	edge_start
	batch 64 $(seq 1 40) >one
	batch 2 >two
	cat good one good >three
	send --retries 0 three two
	[ "$code" = 1 ]
	[ "$(wc -l <"$log")" = 44 ] # 41 of them for one batch
	jq -s 'map(select(.state == "failed")) == []' receipts | grep true
}

@test "later, 20 refused calls over two batches do" {
	edge_start
	batch 64 $(seq 64) >one
	send --bisect-calls 10 good one one one good
	# Eleven calls for the first, nine for the second.
	came_to 6 'accepted:0+1/1 refused:0+64/11 refused:0+64/9 failed:0+64/0 failed:0+1/0'
	assert_same <(cat one one one good) failed
	grep 'stopped: the service refused 20 calls in a row' said
}

@test "a half whose answer is lost: sent again, and in the end unknown" {
	edge_start
	batch 4 1 >one
	echo 3 >"$taken/once"
	send --retries 1 one
	came_to 7 'accepted:2+1/5 accepted:3+2/1 unknown:1+1/0'
	rm failed
	: >"$log"
	echo 11 >"$taken/once" # row 2
	send --retries 0 good one
	came_to 7 'accepted:0+1/1 accepted:3+2/5 refused:1+1/0 unknown:2+1/0'
	printf 'batch=thirdPartyId,tier\na1,bad\n' >expected
	printf 'batch=thirdPartyId,tier\na2,v2\n' >>expected
	assert_same expected failed
}

@test "killed while halving: no half is sent twice, no row is lost" {
	edge_start
	batch 40 7 19 33 >one
	cat good one good >three
	send --journal j three
	[ "$code" = 1 ]
	cp j whole
	cp failed kept
	cat "$taken"/0* >taken
	lines=$(wc -l <j)
	# As if it had died after any line of the journal.
	for ((at = 1; at < lines; at += 3)); do
		head -n "$at" whole >j
		open=$(head -n "$at" whole | jq -s \
			'map(.attempt // empty) - map(.result // empty) | length')
		: >"$log"
		rm -f "$taken"/0* failed
		keeps=$(head -n "$at" whole | grep -c '^{"keep"' || true)
		# What was kept by then is there.
		[ "$keeps" = 0 ] || cp kept failed
		send --journal j three
		[ "$(jq -s 'map(.rows) | add' receipts)" = 42 ]
		[ "$(jq -s 'map(.attempts) | add' receipts)" = \
			"$(wc -l <"$log")" ]
		done_before=$(head -n "$at" whole |
			grep -c '^{"attempt"' || true)
		all=$(grep -c '^{"attempt"' whole)
		[ "$(wc -l <"$log")" = $((all - done_before + open)) ]
		# Named is what has rows of the attempt that was open.
		head -n "$at" whole | jq -s 'map(select(.attempt or .result)) |
			group_by(.attempt // .result) |
			map(select(length == 1))[0][0] // {batch: 0}' >attempt
		jq -se --slurpfile open attempt '$open[0] as $o |
			map(.rowsFrom //= 1) |
			($o.rowsFrom // 1) as $from |
			all(.[]; (.possibleDuplicate == true) ==
				(.batch == $o.batch and
				.rowsFrom < $from + $o.rows and
				.rowsFrom + .rows > $from))' receipts
		# Of the bad rows, those of the attempt that was open may be
		# there; all others are kept.
		jq -r 'select(.state == "unknown") | .rowsFrom as $from |
			range(.rows) | "a\($from + .),bad"' receipts >doubted
		grep ',bad$' one | sort >bad
		: >>failed
		assert_same bad <(rows_of failed | sort -u - doubted)
		[ -z "$(rows_of failed | sort | comm -12 - doubted)" ]
		[ "$code" = "$([ -s doubted ] && echo 7 || echo 1)" ]
		[ "$open" = 1 ] || [ ! -s doubted ]
	done
}

@test "an unknown half is sent again by the next run, the others stay" {
	edge_start
	batch 8 3 >one
	echo 5 >"$taken/once" # the half a3 a4
	send --journal j --retries 0 good one
	[ "$code" = 7 ]
	[ "$(jq -r 'select(.state == "unknown") | "\(.rowsFrom)+\(.rows)"' \
		receipts)" = 3+2 ]
	[ ! -e failed ]
	send --journal j good one
	# The service may have taken row 3 from the attempt that got no answer.
	[ "$code" = 7 ]
	[ "$(parts)" = 'skipped:0+1/0 skipped:1+2/0 accepted:4+1/3 skipped:5+4/0 unknown:3+1/0' ]
	# That half alone is sent again.
	send --journal j good one
	[ "$(parts)" = 'skipped:0+1/0 skipped:1+2/0 skipped:4+1/1 skipped:5+4/0 unknown:3+1/0' ]
	[ ! -e failed ]
	# Without halving nothing is sent, and all is told the same.
	send --journal j --no-bisect good one
	[ "$code" = 7 ]
	[ "$(parts)" = 'skipped:0+1/0 skipped:1+2/0 skipped:4+1/0 skipped:5+4/0 unknown:3+1/0' ]
}

@test "rows at fault side by side: one part, with its own digest and size" {
	edge_start
	batch 8 2 3 4 7 >one
	send one
	expect_parts='refused:2+3/0 refused:7+1/0'
	[ "$(parts | grep -o 'refused.*')" = "$expect_parts" ]
	printf 'batch=thirdPartyId,tier\na2,bad\na3,bad\na4,bad\n' >first
	printf 'batch=thirdPartyId,tier\na7,bad\n' >second
	assert_same <(cat first second) failed
	for part in first second; do
		sha=$(sha256sum <"$part")
		jq -c '[.sha256, .bytes]' receipts |
			grep -xF "[\"${sha%% *}\",$(wc -c <"$part")]"
	done
}
