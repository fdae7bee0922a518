#!/usr/bin/env bats
# What comes back, and what becomes of the batch: each row of the table in
# tp-send(1), for the first of two batches or for both.  Halving has a file of
# its own (halving.bats).

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'batch=thirdPartyId,tier\na1,gold\na2,silver\n' >one.batches
	printf 'batch=thirdPartyId,tier\nb1,gold\n' >two.batches
	cat one.batches two.batches >both.batches
	export TP_CLIENT=demo
}

teardown() {
	nobody_stop
	sandbox_stop
}

# Both batches to a sandbox with these faults, resent once without delay.
# Sets code; receipts, said and log are files.
send_with() { # FAULT...
	local fault faults=()
	for fault in "$@"; do
		faults+=(--fault "$fault")
	done
	: >log
	rm -f failed
	sandbox_start --rate 0 --log log "${faults[@]}"
	code=0
	tp-send --endpoint "$sandbox" --retries 1 --retry-delay 0 --jobs 1 \
		--no-bisect \
		--failed failed both.batches >receipts 2>said || code=$?
	sandbox_stop
}

# "state/http/attempts" of each receipt.
states() {
	jq -r '[.state, .http, .attempts] | map(tostring) | join("/")' receipts |
		paste -sd ' '
}

came_to() { # CODE STATES FAILED-FILE|none
	[ "$code $(states)" = "$1 $2" ] || {
		echo "got $code $(states), expected $1 $2"
		cat said
		return 1
	}
	if [ "$3" = none ]; then
		[ ! -e failed ]
	else
		assert_same "$3" failed
		grep -F 'send again with: tp-send -c demo --endpoint' said
	fi
}

@test "success: accepted" {
	send_with
	came_to 0 'accepted/200/1 accepted/200/1' none
	[ ! -s said ]
}

@test "success false: refused, and the service's message is in the receipt" {
	send_with '1:false=Unexpected error'
	came_to 1 'refused/200/1 accepted/200/1' one.batches
	[ "$(jq -r .message receipts | head -n 1)" = 'Unexpected error' ]
	grep 'one.*refused: batch 1: HTTP 200: Unexpected error' said ||
		grep 'both.batches:1: refused: batch 1: HTTP 200: Unex' said
}

@test "other 4xx: refused, not sent again" {
	for status in 400 404 405 410 413 422 451; do
		send_with "1:code=$status"
		came_to 1 "refused/$status/1 accepted/200/1" one.batches
	done
}

@test "3xx: refused, never followed" {
	sandbox_start
	other=$sandbox other_pid=$sandbox_pid
	send_with "1:redirect=$other/m2/demo/v2/profile/batchUpdate"
	kill "$other_pid"
	came_to 1 'refused/301/1 accepted/200/1' one.batches
}

@test "401 and 403: refused, and the run stops with 6" {
	for status in 401 403; do
		send_with "1:code=$status"
		came_to 6 "refused/$status/1 failed/null/0" both.batches
		[ "$(wc -l <log)" = 1 ]
	done
}

@test "408, 425, 429, 5xx: the same bytes again" {
	for status in 408 425 429 500 502 503 504 599; do
		send_with "1:code=$status"
		came_to 0 'accepted/200/2 accepted/200/1' none
	done
	[ "$(jq -rs '[.[:2][].bytes] | unique | length' log)" = 1 ]
}

@test "an answer lost or cut: the same bytes again" {
	for fault in reset-before reset-mid reset-after reset-answer cut; do
		send_with "1:$fault"
		came_to 0 'accepted/200/2 accepted/200/1' none
		[ "$(wc -l <log)" = 3 ]
	done
}

@test "retries used up on answers: failed, and the run stops with 5" {
	send_with '*:code=503'
	came_to 5 'failed/503/2 failed/null/0' both.batches
	[ "$(wc -l <log)" = 2 ]
}

@test "retries used up without a connection: failed, stops with 5" {
	code=0
	nobody_start
	tp-send --endpoint "$nobody" --retries 1 --retry-delay 0 \
		--failed failed both.batches >receipts 2>said || code=$?
	came_to 5 'failed/null/2 failed/null/0' both.batches
}

@test "retries used up after a body had left: unknown, goes on, 7" {
	for fault in reset-mid reset-after reset-answer cut; do
		send_with "1-2:$fault"
		[ "$code" = 7 ]
		[[ "$(states)" = unknown/*/2\ accepted/200/1 ]]
		assert_same one.batches failed
	done
}

@test "lost, then only 503: may be there, so unknown" {
	send_with 1:reset-after 2:code=503
	came_to 7 'unknown/503/2 accepted/200/1' one.batches
}

@test "lost, then accepted: accepted" {
	send_with 1:reset-after
	came_to 0 'accepted/200/2 accepted/200/1' none
}

@test "2xx that cannot be read: unknown, not sent again, goes on, 7" {
	for fault in malformed empty html huge=70000; do
		send_with "1:$fault"
		came_to 7 'unknown/200/1 accepted/200/1' one.batches
	done
	grep 'longer than 64 KiB' said
}

@test "a bare & in the answer's URL is read" {
	send_with 1:ampersand
	came_to 0 'accepted/200/1 accepted/200/1' none
	jq -es '(.[0].batchStatus | endswith("&m2Node=00")) and
		(.[0].batchId | test("m2Node") | not)' receipts
}

@test "three refused in a row and none accepted: stops with 6" {
	for i in 1 2 3 4 5; do
		printf 'batch=thirdPartyId,tier\nc%s,gold\n' $i
	done >both.batches
	send_with '*:false'
	came_to 6 "refused/200/1 refused/200/1 refused/200/1 failed/null/0 \
failed/null/0" both.batches
	send_with '2-:false' # one was accepted: goes on
	came_to 1 "accepted/200/1 refused/200/1 refused/200/1 refused/200/1 \
refused/200/1" <(tail -n +3 both.batches)
}

@test "20 calls in a row refused, over several batches: stops with 6" {
	for i in $(seq 30); do
		printf 'batch=thirdPartyId,tier\nc%s,gold\n' $i
	done >both.batches
	refused=$(printf ' refused/400/1%.0s' {1..20})
	left=$(printf ' failed/null/0%.0s' {1..9})
	send_with '2-:code=400'
	came_to 6 "accepted/200/1$refused$left" <(tail -n +3 both.batches)
	[ "$(wc -l <log)" = 21 ]
	grep '^tp-send: stopped: the service refused 20 calls in a row' said
	# 19, one accepted, and 19 more: goes on to the end
	head -n 42 both.batches >40
	cat 40 40 >both.batches
	send_with 2-20:code=400 22-40:code=400
	[ "$code $(wc -l <log)" = '1 42' ]
	never grep stopped: said
}

@test "the worst of several codes: unknown over refused" {
	send_with 1:code=400 2:html
	came_to 7 'refused/400/1 unknown/200/1' both.batches
}

@test "Retry-After is honoured, in seconds and as a date, and clamped" {
	date=$(LC_ALL=C date -u -d '+2 seconds' '+%a, %d %b %Y %H:%M:%S GMT')
	send_with '1:code=503,retry-after=0' "3:code=429,retry-after=$date"
	came_to 0 'accepted/200/2 accepted/200/2' none
	# 1 s for the 0, 1 to 2 s for the date
	first=$(jq -rs '.[0].time | fromdate' log)
	last=$(jq -rs '.[-1].time | fromdate' log)
	[ $((last - first)) -ge 2 ]
}

@test "the service's text is made harmless before it is shown" {
	send_with $'1:false=no\xe2\x80\xaego\x7f'
	[ "$code" = 1 ]
	grep -iF 'no\u{202e}go\x7f' said
}
