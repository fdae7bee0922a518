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
update() { # CURL-OPTION...
	curl -s -m 20 -o answer -w '%{http_code}\n' "$@" \
		--data-binary $'batch=thirdPartyId,x\na1,new\n' \
		"$sandbox/m2/demo/v2/profile/batchUpdate" || true
}

# That it is well: it takes a batch and gives it back, and ends when it is told
# to, with the exit code 0.
well() {
	[ "$(update)" = 200 ]
	[ "$(curl -s -m 20 "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo" |
		jq -r .profileAttributes.x.value)" = new ]
	SECONDS=0
	status=0
	kill -TERM "$sandbox_pid"
	wait "$sandbox_pid" || status=$?
	sandbox_pid=
	[ "$status" = 0 ]
	[ "$SECONDS" -lt 10 ]
	[ ! -s "$BATS_TEST_TMPDIR/sandbox.out.err" ]
}

# How many sockets it has, the one that listens left out.
connections() {
	ls -l "/proc/$sandbox_pid/fd" | grep -c socket: | awk '{ print $1 - 1 }'
}

until_connections() { # AT-MOST
	for _ in {1..600}; do
		[ "$(connections)" -gt "$1" ] || return 0
		sleep 0.05
	done
	echo "it still has $(connections) connections"
	return 1
}

# --------------------------------------------------------- idle connections

@test "1,100 silent connections: others are answered, and it is at rest" {
	sandbox_start --idle 600 --rate 0
	hostile hold silent 1100
	[ "$(update)" = 200 ]
	[ "$(connections)" -le 272 ]
	well
}

@test "as many that have sent half of the headers, or half of a body" {
	sandbox_start --idle 600 --rate 0
	hostile hold head 550
	hostile hold body 550
	[ "$(update)" = 200 ]
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
		[ "$(update)" = 200 ]
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
	[ "$(update --cacert cert)" = 200 ]
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
	[ "$(update)" = 200 ]
}
