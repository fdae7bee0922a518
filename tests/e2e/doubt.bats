#!/usr/bin/env bats
# What the service may have taken stays unknown, whatever it answers later,
# unless that is "accepted".

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'batch=thirdPartyId,tier\na1,gold\na2,silver\n' >one
	printf 'batch=thirdPartyId,tier\nb1,gold\n' >two
	cat one two >both
	export TP_CLIENT=demo
}

teardown() {
	sandbox_stop
}

# What leaves it open whether the service has the batch.
losses='reset-mid reset-after reset-answer cut code=502 code=504'
# What the service then says of the same bytes.
refusals='false code=400 code=404 code=413 code=302'
denials='code=401 code=403'

# Both batches to a sandbox with these faults; sets code, and makes receipts,
# said and log.
send() { # "FAULT..." OPTION...
	local fault faults=()
	for fault in $1; do
		faults+=(--fault "$fault")
	done
	rm -f log failed
	sandbox_start --rate 0 --log log "${faults[@]}"
	code=0
	tp-send --endpoint "$sandbox" --retries 1 --retry-delay 0 \
		--failed failed "${@:2}" both >receipts 2>said || code=$?
	sandbox_stop
}

# "state/http/attempts" of each receipt.
came_to() { # CODE STATES REQUESTS
	local got
	got=$(jq -r '[.state, .http, .attempts] | map(tostring) | join("/")' \
		receipts | paste -sd ' ')
	[ "$code $got $(wc -l <log)" = "$1 $2 $3" ] || {
		echo "got $code $got, $(wc -l <log) requests, expected $*"
		cat said
		return 1
	}
}

@test "an answer is lost, then a refusal: unknown, not halved, kept" {
	for loss in $losses; do
		for refusal in $refusals; do
			http=${refusal#code=}
			[ "$http" != false ] || http=200
			send "1:$loss 2:$refusal"
			came_to 7 "unknown/$http/2 accepted/200/1" 3
			assert_same one failed
			grep "^tp-send: both:1: unknown: batch 1: HTTP $http" said
			head -n 1 receipts |
				jq -e '.message | contains("earlier attempt")'
		done
	done
}

@test "an answer is lost, then 401 or 403: unknown, and the run stops" {
	for loss in $losses; do
		for denial in $denials; do
			send "1:$loss 2:$denial"
			came_to 7 "unknown/${denial#*=}/2 failed/null/0" 2
			assert_same both failed
		done
	done
}

@test "a gateway answers for the service, and nothing else does: unknown" {
	for status in 502 504; do
		send "1-2:code=$status"
		came_to 7 "unknown/$status/2 accepted/200/1" 3
		assert_same one failed
	done
	send '1:code=504 2:code=503'
	came_to 7 'unknown/503/2 accepted/200/1' 3
}

@test "the service is not ready, then refuses: refused" {
	for status in 408 425 429 500 503 599; do
		send "1:code=$status 2:code=400"
		came_to 1 'refused/400/2 accepted/200/1' 3
		assert_same one failed
	done
}

@test "an answer is lost, then accepted: accepted" {
	for loss in $losses; do
		send "1:$loss"
		came_to 0 'accepted/200/2 accepted/200/1' 3
		[ ! -e failed ]
	done
}


# The journal belongs to one address: these runs go through one that stays.
stay() {
	sandbox_start --port "${port-0}" --rate 0 --log log "$@"
	port=${sandbox##*:}
}

run_again() { # "FAULT..." [OPTION...]
	local fault faults=()
	for fault in $1; do
		faults+=(--fault "$fault")
	done
	: >log
	stay "${faults[@]}"
	code=0
	tp-send --endpoint "$sandbox" --retries 1 --retry-delay 0 \
		--failed failed --journal j "${@:2}" both >receipts 2>said ||
		code=$?
	sandbox_stop
}

@test "with a journal: sent again, and named, until it is accepted" {
	for refusal in $refusals $denials; do
		rm -f j failed
		http=${refusal#code=}
		[ "$http" != false ] || http=200
		second=accepted/200/1 sent=3
		[[ $denials != *$refusal* ]] || second=failed/null/0 sent=2
		run_again "1:reset-after 2:$refusal"
		came_to 7 "unknown/$http/2 $second" $sent
		[ ! -e failed ]

		# Nothing takes the doubt back but "accepted".  What is refused
		# for something in it is halved now: two calls more.
		second=skipped/200/0 sent=1
		[[ $denials != *$refusal* ]] || second=failed/null/0
		[[ $refusal != false && $refusal != code=413 ]] || sent=3
		run_again "1-3:$refusal"
		came_to 7 "unknown/$http/$sent $second" $sent
		[ ! -e failed ]
		grep 'possible-duplicate: batch 1: ' said
		head -n 1 receipts | jq -e .possibleDuplicate

		sent=1
		[ "$second" = skipped/200/0 ] || sent=2 second=accepted/200/1
		run_again ''
		came_to 0 "accepted/200/1 $second" $sent
		grep 'possible-duplicate: batch 1: ' said
		run_again ''
		came_to 0 'skipped/200/0 skipped/200/0' 0
	done
}

@test "with a journal: what was in doubt and is not sent stays unknown" {
	run_again '1-2:reset-after 3:code=503 4:code=503'
	came_to 7 'unknown/null/2 failed/503/2' 4
	stay
	sandbox_stop # and now nobody listens
	code=0
	tp-send --endpoint "$sandbox" --retries 0 --journal j both \
		>receipts 2>said || code=$?
	[ "$code" = 7 ]
	[ "$(jq -r .state receipts | head -n 1)" = unknown ]
	jq -r 'select(.batch == 2).state' receipts | grep -vx unknown
}

@test "a killed attempt, then a refusal: unknown" {
	run_again ''
	head -n 2 j >open # the header, and an attempt without a result
	mv open j
	run_again '1-3:false' # all of it, and each half
	came_to 7 'unknown/200/3 accepted/200/1' 4
	tp-status --endpoint "$sandbox" --deadline 1 j >outcomes 2>said ||
		code=$?
	[ "$code" = 7 ]
	# One for each half, as both were sent apart.
	grep 'receipts of 2 batches unknown' said
}

@test "a half in doubt is not halved further; the rest is settled" {
	seq 4 | sed '1ibatch=thirdPartyId,tier
s/$/,gold/' >both
	# The whole is refused; of its first half the answer is lost, then 400.
	run_again '1:false 2:reset-after 3:code=400'
	[ "$code" = 7 ]
	[ "$(wc -l <log)" = 4 ]
	jq -r '[.state, .rowsFrom, .rows, .http] | join("/")' receipts >got
	assert_same <(printf 'accepted/3/2/200\nunknown/1/2/400\n') <(sort got)
	[ ! -e failed ]
	run_again ''
	[ "$code $(wc -l <log)" = '0 1' ]
	jq -r '[.state, .rowsFrom, .rows] | join("/")' receipts >got
	assert_same <(printf 'accepted/1/2\nskipped/3/2\n') <(sort got)
}

@test "in doubt, then halved by the next run: each row tells for itself" {
	run_again '1:reset-after 2:false'
	came_to 7 'unknown/200/2 accepted/200/1' 3
	run_again '1-2:false' # the whole, and its first row
	[ "$code" = 7 ]
	parts() {
		jq -r '[.state, .rowsFrom, .rows, .possibleDuplicate] |
			map(tostring) | join("/")' receipts | sort
	}
	printf '%s\n' accepted/2/1/true skipped/null/1/null \
		unknown/1/1/true >expected
	assert_same expected <(parts)
	[ ! -e failed ]
	# tp-status says the same of the journal: 7, and of the first row.
	sandbox_start --port "$port"
	code=0
	tp-status --endpoint "$sandbox" --deadline 1 --interval 0 j \
		>outcomes 2>said || code=$?
	sandbox_stop
	[ "$code" = 7 ]
	grep 'receipts of 1 batch unknown' said
	run_again '' # all of it is sent once more, and taken
	came_to 0 'accepted/200/1 skipped/200/0' 1
}

@test "halves in doubt, all refused by the next run: still unknown" {
	run_again '1:false 2-5:reset-after'
	[ "$code" = 7 ]
	for refusal in 1-2:false 1-2:code=400 1-2:code=302; do
		run_again "$refusal"
		[ "$code $(wc -l <log)" = '7 3' ] || # and the second batch
			[ "$code $(wc -l <log)" = '7 2' ]
		jq -se 'map(select(.batch == 1)) | all(.state == "unknown") and
			(map(.rows) | add) == 2' receipts
		[ ! -e failed ]
	done
	run_again '1:code=401'
	[ "$code" = 7 ]
	[ ! -e failed ]
	run_again '' # each half is accepted at last
	[ "$code" = 0 ]
}

@test "what stops the run while it halves a batch is what its receipt says" {
	send '1:code=413 2-3:code=503' -q
	came_to 5 'failed/503/3 failed/null/0' 3
	grep '^tp-send: both:1: failed: batch 1: HTTP 503' said
	code=0
	tp-status -c demo --endpoint "$sandbox" receipts >outcomes 2>said ||
		code=$?
	[ "$code" = 5 ]
	send '1:false 2:code=403' -q
	came_to 6 'refused/403/2 failed/null/0' 2
	assert_same both failed
	code=0
	tp-status -c demo --endpoint "$sandbox" receipts >outcomes 2>said ||
		code=$?
	[ "$code" = 6 ]
	# Its first half was accepted: of the other it is said.
	send '1:false 3:code=403'
	[ "$code" = 6 ]
	jq -r '[.state, .rowsFrom, .http] | map(tostring) | join("/")' receipts |
		head -n 2 >got
	assert_same <(printf 'accepted/1/200\nrefused/2/403\n') got
	# With a journal the batch waits for the next run.
	rm -f failed
	run_again '1:code=413 2-3:code=503'
	came_to 5 'failed/503/3 failed/null/0' 3 || came_to 5 failed/503/3 3
	[ ! -e failed ]
	run_again ''
	[ "$code" = 0 ]
}
