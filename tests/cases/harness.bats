#!/usr/bin/env bats
# make check ends with what there is to say of the tests that failed.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset MAKEFLAGS MFLAGS MAKELEVEL
}

# A result and a log as a run leaves them.
result() { # TEST RESULT [LOG, as printf has it]
	mkdir -p "${1%/*}"
	printf ':test-result: %s\n:recheck: yes\n' "$2" >"${1%.bats}.trs"
	# shellcheck disable=SC2059
	printf "${3-}" >"${1%.bats}.log"
}

@test "all is well: nothing, and 0" {
	result t/a.bats PASS '1..1\nok 1 first\n'
	result t/b SKIP
	try "$root/tests/failures" t/a.bats t/b
	expect 0 '' ''
}

@test "what failed in a test, the end of its log, and last its name" {
	result t/good PASS
	{
		echo '1..50'
		seq -f 'ok %.0f fine' 3
		printf 'not ok 4 it does … so\n#   `false%c failed\n# why\n' \'
		seq -f 'ok %.0f fine' 5 50
	} >long
	result t/a.bats FAIL
	cp long t/a.log
	try "$root/tests/failures" t/good t/a.bats
	[ "$status" = 1 ]
	{
		echo '==== 1 of 2 tests failed, 0 were not run'
		echo '---- t/a.bats; all of it is in t/a.log'
		echo '[...]'
		sed -n '5,7p' long
		echo '[...]'
		tail -n 30 long
		echo '===='
		echo 'FAILED t/a.bats: it does … so'
	} >expected
	assert_same expected out
}

@test "a unit test, an error without a log, one that was not run" {
	result t/unit FAIL '[ RUN      ] test_one\n[  FAILED  ] test_one\n'
	result t/b.bats ERROR
	try "$root/tests/failures" t/unit t/b.bats t/none.bats
	[ "$status" = 1 ]
	grep -x 'it has no log, or an empty one' out
	tail -n 4 out >end
	printf '%s\n' ==== 'FAILED t/unit: test_one' \
		'FAILED t/b.bats: t/b.log' 'NOT RUN t/none.bats' >expected
	assert_same expected end
}

@test "nothing was run: that once" {
	try "$root/tests/failures" t/a.bats t/b t/c.bats
	expect 1 '==== 0 of 3 tests failed, 3 were not run\n====
NOT RUN any test: see above what could not be built\n'
}

@test "make check says it, and fails" {
	result t/good.bats FAIL 'of an earlier run\n'
	printf '@test "yes" { true; }\n' >t/good.bats
	printf '@test "no" { echo the reason && false; }\n' >t/bad.bats
	tests="$PWD/t/good.bats $PWD/t/bad.bats"
	try make -C "$TP_BUILD" check-TESTS check_PROGRAMS= TESTS="$tests" \
		TEST_SUITE_LOG="$PWD/suite.log"
	cat out err
	[ "$status" = 2 ]
	[ "$(grep -c ^FAILED out)" = 1 ]
	grep -x "FAILED $PWD/t/bad.bats: no" out
	grep -x '# the reason' out
	# with one that is not there
	try make -C "$TP_BUILD" check-TESTS check_PROGRAMS= \
		TESTS="$tests $PWD/t/gone.bats" TEST_SUITE_LOG="$PWD/suite.log"
	[ "$status" = 2 ]
	grep -x "FAILED $PWD/t/bad.bats: no" out
	grep -x "NOT RUN $PWD/t/gone.bats" out
	rm t/bad.bats
	try make -C "$TP_BUILD" check-TESTS check_PROGRAMS= \
		TESTS="$PWD/t/good.bats" TEST_SUITE_LOG="$PWD/suite.log"
	[ "$status" = 0 ]
	never grep '^==== ' out
}

# ------------------------------------------------------------------- stress

@test "stress: runs, counts, and keeps the logs of what failed" {
	printf '@test "yes" { true; }\n' >good.bats
	cat >second <<-'END'
		#!/bin/sh
		echo "run $(ls runs | wc -l)"
		mkdir -p "runs/$$"
		[ "$(ls runs | wc -l)" != 2 ]
	END
	chmod +x second
	mkdir runs
	try "$root/tests/stress" -n 3 -l 1 -p -o logs ./good.bats ./second
	cat out err
	[ "$status" = 1 ]
	[ "$(grep -c ^FAILED out)" = 1 ]
	grep '^FAILED ./second, run 2 ([0-9]* s): exit 1; see logs/second.002.log$' \
		out
	grep -E '^\./good\.bats +3 +0 ' out
	grep -E '^\./second +3 +1 ' out
	[ "$(cat logs/*)" = 'run 1' ]
	try "$root/tests/stress" -n 1 -o logs ./good.bats
	[ "$status" = 0 ]
	try "$root/tests/stress" -o logs ./good.bats missing
	expect 2 '' 'stress: missing: there is no such test\n'
	try "$root/tests/stress" -T 0 -o logs ./good.bats
	[ "$status" = 2 ]
}

has_ended() { # PID
	! grep -qs '^State:.[^Z]' "/proc/$1/status"
}

@test "stress: ends what takes too long, and all that it has started" {
	printf '#!/bin/sh\nsleep 3600 &\necho $! >pid\nwait\n' >hangs
	printf '#!/bin/sh\nsleep 3600 &\necho $! >pid\n' >leaves
	chmod +x hangs leaves
	try "$root/tests/stress" -n 1 -t 1 -o logs ./hangs
	[ "$status" = 1 ]
	grep 'not finished after 1 s' out
	until_true has_ended "$(cat pid)"
	try "$root/tests/stress" -n 1 -o logs ./leaves
	[ "$status" = 0 ]
	until_true has_ended "$(cat pid)"
	# A signal to it, too.
	rm pid
	TMPDIR=$PWD "$root/tests/stress" -n 1 -l 1 -o logs ./hangs \
		>out 2>err 3>&- &
	until_lines 1 pid
	kill "$!"
	status=0
	wait "$!" || status=$?
	[ "$status" = 143 ]
	grep -E '^\./hangs +0 +0 ' out
	never grep FAILED out
	until_true has_ended "$(cat pid)"
	[ -z "$(compgen -G 'tp-stress.*')" ]
}
