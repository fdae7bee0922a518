#!/usr/bin/env bats
# tp-status against tp-sandbox, over real sockets.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TP_CLIENT=demo
}

teardown() {
	exec 5>&- 6>&-
	[ -z "${running-}" ] || kill -KILL "$running" 2>/dev/null || true
	nobody_stop
	sandbox_stop
}

start() { # OPTION...
	sandbox_start --rate 0 --log log "$@"
	export TP_ENDPOINT=$sandbox
}

# Posts a batch with these rows, and prints its receipt as tp-send would.
accept() { # NUMBER ROW...
	local number=$1 api=${api-v2/} url
	shift
	url=$({
		echo 'batch=thirdPartyId,x'
		printf '%s\n' "$@"
	} | curl -sS -m 150 --cacert "${cacert:-/dev/null}" --data-binary @- \
		"$TP_ENDPOINT/m2/demo/${api}profile/batchUpdate" |
		sed -n 's/.*<batchStatus>\(.*\)<\/batchStatus>.*/\1/p')
	[ -n "$url" ]
	receipt "$number" accepted "$#" "$url" "${url##*=}"
}

# A receipt, as far as tp-status reads it.
receipt() { # NUMBER STATE ROWS [URL [ID [HTTP]]]
	jq -nc --arg state "$2" --arg url "${4-}" --arg id "${5-}" \
		--argjson http "${6-200}" "{batch: $1, sha256: \"0\",
		rows: $3, bytes: 99, state: \$state, http: \$http,
		attempts: 1, batchId: \$id, batchStatus: \$url,
		message: null, time: \"2026-11-22T06:22:00Z\"}"
}

# tp-status, quick; outcomes go to the file outcomes, stderr to errors, the
# exit status to ended: it may be the end of a pipeline.
ask() { # OPTION...
	local code=0
	timeout -k 1 150 tp-status --interval 0 --poll-rate 600 --deadline 120 \
		--rate 600 "$@" >outcomes 2>errors || code=$?
	echo "$code" >ended
}

# The same with receipts that come to no end, until a deadline by which there were
# so many polls: on a busy machine a short one may pass before.
ask_to_deadline() { # POLLS OPTION...
	local deadline
	for deadline in 1 4 16; do
		ask --deadline $deadline "${@:2}" receipts
		[ "$(jq .polls outcomes)" -lt "$1" ] || return 0
	done
}

# One member of each outcome, by batch: they come as they become known.
each() { # MEMBER
	jq -sc "sort_by(.batch)[].$1" outcomes | tr '\n' ' '
}

exits() { # CODE
	[ "$(cat ended)" = "$1" ] && return
	echo "exit $(cat ended), not $1"
	cat outcomes errors
	return 1
}

status_calls() {
	jq -s 'map(select(.path | endswith("batchStatus"))) | length' log
}

# ------------------------------------------------------------------ outcomes

@test "the end of the pipeline: one outcome for each batch" {
	start
	printf 'thirdPartyId,tier\na1,gold\na2,tin\na3,50%% off & more\n' |
		tp-validate | tp-split --max-rows 2 | tp-send | ask
	exits 0
	[ ! -s errors ]
	jq -c '.batchId |= test("^demo-[0-9]+-[0-9]+$") |
		.sha256 |= test("^[0-9a-f]{64}$") |
		.time |= test("^20..-..-..T..:..:..Z$")' outcomes >actual
	cat >expected <<-'END'
	{"batch":1,"batchId":true,"state":"complete","reconciled":true,"rows":2,"sha256":true,"api":"v2","batchSize":2,"consumedCount":2,"successfulUpdates":2,"profilesNotFound":0,"failedUpdates":0,"polls":1,"message":null,"time":true}
	{"batch":2,"batchId":true,"state":"complete","reconciled":true,"rows":1,"sha256":true,"api":"v2","batchSize":1,"consumedCount":1,"successfulUpdates":1,"profilesNotFound":0,"failedUpdates":0,"polls":1,"message":null,"time":true}
	END
	assert_same expected actual
}

@test "outcomes come while receipts still do" {
	start
	mkfifo in out
	tp-status --interval 0 --poll-rate 600 <in >out 3>&- 5>&- 6>&- &
	running=$!
	exec 5>in 6<out
	accept 1 a,1 >&5
	read -r -t 120 line <&6
	[ "$(jq .batch <<<"$line")" = 1 ]
	accept 2 b,1 >&5
	read -r -t 120 line <&6
	[ "$(jq .batch <<<"$line")" = 2 ]
	exec 5>&-
	wait "$running"
	running=
}

@test "a batch that is incomplete is asked about again" {
	# On a busy machine the first poll may come after so many seconds.
	for delay in 2 6 16; do
		rm -f log
		start --status-delay $delay
		accept 1 a,1 | ask -v --interval 1
		exits 0
		[ "$(jq .polls outcomes)" = 1 ] || break
		sandbox_stop
	done
	[ "$(jq '.polls >= 2' outcomes)" = true ]
	[ "$(status_calls)" = "$(jq .polls outcomes)" ]
	grep -qx 'tp-status: batch 1: poll 1: not complete yet' errors
}

@test "stuck: exit 7" {
	start --fault 1:stuck
	{ accept 1 a,1; accept 2 b,1; } | ask
	exits 7
	[ "$(each state)" = '"stuck" "complete" ' ]
	[ "$(each reconciled)" = 'false true ' ]
	echo 'tp-status: stuck: batch 1: the service gave it up' >expected
	assert_same expected errors
}

@test "expired: no longer kept; asked twice, as a new one may not be there yet" {
	start --keep 1
	{ accept 1 a,1; accept 2 b,1; } >receipts
	ask receipts
	exits 1
	[ "$(jq -c 'select(.batch == 1) | [.state, .polls]' outcomes)" = \
		'["expired",2]' ]
	[ "$(jq -c 'select(.batch == 2) | .state' outcomes)" = '"complete"' ]
	echo 'tp-status: expired: batch 1: HTTP 404 Not Found: accepted, but' \
		'the service does not know the batch, or no longer keeps its' \
		'status: unconfirmed' >expected
	echo 'tp-status: 1 batch is unconfirmed: the service keeps few' \
		'statuses, and none for long; tp-send --outcomes asks for them' \
		'while it sends' >>expected
	assert_same expected errors
}

@test "a status that is not there at first" {
	start --fault status:1:code=404
	accept 1 a,1 | ask
	exits 0
	[ "$(each polls)" = '2 ' ]
}

@test "deadline: exit 7, in time" {
	start --status-delay 600
	accept 1 a,1 >receipts
	SECONDS=0
	ask_to_deadline 1 --poll-rate 2
	exits 7
	[ "$SECONDS" -lt 100 ]
	[ "$(each state)" = '"deadline" ' ]
	[ "$(each batchSize)" = '1 ' ]
	echo 'tp-status: deadline: batch 1: the service has not finished with it' \
		>expected
	assert_same expected errors
}

@test "a call that takes too long ends at the deadline" {
	start --fault 'status:*:delay=600'
	SECONDS=0
	accept 1 a,1 | ask --deadline 1
	exits 7
	[ "$SECONDS" -lt 100 ]
}

@test "failed rows: not reconciled, exit 1, their ids listed, not on stderr" {
	start
	accept 1 ok,1 'no%2Fgood,2' fine,3 | ask
	exits 1
	[ "$(jq -c '[.state, .reconciled, .failedUpdates, .failedIds]' \
		outcomes)" = '["complete",false,1,["no/good"]]' ]
	echo 'tp-status: not-reconciled: batch 1: failedUpdates is 1, of 3' \
		'rows; 1 id is listed as failed' >expected
	assert_same expected errors
}

@test "another number of rows than were sent: not reconciled, exit 1" {
	start
	accept 1 a,1 b,2 | jq -c '.rows = 3' | ask
	exits 1
	[ "$(jq -c '[.state, .reconciled, .rows, .batchSize]' outcomes)" = \
		'["complete",false,3,2]' ]
}

@test "v1: ids not found are reported, and no failure" {
	start
	api='' accept 1 nobody,1 noone,2 | ask
	exits 0
	[ "$(jq -c '[.reconciled, .profilesNotFound]' outcomes)" = '[true,2]' ]
	grep -qx 'tp-status: 2 ids were not found by the service: v1 makes no .*' \
		errors
	api='' accept 1 nobody,1 | ask
	grep -qx 'tp-status: 1 id was not found by the service: v1 makes no .*' \
		errors
}

# ------------------------------------------------------------------ receipts

@test "receipts of other states make the exit status" {
	start
	accept 1 a,1 >accepted
	table='refused:200:1 refused:401:6 refused:403:6 refused:null:6
		failed:null:5 unknown:null:7 invalid:null:3'
	for entry in $table; do
		IFS=: read -r state http expected <<<"$entry"
		{ cat accepted; receipt 2 "$state" 1 '' '' "$http"; } | ask
		exits "$expected"
		[ "$(each state)" = '"complete" ' ]
		grep -q "^tp-status: receipts of 1 batch $state: " errors
	done
	# of an earlier run, which had the same answer
	{ cat accepted; receipt 2 skipped 1 '' '' 200; } | ask
	exits 7
	[ "$(each state)" = '"complete" "unfollowed" ' ]
	{ receipt 1 refused 1; receipt 2 unknown 1; receipt 3 failed 1; } | ask
	exits 7
	[ ! -s outcomes ]
}

@test "--allow-empty: a day without batches, from the export to the outcomes" {
	start
	export TP_SEAL=1
	printf 'thirdPartyId,a\n' | tp-validate --allow-empty |
		tp-split --allow-empty >batches
	for more in '' '--dry-run' '--journal journal --outcomes kept'; do
		code=0
		# shellcheck disable=SC2086
		tp-send $more batches >receipts 2>errors || code=$?
		[ "$code" = 3 ]
		[ "$(cat errors)" = 'tp-send: the input is empty: no batches (--allow-empty lets that pass)' ]
		# shellcheck disable=SC2086
		tp-send --allow-empty $more batches >receipts
	done
	tp-send --allow-empty batches >receipts
	code=0
	tp-status receipts >outcomes 2>errors || code=$?
	[ "$code" = 3 ]
	tp-status --allow-empty receipts >outcomes
	grep -x '{"seal":{"rows":0,.*' outcomes
	tp-verify --allow-empty --receipts receipts batches >verified
	[ "$(head -n 1 verified | jq -c '.verified | [.rows, .ids, .fetched]')" = '[0,0,0]' ]
	# What is there is judged as ever, and what is torn is no quiet day.
	: >torn
	code=0
	tp-send --allow-empty torn >receipts 2>errors || code=$?
	[ "$code" = 3 ]
	grep seal errors
	code=0
	tp-verify --receipts receipts batches >verified 2>errors || code=$?
	[ "$code" = 3 ]
}

@test "no receipts at all: exit 3" {
	export TP_ENDPOINT=http://127.0.0.1:1
	ask </dev/null
	exits 3
	grep -q '^tp-status: no receipts: ' errors
	[ "$(wc -l <errors)" = 1 ]
}

@test "malformed lines: exit 3, the rest still asked about" {
	start
	{ echo oops; accept 1 a,1; printf '{"batch":2,"ro'; } | ask
	exits 3
	[ "$(each reconciled)" = 'true ' ]
	grep -q '^tp-status: -:1: malformed: ' errors
	grep -q '^tp-status: -:3: malformed: ' errors
}

@test "several files, packed ones too; one that is missing: exit 3" {
	start
	accept 1 a,1 >one
	accept 2 b,1 | gzip >two.gz
	ask one two.gz
	exits 0
	[ "$(each batch)" = '1 2 ' ]
	ask one missing two.gz
	exits 3
	[ "$(each batch)" = '1 2 ' ]
	grep -q '^tp-status: missing: cannot open: No such file' errors
}

# ------------------------------------------------------------------ trust

@test "a status URL is not followed elsewhere, and it is said why" {
	start
	port=${sandbox##*:}
	path=/m2/demo/profile/batchStatus
	urls=(
		"https://evil.example$path?batchId=1"
		"https://127.0.0.1:$port$path?batchId=1"
		"http://127.0.0.1:1$path?batchId=1"
		"https://a.tt.omtrdc.net:8443$path?batchId=1"
		"http://x@127.0.0.1:$port$path?batchId=1"
		"$sandbox/m2/other/profile/batchStatus?batchId=1"
		"$sandbox/m2/"$'\e[7m\xe2\x80\xae'"/profile/batchStatus?batchId=1"
		"$sandbox/m2/demo/profile/update?batchId=1"
		"$sandbox/"
		"$sandbox$path?m2Node=1"
		"$sandbox$path?batchId=1&batchId=2"
		"$sandbox$path?batchId=a b"
		"$sandbox$path?batchId="
		"$sandbox$path?batchId=$(printf %0256d 0)"
		"$sandbox$path?batchId=1&m2Node=$(printf %01024d 0)"
		''
	)
	for i in "${!urls[@]}"; do
		receipt $((i + 1)) accepted 1 "${urls[i]}"
	done | ask
	exits 7
	[ "$(jq -r .state outcomes | uniq -c)" = '     16 unfollowed' ]
	[ "$(jq .polls outcomes | uniq)" = 0 ]
	[ ! -s log ]
	cat >expected <<-END
	the status URL is on the host evil.example, which is neither under .tt.omtrdc.net nor that of the endpoint, 127.0.0.1: check --endpoint or TP_ENDPOINT
	the status URL is https, and the endpoint http: check --endpoint or TP_ENDPOINT
	the status URL is on port 1, and the endpoint on port $port: check --endpoint or TP_ENDPOINT
	the status URL is on port 8443, which is not the service's
	the status URL is not a plain http or https URL
	the batch is of the client 'other', not of 'demo': check -c or TP_CLIENT
	the batch is of the client '\\x1B[7m\\u{202E}', not of 'demo': check -c or TP_CLIENT
	the path of the status URL is not $path
	the path of the status URL is not $path
	the status URL names no batch
	the status URL names more than one batch
	the value of batchId in the status URL is empty, or holds a character that is not expected there
	the value of batchId in the status URL is empty, or holds a character that is not expected there
	the batchId in the status URL is longer than 255 bytes
	the status URL is too long
	the service named no status URL
	END
	sed 's/^tp-status: unfollowed: batch [0-9]*: //' errors >actual
	assert_same expected actual
	# Escaping is for terminals.
	sed -i $'7s/\'.*\', not/\'\e[7m\xe2\x80\xae\', not/' expected
	jq -r .message outcomes >actual
	assert_same expected actual
}

@test "a redirect is not followed" {
	start --fault 'status:*:redirect=http://127.0.0.1:1/'
	accept 1 a,1 >receipts
	ask_to_deadline 1 --poll-rate 2
	exits 7
	[ "$(each message)" = '"HTTP 301 Moved Permanently" ' ]
}

@test "the token is sent, unless told not to" {
	(umask 077; echo secret-canary >token)
	start --token-file token
	export TP_TOKEN_FILE=token
	url=$(printf 'batch=thirdPartyId,x\na,1\n' |
		curl -sS -H 'Authorization: Bearer secret-canary' \
			--data-binary @- \
			"$sandbox/m2/demo/v2/profile/batchUpdate" |
		sed -n 's/.*<batchStatus>\(.*\)<\/batchStatus>.*/\1/p')
	receipt 1 accepted 1 "$url" "${url##*=}" >receipts
	ask -v -v --no-token-to-status receipts
	exits 0
	[ "$(jq -s 'last.token' log)" = false ]
	# The second is an old name of what is so anyway.
	for option in -v --token-to-status; do
		ask -v -v $option receipts
		exits 0
		[ "$(jq -s 'last.token' log)" = true ]
	done
	ask --token-to-status --no-token-to-status receipts
	[ "$(jq -s 'last.token' log)" = false ]
	ask --no-token-to-status --token-to-status receipts
	[ "$(jq -s 'last.token' log)" = true ]
	nowhere secret-canary outcomes errors
}

@test "a status that wants a token: exit 6 without it" {
	(umask 077; echo secret-canary >token)
	start --token-file token --token-always
	receipt 1 accepted 1 \
		"$sandbox/m2/demo/profile/batchStatus?batchId=1" 1 >receipts
	ask receipts
	exits 6
	[ "$(each state)" = '"denied" ' ]
	grep -q 'HTTP 401: no token was sent, see --token-file$' errors
	# With it the batch is found not to be there.
	ask --token-file token receipts
	exits 1
	[ "$(each state)" = '"expired" ' ]
	chmod 644 token
	ask --token-file token receipts
	exits 2
	ask --no-token-to-status --token-file token receipts
	exits 6
}

@test "https: only with a certificate that is trusted" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert \
		-days 2 -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null
	sandbox_start --tls-cert cert --tls-key key
	TP_ENDPOINT=$sandbox
	export TP_ENDPOINT
	# http, as the service's own answers have it, becomes https.
	cacert=cert accept 1 a,1 | sed 's/https:/http:/' >receipts
	ask --cacert cert receipts
	exits 0
	ask receipts
	exits 6
	[ "$(each state)" = '"denied" ' ]
	ask --cacert missing receipts
	exits 2
}

# ------------------------------------------------------------------ trouble

@test "temporary trouble is waited out" {
	start --fault status:1:code=503,retry-after=1 --fault status:2:cut \
		--fault status:3:html --fault status:4:reset-before \
		--fault status:5:empty --fault status:6:malformed \
		--fault status:7:code=400 --fault status:8:code=500
	accept 1 a,1 | ask -v
	exits 0
	[ "$(each polls)" = '9 ' ]
	[ "$(each message)" = 'null ' ]
	grep -qx 'tp-status: batch 1: poll 1: HTTP 503 Service Unavailable' \
		errors
	grep -qx 'tp-status: batch 1: poll 3: the answer cannot be read: its root is another element' \
		errors
}

@test "an answer of more than 64 KiB is read as far as that" {
	start --fault 'status:*:huge=1000000'
	accept 1 a,1 | ask
	exits 0
	[ "$(each reconciled)" = 'true ' ]
}

@test "a list of failed ids that is longer than is read" {
	start
	# shellcheck disable=SC2046 # one row a word
	accept 1 ok,1 $(printf 'no%%2F%0240d,1\n' {1..400}) | ask
	exits 1
	jq -e '.failedUpdates == 400 and .failedIdsCut and
		(.failedIds | length > 200 and length < 300 and
		all(.[]; length == 243))' outcomes
}

@test "Retry-After holds back all calls" {
	start --fault status:1:code=429,retry-after=2
	{ accept 1 a,1; accept 2 b,1; } >receipts
	SECONDS=0
	ask receipts
	exits 0
	[ "$SECONDS" -ge 2 ]
	jq -se 'map(select(.path | endswith("batchStatus")).time | fromdate) |
		.[1] - .[0] >= 1' log
	[ "$(each polls | tr ' ' '\n' | sort | tr '\n' ' ')" = '1 2 ' ]
}

@test "a header that is too long: asked again until the deadline" {
	"$BATS_TEST_DIRNAME/../fault/faulty.py" header-200000 edge.log >edge.out 3>&- &
	running=$!
	TP_ENDPOINT=$(await_address edge.out) && export TP_ENDPOINT
	receipt 1 accepted 1 \
		"$TP_ENDPOINT/m2/demo/profile/batchStatus?batchId=1" >receipts
	ask_to_deadline 2
	exits 7
	[ "$(each state)" = '"deadline" ' ]
	[ "$(wc -l <edge.log)" -ge 2 ]
}

@test "nobody there: waited for until the deadline" {
	nobody_start
	export TP_ENDPOINT=$nobody
	receipt 1 accepted 1 \
		"$TP_ENDPOINT/m2/demo/profile/batchStatus?batchId=1" >receipts
	ask_to_deadline 1 --poll-rate 2
	exits 7
	[ "$(each state)" = '"deadline" ' ]
	grep -q "^tp-status: deadline: batch 1: .*[Cc]onnect" errors
}

@test "no more calls a minute than --poll-rate, and than --rate" {
	start --status-delay 600
	{ accept 1 a,1; accept 2 b,1; accept 3 c,1; } >receipts
	# On a busy machine a deadline may pass before the second or third poll.
	for deadline in 1 4 16; do
		rm -rf "$TP_STATE_DIR"
		: >log
		ask --poll-rate 2 --deadline $deadline receipts
		exits 7
		[ "$(status_calls)" -lt 2 ] || break
	done
	[ "$(status_calls)" = 2 ]
	# Those two are in the ledger, and the share of polls is half of so few.
	for deadline in 1 4 16; do
		ask --rate 6 --deadline $deadline receipts
		exits 7
		[ "$(status_calls)" -lt 3 ] || break
	done
	[ "$(status_calls)" = 3 ]
}

# ------------------------------------------------------------------ the rest

@test "--format table" {
	start --fault 2:stuck
	{ accept 1 a,1 b,2; accept 2 c,3; } | ask --interval 1 --format table
	exits 7
	cat >expected <<-'END'
	 BATCH STATE          ROWS     SIZE  UPDATED NOTFOUND   FAILED POLLS RECONCILED
	     1 complete          2        2        2        0        0     1        yes
	     2 stuck             1        1        -        -        -     1         no
	END
	assert_same expected outcomes
}

@test "on a terminal: a table that updates" {
	# On a busy machine the first poll may come after so many seconds.
	for delay in 2 6 16; do
		start --status-delay $delay
		accept 1 a,1 >receipts
		on_terminal 'stty cols 80 rows 24
			tp-status --interval 1 --poll-rate 600 --deadline 120 \
			receipts' </dev/null | tr -d '\r' >screen
		! grep -q incomplete screen || break
		sandbox_stop
	done
	grep -q '^     1 incomplete ' screen
	grep -q $'^\033\[1A\033\[J     1 incomplete ' screen
	grep -q $'^\033\[1A\033\[J     1 complete .* yes$' screen
	[ "$(grep -c RECONCILED screen)" = 1 ]
	[ "$(tail -n 1 screen | cut -d' ' -f7)" = complete ]
	on_terminal 'tp-status --interval 0 --poll-rate 600 \
		--format json receipts' </dev/null |
		grep -o '{.*}' | jq -e .reconciled
}

@test "--summary" {
	start
	{
		accept 1 a,1 b,2
		receipt 2 refused 4
		echo oops
	} | ask --summary counts
	exits 3
	jq -c 'del(.seconds)' counts >actual
	cat >expected <<-'END'
	{"receipts":{"accepted":1,"refused":1,"failed":0,"unknown":0,"invalid":0,"skipped":0},"malformed":1,"outcomes":{"complete":1,"stuck":0,"expired":0,"deadline":0,"denied":0,"unfollowed":0},"reconciled":1,"open":0,"rows":2,"rowsReconciled":2,"profilesNotFound":0,"polls":1,"exit":3}
	END
	assert_same expected actual
}

@test "a full disk, a closed stdout: exit 4" {
	start
	accept 1 a,1 >receipts
	run -4 bash -c 'tp-status --interval 0 receipts >/dev/full'
	# That the input has ended it may not have seen by then.
	[ "$(grep -v ' before all receipts were read$' <<<"$output")" = \
		'tp-status: cannot write to standard output: No space left on device
tp-status: stopped; without an outcome: batch 1
tp-status: to go on, give the same receipts again' ]
	# Of one that is not asked about, too.
	receipt 7 accepted 1 >receipts
	run -4 bash -c 'tp-status --interval 0 receipts >/dev/full'
	grep -x 'tp-status: stopped; without an outcome: batch 7' <<<"$output"
	accept 1 a,1 >receipts
	run -4 bash -c 'tp-status --interval 0 receipts >&-'
	mkfifo out
	# A pipe that nobody reads any more.
	run -4 bash -c 'exec 3<>out 4>out 3<&-
		tp-status --interval 1 receipts >&4'
}

@test "SIGTERM: dies of it at once, and says what is open" {
	start --status-delay 600
	accept 1 a,1 >receipts
	mkfifo in
	tp-status --interval 1 --poll-rate 600 - <in >outcomes 2>errors \
		3>&- 5>&- 6>&- &
	running=$!
	exec 5>in
	cat receipts >&5
	until_lines 2 log # the update, and its status
	kill -TERM "$running"
	code=0
	wait "$running" || code=$?
	running=
	[ "$code" = 143 ]
	[ ! -s outcomes ]
	cat >expected <<-'END'
	tp-status: stopped; without an outcome: batch 1
	tp-status: stopped before all receipts were read
	tp-status: to go on, give the same receipts again
	END
	assert_same expected errors
}

@test "wrong usage: exit 2, one line, nothing asked" {
	start
	accept 1 a,1 >receipts
	for options in '--rate x' '--rate 0' '--poll-rate 10001' \
		'--interval 2h' '--deadline 8d' '--format xml' '--nonsense' \
		'--timeout' '--token-to-status' '--client a/b' \
		'--endpoint http://example.com' '--endpoint ftp://x'; do
		# shellcheck disable=SC2086 # words
		ask $options receipts
		exits 2
		[ "$(wc -l <errors)" = 1 ]
	done
	unset TP_CLIENT
	ask receipts
	exits 2
	[ "$(status_calls)" = 0 ]
}
