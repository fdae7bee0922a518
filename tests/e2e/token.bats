#!/usr/bin/env bats
# A canary for a token: it goes to the hosts of the service, and is nowhere else.

bats_require_minimum_version 1.5.0
load ../helper

token=canary-R7kQ2vXw9LmZ4tB8.nD_f6~Hs+J3/pY=

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\n' "$token" >token
	chmod 600 token
	printf 'batch=thirdPartyId,tier\na1,gold\n' >one.batches
	printf 'batch=thirdPartyId,tier\nb1,gold\n' >two.batches
	cat one.batches two.batches >both.batches
	export TP_CLIENT=demo
}

teardown() {
	sandbox_stop
	[ -z "${other_pid-}" ] || kill "$other_pid" 2>/dev/null || true
	answers_stop
	[ -z "${running-}" ] || kill -KILL "$running" 2>/dev/null || true
}

# A sandbox that demands the token.
# The sandbox has a file of its own: it reads it again, too.
start() { # OPTION...
	mkdir -p own
	cp token own/token
	sandbox_start --rate 0 --token-file own/token --log log "$@"
	export TP_ENDPOINT=$sandbox TP_TOKEN_FILE=token
}

# Another host: its address is $other, and other.log has what came there.
other_start() { # [MODE]
	: >other.log
	rm -f other.out
	"$BATS_TEST_DIRNAME/../fault/faulty.py" "${1-raw}" other.log >other.out 3>&- &
	other_pid=$!
	other=$(await_address other.out "$other_pid")
}

# Nothing below here holds the token, but for its own file.
absent() {
	nowhere "$token" --exclude=token .
}

send() { # OPTION...
	code=0
	rm -f journal
	timeout 150 tp-send -v -v --progress always --retries 1 --retry-delay 0 \
		--journal journal --summary summary --failed failed "$@" \
		>receipts 2>said || code=$?
}

ask() { # OPTION...
	code=0
	timeout 150 tp-status -v -v --progress always --interval 0 \
		--poll-rate 600 --deadline 120 --summary told "$@" >outcomes \
		2>said || code=$?
}

@test "the search finds what is there" {
	start
	echo "x $token y" >found
	run ! absent
	run ! nowhere "$token" missing found
}

@test "outputs, whatever becomes of the batches; the ledger; messages" {
	for fault in 200 false code=400 code=401 code=503 reset-mid reset-after \
		cut malformed huge html empty 'code=429,retry-after=1'; do
		if [ "$fault" = 200 ]; then
			start
		else
			start --fault "1:$fault" --fault "3:$fault"
		fi
		send both.batches
		[ -s receipts ]
		[ -s summary ]
		[ "$fault" != code=400 ] || [ -s failed ]
		ask --token-to-status receipts
		[ -s told ]
		sandbox_stop
		absent
		rm -f failed
	done
}

@test "messages, few and many, and of a token file that is not right" {
	start --fault '*:code=401'
	for level in -q '' -v '-v -v' '-v -v -v'; do
		# shellcheck disable=SC2086
		tp-send $level --failed failed one.batches >receipts 2>>said ||
			[ $? = 6 ]
		# shellcheck disable=SC2086
		tp-send $level --dry-run one.batches >plan 2>>said
	done
	[ -s said ]
	absent
	for wrong in "$token\n$token\n" "$token \n" "\t$token\n" \
		"$(printf "$token%.0s" {1..300})"; do
		# shellcheck disable=SC2059
		printf "$wrong" >token
		code=0
		tp-send -v -v one.batches >receipts 2>said || code=$?
		[ "$code" = 2 ]
		grep 'token file' said
		absent
	done
}

@test "it did go along, in the one header" {
	other_start
	export TP_ENDPOINT=$other TP_TOKEN_FILE=token
	send one.batches
	[ "$code" = 6 ]
	[ "$(grep -c -aF "$token" other.log)" = 1 ]
	grep -aF "Authorization: Bearer $token" other.log
	rm other.log
	absent
}

@test "what the server says back is not shown" {
	for text in "Invalid token $token" "$token$token" "$(
		printf 'x%.0s' {1..1000})$token"; do
		start --fault "*:false=$text"
		send --jobs 1 both.batches
		sandbox_stop
		[ "$code" = 1 ]
		[ "$(wc -l <receipts)" = 2 ]
		nowhere canary- receipts said summary failed journal
		jq -se '.[0].message | test("[*]{20}$")' receipts
		rm failed
	done
}

@test "nor is it when what the server says back is escaped" {
	token='canary&R7kQ2vXw9<LmZ4tB8"nD_f6+J3'
	printf '%s\n' "$token" >token
	printf 'batch=thirdPartyId,tier\n%s,gold\nb,gold\n' \
		'canary%26R7kQ2vXw9%3CLmZ4tB8%22nD_f6%2BJ3' >ids.batches
	start --fault "1:false=Invalid token $token" --token-always
	send --no-bisect one.batches
	[ "$code" = 1 ]
	grep 'Invalid token [*]\{33\}"' receipts
	rm failed
	run ! grep -F LmZ4tB8 receipts said summary journal
	send ids.batches
	[ "$code" = 0 ]
	ask --token-to-status receipts
	[ "$code" = 1 ]
	[ "$(jq -r '.failedIds[]' outcomes)" = "${token//?/*}" ]
	run ! grep -F LmZ4tB8 outcomes said told
}

@test "nor is a short one, and nothing else is taken for it" {
	for token in x 7 true false abc12 'a&b' success complete \
		response 200; do
		printf '%s\n' "$token" >token
		start --fault "1:false=No $token, ($token) ${token}s '$token" \
			--token-always
		send --no-bisect both.batches
		stars=${token//?/*}
		echo "$token: $(cat receipts)"
		[ "$code" = 1 ]
		[ "$(jq -r .state receipts | xargs)" = 'refused accepted' ]
		# Of 8 and more it is hidden within a word, too.
		[ ${#token} -lt 8 ] || token=$stars
		[ "$(jq -r .message receipts | head -n 1)" = \
			"No $stars, ($stars) ${token}s '$stars" ]
		ask --token-to-status receipts
		[ "$(jq -r .state outcomes)" = complete ]
		[ "$(jq -r .batchSize outcomes)" = 1 ]
		sandbox_stop
		rm failed
	done
}

@test "nor is one that looks escaped, and is said back as it is" {
	token='canary&lt;R7kQ2vXw9LmZ4tB8'
	printf '%s\n' "$token" >token
	other_start echo
	export TP_ENDPOINT=$other TP_TOKEN_FILE=token
	send --no-bisect one.batches
	[ "$code" = 1 ]
	grep 'Authorization: Bearer [*]\{23\}\\' receipts
	run ! grep -F LmZ4tB8 receipts said summary journal
}

@test "argv and environment while it sends and asks; no children" {
	start
	for command in 'tp-send --failed failed one.batches' \
		'tp-status --token-to-status --interval 0 receipts' \
		'tp-verify --outcomes receipts one.batches' \
		'tp-probe --yes'; do
		sandbox_pause
		$command >out 2>said 3>&- &
		running=$!
		until_requests 1
		cp "/proc/$running/cmdline" cmdline
		# Only root may read it then.
		cat "/proc/$running/environ" >environ 2>/dev/null || true
		cat "/proc/$running/task/$running/children" >children
		# Other threads may end meanwhile.
		cat "/proc/$running/task/"*/children >>children 2>/dev/null ||
			true
		cat "/proc/$running/task/"*/comm >comm 2>/dev/null || true
		[ -s comm ]
		grep -aF tp- cmdline
		[ ! -s children ]
		sandbox_resume
		wait "$running"
		running=
		[ -s out ]
		mv out receipts
		absent
	done
}

@test "SSLKEYLOGFILE: no keys of connections are written, and it is said" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout key -out crt -days 2 -subj /CN=x \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	start --tls-cert crt --tls-key key
	export SSLKEYLOGFILE=$PWD/keys
	# That curl writes it shows that this test would see it.
	curl -s --cacert crt "$sandbox" >answer
	[ -s keys ]
	rm keys
	send --cacert crt one.batches
	[ "$code" = 0 ]
	[ "$(grep -c 'warning: SSLKEYLOGFILE is ignored' said)" = 1 ]
	ask --cacert crt --token-to-status receipts
	[ "$(jq -r .state outcomes)" = complete ]
	[ "$(grep -c 'warning: SSLKEYLOGFILE is ignored' said)" = 1 ]
	[ ! -e keys ]
}

@test "a core dump: none while a token is held" {
	[ "$(cat /proc/sys/kernel/core_pattern)" = core ] ||
		skip 'core dumps are not files in the current folder'
	ulimit -c unlimited || skip 'no core dumps here'
	start
	mkdir cores && cd cores
	sandbox_pause
	# The same without a token leaves one.
	env -u TP_TOKEN_FILE tp-send --failed failed ../one.batches \
		>receipts 2>said 3>&- &
	running=$!
	until_requests 1
	kill -ABRT "$running"
	wait "$running" || code=$?
	sandbox_resume
	[ "$code" = 134 ]
	compgen -G 'core*' || skip 'this machine leaves no core dumps'
	rm core*
	curl -s -H "Authorization: Bearer $token" --data-binary @../one.batches \
		"$sandbox/m2/demo/v2/profile/batchUpdate" >answer
	url=$(sed -n 's/.*<batchStatus>\(.*\)<\/batchStatus>.*/\1/p' answer)
	printf '{"batch":1,"sha256":"0","rows":1,"bytes":9,"state":"accepted",%s}\n' \
		"\"http\":200,\"attempts\":1,\"batchId\":\"x\",\"batchStatus\":\"$url\"" >receipts
	export TP_TOKEN_FILE=../token
	for command in 'tp-send --failed failed ../one.batches' \
		'tp-status --token-to-status --interval 0 receipts'; do
		for signal in ABRT SEGV; do
			sandbox_pause
			$command >out 2>said 3>&- &
			running=$!
			until_requests 1
			kill -"$signal" "$running"
			wait "$running" || code=$?
			sandbox_resume
			running=
			[ "$code" = $((128 + $(kill -l $signal))) ]
			run ! compgen -G 'core*'
		done
	done
	cd ..
	absent
}

@test "another host: no redirect takes it there" {
	other_start
	start --fault "*:redirect=$other/m2/demo/v2/profile/batchUpdate" \
		--fault "status:*:redirect=$other/m2/demo/profile/batchStatus?batchId=x"
	send both.batches
	[ "$code" = 1 ]
	[ "$(jq -s 'map(.http) | join(" ")' receipts)" = '"301 301"' ]
	sandbox_stop
	start --fault "status:*:redirect=$other/m2/demo/profile/batchStatus?batchId=x"
	send one.batches
	ask --token-to-status --deadline 1 receipts
	[ "$(jq -r .state outcomes)" = deadline ]
	[ ! -s other.log ]
	absent
}

@test "another host: no status URL leads it there" {
	other_start
	start
	send one.batches
	port=${sandbox##*:}
	for url in "$other/m2/demo/profile/batchStatus?batchId=x" \
		"http://localhost:$port@${other#http://}/m2/demo/profile/batchStatus?batchId=x" \
		"http://127.0.0.1:$port@${other#http://}/m2/demo/profile/batchStatus?batchId=x" \
		"http://localhost:${other##*:}/m2/demo/profile/batchStatus?batchId=x" \
		"https://127.0.0.1:${other##*:}/m2/demo/profile/batchStatus?batchId=x" \
		"http://localhost/m2/demo/profile/batchStatus?batchId=x" \
		"http://x.tt.omtrdc.net:${other##*:}/m2/demo/profile/batchStatus?batchId=x" \
		"http://x.tt.omtrdc.net.localhost:${other##*:}/m2/demo/profile/batchStatus?batchId=x"; do
		jq -c --arg url "$url" '.batchStatus = $url' receipts >changed
		ask --token-to-status changed
		echo "$url: $(cat outcomes)"
		[ "$code" = 7 ]
		[ "$(jq -r .state outcomes)" = unfollowed ]
	done
	[ ! -s other.log ]
	absent
}

@test "tp-probe and tp-verify: outputs, whatever comes back" {
	start --token-always
	send one.batches
	tp-probe -v -v --yes --progress always --state notes --summary sum \
		>found 2>>said
	tp-verify -v -v --progress always --summary sum2 --missing missing \
		--show-values --receipts receipts one.batches >kept 2>>said
	[ -s found ] && [ -s kept ] && [ -s said ] && [ -s notes ]
	absent
	for check in '--check' '--yes --state other'; do
		for answer in "401|$token" \
			"403|<response><message>$token</message></response>" \
			"200|{\"profileAttributes\":{\"tier\":{\"value\":\"x $token\"}}}"; do
			rm -rf other told-to
			answers_start
			answer post 200 "<response><success>false</success><message>$token</message></response>"
			answer get "${answer%%|*}" "${answer#*|}"
			export TP_ENDPOINT=$answers TP_TOKEN_FILE=token
			# shellcheck disable=SC2086
			timeout 100 tp-probe -v -v $check >found 2>>said || true
			timeout 100 tp-verify -v -v --show-values --receipts \
				receipts one.batches >kept 2>>said || true
			answers_stop
			# It is there, and was read.
			rm -r told-to
			absent
		done
	done
	grep -F '"held":"x ***' kept
}

@test "tp-probe and tp-verify: no redirect and no status URL takes it elsewhere" {
	start
	send one.batches
	sandbox_stop
	other_start
	for location in "$other/rest/v1/profiles/thirdPartyId/a1?client=demo" \
		"//${other#http://}/" "https://${other#http://}/x"; do
		python3 - "$location" >address 3>&- <<'END' &
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", sys.argv[1])
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *a):
        pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
print("http://127.0.0.1:%d" % s.server_port, flush=True)
s.timeout = 100
for _ in range(3):
    s.handle_request()
END
		served=$!
		until_lines 1 address
		export TP_TOKEN_FILE=token
		TP_ENDPOINT=$(cat address)
		for command in 'tp-probe --check' 'tp-probe --yes' \
			'tp-verify --receipts receipts one.batches'; do
			code=0
			timeout 100 $command >out 2>said || code=$?
			[ "$code" = 6 ]
		done
		wait $served
		rm address
	done
	# A server that names another host for the status.
	answers_start
	answer post 200 "<response><success>true</success><batchStatus>$other/m2/demo/profile/batchStatus?batchId=x</batchStatus></response>"
	answer get 404 '{"status":404,"message":"No profile found for client demo"}'
	export TP_ENDPOINT=$answers
	code=0
	timeout 100 tp-probe --yes >out 2>said || code=$?
	answers_stop
	[ "$code" = 6 ]
	grep 'tp-probe: the URL of a status is not followed: ' said
	grep -q 'POST' told-to/calls
	[ ! -s other.log ]
	rm -r told-to
	absent
}

@test "with --no-token-to-status it is not even read" {
	start --token-always
	send one.batches
	mv token elsewhere
	ask --no-token-to-status receipts
	[ "$(jq -r .state outcomes)" = denied ]
	ask receipts
	[ "$code" = 2 ]
	mv elsewhere token
	ask receipts
	[ "$(jq -r .state outcomes)" = complete ]
}

# The token of the sandbox is another one; that of the file becomes it while the
# first request is on its way.
@test "a token that is changed during the run is read again, once" {
	start --token-always
	for command in 'tp-send -v --jobs 4 --failed failed both.batches' \
		'tp-status -v --interval 0 receipts'; do
		printf 'old-one-that-has-ended\n' >token
		sandbox_pause
		$command >out 2>said 3>&- &
		running=$!
		until_requests 1
		printf '%s\n' "$token" >token
		sandbox_resume
		wait "$running"
		running=
		grep ' (the token file holds another one now); again in 0.0 s' said ||
			grep '(the token file holds another one now)' said
		mv out receipts
		absent
	done
	[ "$(jq -r .state receipts | sort | xargs)" = 'complete complete' ]
	# It has not changed: no third time.
	printf 'a-wrong-one\n' >token
	lines=$(wc -l <log)
	send both.batches
	[ "$code" = 6 ]
	[ "$(wc -l <log)" = $((lines + 1)) ]
	[ "$(jq -r .message receipts | head -n 1)" = 'HTTP 401: the token is missing or wrong' ] ||
		cat receipts
}

@test "a token file that always changes is no reason to go on" {
	start --fault '*:delay=1'
	for ((i = 0; ; i++)); do
		(umask 077 && echo "wrong-token-$i" >next && mv next token)
	done 3>&- &
	other_pid=$!
	send --jobs 1 both.batches
	kill "$other_pid"
	[ "$code" = 6 ]
	[ "$(wc -l <log)" = 2 ]
}

@test "a token file that is gone, or no file, when it is refused" {
	start
	printf 'a-wrong-one\n' >token
	sandbox_pause
	tp-send --failed failed one.batches >receipts 2>said 3>&- &
	running=$!
	until_requests 1
	rm token
	sandbox_resume
	code=0
	wait "$running" || code=$?
	running=
	[ "$code" = 6 ]
	jq -r .message receipts |
		grep '(read again: cannot read token file token: No such file or directory)$'
	# A pipe is read once.
	code=0
	TP_TOKEN_FILE=<(echo a-wrong-one) timeout 60 tp-send --failed failed \
		one.batches >receipts 2>said || code=$?
	[ "$code" = 6 ]
	run ! grep 'read again' receipts
}

@test "a proxy is told where to, and not the token" {
	other_start
	export TP_TOKEN_FILE=token https_proxy=$other
	send one.batches
	[ "$code" = 5 ]
	grep -a '^CONNECT demo.tt.omtrdc.net:443 ' other.log
	absent
}

@test "a host whose certificate does not verify does not get it" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout key -out crt -days 2 -subj /CN=x \
		-addext subjectAltName=DNS:other.example 2>/dev/null
	sandbox_start --tls-cert crt --tls-key key --log log
	export TP_ENDPOINT=$sandbox TP_TOKEN_FILE=token
	send --cacert crt one.batches
	[ "$code" = 6 ]
	[ ! -s log ]
	absent
}
