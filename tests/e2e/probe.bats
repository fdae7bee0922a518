# shellcheck shell=bash disable=SC2154 # sandbox_start sets sandbox
# tp-probe: what one call proves, and what a service does with batches.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	export TP_CLIENT=demo
}

teardown() {
	sandbox_stop
	nobody_stop
	answers_stop
}

# The verdicts of host, certificate, client and token, in one line.
verdicts() { # OPTION...
	try timeout 100 tp-probe --check "$@"
	jq -r .verdict out | xargs
}

@test "nothing is wrong: exit 0, one call that changes nothing" {
	sandbox_start --log log --db db
	[ "$(verdicts --endpoint "$sandbox" --summary sum)" = \
		'right unproven unproven unproven' ]
	tp-probe --check --endpoint "$sandbox" -v >out 2>err
	[ "$(jq -r .check out | xargs)" = 'host certificate client token' ]
	grep -E '^tp-probe: asked for http://127\.0\.0\.1:[0-9]+/rest/v1/profiles/thirdPartyId/tp-probe-[0-9a-f]{16}\?client=demo$' err
	[ "$(jq -c '[.host, .token, .exit]' sum)" = '["right","unproven",0]' ]
	# One call each, for two ids.
	[ "$(jq -r '.method + " " + .state' log | sort | uniq -c | xargs)" = \
		'2 GET missing' ]
	[ "$(jq -r .path log | sort -u | wc -l)" = 2 ]
	[ "$(sqlite3 db 'SELECT count(*) FROM profile')" = 0 ]
}

@test "a token: wanted, wrong, and not objected to" {
	echo secret-token >token
	chmod 600 token
	sandbox_start --token-file token --token-always
	[ "$(verdicts --endpoint "$sandbox")" = 'right unproven unknown wrong' ]
	code=0
	tp-probe --check --endpoint "$sandbox" >out 2>err || code=$?
	[ "$code" = 6 ]
	[ "$(cat err)" = 'tp-probe: token: HTTP 401: the service wants one; give --token-file FILE or set TP_TOKEN_FILE' ]
	(umask 077 && echo other-token >other)
	code=0
	tp-probe --check --endpoint "$sandbox" --token-file other >out 2>err ||
		code=$?
	[ "$code" = 6 ]
	grep -x 'tp-probe: token: HTTP 401: the service refuses it; .*; look at other' err
	nowhere other-token out err
	[ "$(verdicts --endpoint "$sandbox" --token-file token)" = \
		'right unproven unproven unproven' ]
	nowhere secret-token out err
}

@test "an unknown client: exit 6" {
	sandbox_start --client other
	code=0
	tp-probe --check --endpoint "$sandbox" >out 2>err || code=$?
	[ "$code" = 6 ]
	[ "$(jq -r .verdict out | xargs)" = 'right unproven wrong unknown' ]
	grep -x 'tp-probe: client: HTTP 400 Bad Request: the service does not know demo, .*' err
}

@test "https: the certificate is right, or wrong" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 \
		-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	sandbox_start --tls-cert cert --tls-key key
	[ "$(verdicts --endpoint "$sandbox" --cacert cert)" = \
		'right right unproven unproven' ]
	code=0
	tp-probe --check --endpoint "$sandbox" >out 2>err || code=$?
	[ "$code" = 6 ]
	[ "$(jq -r .verdict out | xargs)" = 'unknown wrong unknown unknown' ]
	grep '^tp-probe: certificate: ' err
}

@test "nobody answers, or cannot now: exit 5" {
	nobody_start
	code=0
	tp-probe --check --endpoint "$nobody" >out 2>err || code=$?
	[ "$code" = 5 ]
	[ "$(jq -r .verdict out | xargs)" = 'wrong unknown unknown unknown' ]
	grep '^tp-probe: host: .*; --endpoint or TP_ENDPOINT says the host$' err
}

@test "other answers, and what each of them proves" {
	answers_start
	while IFS='|' read -r http body code expected; do
		answer get "$http" "$body"
		try timeout 100 tp-probe --check --endpoint "$answers"
		echo "$http $body: exit $status, $(jq -r .verdict out | xargs)"
		[ "$status" = "$code" ]
		[ "$(jq -r .verdict out | xargs)" = "$expected" ]
		# What is wrong is said, once.
		[ "$(wc -l <err)" = "$(grep -c '"wrong"' out)" ]
	done <<'END'
200|{"client":"demo","profileAttributes":{}}|0|right unproven unproven unproven
200|<html>welcome</html>|6|wrong unproven unknown unknown
200|{"status":"ok"}|6|wrong unproven unknown unknown
404|<html>not here</html>|6|wrong unproven unknown unknown
404|{"status":404,"message":"No profile found for client demo"}|0|right unproven unproven unproven
301|moved|6|wrong unproven unknown unknown
403|{"message":"No profile found"}|6|right unproven unknown wrong
400|<response/>|6|right unproven wrong unknown
503|busy|5|unproven unproven unknown unknown
500||5|unproven unproven unknown unknown
429||5|unproven unproven unknown unknown
END
}

@test "wrong usage: exit 2" {
	for more in --yes --limits '--after 1' '--state notes'; do
		# shellcheck disable=SC2086
		try tp-probe --check $more
		[ "$status" = 2 ]
		[ "$(cat err)" = 'tp-probe: --check makes one call and no updates: it goes with none of --yes, --after, --state and --limits' ]
	done
	[ ! -e notes ]
	try tp-probe --after soon
	[ "$status" = 2 ]
	try tp-probe --after 25h
	[ "$status" = 2 ]
	try tp-probe --check file
	expect 2 '' "tp-probe: it reads no files; see 'tp-probe --help'\n"
	unset TP_CLIENT
	try tp-probe --check
	expect 2 '' 'tp-probe: no client code: give --client CODE or set TP_CLIENT\n'
	try tp-probe --check -c demo --endpoint http://example.com
	[ "$status" = 2 ]
	try tp-probe --check -c demo --token-file ./none
	[ "$status" = 2 ]
}

@test "a disk that is full: exit 4" {
	sandbox_start
	code=0
	tp-probe --check --endpoint "$sandbox" >/dev/full 2>err || code=$?
	[ "$code" = 4 ]
}

# ------------------------------------------------ what the service does

# Probes $sandbox, with a ledger of its own; the findings are in out.
probe() { # OPTION...
	rm -rf state-of-calls
	TP_STATE_DIR=$PWD/state-of-calls timeout 300 tp-probe --yes \
		--endpoint "$sandbox" "$@" >out 2>err
}
found() { # CHECK
	jq -r --arg check "$1" 'select(.check == $check) | .finding' out
}
options_for() { # PROGRAM
	jq -r --arg program "$1" 'select(.program == $program) | .options' out
}

# The pipeline with the options that were printed, and what is held then.
pipeline() { # REJECTED WHICH
	local send split
	read -ra split <<<"$(options_for tp-split)"
	read -ra send <<<"$(options_for tp-send)"
	"$BATS_TEST_DIRNAME/exports.py" csv >export.csv
	rm -f ./*.ndjson
	code=0
	tp-split "${split[@]}" --rejects rejects export.csv >batches 2>err ||
		code=$?
	[ "$code" = "$1" ]
	tp-send --endpoint "$sandbox" "${send[@]}" <batches >receipts
	[ "$(jq -r .state tp-outcomes.ndjson)" = complete ]
	python3 "$BATS_TEST_DIRNAME/exports.py" compare db "$2"
	# Every customer is in one of the two.
	[ "$1" = 0 ] || [ "$(($(python3 -c 'import csv
print(sum(1 for _ in csv.DictReader(open("rejects", newline="",
                                         encoding="utf-8"))))') +
		$(jq .rows receipts)))" = "$("$BATS_TEST_DIRNAME/exports.py" json |
		jq length)" ]
}

# What is found out in one mode, and the options that follow.
mode() { # DECODE OVERRIDE REPEATED
	local repeated=last merge=needed
	rm -f db
	sandbox_start --decode "$1" --override "$2" --repeated "$3" --db db \
		--rate 0
	probe
	case $1 in
	rows-first) findings='kept kept kept kept decoded-once' ;;
	form-first) findings='split split kept kept decoded-once' ;;
	form-twice) findings='split split space refused decoded-twice' ;;
	esac
	[ "$(for check in comma line-break plus percent encoded-twice; do
		found $check
	done | xargs)" = "$findings" ]
	[ "$(for check in plain equals ampersand letters raw-letters spaces \
		lower-case-hex; do
		found $check
	done | sort -u)" = kept ]
	[ "$(found header-case)" = refused ]
	[ "$3" = last ] || repeated=first
	[ "$3 $2" != 'last all' ] || repeated=last-alone
	[ "$(found repeated-id)" = $repeated ]
	[ "$(found second-update)" = "$2" ]
	[ "$2 $3" != 'names last' ] || merge=unneeded
	[ "$(found merge)" = $merge ]
	[ "$(found statuses-kept)" = limited ]
	[ "$(jq 'select(.check == "statuses-kept").number' out)" = 10 ]
	case $1 in
	rows-first) pipeline 0 all ;;
	form-first) pipeline 1 plain ;;
	form-twice) pipeline 0 all ;;
	esac
	sandbox_stop
}

# With sanitizers, which take long, each of the two readings once.
modes() { # DECODE
	mode "$1" names first
	mode "$1" all last
	[ -z "${TP_SANITIZED-}" ] || return 0
	mode "$1" names last
	mode "$1" all first
}

@test "each mode is found, and the options printed store every value: rows-first" {
	modes rows-first
}

@test "each mode is found, and the options printed store every value: form-first" {
	modes form-first
}

@test "each mode is found, and the options printed store every value: form-twice" {
	modes form-twice
}

@test "it says what it will do, and asks" {
	sandbox_start --log log
	export TP_ENDPOINT=$sandbox
	try tp-probe
	[ "$status" = 2 ]
	grep -x 'tp-probe: - 16 updates of one or two rows, which make profiles with the ids tp-probe-...' err
	grep -x 'tp-probe: standard input is no terminal, so nobody can be asked: give --yes' err
	grep -q 'HTTP 503' err && false
	try tp-probe --limits --after 1h
	grep -x 'tp-probe: - 15 requests for a profile, 60 minutes later' err
	grep 'OTHERS WHO USE THE ACCOUNT GET HTTP 503' err
	# On a terminal: no, and yes.
	answered() { # ANSWER
		rm -f said
		(until_true grep -aq 'Go on? \[y/N\]' said && echo "$1") |
			on_terminal tp-probe >said
	}
	for answer in '' n; do
		code=0
		answered "$answer" || code=$?
		[ "$code" = 2 ]
		grep 'tp-probe: nothing was sent' said
	done
	[ "$(jq -r .method log | sort -u)" = GET ]
	answered y
	grep -aE '^comma +kept +%2C stays in its value, as a comma' said
	grep -aE '^tp-split --separators encode' said
	[ "$(jq -r .method log | grep -c POST)" = 16 ]
	# No more calls than were announced.
	[ "$(jq -r .path log | grep -c batchStatus)" -le 61 ]
}

@test "--state: stopped anywhere, it goes on, and nothing is sent twice" {
	control_start --log log --status-delay 12h --rate 0
	export TP_ENDPOINT=$sandbox
	# The first of two updates is not complete: it waits there.
	tp-probe --yes --state notes >out 2>err 3>&- &
	pid=$!
	until_true grep -q 'second-update-1' notes
	until_true sh -c '[ "$(grep -c batchStatus log)" -ge 1 ]'
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	[ "$code" = 143 ]
	[ ! -s out ]
	grep -x 'tp-probe: run it again with --state notes, and it goes on from here' err
	[ "$(stat -c %a notes)" = 600 ]
	# What was not finished is cut off.
	printf '{"torn":' >>notes
	control clock=13h >answered
	# Nobody is asked a second time.
	timeout 100 tp-probe --state notes >out </dev/null 3>&- &
	pid=$!
	until_true grep -q 'sent-second-update-2' notes
	control clock=13h >answered
	wait $pid
	[ "$(found second-update)" = names ]
	[ "$(grep -c batchUpdate log)" = 16 ]
	grep -q torn notes && false
	# Then everything is known: no more calls but that of --check.
	calls=$(wc -l <log)
	tp-probe --state notes >again </dev/null
	cmp out again
	[ "$(wc -l <log)" = $((calls + 1)) ]
	# Another account's, and what is no state.
	try tp-probe --state notes -c other
	[ "$status" = 2 ]
	grep -F -- '--state is of another client or endpoint than' err
	echo 'thirdPartyId,a' >export.csv
	cp export.csv before
	try tp-probe --yes --state export.csv
	[ "$status" = 2 ]
	grep 'this exists and is no state of tp-probe; nothing was changed' err
	cmp export.csv before
	printf 'no line feed' >export.csv
	cp export.csv before
	try tp-probe --yes --state export.csv
	[ "$status" = 2 ]
	cmp export.csv before
}

@test "--after: it waits, and goes on after that" {
	sandbox_start --log log --rate 0
	export TP_ENDPOINT=$sandbox
	tp-probe --yes --state notes --after 1h >out 2>err 3>&- &
	pid=$!
	until_true grep -E '^tp-probe: waits until 20..-..-..T..:..:..Z for the profiles to show$' err
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	[ "$code" = 143 ]
	[ "$(grep -c batchUpdate log)" = 16 ]
	# One for --check, and no profile yet.
	[ "$(grep -c '/rest/v1/profiles' log)" = 1 ]
	tp-probe --yes --state notes --after 0 >out
	# One of the 15 was refused.
	[ "$(grep -c '/rest/v1/profiles' log)" = 16 ]
	[ "$(found comma)" = kept ]
}

@test "profiles that do not show yet: exit 5, and a later run goes on" {
	control_start --rate 0
	export TP_ENDPOINT=$sandbox
	control lose=1 >answered
	try tp-probe --yes --state notes
	[ "$status" = 5 ]
	[ ! -s out ]
	grep -x 'tp-probe: the profiles do not show yet; run it again later with the same --state, or with a longer --after' err
}

@test "a token: whether a status needs it; it goes nowhere else" {
	(umask 077 && echo secret-token >token)
	sandbox_start --token-file token --rate 0
	export TP_TOKEN_FILE=token
	probe --state notes
	[ "$(found token-for-status)" = unneeded ]
	nowhere secret-token out err notes
	sandbox_stop
	rm notes
	sandbox_start --token-file token --token-always --rate 0
	probe --state notes
	[ "$(found token-for-status)" = needed ]
	nowhere secret-token out err notes
	# Refused: nothing is sent.
	unset TP_TOKEN_FILE
	rm notes
	sandbox_stop
	sandbox_start --token-file token --token-always --rate 0 --log log
	code=0
	probe || code=$?
	[ "$code" = 6 ]
	[ "$(jq -r .method log)" = GET ]
	[ ! -s out ]
	grep 'tp-probe: token: HTTP 401: the service wants one' err
	sandbox_stop
	# A profile can be had without it, but an update cannot be made.
	sandbox_start --token-file token --rate 0
	code=0
	probe || code=$?
	[ "$code" = 6 ]
	[ ! -s out ]
	grep -x 'tp-probe: HTTP 401: updates or statuses need a token, or another one; see --token-file' err
}

@test "what a hostile server says is escaped" {
	answers_start
	answer get 404 '{"status":404,"message":"No profile found"}'
	answer post 200 "<response><success>true</success><batchStatus>$answers/m2/x"$'\e[31m\xe2\x80\xae'"/profile/batchStatus?batchId=1</batchStatus></response>"
	code=0
	timeout 100 tp-probe --yes --endpoint "$answers" >out 2>err || code=$?
	[ "$code" = 6 ]
	grep "the URL of a status is not followed: the batch is of the client 'x" err
	nowhere $'\e' err out
	nowhere $'\xe2\x80\xae' err out
	answer post 200 $'<response><success>false</success><message>no\e[31m\xe2\x80\xae</message></response>'
	code=0
	timeout 100 tp-probe --yes --endpoint "$answers" --state notes >out \
		2>err || code=$?
	[ "$code" = 6 ]
	grep 'the service accepted none of the batches' err
	nowhere $'\e' err out notes
}

@test "how many statuses are kept, and what follows for tp-send" {
	for keep in 3 12 20; do
		sandbox_start --keep $keep --rate 0
		probe
		case $keep in
		3) expected='limited 3 --outcomes tp-outcomes.ndjson --open 3' ;;
		12) expected='limited 12 --outcomes tp-outcomes.ndjson' ;;
		# Of 16 updates one is refused.
		20) expected='unlimited 15 --outcomes tp-outcomes.ndjson' ;;
		esac
		[ "$(found statuses-kept) $(jq 'select(.check ==
			"statuses-kept").number' out) $(options_for tp-send)" = \
			"$expected" ]
		sandbox_stop
	done
}

# As if what is noted had been two minutes ago, for all.
two_minutes_later() {
	python3 - <<'END'
import datetime, json
lines = [json.loads(line) for line in open("notes")]
for note in lines:
    when = datetime.datetime.fromisoformat(note["time"].replace("Z", "+00:00"))
    when -= datetime.timedelta(minutes=2)
    note["time"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
with open("notes", "w") as file:
    for note in lines:
        file.write(json.dumps(note) + "\n")
END
	control clock=2m >answered
}

@test "--limits: how many calls a minute, and whether statuses count" {
	for how in '' --retry-after; do
		rm -f notes
		# shellcheck disable=SC2086
		control_start --rate 40 $how
		probe --state notes
		[ -z "$(found calls-a-minute)" ]
		two_minutes_later
		probe --state notes --limits
		[ "$(found status-calls)" = counted ]
		[ "$(found calls-a-minute)" = limited ]
		[ "$(jq 'select(.check == "calls-a-minute").number' out)" = 40 ]
		[ "$(options_for tp-send)" = \
			'--outcomes tp-outcomes.ndjson --rate 36' ]
		said='without Retry-After'
		[ -z "$how" ] || said='with Retry-After: [0-9]*'
		jq -r 'select(.check == "calls-a-minute").text' out |
			grep -x "40 calls in a row were answered, the next one with HTTP 503 Service Unavailable, $said"
		sandbox_stop
	done
	# None.
	rm notes
	control_start --rate 0 --log log
	probe --state notes
	two_minutes_later
	probe --state notes --limits
	[ "$(found status-calls)" = uncounted ]
	[ "$(found calls-a-minute)" = unlimited ]
	[ "$(jq 'select(.check == "calls-a-minute").number' out)" = 60 ]
	# Of updates too: these are limited in any case.
	[ "$(grep -c batchUpdate log)" = $((16 + 60)) ]
	# What is no refusal for the number of calls says nothing of it.
	rm notes
	sandbox_stop
	control_start --rate 0
	probe --state notes
	two_minutes_later
	control 'fault=status:*:code=404' >answered
	code=0
	probe --state notes --limits || code=$?
	[ "$code" = 1 ]
	[ "$(found status-calls)" = unknown ]
}

@test "a first update that is never complete is followed by no second" {
	sandbox_start --rate 0 --fault '15:stuck' --log log
	code=0
	probe || code=$?
	[ "$code" = 1 ]
	[ "$(found second-update)" = unknown ]
	[ "$(found merge)" = unknown ]
	[ "$(grep -c batchUpdate log)" = 15 ]
	jq -r 'select(.check == "second-update").text' out |
		grep 'the first update was not complete in time'
}

@test "too many calls, and no word of when: it waits for the minute to pass" {
	sandbox_start --rate 0 --fault '1:code=503'
	tp-probe --yes --endpoint "$sandbox" >out 2>err 3>&- &
	pid=$!
	until_true grep -E '^tp-probe: warning: HTTP 503 Service Unavailable: tries again in (3[0-9]|4[0-5]) s$' err
	kill $pid
	wait $pid || true
}

@test "a service that is busy is asked again, and one that fails is not believed" {
	sandbox_start --rate 0 --fault 1:code=503,retry-after=1 \
		--fault 2:reset-after --fault status:2:code=503,retry-after=1
	probe
	[ "$(found comma)" = kept ]
	grep -x 'tp-probe: warning: HTTP 503 Service Unavailable: tries again in 1 s' err
	sandbox_stop
	# Nothing is accepted.
	sandbox_start --rate 0 --fault '1-:malformed'
	code=0
	probe || code=$?
	[ "$code" = 6 ]
	[ ! -s out ]
	grep 'the service accepted none of the batches, so nothing can be found out' err
}

@test "answers that nobody foresaw are told as they are: exit 1" {
	sandbox_start --rate 0
	export TP_ENDPOINT=$sandbox
	tp-probe --yes --state notes --after 1h >out 2>err 3>&- &
	pid=$!
	until_true grep -q 'waits until' err
	kill $pid
	wait $pid || true
	# Somebody else writes one of these profiles.
	id=$(jq -r 'select(.note == "begun").id' notes)
	printf 'batch=thirdPartyId,tpProbeA\n%s-comma,%%1B[31mred\n' "$id" |
		curl -sS --data-binary @- \
			"$sandbox/m2/demo/v2/profile/batchUpdate" >/dev/null
	code=0
	tp-probe --state notes --after 0 >out || code=$?
	[ "$code" = 1 ]
	[ "$(found comma)" = other ]
	jq -r 'select(.check == "comma").text' out |
		grep -xF 'the profile holds something else: tpProbeA=\x1B[31mred, tpProbeB=z'
	[ "$(options_for tp-split)" = null ]
	jq -r 'select(.program == "tp-split").text' out |
		grep 'no option mends that'
}
