#!/usr/bin/env bats
# A file has one use in a run: what is written replaces nothing that is read,
# or written, in the same run.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export TP_CLIENT=demo TP_ENDPOINT=http://127.0.0.1:1
	printf 'thirdPartyId,v\na1,1\na+2,2\n' >export
	printf 'batch=thirdPartyId,v\na1,1\n' >batch
	echo '{}' >receipts
	(umask 077 && echo secret >token)
	mkdir d
	ln -s ../export d/link
	ln export d/hard
	cp export batch receipts token d
}

# Refused: exit 2 and one line that says this; nothing was changed or made.
refused() { # TEXT COMMAND...
	local text=$1 before after
	shift
	before=$(ls -R . && cat export batch receipts token d/* | cksum)
	status=0
	"$@" >/dev/null 2>"$BATS_TEST_TMPDIR.err" || status=$?
	after=$(ls -R . && cat export batch receipts token d/* | cksum)
	[ "$status" = 2 ] || {
		echo "exit $status: $*"
		cat "$BATS_TEST_TMPDIR.err"
		return 1
	}
	[ "$before" = "$after" ] || {
		echo "changed or made: $*"
		return 1
	}
	[ "$(cat "$BATS_TEST_TMPDIR.err")" = "${1##*/}: $text" ] || {
		echo "expected: $text"
		cat "$BATS_TEST_TMPDIR.err"
		return 1
	}
}

@test "an output that is an input" {
	for program in tp-validate tp-split; do
		for option in rejects errors summary; do
			refused "--$option is the input export: write to another file" \
				$program --$option export export
			refused "--$option is the input d/link: write to another file" \
				$program --$option ./export other d/link
			refused "--$option is the input export: write to another file" \
				$program --$option d/hard export
		done
	done
	refused '--manifest is the input export: write to another file' \
		tp-split --manifest export export
	refused '--summary is the input receipts: write to another file' \
		tp-status --summary receipts receipts
	for option in failed journal summary; do
		refused "--$option is the input batch: write to another file" \
			tp-send --$option batch batch
	done
}

@test "… on standard input" {
	for arguments in '' - 'other -'; do
		status=0
		# shellcheck disable=SC2086
		tp-validate --rejects export $arguments <export >out 2>err ||
			status=$?
		expect 2 '' 'tp-validate: --rejects is the input -: write to another file\n'
	done
	status=0
	tp-send --failed batch <batch >out 2>err || status=$?
	expect 2 '' 'tp-send: --failed is the input -: write to another file\n'
}

@test "… by the name of an open descriptor" {
	for name in /dev/stdin /dev/fd/0 /proc/self/fd/0; do
		status=0
		tp-validate --rejects export $name <export >out 2>err || status=$?
		expect 2 '' "tp-validate: --rejects is the input $name: write to another file\n"
		status=0
		tp-send --failed batch $name <batch >out 2>err || status=$?
		expect 2 '' "tp-send: --failed is the input $name: write to another file\n"
		cp export more
		status=0
		(ulimit -f 1000 && tp-validate $name <more >>more 2>err) ||
			status=$?
		[ "$status" = 2 ]
		assert_same export more
	done
}

@test "a program without inputs" {
	status=0
	tp-sandbox --port 0 <>log >&0 2>err 3>&- &
	pid=$!
	until_lines 1 log
	kill "$pid"
	wait "$pid" || status=$?
	[ "$status" = 0 ]
	[ ! -s err ]
}

@test "standard output is a file that an option reads" {
	before=$(cat receipts token | cksum)
	status=0
	tp-verify --receipts receipts batch >>receipts 2>err || status=$?
	[ "$status" = 2 ]
	[ "$(cat err)" = 'tp-verify: standard output is what --receipts reads: write to another file' ]
	status=0
	tp-send --token-file d/../token batch 1<>token 2>err || status=$?
	[ "$status" = 2 ]
	[ "$(cat err)" = 'tp-send: standard output is what --token-file reads: write to another file' ]
	[ "$before" = "$(cat receipts token | cksum)" ]
}

@test "two outputs that are one file, there or not yet" {
	same='are the same file: name another for one of them'
	for program in tp-validate tp-split; do
		for name in o d/batch; do
			refused "--rejects and --errors $same" \
				$program --rejects $name --errors ./$name export
			refused "--rejects and --summary $same" \
				$program --summary $name --rejects ./$name export
			refused "--errors and --summary $same" \
				$program --summary "$PWD/$name" --errors $name export
		done
	done
	refused "--manifest and --summary $same" \
		tp-split --manifest o --summary o export
	for name in o d/batch; do
		refused "--failed and --journal $same" \
			tp-send --failed $name --journal ./$name batch
		refused "--failed and --summary $same" \
			tp-send --failed $name --summary ./$name batch
		refused "--journal and --summary $same" \
			tp-send --journal $name --summary ./$name batch
	done
	refused "--log and --summary $same" \
		tp-sandbox --log o --summary ./o
	refused "--db and --log $same" tp-sandbox --db o --log ./o
}

@test "an output that is the token's file" {
	for option in failed journal summary; do
		refused "--$option and --token-file are the same file: name another for one of them" \
			tp-send --$option token --token-file ./token batch
	done
	export TP_TOKEN_FILE=token
	refused '--summary and --token-file are the same file: name another for one of them' \
		tp-status --summary ./token receipts
}

@test "standard output" {
	status=0
	tp-validate --rejects out export >out 2>err || status=$?
	expect 2 '' 'tp-validate: --rejects is standard output too: name another file\n'
	cp batch more
	status=0
	tp-send --failed more batch >>more 2>err || status=$?
	[ "$status" = 2 ]
	assert_same batch more
}

@test "an output that is appended to the input: no endless loop" {
	for program in tp-validate tp-split tp-status tp-send; do
		cp export more
		status=0
		(ulimit -f 1000 && $program more >>more 2>err) || status=$?
		[ "$status" = 2 ]
		assert_same export more
		[ "$(cat err)" = "$program: standard output is the input more: write to another file" ]
		status=0
		(ulimit -f 1000 && $program <more >>more 2>err) || status=$?
		[ "$status" = 2 ]
		assert_same export more
	done
}

@test "names of batches in their folder" {
	mkdir o other
	for option in rejects errors summary manifest; do
		refused "--$option o/batch-000001.txt: expected another name: the batches are called so" \
			tp-split -o o --$option o/batch-000001.txt export
	done
	# of a folder that is to be made
	try tp-split -o new --manifest ./new/batch-1.txt export
	expect 2 '' 'tp-split: ./new/batch-1.txt: expected another name: the batches are called so\n'
	[ -z "$(ls -A new)" ]
	try tp-split -q -o o --manifest other/batch-000001.txt export
	[ "$status" = 0 ]
	[ "$(jq -r .path other/batch-000001.txt)" = o/batch-000001.txt ]
	try tp-split -q --manifest batch-1.txt export
	[ "$status" = 0 ]
}

@test "an empty name" {
	for option in rejects errors summary; do
		refused "--$option '': expected the name of a file" \
			tp-validate --$option '' export
	done
	refused "--manifest '': expected the name of a file" \
		tp-split --manifest '' export
	for option in failed journal summary; do
		refused "--$option '': expected the name of a file" \
			tp-send --$option '' batch
	done
	refused "--summary '': expected the name of a file" \
		tp-sandbox --summary ''
}

@test "-, which would make a file of that name" {
	local made="this would make a file called '-': name it ./-, if that is meant"
	local out=', or standard output by /dev/stdout'

	for option in rejects errors summary; do
		refused "--$option -: $made$out" \
			tp-validate --check --$option - export
		refused "--$option -: $made$out" \
			tp-split -o new --$option - export
		refused "--$option -: standard output is for the records: name a file (./- for one that is called '-')" \
			tp-validate --$option - export
		refused "--$option -: standard output is for the batches: name a file (./- for one that is called '-')" \
			tp-split --$option - export
	done
	refused "--manifest -: $made$out" tp-split -o new --manifest - export
	refused "--manifest -: standard output is for the batches: name a file (./- for one that is called '-')" \
		tp-split --manifest - export
	refused "--output-dir -: this would make a folder called '-': name it ./-, if that is meant" \
		tp-split -o - export
	refused "--failed -: $made" tp-send --failed - batch
	refused "--journal -: $made" tp-send --journal - batch
	refused "--summary -: $made$out" tp-send --summary - batch
	refused "--summary -: $made$out" tp-status --summary - receipts
	! command -v tp-sandbox >/dev/null || {
		refused "--db -: $made" tp-sandbox --db -
		refused "--log -: $made$out" tp-sandbox --log -
		refused "--summary -: $made$out" tp-sandbox --summary -
	}
	# What the messages say to write does what they say.
	try tp-validate -q --rejects ./- export
	[ "$status" = 1 ]
	printf 'thirdPartyId,v\na+2,2\n' | cmp - ./-
	rm ./-
	try tp-split -q -o ./- --manifest /dev/stdout --seal export
	[ "$status" = 0 ]
	[ "$(grep -cx './-/batch-000001.txt' out)" = 1 ]
	[ "$(grep -cx '{"batch":1,.*}' out)" = 1 ]
	[ "$(grep -cx '#tp-seal rows=1 .*' out)" = 1 ]
	[ "$(wc -l <out)" = 3 ]
}

# Everything that tp-validate writes, and something behind it.
all_to() { # FILE
	tp-validate -q --check --rejects "$1" --errors "$1" --summary "$1" \
		mixed || [ $? = 1 ]
	echo behind
}

@test "what is written to /dev/stdout is neither lost nor mixed with data" {
	printf 'thirdPartyId,v\na1,"1,2"\na+2,2\n' >mixed
	for name in /dev/stdout /dev/fd/1 /proc/self/fd/1; do
		for option in rejects errors summary; do
			refused "--$option $name: standard output is for the records: name a file (./- for one that is called '-')" \
				tp-validate --$option $name export
			refused "--$option $name: standard output is for the batches: name a file (./- for one that is called '-')" \
				tp-split --$option $name export
		done
		all_to "$name" >out
		all_to "$name" | cat >piped
		for got in out piped; do
			grep -qx 'a+2,2' $got
			grep -qx '{"record":2,.*}' $got
			grep -qx '{"in":2,.*"exit":1}' $got
			[ "$(tail -n 1 $got)" = behind ]
		done
	done
	# Messages do not overwrite it either, nor it them.
	for name in /dev/stderr /dev/fd/2 /proc/self/fd/2; do
		tp-validate --errors $name --summary $name mixed 2>err >out ||
			[ $? = 1 ]
		grep -q '^tp-validate: mixed:3:1: id-plus-slash: ' err
		grep -qx '{"record":2,.*}' err
		grep -q '^tp-validate: warning: separators: ' err
		grep -qx '{"in":2,.*"exit":1}' err
	done
	# One that is open for reading is no output.
	status=0
	tp-validate --rejects /dev/stdin export <mixed >out 2>err || status=$?
	expect 2 '' 'tp-validate: cannot make /dev/stdin: Bad file descriptor\n'
	# Neither is one that is closed.
	for option in rejects errors summary; do
		status=0
		tp-validate --check --$option /dev/stdout mixed >&- 2>err ||
			status=$?
		: >out
		expect 2 '' 'tp-validate: cannot make /dev/stdout: Bad file descriptor\n'
	done
}

@test "pipes, devices and open descriptors may serve several" {
	try tp-validate -q --rejects /dev/null --errors /dev/null \
		--summary /dev/null export
	expect 1 'thirdPartyId,v\na1,1\n'
	status=0
	tp-validate -q --check --errors /dev/stdout export >out 2>err ||
		status=$?
	[ "$status" = 1 ]
	[ "$(jq -c .line out)" = 3 ]
}
