#!/usr/bin/env bats
# tp-send --rows: a line for each row of each batch that has a receipt, before
# the journal and the receipt say so.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	seq 3 | sed 's/.*/batch=thirdPartyId,tier\na&,gold\nb&,silver/' >three
	export TP_CLIENT=demo
}

teardown() {
	nobody_stop
	sandbox_stop
	[ -z "${edge_pid-}" ] || kill "$edge_pid" 2>/dev/null || true
	[ -z "${run_pid-}" ] || kill -9 "$run_pid" 2>/dev/null || true
	chmod -R u+rwx . 2>/dev/null || true
}

header='state,api,batch,batchId,time,thirdPartyId'

# A server that refuses each body with a "bad" in it.
edge_start() {
	mkdir -p edge/demo
	mkfifo edge/end
	"$BATS_TEST_DIRNAME/../fault/faithful.py" edge <>edge/end \
		>edge.out 3>&- &
	edge_pid=$!
	sandbox=$(await_address edge.out "$edge_pid")
}

# One run; TRACE is what it is run by.
send() { # OPTION... [FILE]
	code=0
	${TRACE-} timeout 150 tp-send --endpoint "$sandbox" --rate 10000 \
		--retry-delay 0 --journal j --rows rows --failed failed "$@" \
		>receipts 2>said || code=$?
}

# In the background: $run_pid.
send_on() { # OPTION... [FILE]
	tp-send --endpoint "$sandbox" --rate 10000 --journal j --rows rows \
		--failed failed "$@" >receipts 2>said 3>&- &
	run_pid=$!
}

# strace, of one file: what happens to a call.  It counts them for each thread:
# that which reads writes headers, those that send write all else.
inject() { # FILE CALL:WHAT
	echo "strace -f -o trace -P $PWD/$1 -e trace=${2%%:*} -e inject=$2 \
-E ASAN_OPTIONS=detect_leaks=0"
}

# FORMAT of each line, in Python's words, by the names of the columns.
lines() { # FORMAT [FILE]
	python3 -c 'import csv, sys
with open(sys.argv[2], newline="") as rows:
    for row in csv.DictReader(rows, strict=True):
        print(sys.argv[1].format(**row))' "$1" "${2-rows}"
}

# The states by the last line of each identifier: "a1:accepted …".
last() {
	lines '{thirdPartyId}:{state}' | awk -F : '{ s[$1] = $2 }
		END { for (i in s) print i ":" s[i] }' | sort | paste -sd ' '
}

came_to() { # CODE LINES-AS-LAST-HAS-THEM
	[ "$code $(last)" = "$1 $2" ] || {
		echo "got $code $(last), expected $1 $2"
		cat said rows
		return 1
	}
}

# Each receipt has a line for each of its rows, with what the receipt says; no
# other line is in the file behind the first N.
agree() { # [N]
	jq -r 'select(.state != "skipped" and .state != "invalid") |
		"\(.state) \(.api) \(.batch) \(.batchId // "") \(.time)" as $r |
		range(.rows) | $r' receipts | sort >told
	lines '{state} {api} {batch} {batchId} {time}' |
		tail -n +$((${1:-0} + 1)) | sort >found
	assert_same told found
}

# That something was refused before anything was done.
refused() { # TEXT OPTION... [FILE]
	cp -a rows before 2>/dev/null || true
	send "${@:2}"
	[ "$code" = 2 ] || { echo "exit $code" && cat said && return 1; }
	grep -qF -e "$1" said || { cat said && return 1; }
	[ "$(wc -l <said)" = 1 ]
	[ ! -s receipts ]
	[ ! -s log ]
	[ ! -f before ] || assert_same before rows
	rm -rf before
}

@test "the file, byte for byte" {
	sandbox_start --rate 0
	head -n 3 three >one
	send one
	[ "$code" = 0 ]
	{
		echo "$header"
		jq -r '"accepted,v2,1,\(.batchId),\(.time),a1",
			"accepted,v2,1,\(.batchId),\(.time),b1"' receipts
	} >expected
	assert_same expected rows
	[ "$(stat -c %a rows)" = 600 ]
	# What an earlier run had accepted has its lines.
	send one
	[ "$code $(jq -r .state receipts)" = '0 skipped' ]
	assert_same expected rows
	# … and what comes new is added.
	send three
	[ "$code" = 0 ]
	[ "$(jq -r .state receipts | xargs)" = 'skipped accepted accepted' ]
	agree 2
	came_to 0 'a1:accepted a2:accepted a3:accepted b1:accepted b2:accepted b3:accepted'
}

@test "each state: accepted, unknown, refused, failed; not what is invalid" {
	# The port is nobody else's when the server is gone.
	nobody_start
	sandbox_start --rate 0 --fault 2:html --fault 3:code=400 \
		--fault 4-:code=503 --port "${nobody##*:}"
	seq 4 | sed 's/.*/batch=thirdPartyId,tier\na&,gold/' >five
	printf 'batch=thirdPartyId,tier\nx,a=b\ny,%%zz\n' >bad
	cat bad five >all
	send --retries 1 all
	[ "$(jq -r .state receipts | xargs)" = \
		'invalid accepted unknown refused failed' ]
	agree
	[ "$(last)" = 'a1:accepted a2:unknown a3:refused a4:failed' ]
	sandbox_stop
	# What is settled, and not accepted, is told once more.
	n=$(($(wc -l <rows) - 1))
	cp rows first
	sandbox_start --rate 0 --port "${nobody##*:}"
	send all
	[ "$(jq -r .state receipts | xargs)" = \
		'invalid skipped accepted refused accepted' ]
	agree "$n"
	head -c "$(wc -c <first)" rows | cmp - first
	came_to 3 'a1:accepted a2:accepted a3:refused a4:accepted'
}

@test "what was not sent, as the run had stopped, has lines too" {
	edge_start
	seq 30 | sed 's/.*/batch=thirdPartyId,tier\na&,bad/' >refused
	send --jobs 2 refused
	[ "$code" = 6 ]
	agree
	[ "$(jq -s 'map(.rows) | add' receipts)" = "$(lines '{state}' | wc -l)" ]
}

@test "halves: each row by its own part, with its own state" {
	edge_start
	{
		echo batch=thirdPartyId,tier
		seq 8 | sed 's/.*/c&,v&/; 3s/v3/bad/; 6s/v6/bad/'
	} >one
	cat three one >four
	send four
	came_to 1 'a1:accepted a2:accepted a3:accepted b1:accepted b2:accepted b3:accepted c1:accepted c2:accepted c3:refused c4:accepted c5:accepted c6:refused c7:accepted c8:accepted'
	agree
	# As the receipts have the parts.
	[ "$(lines '{batch} {state} {thirdPartyId}' | sort | uniq -d)" = '' ]
	[ "$(lines '{thirdPartyId}' | wc -l)" = 14 ]
	# And in the next run those that were refused.
	send four
	agree 14
	[ "$(lines '{state} {thirdPartyId}' | tail -n +15)" = 'refused c3
refused c6' ]
}

@test "pcId, and v1" {
	sandbox_start --rate 0
	printf 'batch=pcId,tier\n1-2.28_0,gold\n' >pc
	send --api v1 pc
	[ "$code" = 0 ]
	[ "$(head -n 1 rows)" = state,api,batch,batchId,time,pcId ]
	[ "$(lines '{state} {api} {pcId}')" = 'accepted v1 1-2.28_0' ]
}

@test "identifiers are decoded, and quoted where they need it" {
	sandbox_start --rate 0
	printf 'batch=thirdPartyId,tier\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n' \
		'a%2Cb,x' 'say%20%22no%22,x' '%20lead,x' '%CE%95%CE%BB%C3%A9,x' \
		'%3DSUM%28A1%29' '%23note,x' 'two%0Alines,x' '100%25,x' >in
	send in
	[ "$code" = 0 ]
	agree
	sed 's/^accepted,v2,1,[^,]*,[^,]*,//' rows >got
	{
		echo "$header"
		printf '"a,b"\n"say ""no"""\n" lead"\nΕλé\n=SUM(A1)\n'
		printf '"#note"\n"two\nlines"\n100%%\n'
	} >expected
	assert_same expected got
}

@test "a batch for which the service has no name" {
	answers_start
	# shellcheck disable=SC2154 # by answers_start
	sandbox=$answers
	answer post 200 '<response><success>true</success></response>'
	head -n 3 three >one
	send one
	answers_stop
	[ "$code" = 0 ]
	[ "$(sed 's/,[^,]*Z,/,T,/' rows)" = "$header
accepted,v2,1,,T,a1
accepted,v2,1,,T,b1" ]
}

@test "a large batch, and two jobs" {
	sandbox_start --rate 0 --db db
	for b in 1 2 3 4; do
		echo batch=thirdPartyId,tier
		seq 50000 | sed "s/.*/id-$b-&%2C,gold/"
	done >large
	send --jobs 2 large
	[ "$code" = 0 ]
	agree
	assert_same <(sqlite3 db 'SELECT id FROM profile' | sort) \
		<(lines '{thirdPartyId}' | sort)
}

# Kept in the database, and without a line that says accepted: prints these.
lacking() {
	comm -23 <(sqlite3 db 'SELECT DISTINCT id FROM profile' | sort) \
		<(lines '{state} {thirdPartyId}' |
			sed -n 's/^accepted //p' | sort -u)
}

@test "killed again and again: the last line of each id is accepted" {
	sandbox_start --rate 0 --db db --log log
	seq 40 | sed 's/.*/batch=thirdPartyId,tier\na&,gold\nb%2C&,silver/' >many
	for i in 5 12 20 33; do
		send_on --jobs 2 many
		until_lines "$i" log
		kill -9 "$run_pid" || true
		wait "$run_pid" || true
		run_pid=
		# Whatever the journal has as accepted has its lines by then.
		jq -r 'select(.result and .state == "accepted") | .batch' j |
			sort >accepted
		comm -23 accepted <(lines '{state} {batch}' |
			sed -n 's/^accepted //p' | sort -u) >missing
		[ ! -s missing ]
	done
	send --jobs 2 many
	[ "$code" = 0 ]
	[ "$(last | tr ' ' '\n' | grep -c ':accepted$')" = 80 ]
	[ "$(last | wc -w)" = 80 ]
	[ -z "$(lacking)" ]
}

@test "killed at each step: the next run has the rest" {
	head -n 3 three >one
	# The journal's first is the attempt.
	for where in rows:write:1 rows:fsync:1 j:write:2 j:fsync:2; do
		IFS=: read -r file call when <<<"$where"
		rm -f j db log failed
		echo "$header" >rows
		sandbox_start --rate 0 --db db
		TRACE=$(inject "$file" "$call:signal=KILL:when=$when") send one
		echo "$where: $code"
		[ "$code" = 137 ]
		[ -z "$(jq -r 'select(.result)' j)" ] || [ "$where" = j:fsync:2 ]
		[ ! -s receipts ]
		send one
		came_to 0 'a1:accepted b1:accepted'
		[ -z "$(lacking)" ]
		sandbox_stop
	done
}

@test "on disk before the journal's result, and that before the receipt" {
	strace -o strace true || {
		echo 'strace cannot trace here: is ptrace allowed?' && return 1
	}
	sandbox_start --rate 0 --fault 2:code=400
	head -n 6 three >two
	TRACE="strace -f -y -s 4 -o trace -e trace=fsync,sendto,write \
		-E ASAN_OPTIONS=detect_leaks=0" send two
	[ "$(jq -r .state receipts | xargs)" = 'accepted refused' ]
	# rows and their folder, journal and its folder, failed file, request,
	# receipt
	sed -nE -e 's/.* fsync\([0-9]+<[^>]*\/j>.*/J/p' \
		-e 's/.* fsync\([0-9]+<[^>]*\/rows>.*/R/p' \
		-e 's/.* fsync\([0-9]+<[^>]*\/failed>.*/F/p' \
		-e "s|.* fsync\\([0-9]+<$(pwd -P)>.*|D|p" \
		-e 's/.* sendto\([0-9]+<[^>]*>, "POST".*/S/p' \
		-e 's/.* write\(1<.*/T/p' trace | tr -d '\n' >order
	[ "$(cat order)" = DJDRJSRJTJSJRDJFFJT ] || {
		cat order
		return 1
	}
}

@test "a disk that is full: 4, nothing is claimed, and the next run mends it" {
	local jobs first
	# With one job the second batch, else each.
	while read -r jobs first; do
		rm -f j db failed
		echo "$header" >rows
		sandbox_start --rate 0 --db db
		TRACE=$(inject rows "write:error=ENOSPC:when=$first+") \
			send --jobs "$jobs" three
		cat said
		[ "$code" = 4 ]
		[ "$(grep -c 'cannot write to rows' said)" = 1 ]
		agree_accepted
		# It was accepted, but none can know.
		grep 'unknown: .*accepted, but its rows cannot be written' said
		grep 'to go on, run the same again with --journal j' said
		send three
		came_to 0 'a1:accepted a2:accepted a3:accepted b1:accepted b2:accepted b3:accepted'
		[ -z "$(lacking)" ]
		sandbox_stop
	done <<-END
		1 2
		4 1
	END
}
# What the journal or a receipt has as accepted or refused has its lines.
agree_accepted() {
	{
		jq -r 'select(.result and .state == "accepted") |
			"accepted \(.batch)"' j
		jq -r 'select(.kept) | "\(.state) \(.batch)"' j
		jq -r 'select(.state == "accepted" or .state == "refused") |
			"\(.state) \(.batch)"' receipts
	} | sort -u >claimed
	comm -23 claimed <(lines '{state} {batch}' | sort -u) >missing
	[ ! -s missing ] || { cat missing && return 1; }
}

@test "… at a batch that is refused: it is not kept, but left to the next run" {
	sandbox_start --rate 0 --fault 1:code=400
	head -n 3 three >one
	for failure in write:error=ENOSPC fsync:error=EIO; do
		rm -f j failed
		echo "$header" >rows
		TRACE=$(inject rows $failure) send one
		cat said
		[ "$code" = 4 ]
		agree_accepted
		[ "$(jq -r .state receipts)" = failed ]
		[ ! -s failed ]
		[ "$(wc -l <rows)" = 1 ]
		send one
		came_to 1 'a1:refused b1:refused'
		assert_same one failed
		sandbox_stop
		sandbox_start --rate 0 --fault 1:code=400
	done
}

@test "the header cannot be written: 4, and nothing sent" {
	sandbox_start --rate 0 --log log
	TRACE=$(inject rows write:error=ENOSPC) send three
	[ "$code" = 4 ]
	[ ! -s log ]
	[ ! -s rows ]
	send three
	[ "$code" = 0 ]
	agree
}

@test "removed, replaced or changed: 4, and what was accepted then is sent again" {
	sandbox_start --rate 0 --db db
	mkfifo pipe
	for how in 'rm rows' 'mv rows moved' 'mv copy rows' ': >rows' \
		'echo >>rows'; do
		rm -f j rows
		lose "$how"
		[ "$code" = 4 ]
		grep '^tp-send: rows: something else has removed, renamed, rep' said
		jq -r .state receipts | head -n 2 | xargs |
			grep -x 'accepted unknown'
		# As it was then.
		cp before rows
		send three
		came_to 0 'a1:accepted a2:accepted a3:accepted b1:accepted b2:accepted b3:accepted'
		[ -z "$(lacking)" ]
	done
}
# Does this to the file between two batches.
lose() { # HOW
	send_on pipe
	exec 7>pipe
	head -n 4 three >&7
	until_lines 1 receipts
	cp rows copy
	cp rows before
	eval "$1"
	tail -n +5 three >&7
	exec 7>&-
	code=0
	wait "$run_pid" || code=$?
	run_pid=
	cat said
}

@test "a line that was not finished is cut off" {
	sandbox_start --rate 0
	head -n 3 three >one
	send one
	cp rows whole
	for torn in 'a' 'accepted,v2,2,' 'accepted,v2,2,x,y,"two
lines
' 'accepted,v2,2,x,y,"a""
'; do
		{ cat whole && printf %s "$torn"; } >rows
		send -v one
		[ "$code" = 0 ]
		assert_same whole rows
		grep "the file of rows ended in a line that was not finished; its \
${#torn} bytes were cut off" said
	done
	# What comes next begins a line.
	{ cat whole && printf 'accepted,v2,2,x,y,"a\n'; } >rows
	send three
	agree 2
	# A header alone that was not finished.
	rm j
	for n in 0 1 30 41 42; do
		rm -f j
		head -c "$n" whole >rows
		send one
		[ "$code" = 0 ]
		agree
	done
}

@test "… wherever it breaks off, also behind a line feed in an identifier" {
	local n at id i end ends=()
	sandbox_start --rate 0
	printf 'batch=thirdPartyId,tier\nfirst\ntwo%%0Alines,x\na%%22b,x\n' >in
	send in
	cp rows whole
	# Where the lines end: they differ in their identifiers alone.
	n=$(($(sed -n 2p rows | wc -c) - 6))
	at=$(head -n 1 rows | wc -c)
	for id in first '"two.lines"' '"a""b"'; do
		at=$((at + n + ${#id} + 1))
		ends+=("$at")
	done
	[ "$at" = "$(wc -c <whole)" ]
	# Of the first something must be there, as it was accepted.
	for ((n = ends[0]; n <= at; n++)); do
		head -c "$n" whole >rows
		send in
		[ "$code" = 0 ]
		for i in "${ends[@]}"; do
			[ "$i" -gt "$n" ] || end=$i
		done
		head -c "$end" whole | cmp - rows
	done
}

@test "what is no file of rows is refused, and left as it is" {
	sandbox_start --log log
	for bad in 'id,name\n1,x\n' "$header,x\n" 'x' '\n' \
		'state,api,batch,batchId,time,id\n' "$header\r\n"; do
		# shellcheck disable=SC2059
		printf "$bad" >rows
		refused 'rows: this exists and is no file of rows' three
		[ ! -e j ]
	done
	rm rows
	ln -s target rows
	refused 'rows: this is a symbolic link; name the file' three
	[ ! -e target ]
	rm rows
	mkdir rows
	refused 'rows: cannot use this as the file of rows: Is a directory' three
	rmdir rows
	mkfifo rows
	refused 'rows: the file of rows must be a regular file' three
	rm rows
	refused '/dev/full: the file of rows must be a regular file' \
		--rows /dev/full three
	refused 'none/rows: cannot use this as the file of rows: No such' \
		--rows none/rows three
	mkdir folder
	chmod 500 folder
	[ -w folder ] ||
		refused 'folder/rows: cannot use this as the file of rows: Per' \
			--rows folder/rows three
	[ "$(ls -A folder)" = '' ]
	[ ! -e j ]
}

@test "it is one journal's" {
	sandbox_start --rate 0 --log log
	send three
	: >log
	mv j other
	refused 'rows: this has rows, but the journal is new; ' three
	[ ! -e j ]
	: >j
	refused 'rows: this has rows, but the journal is new; ' three
	[ ! -s j ]
	refused 'rows: this has rows, but the journal is new; ' --dry-run three
	# Nor one of runs without it.
	mv other j
	mv rows first
	refused 'rows: this has no rows, but the journal has batches that were ac' \
		three
	[ ! -e rows ]
	head -n 1 first >rows
	refused 'rows: this has no rows, but the journal has batches that were ac' \
		three
	refused 'rows: this has no rows, but' --dry-run three
	# A journal in which nothing was accepted has none that could be missing.
	rm rows
	head -n 1 j >begun
	mv begun j
	send three
	[ "$code" = 0 ]
	agree
}

@test "it has one kind of identifier" {
	sandbox_start --rate 0 --log log
	printf 'batch=pcId,tier\np1,gold\n' >pc
	printf 'batch=thirdPartyId,tier\nx,a=b\n' >bad
	for how in '' --dry-run; do
		echo state,api,batch,batchId,time,pcId >rows
		rm -f j
		refused 'rows: this is for rows with pcId, but batch 1 has thirdPartyId' \
			$how three
	done
	echo "$header" >rows
	rm -f j
	refused 'rows: this is for rows with thirdPartyId, but batch 1 has pcId' pc
	# At a later batch: what came before it is sent.
	rm rows j
	cat three pc three >mixed
	send mixed
	[ "$code" = 3 ]
	grep '^tp-send: mixed:10: batch 4 has pcId, those before it have' said
	agree
	[ "$(wc -l <log)" -le 3 ]
	[ "$(jq -r 'select(.state == "accepted").batch' receipts | wc -l)" = \
		"$(wc -l <log)" ]
	# One that is not valid does not count.
	rm rows j
	cat bad pc >other
	send other
	[ "$code" = 3 ]
	[ "$(lines '{state} {pcId}')" = 'accepted p1' ]
}

@test "a day without batches" {
	sandbox_start --log log
	: >empty
	send empty
	[ "$code" = 3 ]
	[ -e rows ]
	[ ! -s rows ]
	send --allow-empty empty
	[ "$code" = 0 ]
	[ "$(cat rows)" = "$header" ]
	send --allow-empty empty
	[ "$code" = 0 ]
	[ "$(cat rows)" = "$header" ]
}

@test "no other file of the run, and no run without a journal" {
	sandbox_start --log log
	for option in '--failed rows' '--journal ./rows' '--outcomes rows' \
		'--summary rows'; do
		# shellcheck disable=SC2086
		refused 'rows' $option three
	done
	cp three rows
	refused 'rows' rows
	rm rows
	code=0
	tp-send --endpoint "$sandbox" --rows rows three >receipts 2>said ||
		code=$?
	[ "$code" = 2 ]
	[ "$(cat said)" = 'tp-send: the file of --rows belongs to a journal; give --journal FILE too' ]
	[ ! -e rows ]
	[ ! -s log ]
}

@test "another process uses it: exit 2" {
	sandbox_start --rate 0 --log log --fault 1:delay=600
	send_on three
	until_lines 1 log
	: >log
	code=0
	tp-send --endpoint "$sandbox" --journal other --rows rows three \
		>second 2>said.two || code=$?
	[ "$code" = 2 ]
	grep -E '^tp-send: rows: process [0-9]+ uses this file of rows; run' \
		said.two
	[ ! -e other ]
	[ ! -s log ]
}

@test "a dry run looks at the file, and makes none" {
	sandbox_start --log log
	send --dry-run three
	[ "$code" = 0 ]
	[ ! -e rows ]
	printf '%s\naccepted,v2' "$header" >rows
	cp rows before
	send --dry-run three
	[ "$code" = 0 ]
	assert_same before rows
	mkdir none
	refused 'none/no/rows' --rows none/no/rows --dry-run three
}
