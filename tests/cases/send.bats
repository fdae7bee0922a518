#!/usr/bin/env bats
# tp-send without a server: usage, the plan, what must not be sent, the failed
# file.

load ../helper

setup_file() {
	nobody_start
	export nobody nobody_pid
}

teardown_file() {
	nobody_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'batch=thirdPartyId,tier\na1,gold\na2,silver\n' >one
	printf 'batch=thirdPartyId,tier\nb1,gold\n' >two
	export TP_CLIENT=demo TP_ENDPOINT=$nobody
}

# Runs tp-send, which cannot reach anything; code, receipts, said.
try_send() {
	code=0
	timeout 120 tp-send --retries 0 "$@" >receipts 2>said || code=$?
}

states() {
	jq -r .state receipts | paste -sd ' '
}

@test "wrong usage: 2, one line, nothing on stdout" {
	while read -r -a options; do
		try_send "${options[@]}" one
		[ "$code" = 2 ]
		[ ! -s receipts ]
		[ "$(wc -l <said)" = 1 ]
		grep '^tp-send: ' said
	done <<-'END'
	--rate x
	--rate 0
	--jobs 17
	--jobs -1
	--retries 101
	--timeout 0
	--retry-delay 61
	--api v3
	--client a/b
	--endpoint http://example.com
	--endpoint https://example.com/path
	--token-file /nonexistent
	--cacert /nonexistent
	--failed /nonexistent/x
	--failed one
	--no-such-option
	END
	[ "$(ls)" = "$(printf '%s\n' one receipts said state two)" ]
}

@test "a port that is none is said to be one" {
	for port in 0 65536 99999 123456789012345678901 x ''; do
		try_send --endpoint "http://127.0.0.1:$port" one
		[ "$code" = 2 ]
		[ "$(cat said)" = "tp-send: endpoint 'http://127.0.0.1:$port': \
the port must be a number from 1 to 65535" ]
	done
	for address in http://127.0.0.1:80x https:// host:80; do
		try_send --endpoint "$address" one
		[ "$code" = 2 ]
		grep 'expected https://HOST or https://HOST:PORT' said
	done
}

@test "no client code: 2" {
	unset TP_CLIENT
	try_send one
	[ "$code" = 2 ]
	grep -- '--client CODE or set TP_CLIENT' said
}

@test "empty input, a missing file, a folder, something else: 3" {
	try_send </dev/null
	[ "$code" = 3 ]
	grep 'empty' said
	for file in nowhere . said; do
		try_send "$file"
		[ "$code" = 3 ]
		[ ! -s receipts ]
	done
}

@test "the plan" {
	tp-send --dry-run --rate 1 one two - <one >plan
	cat >expected <<-END
	{"url":"$nobody/m2/demo/v2/profile/batchUpdate",\
	"batches":3,"rows":5,"bytes":116,"calls":3,"minutes":3,"invalid":0}
	END
	sed -i 's/\t//g' expected
	assert_same expected plan
	[ "$(ls)" = "$(printf '%s\n' expected one plan two)" ]
	code=0
	tp-send --dry-run one >/dev/full || code=$?
	[ "$code" = 4 ]
}

@test "the plan of what is not valid: 3" {
	printf 'batch=id,tier\na1,gold\n' >bad
	printf 'batch=thirdPartyId,tier\na1,gold' >cut
	code=0
	tp-send --dry-run bad two cut >plan 2>said || code=$?
	[ "$code" = 3 ]
	jq -e '.batches == 1 and .invalid == 2' plan
	grep '^tp-send: bad:1:' said
	grep '^tp-send: cut:2:1: cut-short: batch 3: ' said
}

@test "a batch that does not comply: invalid, kept, 3; the others go on" {
	printf 'batch=id,tier\na1,gold\n' >bad
	try_send --failed failed bad two
	[ "$code $(states)" = '5 invalid failed' ]
	assert_same <(cat bad two) failed
	[ "$(jq -r .sha256 receipts | head -n 1)  bad" = "$(sha256sum bad)" ]
	try_send --failed failed2 bad
	[ "$code $(states)" = '3 invalid' ]
	[ "$(jq .attempts receipts)" = 0 ]
}

@test "a last batch cut short: not sent, no receipt, not kept, 3" {
	for tail in 'batch=thirdPartyId,tier\nx' 'batch=thirdPartyId,tier\n' \
		'batch=thirdParty' 'batch=thirdPartyId,tier\nx,1\ny,2'; do
		{ cat one && printf "$tail"; } >cut
		try_send --failed failed cut
		[ "$code $(states)" = '5 failed' ]
		assert_same one failed
		rm failed
		printf "$tail" >cut
		try_send --failed failed cut
		[ "$code" = 3 ]
		[ ! -s receipts ]
		[ ! -e failed ]
	done
}

@test "a batch larger than any memory: whole in the failed file, 3" {
	row=$(printf 'x%.0s' {1..4000})
	{
		echo batch=thirdPartyId,a
		yes "id,$row" | head -n 15000
		cat two
	} >large
	try_send --failed failed large
	[ "$code $(states)" = '5 invalid failed' ]
	assert_same large failed
	[ "$(jq .bytes receipts | head -n 1)" = $((21 + 15000 * 4004)) ]
	head -c $((21 + 15000 * 4004)) large >whole
	[ "$(jq -r .sha256 receipts | head -n 1)  whole" = \
		"$(sha256sum whole)" ]
}

@test "the failed file by default: its name, mode and place" {
	try_send one two
	[ "$code $(states)" = '5 failed failed' ]
	name=$(echo tp-failed-*.batches)
	[[ $name =~ ^tp-failed-[0-9]{8}T[0-9]{6}Z-[0-9]+\.batches$ ]]
	[ "$(stat -c %a "$name")" = 600 ]
	assert_same <(cat one two) "$name"
	grep "2 batches were not accepted, kept in $name; send again with:" said
	rm "$name"
	try_send -q one # named also then
	grep 'send again with:' said
}

@test "-q says why the exit code is 2 or more" {
	printf 'batch=thirdPartyId,tier\nc1,go' >cut
	try_send -q two cut
	[ "$code" = 5 ]
	grep '^tp-send: cut:2:1: cut-short: batch 2: the last line has no' said
	printf 'batch=thirdPartyId,tier\nc1,50%%\n' >bad
	try_send -q two bad
	[ "$code" = 5 ]
	grep '^tp-send: bad:2:6: invalid: batch 2: ' said
	# and of those that were not sent any more it says nothing
	grep '^tp-send: two:1: failed: batch 1: .*onnect' said
	[ "$(grep -c failed: said)" = 1 ]
}

@test "the command that sends it again can be pasted" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout key -out crt -days 2 -subj /CN=x 2>openssl.err
	try_send --api v1 --cacert crt --failed './a b' two
	command=$(sed -n 's/.*send again with: //p' said)
	[ "$command" = "tp-send -c demo --api v1 --endpoint $nobody \
--cacert crt './a b'" ]
}

@test "… whatever the names are" {
	long=$(printf 'long-%.0s' {1..30})
	long=$long/$long/$long/$long
	mkdir -p "$long"
	for file in "it's" "'" "''a" 'a\b\\c' '-x $HOME `id` "*"' 'é ü' \
		"$long/it's"; do
		try_send -q --failed "./$file" --summary s two
		command=$(sed -n 's/.*send again with: //p' said)
		eval "$command --dry-run" >plan
		[ "$(jq .batches plan)" = 1 ]
		[ "$(jq -r .failedFile s)" = "./$file" ]
	done
	try_send --failed 'a	b' two
	grep -F "'a\x09b'" said
}

@test "the failed file is appended to, a torn tail cut off first" {
	for tail in '\0atch=thirdPartyId,tier\nz1,go' \
		'\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; do
		# shellcheck disable=SC2059
		{ cat one && printf "$tail"; } >failed
		try_send --failed failed two
		[ "$code" = 5 ]
		assert_same <(cat one two) failed
		grep 'warning: failed ended in a batch .* 29 bytes were cut' said
	done
}

@test "a failed file that something else has cut: 2, and nothing is lost" {
	for option in -q -v; do
		{ cat one && printf 'batch=thirdPartyId,tier\nz1,go'; } |
			tee failed >copy
		try_send $option --failed failed two
		[ "$code" = 2 ]
		[ ! -s receipts ]
		assert_same copy failed
		grep '^tp-send: failed: .* does not end in a line feed' said
	done
}

@test "the failed file: no link, no input, nothing else" {
	ln -s elsewhere link
	try_send --failed link one
	[ "$code" = 2 ]
	[ ! -e elsewhere ]
	cp two kept
	ln -s kept linked
	try_send --failed linked one
	[ "$code" = 2 ]
	assert_same two kept
	cp one input
	try_send --failed input <input
	[ "$code" = 2 ]
	echo id,a >table
	try_send --failed table one
	[ "$code" = 2 ]
	[ "$(cat table)" = id,a ]
	assert_same one input
}

@test "the failed file may be a pipe" {
	mkfifo pipe
	cat pipe >out &
	try_send --failed pipe one two
	wait $!
	[ "$code" = 5 ]
	assert_same <(cat one two) out
}

@test "a failed file with a name as long as may be" {
	name=$(printf 'f%.0s' {1..255})
	try_send --failed "$name" one
	[ "$code" = 5 ]
	cmp one "$name"
	try_send --failed "x$name" one
	[ "$code" = 2 ]
}

@test "a failed file that cannot take it: 4, and it is said" {
	try_send --failed /dev/full one two
	[ "$code" = 4 ]
	grep '^tp-send: /dev/full: cannot write: No space left' said
	grep '^tp-send: neither accepted nor kept: batch 1; send it again' said ||
		grep 'neither accepted nor kept: batches 1 to 2; send them' said
	grep 'batch 2 and all that may come after it were not read' said ||
		grep 'neither accepted nor kept: batches 1 to 2' said
}

@test "-q names all batches that are neither accepted nor kept" {
	# Cut ones, of as many files, more than are shown one by one.
	files=()
	for i in $(seq 30); do
		printf 'batch=thirdPartyId,tier\nc1,go' >"cut$i"
		files+=("cut$i")
	done
	try_send -q --failed failed "${files[@]}" one "${files[@]}"
	[ "$code" = 5 ]
	grep '^tp-send: neither accepted nor kept: batches 1 to 30, 32 to 61; ' \
		said
	grep 'send them again from where they came$' said
	assert_same one failed
	[ "$(grep -c 'cut-short: batch' said)" = 20 ]
	grep '^tp-send: cut-short: 40 more like these' said
	try_send -q cut1
	[ "$code" = 3 ]
	grep '^tp-send: neither accepted nor kept: batch 1; send it again' said
}

@test "the summary" {
	printf 'batch=id,tier\na1,gold\n' >bad
	printf 'batch=thirdPartyId,tier\na1,gold' >cut
	try_send --failed failed --summary summary bad one two cut
	jq -e '[.batches, .invalid, .failed, .accepted, .passedOver, .rows,
		.rowsAccepted, .calls, .failedFile, .exit] ==
		[3, 1, 2, 0, 1, 4, 0, 1, "failed", 5]' summary
}

@test "--version names the libraries" {
	tp-send --version | grep -E 'libcurl [0-9.]+, .*, jansson .*, zlib '
	TP_SCAN=portable tp-send -V | grep -qx 'scan kernel: portable'
	code=0
	tp-send --help >/dev/full || code=$?
	[ "$code" = 4 ]
}

@test "TP_SCAN: a kernel that checks batches, or exit 2" {
	printf 'batch=thirdPartyId,a\nx,1\n' >good
	printf 'batch=thirdPartyId,a\nx,=\n' >bad
	for k in portable libcsv; do
		TP_SCAN=$k tp-send -q --dry-run good
		status=0
		TP_SCAN=$k tp-send -q --dry-run bad || status=$?
		[ "$status" = 3 ]
	done
	status=0
	TP_SCAN=x tp-send --dry-run good >out 2>err || status=$?
	expect 2 '' 'tp-send: TP_SCAN=x: there is no such scan kernel\n'
}
