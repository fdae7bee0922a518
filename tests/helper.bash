# For all bats files: load ../helper

root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# The programs under test come first in PATH: make check sets TP_BUILD; by hand
# it may be given (TP_BUILD=/tmp/build bats tests/cases) or is the source tree.
TP_BUILD=${TP_BUILD:-$root}
PATH=$TP_BUILD/src:$PATH

# Nothing of the user's own settings, and nothing written to the user's home.
# But TP_SCAN stays: with it .ci/run has each kernel tested.
unset TP_CLIENT TP_ENDPOINT TP_TOKEN_FILE TP_SEAL TP_FAULT
unset http_proxy https_proxy all_proxy no_proxy
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset XDG_CONFIG_HOME CURL_HOME MLRRC POSIXLY_CORRECT
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
export HOME=${BATS_TEST_TMPDIR:-/nonexistent}
# These find the user's home without HOME.
curl() { command curl -q "$@"; }
sqlite3() { command sqlite3 -init /dev/null "$@"; }
export LC_ALL=C TZ=UTC
export TP_STATE_DIR=${BATS_TEST_TMPDIR:-/nonexistent}/state
umask 022

# Say what differs, not only that something does.
assert_same() { # EXPECTED-FILE ACTUAL-FILE
	cmp "$1" "$2" || {
		diff <(od -An -c "$1") <(od -An -c "$2") | head -n 20
		return 1
	}
}

# Runs a command; its stdout, stderr and code are out, err and $status.
try() { # COMMAND...
	status=0
	"$@" >out 2>err </dev/null || status=$?
}

# The same, with this text (as printf has it) on stdin.
try_with() { # TEXT COMMAND...
	local text=$1
	shift
	# shellcheck disable=SC2059 # the text is a format on purpose
	printf "$text" >in
	status=0
	"$@" <in >out 2>err || status=$?
}

# What try or try_with must have given, byte for byte; texts as printf has
# them.  Without STDERR it is not looked at.
expect() { # STATUS STDOUT [STDERR]
	[ "$status" = "$1" ] || {
		echo "exit $status instead of $1" && head -n 20 err
		return 1
	}
	# shellcheck disable=SC2059
	printf "$2" >expected
	assert_same expected out || return
	[ $# -lt 3 ] && return
	# shellcheck disable=SC2059
	printf "$3" >expected
	assert_same expected err
}

# In bats a failing "! command" does not fail a test; this does.
never() { # COMMAND...
	! "$@"
}

# That no file of these or below them holds the text.  What grep exits with does
# not tell: it is 2 if there was a file that cannot be read, whatever it found.
nowhere() { # TEXT GREP-OPTION|FILE...
	local found
	found=$(grep -rlsF "${@:2}" -e "$1") || true
	[ -z "$found" ] || {
		echo "found in $found"
		return 1
	}
}

# For what a sanitizer makes impossible to measure, such as peak memory.
skip_if_sanitized() {
	[ -z "${TP_SANITIZED-}" ] || skip "not with sanitizers: $1"
}

# The address that a server says in a file, once it does.
await_address() { # FILE [PID]
	for _ in {1..600}; do
		grep -som1 'https\?://127\.0\.0\.1:[0-9]*' "$1" && return
		[ $# = 1 ] || kill -0 "$2" 2>/dev/null || break
		sleep 0.05
	done
	return 1
}

# An address at which nobody listens, and nobody can: $nobody, as a process has
# it.  nobody_stop belongs in the teardown.
nobody_start() {
	local said=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/nobody
	python3 -c 'import socket, time
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print("http://127.0.0.1:%d" % s.getsockname()[1], flush=True)
    time.sleep(3600)' >"$said" 3>&- &
	nobody_pid=$!
	# shellcheck disable=SC2034 # for the tests
	nobody=$(await_address "$said" "$nobody_pid")
}
nobody_stop() {
	[ -z "${nobody_pid-}" ] || kill "$nobody_pid" 2>/dev/null || true
}

# Until FILE has so many lines.
until_lines() { # N FILE
	for _ in {1..600}; do
		[ ! -e "$2" ] || [ "$(wc -l <"$2")" -lt "$1" ] || return 0
		sleep 0.05
	done
	echo "$2 has not $1 lines" && cat "$2" && return 1
}

# Until the sandbox, which is slow to answer, has a connection.
until_request() {
	local port
	port=$(printf %04X "${sandbox##*:}")
	for _ in {1..600}; do
		# 01 is an established one.
		grep -q ": 0100007F:.... 0100007F:$port 01 " /proc/net/tcp &&
			sleep 0.1 && return
		sleep 0.02
	done
	return 1
}

# A sandbox on a free port: $sandbox is its address.  sandbox_stop belongs in
# the teardown of each file that starts one.
sandbox_start() { # OPTION...
	local said=$BATS_TEST_TMPDIR/sandbox.out
	# Not the address of one before: the child empties it in its own time.
	rm -f "$said"
	# Descriptor 3 is bats's own: a child that keeps it keeps bats waiting.
	tp-sandbox --port 0 "$@" >"$said" 2>"$said.err" 3>&- &
	sandbox_pid=$!
	# shellcheck disable=SC2034 # for the tests
	sandbox=$(await_address "$said" "$sandbox_pid") && return
	cat "$said" "$said.err"
	echo 'tp-sandbox did not start' >&2
	return 1
}
sandbox_stop() {
	[ -n "${sandbox_pid-}" ] || return 0
	kill "$sandbox_pid" 2>/dev/null || true
	wait "$sandbox_pid" 2>/dev/null || true
	sandbox_pid=
}
