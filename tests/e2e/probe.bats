# shellcheck shell=bash disable=SC2154 # sandbox_start sets sandbox
# tp-probe --check: what one call proves.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	export TP_CLIENT=demo
}

teardown() {
	sandbox_stop
	nobody_stop
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

# Another server than an edge of Target, which answers every GET so.
serve() { # STATUS BODY
	rm -f address
	python3 - "$1" "$2" >address 3>&- <<'END' &
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[2].encode()
        self.send_response(int(sys.argv[1]))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a):
        pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
print("http://127.0.0.1:%d" % s.server_port, flush=True)
s.timeout = 100
s.handle_request()
END
	served=$!
	await_address address "$served" >/dev/null
}

@test "other answers, and what each of them proves" {
	while IFS='|' read -r http body code expected; do
		serve "$http" "$body"
		try timeout 100 tp-probe --check --endpoint "$(cat address)"
		echo "$http $body: exit $status, $(jq -r .verdict out | xargs)"
		[ "$status" = "$code" ]
		[ "$(jq -r .verdict out | xargs)" = "$expected" ]
		# What is wrong is said, once.
		[ "$(wc -l <err)" = "$(grep -c '"wrong"' out)" ]
		wait "$served"
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
	try tp-probe
	expect 2 '' 'tp-probe: give --check: there is nothing else that it does\n'
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
