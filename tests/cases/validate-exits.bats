#!/usr/bin/env bats
# tp-validate: disks that are full, readers that go, signals, and memory.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

head='thirdPartyId,a\n'

many() { # ROWS
	printf "$head"
	yes 'x,1' | head -n "$1"
}

@test "a full disk: exit 4" {
	printf "$head"'x,1\n+,1\n' >in
	for options in '' '--rejects bad'; do
		status=0
		# shellcheck disable=SC2086
		tp-validate -q $options in >/dev/full 2>err || status=$?
		[ $status = 4 ]
		[ "$(cat err)" = 'tp-validate: cannot write to standard output: No space left on device' ]
	done
	# What was rejected is there all the same.
	printf "$head"'+,1\n' | cmp - bad
	many 1000000 >in
	status=0
	tp-validate -q in >/dev/full 2>err || status=$?
	[ $status = 4 ]
	[ "$(wc -l <err)" = 1 ]
	for o in --rejects --errors --summary; do
		status=0
		printf "$head"'x,1\n+,1\n' | tp-validate -q $o /dev/full >out 2>err ||
			status=$?
		[ $status = 4 ]
		printf "$head"'x,1\n' | cmp - out
		[ "$(cat err)" = 'tp-validate: cannot write to /dev/full: No space left on device' ]
	done
	for o in --help --version; do
		status=0
		tp-validate $o >/dev/full 2>err || status=$?
		[ $status = 4 ]
	done
}

@test "a reader that goes: death by SIGPIPE, without a word" {
	many 1000000 >in
	status=0
	bash -c 'tp-validate in 2>err | head -n 1 >out; exit "${PIPESTATUS[0]}"' ||
		status=$?
	[ $status = 141 ]
	[ "$(cat out)" = thirdPartyId,a ]
	[ ! -s err ]
	# Rejects up to then are kept.
	{ many 1 && echo +,1 && many 1000000 | tail -n +2; } >in
	bash -c 'tp-validate -q --rejects bad --summary sum in |
		head -n 1 >out' || true
	printf "$head"'+,1\n' | cmp - bad
	[ "$(jq .exit sum)" = 141 ]
	# Where SIGPIPE is ignored it is an error.
	status=0
	bash -c 'trap "" PIPE; { tp-validate -q in; echo $? >code; } 2>err | head -n 1 >out' || true
	[ "$(cat code)" = 4 ]
	[ "$(cat err)" = 'tp-validate: cannot write to standard output: Broken pipe' ]
}

# That all that was written to this pipe has been read, and then the process has
# gone to sleep, which it does when it wants to read more.
waits_for_more() { # DESCRIPTOR PID
	python3 -c '
import array, fcntl, sys, termios
left = array.array("i", [1])
fcntl.ioctl(int(sys.argv[1]), termios.FIONREAD, left)
sys.exit(left[0] != 0)' "$1" && grep -q '^State:.S ' "/proc/$2/status"
}

@test "a signal: what was done until then is kept, and it dies of it" {
	for s in TERM INT HUP; do
		mkfifo pipe
		# SIGINT is ignored in a background job of a shell without job
		# control, SIGHUP under nohup.
		python3 -c '
import os, signal, sys
for s in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
    signal.signal(s, signal.SIG_DFL)
os.execvp("tp-validate", ["tp-validate", "-q", "--rejects", "bad",
    "--summary", "sum", "pipe"])' >out 2>err 3>&- &
		pid=$!
		exec 5>pipe
		printf "$head"'x,1\n+,2\n' >&5
		until_true waits_for_more 5 "$pid"
		[ ! -e bad ]
		kill -$s $pid
		status=0
		wait $pid || status=$?
		exec 5>&-
		[ $status = $((128 + $(kill -l $s))) ]
		printf "$head"'x,1\n' | cmp - out
		printf "$head"'+,2\n' | cmp - bad
		[ "$(jq -c '[.in, .out, .rejected, .exit]' sum)" = \
			"[2,1,1,$status]" ]
		[ -z "$(find . -name '.*.tmp-*')" ]
		rm bad sum pipe
	done
}

@test "an output that is open for reading only: exit 4, not a wait" {
	many 1 >in
	mkfifo pipe
	exec 5<>pipe 6<pipe
	status=0
	timeout 30 tp-validate -q in >&6 2>err 5>&- || status=$?
	exec 5>&- 6>&-
	[ $status = 4 ]
	[ "$(cat err)" = 'tp-validate: cannot write to standard output: Bad file descriptor' ]
}

@test "a file that may not grow any more: exit 4" {
	many 100000 >in
	for program in tp-validate tp-split; do
		status=0
		(ulimit -f 100 && exec $program -q in >out 2>err) || status=$?
		[ $status = 4 ]
		[ "$(cat err)" = "$program: cannot write to standard output: File too large" ]
	done
}

@test "signals that were ignored stay ignored" {
	(
		trap '' TERM
		mkfifo pipe
		tp-validate pipe >out 3>&- &
		exec 5>pipe
		kill -TERM $!
		printf "$head"'x,1\n' >&5
		exec 5>&-
		wait $!
	)
	printf "$head"'x,1\n' | cmp - out
}

@test "memory does not grow with the input: at most 16 MiB" {
	skip_if_sanitized memory
	row='id,"a quoted, note",value,"two\nlines",é,0123456789'
	printf 'thirdPartyId,a,b,c,d,e\n' >top
	for n in 10 100; do
		{ cat top && yes "$(printf "$row")" | head -c ${n}000000; } |
			/usr/bin/time -f %M -o kib tp-validate -q >/dev/null ||
			[ $? = 1 ]
		echo "$n MB: $(cat kib) KiB"
		[ "$(tail -n 1 kib)" -le 16384 ]
	done
	# Broken all over, with rejects and errors.
	{ cat top && yes 'x,"open' | head -c 10000000; } |
		/usr/bin/time -f %M -o kib tp-validate -q --rejects bad \
			--errors why >/dev/null || [ $? = 1 ]
	[ "$(tail -n 1 kib)" -le 16384 ]
	# A line of 50 MB.
	{ cat top && head -c 50000000 /dev/zero | tr '\0' x && echo; } |
		/usr/bin/time -f %M -o kib tp-validate -q --rejects bad \
			>/dev/null || [ $? = 1 ]
	[ "$(tail -n 1 kib)" -le 16384 ]
}
