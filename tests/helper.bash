# For all bats files: load ../helper

root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# The programs under test come first in PATH: make check sets TP_BUILD; by hand
# it may be given (TP_BUILD=/tmp/build bats tests/cases) or is the source tree.
TP_BUILD=${TP_BUILD:-$root}
PATH=$TP_BUILD/src:$PATH

# Nothing of the user's own settings, and nothing written to the user's home.
unset TP_CLIENT TP_ENDPOINT TP_TOKEN_FILE TP_SEAL TP_SCAN TP_FAULT
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
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

# For what a sanitizer makes impossible to measure, such as peak memory.
skip_if_sanitized() {
	[ -z "${TP_SANITIZED-}" ] || skip "not with sanitizers: $1"
}
