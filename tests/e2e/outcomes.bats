#!/usr/bin/env bats
# tp-send --outcomes: asks while it sends, with few batches open at once.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TP_CLIENT=demo
	seq 60 | sed 's/.*/batch=thirdPartyId,tier\ni&,gold/' >sixty
	head -n 6 sixty >three
	pids=()
}

teardown() {
	[ ${#pids[@]} -eq 0 ] || kill -9 "${pids[@]}" 2>/dev/null || true
	sandbox_stop
}

start() { # SANDBOX-OPTION...
	sandbox_start --rate 0 --log log "$@"
	export TP_ENDPOINT=$sandbox
}

send() { # OPTION...
	code=0
	timeout 150 tp-send --rate 10000 --interval 1 --outcomes outcomes \
		--failed failed "$@" >receipts 2>said || code=$?
}

# In the background: $! is its own id.
send_on() { # OPTION...
	tp-send --rate 10000 --interval 1 --outcomes outcomes --failed failed \
		"$@" >receipts 2>said 3>&- &
	pids+=($!)
}

updates() {
	grep -c batchUpdate log || true
}

# All batches to N have one outcome each, complete and reconciled.
all_complete() { # N
	[ "$(jq -r 'select(.state == "complete" and .reconciled) | .batch' \
		outcomes | sort -n | xargs)" = "$(seq "$1" | xargs)" ]
}

@test "60 batches where ten statuses are kept: all have an outcome, exit 0" {
	start --keep 10 --status-delay 1
	send --jobs 4 --summary summary sixty
	[ "$code" = 0 ] || { cat said; tail -n 3 outcomes; false; }
	all_complete 60
	[ "$(jq -c '.status | [.outcomes.complete, .reconciled, .open]' \
		summary)" = '[60,60,0]' ]
	# As tp-status does, with nothing in its way.
	tp-status --rate 10000 --interval 1 receipts >later 2>said || code=$?
	[ "$code" = 1 ]
	[ "$(jq -r .state later | sort | uniq -c | xargs)" = \
		'10 complete 50 expired' ]
}

@test "killed in the middle and run again: the same" {
	start --keep 10 --status-delay 1
	for ((i = 0; i < 4; i++)); do
		send_on --jobs 2 --journal journal sixty
		until_true updates_reach $((12 * (i + 1)))
		kill -9 "${pids[@]}"
		wait "${pids[@]}" || true
		pids=()
	done
	# What was cut off in the middle of a request may have arrived.
	send --jobs 2 --journal journal sixty
	[ "$code" = 0 ]
	all_complete 60
	# Nothing is asked or sent again.
	lines=$(wc -l <log)
	send --journal journal sixty
	[ "$code" = 0 ]
	[ "$(wc -l <log)" = "$lines" ]
	[ "$(jq -r .state receipts | sort -u)" = skipped ]
}
updates_reach() { # N
	[ "$(updates)" -ge "$1" ]
}

@test "no more are open than --open says" {
	start --status-delay 600
	for open in 1 4; do
		: >log
		rm -f outcomes
		send_on --jobs 8 --open "$open" sixty
		until_true updates_reach "$open"
		# It asks about them, and sends no other.
		until_true test "$(wc -l <log)" -ge $((open + 1))
		sleep 2
		[ "$(updates)" = "$open" ]
		kill -9 "${pids[@]}"
		wait "${pids[@]}" || true
		pids=()
	done
}

@test "a refused batch leaves room for the next; halves have outcomes" {
	start --fault 1:code=400 --fault 2:code=413
	printf 'batch=thirdPartyId,tier\na,1\nb,2\n' >two
	cat three two >both
	send --open 1 --bisect-calls 0 three
	[ "$code" = 1 ]
	[ "$(jq -r .batch outcomes | xargs)" = '3' ]
	rm outcomes
	sandbox_stop
	start --fault 1:code=413
	send --open 1 two
	[ "$code" = 0 ]
	[ "$(jq -c '[.batch, .rowsFrom, .rows]' outcomes | xargs)" = \
		'[1,1,1] [1,2,1]' ]
}

@test "the exit status is the more urgent of both" {
	start --fault 2:stuck
	send three
	[ "$code" = 7 ]
	[ "$(jq -r .state receipts | sort -u)" = accepted ]
	grep -x 'tp-send: stuck: batch 2: the service gave it up' said
	sandbox_stop
	rm outcomes
	start --fault 1:code=400 --fault 3:stuck
	send three
	[ "$code" = 7 ]
	sandbox_stop
	rm outcomes
	start --fault 1:code=401 
	send three
	[ "$code" = 6 ]
	sandbox_stop
	start --status-delay 600
	send --deadline 1 three
	[ "$code" = 7 ]
	[ "$(jq -r .state outcomes | sort -u)" = deadline ]
	[ "$(grep -c '^tp-send: deadline: batch' said)" = 3 ]
}

@test "a signal: which batches have no outcome, and how to go on" {
	start --status-delay 600
	send_on --journal journal three
	until_true grep 'waits for the outcomes of 3 batches' said
	kill "${pids[@]}"
	code=0
	wait "${pids[@]}" || code=$?
	pids=()
	[ "$code" = 143 ]
	grep -x 'tp-send: stopped; without an outcome: batches 1 to 3' said
	grep -x 'tp-send: to go on, run again with the same --journal and --outcomes, or give the receipts to tp-status' said
	[ ! -s outcomes ]
	tp-status --interval 1 --deadline 1 --format json receipts >later ||
		[ $? = 7 ]
	[ "$(jq -r .batch later | sort | xargs)" = '1 2 3' ]
}

@test "only batches without an outcome are asked about; a torn one has none" {
	start
	send --journal journal three
	[ "$code" = 0 ]
	all_complete 3
	tail -n 1 outcomes | head -c 50 >torn
	head -n 2 outcomes >two
	cat two torn >outcomes
	: >log
	send --journal journal three
	[ "$code" = 0 ]
	grep -x 'tp-send: warning: outcomes: the last outcome was not whole, and was cut off: 50 bytes' said
	[ "$(wc -l <log)" = 1 ]
	all_complete 3
}

@test "a file that is none of outcomes, or another's, or in use: exit 2" {
	start
	for bad in 'x\n' '{"batch":1}\n' '{"seal":{"rows":1}}\n' \
		'{"batch":1,"state":"complete","reconciled":true}\n\n'; do
		# shellcheck disable=SC2059
		printf "$bad" >outcomes
		cp outcomes before
		send three
		[ "$code" = 2 ]
		grep 'outcomes: this exists and is no file of outcomes' said
		assert_same before outcomes
	done
	rm outcomes
	ln -s elsewhere outcomes
	send three
	[ "$code" = 2 ]
	rm outcomes
	mkdir outcomes
	send three
	[ "$code" = 2 ]
	rmdir outcomes
	for other in '--failed outcomes' '--journal outcomes' \
		'--summary outcomes'; do
		# shellcheck disable=SC2086
		send $other three
		[ "$code" = 2 ]
	done
	[ ! -e log ] || [ ! -s log ]
	sandbox_stop
	start --status-delay 600
	send_on three
	until_true grep 'waits for' said
	try tp-send --outcomes outcomes --failed other three
	[ "$status" = 2 ]
	grep -E '^tp-send: outcomes: process [0-9]+ uses this file of outcomes' err
}

@test "an outcome is on disk before its batch makes room for another" {
	strace -o strace true || {
		echo 'strace cannot trace here: is ptrace allowed?' && return 1
	}
	start
	strace -f -y -s 4 -o trace -e trace=fsync,sendto \
		-E ASAN_OPTIONS=detect_leaks=0 \
		tp-send --rate 10000 --outcomes outcomes --open 1 \
		--failed failed three >receipts 2>said || true
	sed -nE -e 's/.* fsync\([0-9]+<[^>]*\/outcomes>.*/O/p' \
		-e 's/.* sendto\([0-9]+<[^>]*>, "POST".*/S/p' \
		-e 's/.* sendto\([0-9]+<[^>]*>, "GET .*/G/p' trace |
		tr -d '\n' >order
	[ "$(cat order)" = SGOSGOSGO ] || {
		cat order
		return 1
	}
}

@test "a dry run looks at the file, and makes none" {
	tp-send --endpoint http://127.0.0.1:9 --outcomes outcomes --dry-run \
		three >plan
	[ ! -e outcomes ]
	echo x >outcomes
	code=0
	tp-send --endpoint http://127.0.0.1:9 --outcomes outcomes --dry-run \
		three >plan 2>said || code=$?
	[ "$code" = 2 ]
}

@test "its options without --outcomes: exit 2" {
	for option in '--open 3' '--interval 1' '--deadline 1'; do
		# shellcheck disable=SC2086
		try tp-send --endpoint http://127.0.0.1:9 $option three
		expect 2 '' 'tp-send: --open, --interval and --deadline are about what --outcomes FILE asks for; give that too\n'
	done
	for option in '--open 0' '--open 1001' '--deadline 0'; do
		# shellcheck disable=SC2086
		try tp-send --endpoint http://127.0.0.1:9 --outcomes o $option three
		[ "$status" = 2 ]
	done
}
