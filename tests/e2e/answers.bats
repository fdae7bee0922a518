#!/usr/bin/env bats
# What tp-send and tp-status make of an answer, whatever bytes it holds.
#
# shellcheck disable=SC2154 # status is set in helper.bash

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TP_CLIENT=demo
	printf 'batch=thirdPartyId,tier\na1,gold\na2,tin\na3,gold\n' >batches
	"$BATS_TEST_DIRNAME/answers.py" . >server.out 2>server.err 3>&- &
	server=$!
	TP_ENDPOINT=$(await_address server.out "$server")
	export TP_ENDPOINT
}

teardown() {
	kill "$server"
}

# tp-send's one call, answered so; out, err and $status as try has them.
send() { # STATUS BODY [OPTION...]
	printf '%s\n%s' "$1" "$2" >post
	try tp-send --retries 0 --rate 1000 --failed kept "${@:3}" batches
}

# ------------------------------------------------------------------- tp-send

@test "tp-send: an answer without a message is named by its status" {
	for pair in '500 Internal Server Error' '503 Service Unavailable' \
		'429 Too Many Requests' '400 Bad Request' '404 Not Found' 599; do
		for body in '' '<html><body><h1>Oops</h1></body></html>'; do
			send "${pair%% *}" "$body"
			text="HTTP $pair, without a message"
			[ "$(jq -r .message out)" = "$text" ]
			grep -q "batches:1: [a-z]*: batch 1: $text\$" err
		done
	done
	send 200 '<response><success>false</success></response>' --no-bisect
	[ "$status" = 1 ]
	text='<success> is false, without a message'
	[ "$(jq -r .message out)" = "$text" ]
	grep -q "refused: batch 1: HTTP 200: $text\$" err
}

@test "tp-send: each attempt that failed is named by its status with -v" {
	send 503 '' -v --retries 1 --retry-delay 0
	grep -q 'batch 1: attempt 1: HTTP 503 Service Unavailable, without a me' err
	send 503 '<response><message>Not now</message></response>' -v \
		--retries 1 --retry-delay 0
	grep -q 'batch 1: attempt 1: HTTP 503: Not now; again in' err
	grep -q 'failed: batch 1: HTTP 503: Not now$' err
	[ "$(jq -r .message out)" = 'Not now' ]
}

@test "tp-send: 401 and 403 say what is wrong with the token" {
	(umask 077; echo some-token >token)
	for code in 401 403; do
		send "$code" ''
		[ "$status" = 6 ]
		[ "$(jq -r .message out)" = 'no token was sent' ]
		grep -q "refused: batch 1: HTTP $code: no token was sent\$" err
		send "$code" '' --token-file token
		[ "$status" = 6 ]
		text='the token is missing or wrong'
		[ "$(jq -r .message out)" = "$text" ]
		grep -q "refused: batch 1: HTTP $code: $text\$" err
		send "$code" '<response><message>Expired</message></response>'
		[ "$(jq -r .message out)" = Expired ]
	done
}
