#!/usr/bin/env bats
# All processes of a user make no more calls together than the rate allows, and
# what they share is safe from others.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	seq 30 | sed 's/.*/batch=thirdPartyId,tier\ni&,gold/' >batches
	printf 'batch=thirdPartyId,tier\na1,gold\n' >one
	export TP_CLIENT=demo
	pids=()
}

teardown() {
	[ ${#pids[@]} -eq 0 ] || kill -9 "${pids[@]}" 2>/dev/null || true
	sandbox_stop
}

# In the background: $! is its own id, not that of a subshell.
start() { # COMMAND...
	"$@" >>started.out 2>>started.err 3>&- &
	pids+=($!)
}

# Not of the sandbox, which goes on.
reap() {
	wait "${pids[@]}" || true
	pids=()
}

calls() {
	grep -c . log || true
}

# Until there were so many calls of each path in the log.
until_calls() { # N [PATHS]
	until_true has_calls "$@"
}
has_calls() { # N [PATHS]
	jq -se --argjson n "$1" --argjson paths "${2-0}" 'length >= $n and
		(group_by(.path) | [.[] | select(length >= $n)] |
			length >= $paths)' log
}

# That the log has no more than so many calls in any minute: of all in it, or of
# each path by itself.  The log's times are whole seconds.
at_most() { # N [.path]
	jq -Rne --argjson n "$1" "[inputs | fromjson?] | group_by(${2-0}) |"'
		all(.[]; (map(.time | fromdate) | sort) as $at |
			[range(($at | length) - $n) |
				$at[. + $n] - $at[.]] | all(. >= 59))' log ||
		{ cat log && return 1; }
}

@test "two tp-sends, a tp-status and those that come after share the rate" {
	sandbox_start --log log
	tp-send --endpoint "$sandbox" --rate 8 one >receipts
	start tp-status --endpoint "$sandbox" --rate 8 --interval 2 receipts
	until_calls 2
	start tp-send --endpoint "$sandbox" --rate 8 --jobs 2 batches
	start tp-send --endpoint "$sandbox" --rate 8 batches
	until_calls 8
	until_asked 4
	# killed while they wait, and started again; a higher rate counts all
	kill -9 "${pids[@]}"
	reap
	at_most 8
	start tp-send --endpoint "$sandbox" --rate 8 batches
	start tp-send --endpoint "$sandbox" --rate 10 --jobs 4 batches
	until_asked 8
	kill -9 "${pids[@]}" 2>/dev/null || true
	reap
	at_most 10
	# what the dead have booked is lost, and not more
	start tp-send --endpoint "$sandbox" --rate 10 --jobs 4 batches
	until_calls 10
	until_asked 8
	at_most 10
	grep -q batchStatus log
}

# Half of so low a rate; of 45 it is 5.
@test "tp-status has its share beside a tp-send that takes all" {
	sandbox_start --log log --status-delay 600
	export TP_ENDPOINT=$sandbox
	tp-send one >receipts
	start tp-status --rate 10 --interval 1 receipts
	until_calls 2
	start tp-send --rate 10 --jobs 4 batches
	until_calls 10
	until_true grep -c 'tp-status: a call waits .* s for its turn' started.err
	until_asked 8
	[ "$(calls)" = 10 ]
	[ "$(grep -c batchStatus log)" = 5 ]
	# That is said once; more with -v.
	[ "$(grep -c 'for its turn' started.err)" = 1 ]
	at_most 10
}

@test "each client has a rate of its own" {
	sandbox_start --log log
	start tp-send --endpoint "$sandbox" --rate 2 batches
	start tp-send -c other --endpoint "$sandbox" --rate 2 batches
	until_calls 2 2
	until_asked 4
	at_most 2 .path
	[ "$(jq -r .path log | sort -u | wc -l)" = 2 ]
}

@test "a signal ends the wait" {
	sandbox_start --log log
	tp-send --endpoint "$sandbox" --rate 1 one >receipts
	start tp-send --endpoint "$sandbox" --rate 1 --failed f batches
	start tp-status --endpoint "$sandbox" --rate 1 receipts
	until_asked 4
	begun=$SECONDS
	kill "${pids[@]}"
	for pid in "${pids[@]}"; do
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq 143 ]
	done
	pids=()
	[ $((SECONDS - begun)) -lt 40 ] # it is a minute without
	at_most 1
	# and they wait no more: another one is the next
	start tp-send --endpoint "$sandbox" --rate 2 one
	until_calls 2
}

@test "the ledger is the user's alone" {
	sandbox_start
	export TP_STATE_DIR=$PWD/a/b/state/
	tp-send --endpoint "$sandbox" one >receipts
	[ "$(stat -c %a a/b/state a/b/state/* | paste -sd ' ')" = '700 600' ]
	[ "$(ls a/b/state)" = "demo@127.0.0.1:${sandbox##*:}.calls" ]
	unset TP_STATE_DIR
	XDG_STATE_HOME=$PWD/xdg tp-send --endpoint "$sandbox" one >receipts
	[ "$(stat -c %a xdg/tp)" = 700 ]
	XDG_STATE_HOME=relative HOME=$PWD/home \
		tp-send --endpoint "$sandbox" one >receipts
	[ "$(stat -c %a home/.local/state/tp)" = 700 ]
	[ ! -e relative ]
}

@test "a plan makes no ledger" {
	tp-send --endpoint http://127.0.0.1:9 --dry-run one >plan
	[ ! -e "$TP_STATE_DIR" ]
}

# Nothing was done, and why is said on one line.
refuses() { # TEXT
	for program in 'tp-send one' 'tp-status receipts'; do
		# shellcheck disable=SC2086 # two words
		try timeout 150 $program --endpoint http://127.0.0.1:9
		# What calls it in a condition has no errexit.
		expect 2 '' || return
		[ "$(wc -l <err)" -eq 1 ] || { cat err && return 1; }
		grep -qF -- "$1" err || { cat err && return 1; }
	done
}

@test "a state folder that is no folder of ours: exit 2" {
	: >receipts
	: >file
	TP_STATE_DIR=file refuses 'file: cannot make this folder' ||
		TP_STATE_DIR=file refuses 'file: cannot open this as a folder'
	TP_STATE_DIR=file/below refuses 'cannot make this folder'
	mkdir -m 700 mine
	ln -s mine link
	TP_STATE_DIR=link refuses 'link: cannot open this as a folder'
	TP_STATE_DIR=link/ refuses 'link: cannot open this as a folder'
	mkdir open && chmod 770 open
	TP_STATE_DIR=open refuses 'others can write to this folder'
	TP_STATE_DIR='' XDG_STATE_HOME='' HOME='' refuses 'set TP_STATE_DIR'
	[ "$(id -u)" -ne 0 ] || chown 1 mine
	[ "$(id -u)" -ne 0 ] ||
		TP_STATE_DIR=mine refuses 'belongs to another user'
}

@test "a ledger that is a link, or no file, or open to others: exit 2" {
	: >receipts
	export TP_STATE_DIR=$PWD/s
	mkdir -m 700 s
	ledger=s/demo@127.0.0.1:9.calls
	: >victim
	ln -s ../victim "$ledger"
	refuses 'cannot open the ledger of calls'
	[ ! -s victim ]
	rm "$ledger"
	mkfifo "$ledger"
	refuses 'is not a file of this user'
	rm "$ledger"
	echo >"$ledger"
	chmod 666 "$ledger"
	refuses 'is not a file of this user'
}

has_ledger() { # CLIENT
	[ -s state/"$1"@* ]
}

@test "a ledger that is torn, or removed while in use, allows nothing" {
	sandbox_start --log log
	tp-send --endpoint "$sandbox" one >receipts
	printf x | dd of="$(echo state/*)" bs=1 seek=20 conv=notrunc status=none
	start tp-send --endpoint "$sandbox" one
	until_asked 2
	at_most 1
	kill -9 "${pids[@]}"
	reap
	start tp-send -c other --endpoint "$sandbox" --rate 1 batches
	until_calls 2
	rm state/other@*
	# The one that waits looks from time to time.
	until_true has_ledger other
	at_most 1 .path
	start tp-send -c other --endpoint "$sandbox" one
	until_asked 6 # by both
	at_most 1 .path
}

# ------------------------------------------------------- what is said of it

# Until it has said so; it waits for a minute, so it is not waited for.
until_said() { # TEXT
	until_true grep -F -e "$1" started.err
}

@test "a ledger that was damaged: how long no call is made, and why" {
	sandbox_start --log log
	export TP_ENDPOINT=$sandbox
	tp-send one >receipts
	ledger=$(echo "$TP_STATE_DIR"/*.calls)
	echo torn >"$ledger"
	# A dry run says it, and mends nothing.
	tp-send --dry-run one >plan 2>said
	grep -F "warning: the ledger of calls, $ledger, was damaged; no call would be made for 61 s, as calls of the last minute are not known" said
	grep torn "$ledger"
	start tp-send one
	until_said "tp-send: warning: the ledger of calls, $ledger, was damaged; no call is made for 61 s, as calls of the last minute are not known"
	# The next one cannot know who found it.
	start tp-status receipts
	until_said "tp-status: warning: the ledger of calls, $ledger, does not know all calls; no call is made for"
	[ "$(grep -c . started.err)" = 2 ]
	[ "$(calls)" = 1 ]
	# As a warning it is not said with -q.
	kill -9 "${pids[@]}"
	reap
	start tp-send -q one
	until_asked 3
	[ "$(grep -c . started.err)" = 2 ]
}

@test "a ledger that is removed while in use: the same" {
	sandbox_start --log log --fault '1:delay=1'
	export TP_ENDPOINT=$sandbox
	start tp-send batches
	until_calls 1
	rm "$TP_STATE_DIR"/*.calls
	until_said 'was removed while in use; no call is made for 61 s'
	[ "$(calls)" = 1 ]
}

@test "a long wait for a turn: said with -v, once" {
	sandbox_start --log log
	export TP_ENDPOINT=$sandbox
	cat one one one >three
	start tp-send -v --rate 1 three
	until_said 's for its turn, by --rate 1'
	until_asked 3
	[ "$(grep -c 'for its turn' started.err)" = 1 ]
	kill -9 "${pids[@]}"
	reap
	rm started.err
	start tp-send --rate 1 one
	until_asked 3
	[ ! -s started.err ]
}

@test "a rate above what the service takes: a warning" {
	echo '{"batch":1,"sha256":"0","rows":1,"bytes":9,"state":"refused","http":400,"attempts":1}' \
		>receipts
	for command in 'tp-send --dry-run one' 'tp-status receipts'; do
		$command --rate 51 >out 2>said || [ $? = 1 ]
		grep 'warning: --rate 51: the service takes 50 calls a minute' said
		$command --rate 50 >out 2>said || [ $? = 1 ]
		run ! grep warning said
		$command -q --rate 51 >out 2>said || [ $? = 1 ]
		[ ! -s said ]
		# Who sends to this machine wants it so.
		$command --endpoint http://localhost:9 --rate 10000 >out 2>said ||
			[ $? = 1 ]
		run ! grep warning said
	done
}

@test "beside a client that eats 20 of the 50 calls all is accepted, and two a minute are refused" {
	skip_if_sanitized 'the library that moves the clock must be loaded first'
	seq 200 | sed 's/.*/batch=thirdPartyId,tier\ni&,gold/' >batches
	# All of their clocks go 8 times as fast: what is seven minutes for them
	# takes less than one.
	cat >all.sh <<-'END'
	tp-sandbox --log log >said 2>&1 &
	sandbox=$!
	until grep -q ^http said; do sleep 0.2; done
	TP_ENDPOINT=$(head -n 1 said)
	export TP_ENDPOINT
	python3 - <<'PYTHON' &
	import os, time, urllib.error, urllib.request
	status = "/m2/demo/profile/batchStatus?batchId=x"
	began, calls = time.time(), 0
	while True:
	    # As many as are due, also if this machine is slow.
	    while calls * 3 <= time.time() - began:
	        calls += 1
	        try:
	            urllib.request.urlopen(os.environ["TP_ENDPOINT"] + status)
	        except urllib.error.HTTPError:
	            pass
	    time.sleep(1)
	PYTHON
	other=$!
	# Until it has eaten its 20.
	sleep 61
	tp-send batches >receipts 2>err
	code=$?
	kill $other $sandbox
	exit $code
	END
	timeout 300 faketime -f '+0 x8' bash all.sh 3>&-
	[ "$(jq -r .state receipts | sort | uniq -c | xargs)" = '200 accepted' ]
	jq -sr '[.[] | select(.method == "POST")] as $ours |
		($ours | map(.time | fromdate)) as $at |
		"\($at[-1] - $at[0]) \([$ours[] |
			select(.state == "limited")] | length)"' log >figures
	read -r seconds refused <figures
	echo "$refused of our calls were refused in $seconds seconds"
	# Without the other there would be none, and it would take four minutes.
	[ "$seconds" -gt 240 ]
	[ "$refused" -ge 1 ]
	[ $((refused * 60)) -le $((2 * seconds + 60)) ]
	jq -se '[.[] | select(.method == "GET")] | length > 30' log
}
