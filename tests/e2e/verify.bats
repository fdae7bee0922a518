# shellcheck shell=bash disable=SC2154 # sandbox_start sets sandbox
# tp-verify: what of the batches that were accepted was kept.
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

# A sandbox with --control and no limit of calls.
begin() { # OPTION...
	control_start --rate 0 "$@"
	export TP_ENDPOINT=$sandbox
}

# Sends batches; receipts are added to.
send() { # [OPTION...]
	tp-send "$@" batches >>receipts
}
# Runs tp-verify; its exit code is $code.
verify() { # OPTION...
	code=0
	timeout 300 tp-verify --fetch-rate 10000 "$@" >out 2>err || code=$?
}
# What the last line says.
verified() { # MEMBER...
	local one
	for one; do
		tail -n 1 out | jq ".verified.$one"
	done | xargs
}
findings() {
	jq -rc 'select(.finding) | [.batch, .row, .id, .finding] | @text' out |
		sort
}

# N rows, ids in a random order.
make_export() { # N
	python3 - "$1" <<'END' >export.csv
import random, sys
n = int(sys.argv[1])
ids = list(range(n))
random.Random(1).shuffle(ids)
print("thirdPartyId,tier,note")
for i in ids:
    print('id %d,%s,"a, b & %d"' % (i, random.Random(i).choice("abc"), i))
END
}

@test "all is kept: exit 0, and what that says of all" {
	begin --log log
	make_export 500
	tp-split -q --max-rows 200 export.csv >batches
	send
	verify --receipts receipts --all --summary sum batches
	[ "$code" = 0 ]
	[ "$(wc -l <out)" = 1 ]
	[ "$(verified batches rows rowsAccepted ids idsEstimated fetched kept unread \
		missing differs changed lossUpper95 lossLow95 lossHigh95)" = \
		'3 500 500 500 false 500 500 0 0 0 0 0 0 0' ]
	[ "$(jq -c '[.fetched, .kept, .exit]' sum)" = '[500,500,0]' ]
	# One fetch for each id.
	[ "$(grep -c /rest/v1/profiles log)" = 500 ]
	# A sample, of standard input.
	verify --receipts receipts --sample 100 -v <batches
	grep -x 'tp-verify: 500 of 500 rows were accepted; fetches the profiles of 100 ids' err
	[ "$code" = 0 ]
	[ "$(verified fetched kept idsEstimated)" = '100 100 true' ]
	# 1 - 0.05 ^ (1/100) and 1 - 0.025 ^ (1/100).
	[ "$(verified lossUpper95 lossLow95 lossHigh95 |
		awk '{ printf "%.6f %.6f %.6f", $1, $2, $3 }')" = \
		'0.029513 0.000000 0.036217' ]
	verify --receipts receipts --sample 1 <batches
	[ "$(verified fetched idsEstimated)" = '1 true' ]
	[ "$(verified ids)" -gt 1 ]
	verify --receipts receipts --sample 100 <batches
	ids=$(verified ids)
	[ "$ids" -gt 300 ] && [ "$ids" -lt 800 ]
	# By the same seed the same ids, by another others.
	for run in 'a 1' 'b 1' 'c 2'; do
		: >log
		tp-verify --receipts receipts --sample 50 --seed "${run#* }" \
			batches >out
		jq -r .path log | sort >"fetched.${run% *}"
	done
	[ "$(wc -l <fetched.a)" = 50 ]
	cmp fetched.a fetched.b
	never cmp -s fetched.a fetched.c
	# tp-split makes the same batches again.
	tp-split -q --max-rows 200 export.csv | tp-verify --receipts receipts \
		--sample 10 >out
	# 3000 without an option.
	tp-verify --help | grep -F 'N ids (3000)'
}

@test "it finds exactly the rows that were lost" {
	begin --db db --lose 5% --seed 7
	make_export 2000
	tp-split -q --max-rows 700 export.csv >batches
	send
	verify --receipts receipts --all --missing lost.csv batches
	[ "$code" = 1 ]
	sqlite3 db "SELECT id FROM lost ORDER BY id" >expected
	[ "$(wc -l <expected)" -gt 50 ]
	[ "$(head -n 1 lost.csv)" = thirdPartyId ]
	[ "$(stat -c %a lost.csv)" = 600 ]
	tail -n +2 lost.csv | sort >actual
	assert_same expected actual
	jq -r 'select(.finding == "missing") | .id' out | sort >actual
	assert_same expected actual
	[ "$(verified missing)" = "$(wc -l <expected)" ]
	[ "$(verified lossUpper95 lossLow95)" = \
		"$(jq -n "$(wc -l <expected) / 2000 | ., ." | xargs)" ]
	# Each row stands where it says.
	jq -rc 'select(.finding) | [.batch, .row, .id] | @tsv' out |
		while IFS=$'\t' read -r batch row id; do
			[ "$(sed -n "$(((batch - 1) * 700 + row + 1))p" export.csv |
				cut -d, -f1)" = "$id" ]
		done
	# An export of these is what tp-validate and others can read.
	mlr --icsv --ojson cat lost.csv | jq -r '.[].thirdPartyId' | sort >actual
	assert_same expected actual
	# Sent again, and kept now.
	control lose=0 >answered
	mlr --csv join --np --ul -f lost.csv -j thirdPartyId then nothing export.csv
	mlr --csv join -f lost.csv -j thirdPartyId export.csv | tp-split -q >batches
	tp-send batches >receipts
	verify --receipts receipts --all batches
	[ "$code" = 0 ]
}

@test "its interval covers the truth in at least 93 of 100 seeded runs" {
	skip_if_sanitized 'a hundred runs take long, and differ in numbers alone'
	begin --db db --lose 4% --seed 3
	make_export 1000
	tp-split -q export.csv >batches
	send
	lost=$(sqlite3 db 'SELECT count(*) FROM lost')
	[ "$lost" -gt 20 ]
	for seed in {1..100}; do
		tp-verify --receipts receipts --sample 60 --seed "$seed" \
			--fetch-rate 10000 batches 2>/dev/null | tail -n 1 || true
	done >runs
	[ "$(wc -l <runs)" = 100 ]
	covered=$(jq -s --argjson share "$lost" '[.[].verified |
		select(.lossLow95 * 1000 <= $share and
			.lossHigh95 * 1000 >= $share)] | length' runs)
	below=$(jq -s --argjson share "$lost" '[.[].verified |
		select(.lossUpper95 * 1000 >= $share)] | length' runs)
	echo "two-sided: $covered of 100, one-sided: $below of 100"
	[ "$covered" -ge 93 ]
	[ "$below" -ge 93 ]
	# They differ, and say something.
	[ "$(jq .verified.missing runs | sort -u | wc -l)" -gt 3 ]
	[ "$(jq -s 'map(.verified.lossHigh95) | max < 0.3' runs)" = true ]
}

@test "what differs, what is not there, and what somebody has changed later" {
	begin
	printf 'thirdPartyId,a,b,c\none,1,2,3\ntwo,1,2,3\nthree,1,2,3\nfour,1,2,3\nfive,1,2,3\n' |
		tp-split >batches
	send
	# Soon after: this may be what was made of the row.
	curl -sS -d mbox3rdPartyId=two -d profile.b=x \
		"$sandbox/m2/demo/profile/update" >/dev/null
	# An update with other values that was lost, as it were.
	printf 'batch=thirdPartyId,a,b,c\nthree,1,,\n' | curl -sS \
		--data-binary @- "$sandbox/m2/demo/v2/profile/batchUpdate" >/dev/null
	# Later: somebody else's.
	control clock=5m >answered
	curl -sS -d mbox3rdPartyId=four -d $'profile.c=y\e[31m' \
		"$sandbox/m2/demo/profile/update" >/dev/null
	# All of it, later, but within the hour.
	curl -sS -d mbox3rdPartyId=five -d profile.a=x -d profile.b=y \
		-d profile.c=z "$sandbox/m2/demo/profile/update" >/dev/null
	verify --receipts receipts batches --missing lost.csv
	[ "$code" = 1 ]
	[ "$(findings)" = '[1,2,"two","differs"]
[1,4,"four","changed"]
[1,5,"five","differs"]' ]
	[ "$(verified kept missing differs changed)" = '2 0 2 1' ]
	[ "$(sort lost.csv | xargs)" = 'five thirdPartyId two' ]
	# Values are shown if they are asked for.
	[ "$(jq -rc 'select(.id == "two").attributes.b |
		[.finding, .sent, .held]' out)" = '["differs",null,null]' ]
	jq -r 'select(.id == "two").attributes.b.modifiedAt' out |
		grep -E '^20..-..-..T..:..:..Z$'
	nowhere '31m' out err
	verify --receipts receipts batches --show-values
	[ "$(jq -rc 'select(.id == "two").attributes |
		[keys[], .b.sent, .b.held]' out)" = '["b","2","x"]' ]
	# By more than an hour, all of it is somebody else's.
	control clock=1h >answered
	curl -sS -d mbox3rdPartyId=five -d profile.a=x -d profile.b=y \
		-d profile.c=z "$sandbox/m2/demo/profile/update" >/dev/null
	verify --receipts receipts batches
	[ "$(findings | grep five)" = '[1,5,"five","changed"]' ]
	# Only what was changed: that is no loss.
	printf 'thirdPartyId,a,b\nsix,1,2\n' | tp-split >batches
	tp-send batches >receipts
	control clock=2h >answered
	curl -sS -d mbox3rdPartyId=six -d profile.b=x \
		"$sandbox/m2/demo/profile/update" >/dev/null
	verify --receipts receipts batches
	[ "$code" = 0 ]
	[ "$(findings)" = '[1,1,"six","changed"]' ]
	# On a terminal.
	on_terminal 'tp-verify --receipts receipts batches' </dev/null >said
	grep -a '^    1 1       changed  six: b' said
	grep -a '^1 of 1 id: 0 kept, 0 missing, 0 differ, 1 changed later, 0 not read' said
	grep -a '^All were fetched: 0% were not kept.' said
}

@test "an attribute that is not there any more" {
	begin --override all
	printf 'batch=thirdPartyId,a,b\none,1,2\n' >batches
	send
	printf 'batch=thirdPartyId,a\none,1\n' | curl -sS --data-binary @- \
		"$sandbox/m2/demo/v2/profile/batchUpdate" >/dev/null
	verify --receipts receipts batches
	[ "$code" = 1 ]
	[ "$(jq -c 'select(.finding)' out)" = \
		'{"batch":1,"row":1,"id":"one","finding":"differs","attributes":{"b":{"finding":"missing"}}}' ]
}

@test "of an id that was sent twice the last row counts" {
	begin
	printf 'thirdPartyId,a,b\none,1,1\ntwo,1,1\none,2,2\nthree,1,1\none,3,3\ntwo,2,\nthree,,\n' |
		tp-split -q --max-rows 2 >batches
	send
	for which in --all '--sample 2'; do
		# shellcheck disable=SC2086
		verify --receipts receipts $which batches
		[ "$code" = 0 ]
	done
	# Three ids, of which each is as likely as the others.
	verify --receipts receipts --all batches
	[ "$(verified ids rows fetched)" = '3 7 3' ]
	printf 'batch=thirdPartyId,a\none,2\n' | curl -sS --data-binary @- \
		"$sandbox/m2/demo/v2/profile/batchUpdate" >/dev/null
	verify --receipts receipts --all batches
	[ "$(findings)" = '[3,1,"one","differs"]' ]
}

@test "every value of a nasty export, letter for letter, in each mode" {
	"$BATS_TEST_DIRNAME/exports.py" csv >export.csv
	for mode in rows-first form-twice; do
		begin --decode $mode
		rm -f receipts
		twice=()
		[ $mode = rows-first ] || twice=(--encode-twice)
		tp-split -q "${twice[@]}" export.csv >batches
		send
		verify --receipts receipts --all "${twice[@]/encode/encoded}" batches
		cat out err
		[ "$code" = 0 ]
		[ "$(verified kept differs)" = "$(jq .rows receipts) 0" ]
		# It is not all the same to it.
		[ $mode = rows-first ] || {
			verify --receipts receipts --all batches
			[ "$code" = 1 ]
		}
		sandbox_stop
	done
	# What the service splits is found.
	begin --decode form-first
	rm -f receipts
	tp-split -q export.csv >batches
	send
	verify --receipts receipts --all --missing lost.csv batches
	[ "$code" = 1 ]
	# Identifiers with commas and quotes, as a CSV.
	python3 - <<'END'
import csv, json
rows = list(csv.reader(open("lost.csv", newline="", encoding="utf-8")))
ids = [json.loads(line)["id"] for line in open("out", encoding="utf-8")
       if '"finding"' in line and '"batch"' in line]
assert rows[0] == ["thirdPartyId"] and [r[0] for r in rows[1:]] == ids
assert "a,b" in ids
END
}

@test "pcId, and ids that are ways in a URL" {
	begin --log log
	printf 'batch=pcId,a\n1.28_0,1\n..,2\n.,3\na%%2Fb,4\n' >batches
	send
	verify --receipts receipts --all batches --missing lost.csv
	cat log out
	[ "$code" = 0 ]
	[ "$(verified kept)" = 4 ]
	[ "$(cat lost.csv)" = pcId ]
}

@test "parts of a batch, by their rows" {
	begin --fault '1:false' --db db
	make_export 8
	tp-split -q export.csv >batches
	send
	[ "$(jq -c .rowsFrom receipts | xargs)" = '1 5' ]
	verify --receipts receipts --all batches
	[ "$code" = 0 ]
	[ "$(verified rowsAccepted kept)" = '8 8' ]
	# A row's number is that in the batch.
	id=$(sed -n 7p batches | cut -d, -f1)
	printf 'batch=thirdPartyId,tier\n%s,x\n' "$id" | curl -sS \
		--data-binary @- "$sandbox/m2/demo/v2/profile/batchUpdate" >/dev/null
	verify --receipts receipts --all batches
	[ "$(jq -rc 'select(.finding) | [.batch, .row]' out)" = '[1,6]' ]
	control clock=1m >answered
	send >/dev/null
	verify --receipts receipts --all batches
	[ "$code" = 0 ]
	sed -i 3,\$d receipts
	# A part that was refused is none that can be lost.
	head -n 1 receipts >half
	verify --receipts half --all batches
	[ "$code" = 0 ]
	[ "$(verified rows rowsAccepted kept)" = '8 4 4' ]
	# Rows that changed since.
	sed 's/,a,/,b,/; s/,c,/,b,/' batches >others
	cmp -s batches others && false
	verify --receipts receipts --all others
	[ "$code" = 3 ]
	grep -E '^tp-verify: [12] batch(es)? or parts? that the service accepted' err
}

@test "receipts that are of other batches, or of none: exit 3, and no fetch" {
	begin --log log
	make_export 30
	tp-split -q --max-rows 10 export.csv >batches
	send
	: >log
	head -n 11 batches >one
	verify --receipts receipts one
	[ "$code" = 3 ]
	[ "$(cat err)" = 'tp-verify: 2 batches or parts that the service accepted are not among these 1: give all batches that were sent, as they were sent, in their order; tp-split makes the same again' ]
	sed 's/tier/tiers/' batches >others
	verify --receipts receipts others
	[ "$code" = 3 ]
	# What was not accepted is not asked for, but one must have been.
	sed 's/"state":"accepted"/"state":"refused"/' receipts >refused
	verify --receipts refused batches
	[ "$code" = 3 ]
	grep 'nothing was accepted, by what --receipts or --outcomes tells' err
	printf 'batch=thirdPartyId,a\none\n' >empty
	tp-send empty >none
	: >log
	verify --receipts none empty
	[ "$code" = 3 ]
	grep 'no row of what was accepted sets anything' err
	verify --allow-empty --receipts none empty
	[ "$code" = 0 ]
	[ "$(verified ids fetched)" = '0 0' ]
	: >out
	# Lines that are none, with their place.
	{ cat receipts && echo '{"batch":1}'; } >bad
	verify --receipts bad batches
	[ "$code" = 3 ]
	grep -E '^tp-verify: bad:4: not a receipt: ' err
	jq -c 'del(.time)' receipts >bad
	verify --receipts bad batches
	[ "$code" = 3 ]
	grep -E '^tp-verify: bad:1: this receipt has no time' err
	jq -c '.time = "9999-01-01T00:00:00Z"' receipts >bad
	verify --receipts bad batches
	[ "$code" = 3 ]
	grep 'a batch was accepted at 9999-01-01T00:00:00Z, which is more than a day from now' err
	echo '{"batch":1,"reconciled":true}' >bad
	verify --outcomes bad batches
	[ "$code" = 3 ]
	grep -E '^tp-verify: bad:1: not an outcome: ' err
	head -c 2000000 /dev/zero | tr '\0' x >bad
	verify --receipts bad batches
	[ "$code" = 3 ]
	grep -E '^tp-verify: bad:1: this line is too long' err
	# Both kinds of identifiers.
	printf 'batch=pcId,a\n1.1,1\nbatch=thirdPartyId,a\none,1\n' >both
	tp-send both >mixed 2>/dev/null
	: >log
	verify --receipts mixed both
	[ "$code" = 3 ]
	grep 'both: batch 2 has another identifier than those before it' err
	# No batches, an export, a torn batch.
	verify --receipts receipts </dev/null
	[ "$code" = 3 ]
	grep 'there are no batches in the input' err
	verify --receipts receipts export.csv
	[ "$code" = 3 ]
	head -c -1 batches >torn
	verify --receipts receipts torn
	[ "$code" = 3 ]
	[ ! -s log ]
	[ ! -s out ]
}

@test "outcomes, a journal, and both tell the same" {
	begin --fault 2:false
	make_export 40
	tp-split -q --max-rows 20 export.csv >batches
	send --journal journal --outcomes outcomes
	[ "$(wc -l <outcomes)" = 3 ]
	jq -e '.sha256 | length == 64' outcomes
	# Of an older version; and run again.
	jq -c 'del(.sha256)' outcomes >older
	tp-send --journal journal batches >>receipts
	for which in '--receipts receipts' '--outcomes outcomes' \
		'--outcomes older' '--receipts journal' \
		'--receipts receipts --outcomes outcomes' \
		'--receipts journal --outcomes older' '--receipts -'; do
		# shellcheck disable=SC2086
		verify $which --all batches <receipts
		[ "$code" = 0 ]
		[ "$(verified rowsAccepted kept)" = '40 40' ]
	done
	# tp-status writes them, too.
	tp-status receipts >outcomes
	verify --outcomes outcomes --all batches
	[ "$code" = 0 ]
}

@test "seals are demanded, and written" {
	begin
	make_export 5
	export TP_SEAL=1
	tp-validate -q export.csv | tp-split -q >batches
	tp-send batches >receipts
	verify --receipts receipts --all batches
	[ "$code" = 0 ]
	tail -n 1 out | jq -e '.seal.rows == 1'
	# A journal and a file of outcomes have none.
	tp-send --journal journal --outcomes outcomes batches >again
	verify --receipts journal --all batches
	[ "$code" = 0 ]
	verify --outcomes outcomes --all batches
	[ "$code" = 0 ]
	head -n -1 batches >cut
	verify --receipts receipts --all cut
	[ "$code" = 3 ]
	grep seal err
	head -n -1 receipts >cut
	verify --receipts cut --all batches
	[ "$code" = 3 ]
	grep seal err
	TP_SEAL=0 verify --receipts cut --all batches
	[ "$code" = 0 ]
}

@test "the token goes with each fetch, and nowhere else" {
	(umask 077 && echo secret-token >token)
	begin --token-file token --token-always
	make_export 5
	tp-split -q export.csv >batches
	export TP_TOKEN_FILE=token
	send
	verify --receipts receipts --all batches --missing lost.csv --summary sum -v
	[ "$code" = 0 ]
	nowhere secret-token out err lost.csv sum receipts
	unset TP_TOKEN_FILE
	verify --receipts receipts --all batches --missing other.csv
	[ "$code" = 6 ]
	[ "$(cat err)" = "tp-verify: HTTP 401; 'tp-probe --check' says what is wrong" ]
	[ ! -s out ]
	[ ! -e other.csv ]
}

@test "a service that is busy is asked again; one that answers otherwise is not believed" {
	make_export 5
	begin
	tp-split -q export.csv >batches
	send
	sandbox_stop
	nobody_start
	# In the time of the test: what waits is ended.
	export TP_ENDPOINT=$nobody
	tp-verify --receipts receipts batches >out 2>err 3>&- &
	pid=$!
	until_true grep -E '^tp-verify: warning: .*: tries again in [0-9]+ s$' err
	kill $pid
	code=0
	wait $pid || code=$?
	[ "$code" = 143 ]
	answers_start
	export TP_ENDPOINT=$answers
	while IFS='|' read -r http body expected text; do
		answer get "$http" "$body"
		verify --receipts receipts batches
		echo "$http $body: exit $code" && cat err
		[ "$code" = "$expected" ]
		grep -F "$text" err
		[ ! -s out ]
	done <<'END'
200|<html>|6|HTTP 200: this is no answer about a profile
200|{"profileAttributes":7}|6|this is no answer about a profile
404|not here|6|HTTP 404 Not Found: this is no answer about a profile
301|moved|6|HTTP 301
403|no|6|HTTP 403 Forbidden; 'tp-probe --check' says what is wrong
END
}

@test "an answer that cannot be read is told, and the others are compared" {
	begin
	make_export 5
	tp-split -q export.csv >batches
	send
	sandbox_stop
	python3 - >address 3>&- <<'END' &
import http.server, json, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        n = int(self.path.split("%20")[1].split("?")[0])
        values = {"tier": "x", "note": "a, b & %d" % n}
        body = json.dumps({"profileAttributes": {
            name: {"value": value} for name, value in values.items()}})
        if n == 2:
            body = body[:-1]
        body = body.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
print("http://127.0.0.1:%d" % s.server_port, flush=True)
s.timeout = 100
for _ in range(10):
    s.handle_request()
END
	served=$!
	until_lines 1 address
	TP_ENDPOINT=$(cat address)
	verify --receipts receipts --seed 2 batches --missing lost.csv
	cat out err
	[ "$code" = 1 ]
	[ "$(verified fetched differs unread kept)" = '4 4 1 0' ]
	# Not all is known.
	[ "$(verified lossLow95 | cut -c1-3)" = 0.3 ]
	[ "$(jq -rc 'select(.finding == "unread") | [.id, .attributes]' out)" = '["id 2",{}]' ]
	# It is not known to be lost.
	[ "$(tail -n +2 lost.csv | sort | xargs)" = 'id 0 id 1 id 3 id 4' ]
	kill $served
}

@test "it waits for the profiles to show, and keeps to its rate" {
	begin --log log
	make_export 12
	tp-split -q export.csv >batches
	send
	: >log
	tp-verify --receipts receipts --after 1h batches >out 2>err 3>&- &
	pid=$!
	until_true grep -E '^tp-verify: waits until 20..-..-..T..:..:..Z for the profiles to show$' err
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	[ "$code" = 143 ]
	[ ! -s log ]
	tp-verify --receipts receipts --fetch-rate 7 batches >out 2>err 3>&- &
	pid=$!
	until_lines 7 log
	sleep 1
	[ "$(wc -l <log)" = 7 ]
	kill -TERM $pid
	wait $pid || true
	[ ! -s out ]
}

@test "wrong usage: exit 2" {
	try tp-verify
	expect 2 '' 'tp-verify: give --receipts FILE, what tp-send wrote, or --outcomes FILE: they say which batches were accepted\n'
	for wrong in '--sample 0' '--sample 1000001' '--sample x' '--all --sample 3' \
		'--seed -1' '--after 25h' '--fetch-rate 0' '--rate 3' \
		'--receipts - -' '--outcomes -' '--token-file none' \
		'--missing receipts'; do
		echo '{}' >receipts
		# shellcheck disable=SC2086
		try tp-verify --receipts receipts $wrong
		echo "$wrong: $status" && cat err
		[ "$status" = 2 ]
		[ "$(cat receipts)" = '{}' ]
		[ "$(wc -l <err)" = 1 ]
	done
	unset TP_CLIENT
	try tp-verify --receipts receipts
	[ "$status" = 2 ]
	grep 'no client code' err
	try tp-verify -c demo --receipts ./none
	[ "$status" = 3 ]
}

@test "a disk that is full: exit 4" {
	begin
	make_export 5
	tp-split -q export.csv >batches
	send
	code=0
	tp-verify --receipts receipts batches >/dev/full 2>err || code=$?
	[ "$code" = 4 ]
}

@test "memory does not grow with the batches" {
	skip_if_sanitized 'peak memory'
	begin
	python3 -c 'print("thirdPartyId,a")
for i in range(300000): print("i%d,%d" % (i, i))' >export.csv
	tp-split -q --max-rows 50000 export.csv >batches
	send
	/usr/bin/time -f %M -o peak tp-verify --receipts receipts --sample 50 \
		batches >out
	[ "$(verified fetched kept)" = '50 50' ]
	# One batch and 100 rows, and libcurl.
	[ "$(cat peak)" -lt 60000 ]
}
