#!/usr/bin/env bats
# Seals from tp-send on: what an earlier program did not finish is noticed,
# in shells without pipefail too.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'batch=thirdPartyId,tier\na1,gold\na2,silver\n' >one.batches
	printf 'batch=thirdPartyId,tier\nb1,gold\n' >two.batches
	cat one.batches two.batches >both.batches
	export TP_CLIENT=demo
}

teardown() {
	sandbox_stop
}

start() { # OPTION...
	sandbox_start --rate 0 --log log "$@"
	export TP_ENDPOINT=$sandbox
}

# The seal of FILE, which has so many rows.
seal_line() { # ROWS FILE
	echo "#tp-seal rows=$1 bytes=$(wc -c <"$2") sha256=$(digest "$2")"
}
seal_object() { # ROWS FILE
	echo "{\"seal\":{\"rows\":$1,\"bytes\":$(wc -c <"$2")," \
		"\"sha256\":\"$(digest "$2")\"}}" | tr -d ' '
}
digest() { # FILE
	sha256sum "$1" | cut -d ' ' -f 1
}

send() { # OPTION...
	code=0
	timeout 150 tp-send --retries 0 --retry-delay 0 --rate 1000 \
		--failed failed "$@" >receipts 2>said || code=$?
}

ask() { # OPTION...
	code=0
	timeout 150 tp-status --interval 0 --poll-rate 600 --rate 600 \
		--deadline 120 "$@" >outcomes 2>said || code=$?
}

states() {
	jq -r '.state // "seal"' "${1:-receipts}" | paste -sd ' '
}

@test "the seal is over the receipts, and over the outcomes" {
	start
	send --seal both.batches
	[ "$code $(states)" = '0 accepted accepted seal' ]
	sed '$d' receipts >plain
	[ "$(tail -n 1 receipts)" = "$(seal_object 2 plain)" ]
	ask --seal --sealed receipts
	[ "$code $(states outcomes)" = '0 complete complete seal' ]
	sed '$d' outcomes >plain
	[ "$(tail -n 1 outcomes)" = "$(seal_object 2 plain)" ]
	send --seal --dry-run both.batches
	sed '$d' receipts >plain
	[ "$(tail -n 1 receipts)" = "$(seal_object 1 plain)" ]
}

@test "without --seal there is none; a seal is taken away all the same" {
	start
	{ cat both.batches && seal_line 3 both.batches; } >sealed.batches
	send sealed.batches
	[ "$code $(states)" = '0 accepted accepted' ]
	{ cat receipts && seal_object 2 receipts; } >sealed.receipts
	ask sealed.receipts
	[ "$code $(states outcomes)" = '0 complete complete' ]
	TP_SEAL=0 send one.batches
	[ "$code $(states)" = '0 accepted' ]
}

@test "exits 0 and 1 seal, others never" {
	start --fault 1:code=400 --fault 3:html --fault 4:code=401 \
		--fault 5:code=503
	send --seal both.batches
	[ "$code $(states)" = '1 refused accepted seal' ]
	ask --seal receipts
	[ "$code $(states outcomes)" = '1 complete seal' ]
	for expected in '7 unknown' '6 refused' '5 failed'; do
		send --seal two.batches
		[ "$code $(states)" = "$expected" ]
		ask --seal receipts
		[ "$code" = "${expected% *}" ]
		[ ! -s outcomes ]
	done
	send --seal < <(printf 'batch=thirdPartyId,tier\na+b,gold\n')
	[ "$code $(states)" = '3 invalid' ]
	send --seal --summary /dev/full two.batches
	[ "$code $(states)" = '4 accepted' ]
	ask --seal --summary /dev/full receipts
	[ "$code $(states outcomes)" = '4 complete' ]
}

@test "a signal: no seal" {
	start
	sandbox_pause
	code=0
	tp-send --seal --failed failed two.batches >receipts 2>said 3>&- &
	sender=$!
	until_requests 1
	kill "$sender"
	sandbox_resume
	wait "$sender" || code=$?
	[ "$code $(states)" = '143 accepted' ]
}

@test "--sealed without a seal: 3, and the last batch is not sent" {
	start
	for jobs in 1 4; do
		: >log
		send --jobs $jobs --seal --sealed both.batches
		[ "$code $(states)" = '3 accepted' ]
		[ "$(jq -r .sha256 log)" = "$(digest one.batches)" ]
		[ ! -e failed ]
		grep 'there is no seal at the end' said
		grep 'batch 2 and all that may come after it' said
	done
	: >log
	send --seal --sealed </dev/null
	[ "$code" = 3 ]
	[ ! -s receipts ]
	send --seal --sealed --dry-run both.batches
	[ "$code" = 3 ]
	[ ! -s log ]
}

@test "each byte of a batch or its seal that is lost: the batch is not sent" {
	start
	{ cat two.batches && seal_line 1 two.batches; } >sealed
	for n in $(seq 24 3 $(($(wc -c <sealed) - 1))); do
		send --sealed --seal < <(head -c "$n" sealed)
		[ "$code" = 3 ]
		[ ! -s receipts ]
	done
	send --sealed --seal < <(sed 's/gold/cold/' sealed)
	[ "$code" = 3 ]
	[ ! -s receipts ]
	[ ! -s log ]
	send --sealed --seal sealed
	[ "$code $(states)" = '0 accepted seal' ]
}

@test "each FILE has a seal of its own" {
	start
	{ cat one.batches && seal_line 2 one.batches; } >one
	{ cat two.batches && seal_line 1 two.batches; } >two
	send --sealed --seal one two
	[ "$code $(states)" = '0 accepted accepted seal' ]
	send --sealed one two.batches
	[ "$code $(states)" = '3 accepted' ]
	send one.batches
	{ cat receipts && seal_object 1 receipts; } >first
	ask --sealed first receipts
	[ "$code $(states outcomes)" = '3 complete complete' ]
	ask --sealed first first
	[ "$code $(states outcomes)" = '0 complete complete' ]
}

@test "receipts without a seal: asked about all the same, then 3, no seal" {
	start
	send both.batches
	ask --seal --sealed receipts
	[ "$code $(states outcomes)" = '3 complete complete' ]
	grep 'there is no seal at the end' said
	{ cat receipts && seal_object 2 receipts; } |
		sed 's/"rows":2/"rows":3/' >changed
	ask --seal --sealed changed
	[ "$code" = 3 ]
	grep -F 'the seal does not match' said
}

@test "a table is for people: no seal" {
	start
	send one.batches
	ask --seal --format table receipts
	[ "$code" = 0 ]
	[ -s outcomes ]
	run ! grep seal outcomes
}

@test "the command that sends the failed file again works under TP_SEAL=1" {
	start --fault 1:code=503
	export TP_SEAL=1
	{ cat both.batches && seal_line 3 both.batches; } >sealed
	send <sealed
	[ "$code $(states)" = '5 failed failed' ]
	command=$(sed -n 's/.*send again with: //p' said)
	[[ $command == 'TP_SEAL=0 tp-send --seal -c demo'* ]]
	sh -c "$command" >receipts
	[ "$(states)" = 'accepted accepted seal' ]
	tp-status receipts --deadline 120 --interval 0 >outcomes
	[ "$(states outcomes)" = 'complete complete seal' ]
}

# ------------------------------------------------------- the whole pipeline

# Runs it in a shell that has no pipefail.
pipeline() { # COMMANDS
	code=0
	timeout 150 dash -c "$1" >out 2>said || code=$?
}

@test "an export cut off: 3, without pipefail; undamaged: 0" {
	start
	export TP_SEAL=1
	# Over 1,000,000 bytes packed.
	{
		echo thirdPartyId,tier
		openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null |
			head -c 1300000 | od -An -v -tx1 -w12 | tr -d ' ' |
			sed 's/.*/&,x/'
	} | gzip -c >export.csv.gz
	[ "$(wc -c <export.csv.gz)" -gt 1100000 ]
	pipeline 'head -c 1000000 export.csv.gz | tp-validate |
		tp-split --max-rows 20000 | tp-send'
	[ "$code" = 3 ]
	[ -s out ]
	run ! grep '"seal"' out
	pipeline 'head -c 1000000 export.csv.gz | tp-validate |
		tp-split --max-rows 20000 | tp-send |
		tp-status --interval 0 --poll-rate 600'
	[ "$code" = 3 ]
	[ -s out ]
	run ! grep '"seal"' out
	: >log
	pipeline 'head -c 1000000 export.csv.gz | tp-validate | tp-split |
		tp-send'
	[ "$code" = 3 ]
	[ ! -s out ]
	[ ! -s log ]
	pipeline 'cat export.csv.gz | tp-validate | tp-split | tp-send'
	[ "$code $(states out)" = '0 accepted seal' ]
	pipeline 'cat export.csv.gz | tp-validate | tp-split | tp-send |
		tp-status --interval 0 --poll-rate 600'
	[ "$code $(states out)" = '0 complete seal' ]
}

@test "each stage that is killed: 3 from tp-status" {
	start
	export TP_SEAL=1
	{ echo thirdPartyId,tier && seq -f 'id%.0f,gold' 1000; } >export.csv
	# What each wrote before it died is whole lines, as if it had ended.
	printf '#!/bin/sh\nsed \047$d\047\n: >>gone\n' >dies
	chmod +x dies
	ask='tp-status --interval 0 --poll-rate 600'
	for stages in "tp-validate export.csv | ./dies | tp-split | tp-send" \
		"tp-validate export.csv | tp-split | ./dies | tp-send" \
		"tp-validate export.csv | tp-split | tp-send | ./dies"; do
		rm -f gone
		pipeline "$stages | $ask"
		echo "$stages: exit $code: $(cat said)"
		[ "$code" = 3 ]
		[ -e gone ]
		run ! grep '"seal"' out
	done
}

@test "a seal is never demanded of a journal" {
	start
	printf 'batch=thirdPartyId,tier\na1,gold\n' |
		TP_SEAL=0 tp-send --journal journal >receipts
	TP_SEAL=1 tp-status --interval 0 --poll-rate 600 journal >outcomes
	[ "$(jq -r 'select(.seal == null) | .state' outcomes)" = complete ]
	code=0
	TP_SEAL=1 tp-status --interval 0 --poll-rate 600 receipts \
		>outcomes 2>said || code=$?
	[ "$code" = 3 ]
}
