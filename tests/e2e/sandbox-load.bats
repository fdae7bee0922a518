#!/usr/bin/env bats
# tp-sandbox under clients that send too much, too little, or nonsense: it goes
# on, in bounded memory, answers others meanwhile, and can be stopped.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	clients=()
}

teardown() {
	[ "${#clients[@]}" = 0 ] || kill "${clients[@]}" 2>/dev/null || true
	sandbox_stop
}

# Runs a command of hostile.py in the background, until it has said something.
hostile() { # COMMAND ARGUMENT...
	local said="$BATS_TEST_TMPDIR/said.${#clients[@]}"
	python3 "$BATS_TEST_DIRNAME/hostile.py" "$1" "$sandbox" "${@:2}" \
		>"$said" 3>&- &
	clients+=($!)
	until_lines 1 "$said"
}

# The HTTP status of a small batch; 000: no answer.
update_status() { # CURL-OPTION...
	curl -s -m 150 -o answer -w '%{http_code}\n' "$@" \
		--data-binary $'batch=thirdPartyId,x\na1,new\n' \
		"$sandbox/m2/demo/v2/profile/batchUpdate" || true
}

# The HTTP status of a batch in a file.
post_file() { # FILE
	curl -s -m 60 -o /dev/null -w '%{http_code}\n' --data-binary "@$1" \
		"$sandbox/m2/demo/v2/profile/batchUpdate" || true
}

# That it is well: it takes a batch and gives it back, and ends when it is told
# to, with the exit code 0.
well() {
	[ "$(update_status)" = 200 ]
	[ "$(curl -s -m 150 "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo" |
		jq -r .profileAttributes.x.value)" = new ]
	SECONDS=0
	status=0
	kill -TERM "$sandbox_pid"
	wait "$sandbox_pid" || status=$?
	sandbox_pid=
	[ "$status" = 0 ]
	[ "$SECONDS" -lt 100 ]
	[ ! -s "$BATS_TEST_TMPDIR/sandbox.out.err" ]
}

# How many sockets it has, the one that listens left out.
connections() {
	ls -l "/proc/$sandbox_pid/fd" | grep -c socket: | awk '{ print $1 - 1 }'
}

# That its memory never was more than so many MB.  Sanitizers need more.
peak_below() { # MB
	local peak
	peak=$(awk '/VmHWM/ { print int($2 / 1024) }' \
		"/proc/$sandbox_pid/status")
	[ -n "${TP_SANITIZED-}" ] || [ "$peak" -lt "$1" ] || {
		echo "$peak MB"
		return 1
	}
}

# A batch of 48 MB, of control bytes: so many rows, or one.
large() { # NAME [ROWS [BYTE]]
	python3 -c 'import sys
name, rows = sys.argv[1], int(sys.argv[2])
value = bytes([int(sys.argv[3])]) * (48000000 // rows)
sys.stdout.buffer.write(b"batch=thirdPartyId," + name.encode() + b"\n")
for row in range(rows):
    sys.stdout.buffer.write(b"r%d,%b\n" % (row, value))' "$1" "${2-1}" "${3-1}"
}

until_connections() { # AT-MOST
	until_true has_connections "$1" || {
		echo "it still has $(connections) connections"
		return 1
	}
}
has_connections() { # AT-MOST
	[ "$(connections)" -le "$1" ]
}

# --------------------------------------------------------- idle connections

@test "1,100 silent connections: others are answered, and it is at rest" {
	sandbox_start --idle 600 --rate 0
	hostile hold silent 1100
	[ "$(update_status)" = 200 ]
	[ "$(connections)" -le 272 ]
	well
}

@test "as many that have sent half of the headers, or half of a body" {
	sandbox_start --idle 600 --rate 0
	hostile hold head 550
	hostile hold body 550
	[ "$(update_status)" = 200 ]
	[ "$(connections)" -le 272 ]
	well
}

@test "few open files: it says how many it needs, or serves as many as it can" {
	run -2 --separate-stderr bash -c 'ulimit -n 32; exec tp-sandbox'
	[ "$stderr" = "tp-sandbox: 32 open files are too few, at least 44 are needed; see 'ulimit -n'" ]
	soft=$(ulimit -Sn)
	ulimit -Sn 64
	sandbox_start --idle 600 --rate 0
	ulimit -Sn "$soft"
	hostile hold silent 100
	hostile hold body 100
	for _ in {1..20}; do
		[ "$(update_status)" = 200 ]
	done
	# It does not spin meanwhile: 14 and 15 are its ticks of CPU time.
	before=$(awk '{ print $14 + $15 }' "/proc/$sandbox_pid/stat")
	sleep 1
	after=$(awk '{ print $14 + $15 }' "/proc/$sandbox_pid/stat")
	[ $((after - before)) -lt $(($(getconf CLK_TCK) / 4)) ]
	[ "$(connections)" -le 40 ]
	well
}

@test "--idle: who is silent for so long is dropped, at any point of a request" {
	sandbox_start --idle 1 --rate 0 --fault '*:huge=64M'
	for kind in silent head body deaf; do
		hostile hold $kind 5
	done
	until_connections 0
	sandbox_stop
	run -2 tp-sandbox --idle 0
}

@test "--idle: with https too, before and after the handshake" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 \
		-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	sandbox_start --idle 1 --tls-cert cert --tls-key key
	hostile hold silent 5
	hostile hold shaken 5
	until_connections 0
	[ "$(update_status --cacert cert)" = 200 ]
}

@test "--idle: a slow client is not silent, nor is one that has to wait" {
	# On a busy machine a pause may take longer than it should.
	for idle in 2 6 16; do
		sandbox_start --idle "$idle" --fault "2:delay=$((idle + 1))" \
			--fault 1:huge=4M
		hostile slow "$idle"
		[ "$(cat said.*)" != '200 4194304' ] || break
		sandbox_stop
		clients=()
	done
	[ "$(cat said.*)" = '200 4194304' ]
	[ "$(update_status)" = 200 ]
}

# ------------------------------------------------------------------- memory

@test "48 MB of control bytes, four times into one profile, and a fetch" {
	sandbox_start --rate 0
	for name in a b c d; do
		large $name >b
		[ "$(post_file b)" = 200 ]
	done
	profile="$sandbox/rest/v1/profiles/thirdPartyId/r0?client=demo"
	[ "$(curl -s -m 20 -o answer -w '%{http_code}' "$profile")" = 404 ]
	# As much of them as fits: each byte takes six.
	{
		printf 'batch=thirdPartyId,a,b\nr0,'
		head -c 31999 /dev/zero | tr '\0' '\1'
		printf ,
		head -c 31999 /dev/zero | tr '\0' '\1'
	} >b
	[ "$(post_file b)" = 200 ]
	[ "$(curl -s -m 20 -o answer -w '%{http_code}' "$profile")" = 200 ]
	[ "$(jq -c '.profileAttributes | map(.value | length)' answer)" = \
		'[31999,31999]' ]
	peak_below 160
	well
}

@test "many large bodies at once: some get 503, small ones still go through" {
	sandbox_start --rate 0 --memory 128M --log log
	hostile hold most 4
	large x >b
	for _ in {1..6}; do
		post_file b >>codes &
	done
	[ "$(update_status)" = 200 ]
	until_lines 6 codes
	[ "$(sort -u codes)" = 503 ]
	[ "$(jq -c 'select(.status == 503) | [.state, .bytes > 48000000]' log |
		sort -u)" = '["failed",true]' ]
	kill "${clients[@]}"
	until_connections 0
	[ "$(post_file b)" = 200 ]
	peak_below 160
	well
}

@test "profiles fill the memory: 503, nothing kept, and it goes on" {
	sandbox_start --rate 0 --memory 128M
	[ "$(update_status)" = 200 ]
	large x 800 120 >b
	[ "$(post_file b)" = 200 ]
	sed -i 's/^r/s/' b
	[ "$(post_file b)" = 503 ]
	[ "$(post_file b)" = 503 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' \
		"$sandbox/rest/v1/profiles/thirdPartyId/s1?client=demo")" = 404 ]
	peak_below 220
	well
}

@test "the system gives no more memory: 503 or no answer, and it goes on" {
	skip_if_sanitized 'they need all of the address space'
	(ulimit -v 400000 && exec tp-sandbox --rate 0 >address 2>err) 3>&- &
	sandbox_pid=$!
	sandbox=$(await_address address "$sandbox_pid")
	large x >b
	for _ in {1..12}; do
		post_file b >>codes &
	done
	until_lines 12 codes
	grep -qv 200 codes
	until_connections 0
	[ ! -s err ]
	well
}

@test "bodies that do not end, or that nobody asked for, are not kept" {
	sandbox_start --rate 0 --log log
	for path in /m2/demo/profile/batchUpdate /nowhere; do
		hostile endless $path
	done
	[ "$(cat said.* | awk '$1 < 120000000' | wc -l)" = 2 ]
	[ "$(jq -c '[.state, .status]' log | xargs)" = \
		'[refused,0] [refused,0]' ]
	peak_below 80
	well
}

@test "huge answers that nobody reads take no memory" {
	sandbox_start --rate 0 --fault '1-5:huge=1G' --log log
	hostile hold deaf 5
	until_lines 5 log
	peak_below 80
	well
}

@test "it ends at once while a batch is applied that takes long" {
	sandbox_start --rate 0
	hostile wide
	[ "$(cat said.0)" = sent ]
	sleep 0.5
	SECONDS=0
	kill "$sandbox_pid"
	status=0
	wait "$sandbox_pid" || status=$?
	sandbox_pid=
	[ "$status" = 0 ]
	[ "$SECONDS" -lt 10 ]
}

# ----------------------------------------------------------------- nonsense

@test "nonsense of every kind, pipelined, cut short and reset: it stays well" {
	sandbox_start --rate 0 --idle 5 --log log
	for seed in 1 2 3; do
		python3 "$BATS_TEST_DIRNAME/hostile.py" fuzz "$sandbox" $seed 300 \
			3>&- &
		clients+=($!)
	done
	wait "${clients[@]}"
	clients=()
	until_connections 0
	# Each line of the log is whole.
	jq -e -s 'length > 100 and all(.[]; .state)' log
	peak_below 120
	well
}
