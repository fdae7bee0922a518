#!/usr/bin/env bats
# What tp-send and tp-status make of an answer, whatever bytes it holds.
#
# shellcheck disable=SC2154 # status is set in helper.bash

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TP_CLIENT=demo
	printf 'batch=thirdPartyId,tier\na1,gold\na2,tin\na3,gold\n' >batches
	"$BATS_TEST_DIRNAME/../fault/faulty.py" files . >server.out 2>server.err 3>&- &
	server=$!
	TP_ENDPOINT=$(await_address server.out "$server")
	export TP_ENDPOINT
}

teardown() {
	kill "$server"
}

# tp-send's one call, answered so; out, err and $status as try has them.
send() { # STATUS BODY [OPTION...]
	printf '%s\n%s' "$1" "$2" >./post
	try tp-send --retries 0 --rate 1000 --failed kept "${@:3}" batches
}

# That what comes of each answer of a table is what its first column says.
each_answer() { # COMMAND TABLE
	local expected body got wrong=0
	while IFS='|' read -r expected body; do
		expected=${expected%% *}
		body=$(printf '%b.' "${body# }")
		got=$("$1" "${body%.}")
		[ "$got" = "$expected" ] || {
			echo "$got, not $expected: ${body%.}"
			wrong=1
		}
	done <"$2"
	return "$wrong"
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

state_sent() { # BODY
	send 200 "$1" --no-bisect >&2
	jq -r .state out
}

@test "tp-send: <success> counts as the child of <response> alone" {
	cat >table <<-'END'
	accepted | <response><success>true</success></response>
	accepted | \xEF\xBB\xBF<?xml version="1.0"?>\n<!DOCTYPE response>\n<!-- c -->\n<response>\r\n\t<!-- c --><success>\n true\n</success>\n</response>\n\n<!-- c -->
	accepted | <response xmlns="a>b"><success x='>'>true</success ></response >
	accepted | <response><success><![CDATA[true]]></success></response>
	accepted | <response><success>TRUE<!-- false --></success></response>
	accepted | <response><success>true</success><message>3 < 4 & 5</message></response>
	accepted | <response><batchStatus>http://a/b?batchId=c&m2Node=00</batchStatus><success>true</success></response>
	accepted | <response><message><success>false</success></message><success>true</success></response>
	accepted | <response><success>true</success><success>true</success></response>
	refused  | <response><message><success>true</success></message><success>false</success></response>
	refused  | <response><success>false</success><message><success>true</success></message></response>
	refused  | <response><batch><success>true</success></batch><success>false</success></response>
	refused  | <response><!-- <success>true</success> --><success>false</success></response>
	refused  | <response><message><![CDATA[</message><success>true</success>]]></message><success>false</success></response>
	refused  | <response><message>&lt;success>true&lt;/success></message><success>false</success></response>
	unknown  | <response><message><success>true</success></message></response>
	unknown  | <response><batch><success>true</success></batch></response>
	unknown  | <response><response><success>true</success></response></response>
	unknown  | <response><!-- <success>true</success> --></response>
	unknown  | <response><message><![CDATA[<success>true</success>]]></message></response>
	unknown  | <response><![CDATA[<success>true</success>]]></response>
	unknown  | <response><?p <success>true</success>?></response>
	unknown  | <response><success>true</success><success>false</success></response>
	unknown  | <response><success>false</success><success>true</success></response>
	unknown  | <response><success>true</success><success/></response>
	unknown  | <response><success>true<b/></success></response>
	unknown  | <response><success>true false</success></response>
	unknown  | <response><x:success>true</x:success></response>
	unknown  | <response><Success>true</Success></response>
	unknown  | <success>true</success>
	unknown  | <answer><success>true</success></answer>
	unknown  | <html><body><success>true</success></body></html>
	unknown  | <html><body><response><success>true</success></response></body></html>
	unknown  | <!DOCTYPE html><html><p>Sorry<br><response><success>true</success></response></html>
	unknown  | <!DOCTYPE response [<!ENTITY a "<success>true</success>">]><response>&a;</response>
	unknown  | <response>no: <success>true</success></response>
	unknown  | Proxy: <response><success>true</success></response>
	unknown  | <response><success>true</success></response> is not so
	unknown  | <response><success>true</success></response><response><success>false</success></response>
	unknown  | <response><success>true</success></response><success>false</success>
	unknown  | <response/><response><success>true</success></response>
	unknown  | <response><message></response><success>true</success></message></response>
	unknown  | <response><message>no<success>true</success></response>
	unknown  | <response><b><c></b><success>true</success><d></c></d></response>
	unknown  | <response></message><success>true</success></response>
	unknown  | <response><message <success>true</success></response>
	unknown  | <response><message x="<![CDATA["/><success>false</success></response>
	unknown  | <response><success>true</success><message>
	unknown  | <response><success>true</success>
	unknown  | <response><success>true</success></respons
	unknown  | {"success":true}
	unknown  | true
	END
	each_answer state_sent table
}

@test "tp-send: what cannot be read is said" {
	while IFS='|' read -r body why; do
		send 200 "$body"
		[ "$status" = 7 ]
		[ "$(jq -r .message out)" = "the answer cannot be read: $why" ]
		grep -q "unknown: batch 1: HTTP 200: the answer cannot be r.*: $why\$" \
			err
	done <<-'END'
	<html></html>|its root is another element
	<response></response>|it has no <success>
	<response><success>yes</success></response>|its <success> is neither true nor false
	<response><success>true</success><success/></response>|it has <success> twice, with different words
	<response><success>true|it breaks off
	<response><a></b></response>|its tags do not match
	END
}

url_sent() { # BODY
	send 200 "<response><success>true</success>$1</response>" >&2
	jq -r '"\(.batchStatus) \(.message)"' out | tr ' ' _
}

@test "tp-send: <batchStatus> and <message>, too" {
	cat >table <<-'END'
	http://a/b?batchId=1_null | <batchStatus>http://a/b?batchId=1</batchStatus>
	http://a/b?batchId=1_m    | <x><batchStatus>u</batchStatus></x><batchStatus>http://a/b?batchId=1</batchStatus><x><message>n</message></x><message>m</message>
	null_null                 | <x><batchStatus>u</batchStatus><message>m</message></x>
	null_null                 | <message/><!-- <batchStatus>u</batchStatus> -->
	null_null                 | <message>a</message><message>b</message>
	null_there_is_more_than_one_status_URL | <batchStatus>u</batchStatus><batchStatus>v</batchStatus><message>m</message>
	u_null                    | <batchStatus>u</batchStatus><batchStatus>u</batchStatus>
	END
	each_answer url_sent table
	send 400 '<response><x><message>a</message></x></response>'
	[ "$(jq -r .message out)" = 'HTTP 400 Bad Request, without a message' ]
	send 400 '<html><message>a</message></html>'
	[ "$(jq -r .message out)" = 'HTTP 400 Bad Request, without a message' ]
	send 400 '<response><message>a</message><message>b</message></response>'
	[ "$(jq -r .message out)" = \
		'HTTP 400 Bad Request, with several messages that differ' ]
	send 400 '<response><message>Unknown client</message></response>'
	[ "$(jq -r .message out)" = 'Unknown client' ]
}

# ----------------------------------------------------------------- tp-status

# tp-status's one call, answered so.
ask() { # STATUS BODY [OPTION...]
	printf '%s\n%s' "$1" "$2" >./get
	printf '{"batch":1,"rows":3,"bytes":60,%s"state":"accepted",%s}\n' \
		"${api:+\"api\":$api,}" \
		"\"batchStatus\":\"$TP_ENDPOINT/m2/demo/profile/batchStatus?batchId=d-1\"" \
		>receipts
	rm -rf "$TP_STATE_DIR" # where the calls of those before are counted
	try tp-status --rate 1000 --poll-rate 1000 --interval 0 "${@:3}" \
		receipts
}

# The same, if it ends at the deadline, after one call: on a busy machine a short
# deadline may pass before that.
ask_once() { # STATUS BODY [OPTION...]
	local deadline
	for deadline in 1 4 16; do
		ask "$@" --poll-rate 1 --deadline $deadline
		[ "$(jq .polls out)" = 0 ] || return 0
	done
}

state_asked() { # BODY
	ask 200 "$1" --deadline 120 >&2
	jq -r '"\(.state)/\(.batchSize)/\(.failedUpdates)"' out
}

@test "tp-status: <status>, <batchId> and counts, as children of <response>" {
	cat >table <<-'END'
	complete/3/0 | <response><batchId>d-1</batchId><status>complete</status><batchSize>3</batchSize><failedUpdates>0</failedUpdates></response>
	complete/3/0 | <?xml version="1.0"?>\n<response>\n<status>\ncomplete<!-- stuck --></status><batchSize><![CDATA[3]]></batchSize> <batchSize> <![CDATA[3]]> </batchSize><failedUpdates>0</failedUpdates>\n</response>
	complete/3/0 | <response><message><status>stuck</status><batchSize>4</batchSize></message><status>complete</status><batchSize>3</batchSize><failedUpdates>0</failedUpdates></response>
	stuck/null/null | <response><profile><id>a</id><status>complete</status></profile><status>stuck</status><x><batchSize>3</batchSize><failedUpdates>0</failedUpdates></x></response>
	stuck/null/null | <response><message><status>complete</status></message><status>stuck</status></response>
	stuck/null/null | <response><status>stuck</status><!-- <batchSize>3</batchSize> --><message><![CDATA[<batchSize>3</batchSize>]]></message></response>
	complete/null/0 | <response><status>complete</status><batchSize>3</batchSize><batchSize>4</batchSize><failedUpdates>0</failedUpdates></response>
	END
	each_answer state_asked table
	# None of these is an outcome.
	while read -r body; do
		ask_once 200 "$body" -v
		[ "$(jq -r .state out)" = deadline ]
		grep -q 'batch 1: poll 1: the answer cannot be read: ' err
	done <<-'END'
	<response><message><status>complete</status></message></response>
	<html><response><status>complete</status><batchSize>3</batchSize></response></html>
	<response><status>complete</status><status>incomplete</status></response>
	<response><batchId>d-1</batchId><batchId>d-2</batchId><status>complete</status></response>
	<response><x></y><status>complete</status></response>
	<status>complete</status>
	END
}

# Of 3 rows, this is said to have become of them; "yes", or why they are not
# reconciled.
reconciled() { # COUNTS
	local body
	body=$(sed 's/\([A-Za-z]*\)=\([^ ]*\) */<\1>\2<\/\1>/g' <<<"$1")
	ask 200 "<response><status>complete</status>$body</response>"
	grep -v '^tp-status: [0-9]* ids\? w' err >said || true
	if [ "$status" = 0 ]; then
		jq -r 'select(.reconciled and .message == null) | "yes"' out
		cat said
	else
		jq -r 'select(.reconciled | not).message' out >message
		sed 's/^/tp-status: not-reconciled: batch 1: /' message |
			cmp - said && [ "$status" = 1 ] && cat message || true
	fi
}

each_count() { # TABLE
	local expected body got wrong=0
	while IFS='|' read -r body expected; do
		got=$(reconciled "$body")
		[ "$got" = "${expected# }" ] || {
			echo "got '$got', not '${expected# }': $body"
			wrong=1
		}
	done <"$1"
	return "$wrong"
}

@test "tp-status: reconciled means that the counts account for each row" {
	cat >table <<-'END'
	batchSize=3 consumedCount=3 successfulUpdates=3 profilesNotFound=0 failedUpdates=0 | yes
	batchSize=3 successfulUpdates=3 | yes
	batchSize=3 failedUpdates=0 | yes
	batchSize=3 consumedCount=3 | yes
	batchSize=3 | yes
	consumedCount=3 successfulUpdates=3 failedUpdates=0 | there is no batchSize
	batchSize=2 consumedCount=2 successfulUpdates=2 failedUpdates=0 | 3 rows were sent, but batchSize is 2
	batchSize=3 consumedCount=1 successfulUpdates=1 profilesNotFound=0 failedUpdates=0 | consumedCount is 1, but batchSize is 3; successfulUpdates 1, profilesNotFound 0 and failedUpdates 0 come to 1, but batchSize is 3
	batchSize=3 consumedCount=1 | consumedCount is 1, but batchSize is 3
	batchSize=3 consumedCount=4 | consumedCount is 4, but batchSize is 3
	batchSize=3 successfulUpdates=2 failedUpdates=0 | successfulUpdates 2, no profilesNotFound and failedUpdates 0 come to 2, but batchSize is 3
	batchSize=3 successfulUpdates=4 | successfulUpdates 4, no profilesNotFound and no failedUpdates come to 4, but batchSize is 3
	batchSize=3 successfulUpdates=0 | successfulUpdates 0, no profilesNotFound and no failedUpdates come to 0, but batchSize is 3
	batchSize=3 successfulUpdates=2 failedUpdates=1 | failedUpdates is 1, of 3 rows
	batchSize=3 successfulUpdates=3 failedUpdates=1 | successfulUpdates 3, no profilesNotFound and failedUpdates 1 come to 4, but batchSize is 3; failedUpdates is 1, of 3 rows
	batchSize=3 failedUpdates=4 | no successfulUpdates, no profilesNotFound and failedUpdates 4 come to 4, but batchSize is 3; failedUpdates is 4, of 3 rows
	batchSize=3 successfulUpdates=2305843009213693951 profilesNotFound=2305843009213693951 failedUpdates=2305843009213693951 | successfulUpdates 2305843009213693951, profilesNotFound 2305843009213693951 and failedUpdates 2305843009213693951 come to 6917529027641081853, but batchSize is 3; failedUpdates is 2305843009213693951, of 3 rows
	batchSize=3 successfulUpdates=3 failedUpdates=-1 | failedUpdates is no number of rows: -1
	batchSize=3 successfulUpdates=3 failedUpdates=-0 | failedUpdates is no number of rows: -0
	batchSize=3 successfulUpdates=3 failedUpdates=none | failedUpdates is no number of rows: none
	batchSize=3 successfulUpdates=3 failedUpdates= | failedUpdates is empty
	batchSize=3.0 | batchSize is no number of rows: 3.0
	batchSize=3 successfulUpdates=3 profilesNotFound=0x0 | profilesNotFound is no number of rows: 0x0
	batchSize=3 consumedCount=+3 | consumedCount is no number of rows: +3
	batchSize=3 successfulUpdates=18446744073709551619 | successfulUpdates is no number of rows: 18446744073709551619
	batchSize=3 successfulUpdates=00000000000000000000000000000000000003 | successfulUpdates is no number of rows: 0000000000000000000000000000000...
	batchSize=3 successfulUpdates=3 failedUpdates=0 failedUpdates=1 | failedUpdates is given twice, with different values
	batchSize=3 batchSize=4 successfulUpdates=3 | batchSize is given twice, with different values
	batchSize=3 successfulUpdates=3 failedUpdates=0 failedUpdates=0 | yes
	END
	each_count table
	# Ids that are listed as failed, whatever the counts say.
	body='<response><status>complete</status><batchSize>3</batchSize>'
	body+='<successfulUpdates>3</successfulUpdates>'
	body+='<profile><status>failed</status><id>a</id></profile>'
	ask 200 "$body</response>"
	expect 1 "$(cat out)\n" \
		'tp-status: not-reconciled: batch 1: 1 id is listed as failed\n'
	body+='<x><profile><status>failed</status></profile></x>'
	body+='<message><profile><status>failed</status></profile></message>'
	ask 200 "$body</response>"
	[ "$(jq -c '[.message, .failedIds]' out)" = \
		'["2 ids are listed as failed",["a"]]' ]
	# What was not read may say anything.
	ask 200 "$(sed "s/<profile.*/<x>$(printf '%066000d' 0)/" <<<"$body")"
	[ "$(jq -r .message out)" = \
		'the answer is longer than the 64 KiB that are read' ]
}

@test "tp-status: ids that are not found fit with v1 alone" {
	body='batchSize=3 successfulUpdates=1 profilesNotFound=2'
	# A receipt of an older version does not say which it was.
	for api in '' '"v1"'; do
		[ "$(reconciled "$body")" = yes ]
		[ "$(jq -r .api out)" = v1 ]
	done
	[ "$(reconciled 'batchSize=3 profilesNotFound=3')" = yes ]
	[ "$(reconciled 'batchSize=3 profilesNotFound=4')" = "no\
 successfulUpdates, profilesNotFound 4 and no failedUpdates come to 4,\
 but batchSize is 3" ]
	api='"v2"'
	[ "$(reconciled "$body")" = 'profilesNotFound is 2, but v2 creates what'\
' it does not find' ]
	[ "$(jq -r .api out)" = v2 ]
	# What is neither is no receipt of ours.
	for api in '"v3"' null 2; do
		ask 200 '<response/>'
		expect 3 ''
		grep -q '^tp-status: receipts:1: malformed: not a receipt: ' err
	done
}

@test "tp-status: an answer of another status is named by it" {
	for pair in '500 Internal Server Error' '503 Service Unavailable' \
		'429 Too Many Requests' '400 Bad Request' 599; do
		ask_once "${pair%% *}" 'Sorry' -v
		[ "$status" = 7 ]
		grep -qx "tp-status: batch 1: poll 1: HTTP $pair" err
		grep -qx "tp-status: deadline: batch 1: HTTP $pair" err
		[ "$(jq -r .message out)" = "HTTP $pair" ]
	done
	ask_once 503 '<response><x><message>a</message></x><message>b</message></response>'
	[ "$(jq -r .message out)" = 'HTTP 503 Service Unavailable: b' ]
	ask 404 ''
	expect 1 "$(cat out)\n" 'tp-status: expired: batch 1: HTTP 404 Not Found: accepted, but the service does not know the batch, or no longer keeps its status: unconfirmed\ntp-status: 1 batch is unconfirmed: the service keeps few statuses, and none for long; tp-send --outcomes asks for them while it sends\n'
}

@test "tp-status: 401 and 403 say what is wrong with the token" {
	(umask 077; echo some-token >token)
	while IFS='|' read -r code named; do
		ask "$code" '<html>Sorry</html>'
		[ "$status" = 6 ]
		text="$named: no token was sent, see --token-file"
		[ "$(jq -r '"\(.state) \(.message)"' out)" = "denied $text" ]
		[ "$(cat err)" = "tp-status: denied: batch 1: $text" ]
		ask "$code" '<html>Sorry</html>' --token-file token
		[ "$status" = 6 ]
		[ "$(jq -r .message out)" = \
			"$named: the token is missing or wrong" ]
		ask "$code" '<response><message>Too old</message></response>' \
			--token-file token
		[ "$(jq -r .message out)" = \
			"$named: Too old; the token is missing or wrong" ]
	done <<-'END'
	401|HTTP 401
	403|HTTP 403 Forbidden
	END
}

@test "tp-status: the deadline does not hide why there is no outcome" {
	rm -f calls
	{
		until_lines 1 calls
		echo '200 hang' >next
		mv next get
	} &
	ask 500 'Sorry' --poll-rate 10000 --rate 10000 --deadline 2
	wait $!
	[ "$(head -n 1 get)" = '200 hang' ]
	expect 7 "$(cat out)\n" \
		'tp-status: deadline: batch 1: HTTP 500 Internal Server Error\n'
	# No call has an answer, or there was none.
	sed 's/"batch":1/"batch":2/' receipts >two
	cat two >>receipts
	for deadline in 1 4 16; do
		rm -rf "$TP_STATE_DIR"
		try tp-status --interval 0 --poll-rate 1 --deadline $deadline \
			receipts
		grep 'no answer came' err || continue
		break
	done
	expect 7 "$(cat out)\n" \
		'tp-status: deadline: batch 1: no answer came in that time
tp-status: deadline: batch 2: there was no time to ask about it, see --poll-rate and --rate\n'
}
