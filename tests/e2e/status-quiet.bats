#!/usr/bin/env bats
# tp-status -q leaves out closing lines, but never why the exit status is 2 or
# more, nor which batches have no outcome when it stops.
#
# shellcheck disable=SC2154 # status is set in helper.bash

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TP_CLIENT=demo
	"$BATS_TEST_DIRNAME/../fault/faulty.py" files . >server.out 2>server.err 3>&- &
	server=$!
	TP_ENDPOINT=$(await_address server.out "$server")
	export TP_ENDPOINT
}

teardown() {
	[ -z "${running-}" ] || kill -KILL "$running" 2>/dev/null || true
	nobody_stop
	kill "$server"
}

# A receipt of one row, for the batch d-1 at the endpoint.
receipt() { # NUMBER STATE [HTTP [URL]]
	printf '{"batch":%s,"rows":1,"bytes":9,"api":"v1","state":"%s",' "$1" "$2"
	printf '"http":%s,"batchStatus":"%s"}\n' "${3-200}" \
		"${4-$TP_ENDPOINT/m2/demo/profile/batchStatus?batchId=d-1}"
}

# Exit STATUS, and on stderr TEXT and nothing else; the service answers so.
says() { # STATUS TEXT [ANSWER [OPTION...]]
	local code=$1 text=${2:+$2$'\n'}
	printf '%b' "${3-200\n}" >./get
	rm -rf "$TP_STATE_DIR" # where the calls of those before are counted
	try tp-status -q --rate 1000 --poll-rate 2 --interval 0 --deadline 1 \
		"${@:4}" receipts
	printf %s "$text" >expected
	assert_same expected err
	[ "$status" = "$code" ]
}

@test "receipts that make the exit status are named" {
	receipt 1 refused >receipts
	says 1 ''
	receipt 1 skipped >receipts
	says 0 '' '200\n<response><status>complete</status><batchSize>1</batchSize></response>'
	receipt 1 refused 401 >receipts
	receipt 2 refused 403 >>receipts
	receipt 3 refused null >>receipts
	receipt 4 refused >>receipts
	says 6 'tp-status: receipts of 3 batches refused: with HTTP 401 or 403, or for a certificate that does not verify'
	receipt 1 failed >receipts
	says 5 'tp-status: receipts of 1 batch failed: not sent'
	receipt 1 unknown >receipts
	says 7 'tp-status: receipts of 1 batch unknown: sent, but not answered'
	receipt 1 invalid >receipts
	says 3 'tp-status: receipts of 1 batch invalid: not sent, as they do not comply'
}

@test "outcomes that make the exit status are named" {
	receipt 1 accepted >receipts
	complete='200\n<response><status>complete</status><batchSize>'
	says 0 '' "${complete}1</batchSize></response>"
	says 1 '' "${complete}2</batchSize></response>"
	says 6 'tp-status: denied: batch 1: HTTP 401: no token was sent, see --token-file' \
		'401\n'
	says 1 '' '404\n'
	says 7 'tp-status: stuck: batch 1: the service gave it up' \
		'200\n<response><status>stuck</status></response>'
	says 7 'tp-status: deadline: batch 1: the service has not finished with it' \
		'200\n<response><status>incomplete</status></response>'
	says 7 'tp-status: deadline: batch 1: HTTP 503 Service Unavailable' \
		'503\n'
	receipt 1 accepted 200 '' >receipts
	says 7 'tp-status: unfollowed: batch 1: the service named no status URL'
	nobody_start
	TP_ENDPOINT=$nobody receipt 1 accepted >receipts
	TP_ENDPOINT=$nobody try tp-status -q --interval 0 --poll-rate 2 \
		--deadline 1 receipts
	[ "$status" = 7 ]
	grep -q '^tp-status: deadline: batch 1: .*[Cc]onnect' err
	# Of many alike 20 are shown, and it is said how many more there are.
	for i in {1..30}; do
		receipt "$i" accepted 200 ''
	done >receipts
	says 7 "$(for i in {1..20}; do
		echo "tp-status: unfollowed: batch $i: the service named no status URL"
	done)
tp-status: unfollowed: 10 more like these"
}

@test "inputs and outputs that make the exit status are named" {
	: >receipts
	text='no receipts: tp-send ended before it had sent a batch, or the input is another one (--allow-empty lets that pass)'
	says 3 "tp-status: $text"
	# Both are said: what ended the run, and what went wrong then.
	says 4 "tp-status: $text
tp-status: cannot write to /dev/full: No space left on device" '' \
		--summary /dev/full
	says 3 'tp-status: missing: cannot open: No such file or directory' '' \
		missing
	echo oops >receipts
	says 3 'tp-status: receipts:1: malformed: not a JSON object; receipts are one to a line, as tp-send writes them (jq -c keeps them so)'
	says 2 'tp-status: --rate x: expected a number from 1 to 10000' '' \
		--rate x
}

# Until the process that runs has taken the last line of receipts, which is
# none, and then stops it.
stop() { # OPTION...
	rm -f in
	mkfifo in
	tp-status "$@" --interval 3600 - <in >out 2>err 3>&- 5>&- &
	running=$!
	exec 5>in
	{ cat receipts && echo; echo oops; } >&5
	until_lines 1 err
	kill -TERM "$running"
	status=0
	wait "$running" || status=$?
	running=
	exec 5>&-
	[ "$status" = 143 ]
	[ "$(head -n 1 err | cut -d: -f 4-)" = ' malformed: not a JSON object; receipts are one to a line, as tp-send writes them (jq -c keeps them so)' ]
}

@test "when it is stopped, all batches without an outcome are named" {
	for n in 3 5 6 7 9 8; do
		receipt "$n" accepted
	done >receipts
	receipt 4 refused >>receipts
	for quiet in -q --progress=never; do
		stop $quiet
		[ ! -s out ]
		grep -v ' malformed: \|receipts of 1 batch refused' err >said
		cat >expected <<-'END'
		tp-status: stopped; without an outcome: batches 3, 5 to 9
		tp-status: stopped before all receipts were read
		tp-status: to go on, give the same receipts again
		END
		assert_same expected said
	done
	# As many as there are, in as many lines as they need.
	for ((n = 1; n < 1000; n += 2)); do
		receipt "$n" accepted
	done >receipts
	stop -q
	sed -n 's/^tp-status: stopped; without an outcome: batches //p' err |
		tr -d ',' | tr ' ' '\n' >numbers
	seq 1 2 999 >expected
	assert_same expected numbers
}
