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

# Until a command succeeds.  Tests wait for what they need in this way, and never
# for a time: on a busy machine any time may be too short.  The bound is there so
# that a test in vain says what it waited for.
until_true() { # COMMAND...
	for _ in {1..2400}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	echo "waited in vain for: $*" && return 1
}

# COMMAND on a terminal of its own; standard input is what is typed.  It is ended
# from outside: a timeout that a shell runs there as its child is in the background
# of that terminal, and so is stopped, for ever, what it starts and what reads.
on_terminal() { # COMMAND
	SHELL=/bin/sh TERM=xterm timeout -s KILL 100 script -qec "$1" /dev/null
}

# Until the ledgers of calls were written N times: who has no turn asks for one
# again and again, and each time they are written.
until_asked() { # N
	local before i
	for ((i = 0; i < $1; i++)); do
		before=$(ledger_times)
		until_true ledger_is_not "$before" || return
	done
}
ledger_times() {
	stat -c %y "$TP_STATE_DIR"/*
}
ledger_is_not() { # TIMES
	[ "$(ledger_times)" != "$1" ]
}

# The address that a server says in a file, once all of the line is there.
await_address() { # FILE [PID]
	local line
	for _ in {1..2400}; do
		# read fails if there is no line feed yet.
		if [ -e "$1" ] && read -r line <"$1"; then
			grep -om1 'https\?://127\.0\.0\.1:[0-9]*' <<<"$line"
			return
		fi
		[ $# = 1 ] || kill -0 "$2" 2>/dev/null || break
		sleep 0.05
	done
	return 1
}

# An address at which nobody listens, and nobody can but a tp-sandbox that is told
# to: $nobody, as a process has it.  nobody_stop belongs in the teardown.
nobody_start() {
	local said=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/nobody
	python3 -c 'import socket, time
with socket.socket() as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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

# Starts a sandbox with --control; $control is the URL for changes.
control_start() { # OPTION...
	sandbox_start --control "$@"
	local said=$BATS_TEST_TMPDIR/sandbox.out
	until_lines 2 "$said"
	# shellcheck disable=SC2034 # for the tests
	control=$(sed -n 2p "$said")
}

# Sends parameters to it, each as curl encodes it.
control() { # NAME=VALUE...
	local one arguments=()
	for one in "$@"; do
		arguments+=(--data-urlencode "$one")
	done
	curl -sS "${arguments[@]}" "$control"
}

# A server on a free port that answers a POST as told-to/post says and a GET as
# told-to/get does: $answers is its address.  answers_stop belongs in the
# teardown.
answers_start() {
	mkdir -p told-to
	rm -f answers.out
	"$root/tests/fault/faulty.py" files told-to >answers.out 3>&- &
	answers_pid=$!
	# shellcheck disable=SC2034 # for the tests
	answers=$(await_address answers.out "$answers_pid")
}
answer() { # get|post STATUS BODY
	printf '%s\n%s' "$2" "$3" >"told-to/$1.new"
	mv "told-to/$1.new" "told-to/$1"
}
answers_stop() {
	[ -n "${answers_pid-}" ] || return 0
	kill "$answers_pid" 2>/dev/null || true
	wait "$answers_pid" 2>/dev/null || true
	answers_pid=
}

# Until FILE has so many lines.
until_lines() { # N FILE
	until_true has_lines "$@" || { cat "$2" && return 1; }
}
has_lines() { # N FILE
	[ -e "$2" ] && [ "$(wc -l <"$2")" -ge "$1" ]
}

# The sandbox stands still: a request that is sent to it waits in the system,
# until sandbox_resume.  So a test decides itself when the answer comes.
sandbox_pause() {
	sandbox_paused=yes
	kill -STOP "$sandbox_pid"
	until_true sandbox_is_paused
}
sandbox_is_paused() {
	# All of its threads.
	! grep -hE '^State:' "/proc/$sandbox_pid/task/"*/status |
		grep -v 'T (stopped)'
}
sandbox_resume() {
	sandbox_paused=
	kill -CONT "$sandbox_pid"
}

# Until so many requests wait at the sandbox, which is paused.
until_requests() { # N
	until_true has_requests "$1"
}
has_requests() { # N
	[ "$(count_requests)" -ge "$1" ]
}
count_requests() {
	local port
	port=$(printf %04X "${sandbox##*:}")
	# 01 is an established connection; behind the colon stands how many bytes
	# have come and were not read.
	grep -cE ": 0100007F:$port 0100007F:.{4} 01 .{8}:0*[1-9A-F]" \
		/proc/net/tcp
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
	# Not later: while it ends, a sanitizer stops its threads to look at them,
	# and waits for ever if this makes them go on.
	[ -z "${sandbox_paused-}" ] || sandbox_resume 2>/dev/null || true
	kill "$sandbox_pid" 2>/dev/null || true
	wait "$sandbox_pid" 2>/dev/null || true
	sandbox_pid=
}
