#!/usr/bin/env bats
# tp-send --journal: what the next run does, whatever the one before came to.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	seq 4 | sed 's/.*/batch=thirdPartyId,tier\na&,gold\nb&,silver/' >four
	export TP_CLIENT=demo
}

teardown() {
	nobody_stop
	sandbox_stop
	[ -z "${edge_pid-}" ] || kill "$edge_pid" 2>/dev/null || true
	[ -z "${run_pid-}" ] || kill "$run_pid" 2>/dev/null || true
}

# A run with the journal, held up by a server that has its first requests and
# answers none before "touch edge.log.go": $run_pid.
held_start() { # JOBS [OPTION|FILE]...
	if [ -z "${edge_pid-}" ]; then
		: >edge.log
		"$BATS_TEST_DIRNAME/../fault/faulty.py" gate edge.log >edge.out 3>&- &
		edge_pid=$!
		edge=$(await_address edge.out "$edge_pid")
	fi
	rm -f edge.log.go
	tp-send --endpoint "$edge" --retry-delay 0 --rate 10000 --journal j \
		--failed failed --jobs "$@" >receipts 2>said 3>&- &
	run_pid=$!
	until_lines "$1" edge.log
}

held_end() {
	touch edge.log.go
	code=0
	wait "$run_pid" || code=$?
	run_pid=
}

# One run with the journal; sets code, and makes receipts and said.
send() { # OPTION... [FILE]
	code=0
	tp-send --endpoint "$sandbox" --retry-delay 0 --journal j \
		--failed failed "$@" >receipts 2>said || code=$?
}

states() {
	jq -r .state "${1:-receipts}" | paste -sd ' '
}

came_to() { # CODE STATES
	[ "$code $(states)" = "$1 $2" ] || {
		echo "got $code $(states), expected $1 $2"
		cat said
		return 1
	}
}

# Requests at the server are the attempts in the journal and in receipts.
balanced() { # RECEIPTS...
	local requests attempts told
	requests=$(wc -l <log)
	attempts=$(grep -c '^{"attempt"' j)
	told=$(cat "$@" | jq -s 'map(.attempts) | add')
	[ "$requests $requests" = "$attempts $told" ] || {
		echo "$requests requests, $attempts in journal, $told told"
		return 1
	}
}

@test "the journal, byte for byte" {
	sandbox_start
	head -n 3 four >one
	send one
	came_to 0 accepted
	sha=$(sha256sum <one)
	sed -E 's/demo-[0-9]+-1/ID/g; s/"time":"[^"]*"/"time":"T"/' j >got
	what='"batch":1,"sha256":"'${sha%% *}'","rows":2,"bytes":'$(wc -c <one)
	status=$sandbox/m2/demo/profile/batchStatus
	{
		printf '{"journal":"tp-send","version":1,"endpoint":"%s",' \
			"$sandbox"
		printf '"client":"demo","api":"v2"}\n'
		printf '{"attempt":1,%s,"state":"unknown","time":"T"}\n' "$what"
		printf '{"result":1,%s,"api":"v2",' "$what"
		printf '"state":"accepted","reason":"accepted","http":200,'
		printf '"attempts":1,"batchId":"ID","batchStatus":"%s?' "$status"
		printf 'batchId=ID","message":"Batch submitted for processing",'
		printf '"time":"T"}\n'
	} >expected
	assert_same expected got
	[ "$(stat -c %a j)" = 600 ]
	[ ! -e failed ]
}

@test "receipts say which API it was, of an older journal too" {
	{
		printf 'batch=thirdPartyId,x\na1,1\n'
		printf 'batch=thirdPartyId,x\nb1,1\nb2,2\n'
		printf 'batch=thirdPartyId,x\nc1,1,1\n'
	} >mixed
	for api in v1 v2; do
		rm -f j
		sandbox_start --rate 0 --fault 2:false
		send --api $api mixed
		came_to 3 'accepted accepted accepted invalid'
		[ "$(jq -r .api receipts | uniq -c)" = "      4 $api" ]
		tail -n +2 j | grep -v '^{"\(attempt\|keep\)"' >closed
		[ "$(jq -r .api closed | uniq)" = "$api" ]
		# As the version before wrote it.
		sed -i "2,\$s/\"api\":\"$api\",//" j
		[ "$(grep -c '"api"' j)" = 1 ]
		send --api $api mixed
		came_to 3 'skipped skipped skipped invalid'
		[ "$(jq -r .api receipts | uniq -c)" = "      4 $api" ]
		TP_ENDPOINT=$sandbox tp-status --interval 0 --poll-rate 600 \
			--rate 600 j >outcomes || [ $? = 3 ]
		[ "$(jq -r .api outcomes | uniq -c)" = "      3 $api" ]
		sandbox_stop
	done
}

@test "tp-status takes nothing from a journal whose first line it cannot read" {
	sandbox_start
	send four
	came_to 0 'accepted accepted accepted accepted'
	for change in 's/"v2"/"v3"/' 's/"version":1/"version":2/'; do
		sed "1$change" j >other
		code=0
		tp-status --endpoint "$sandbox" --interval 0 --deadline 1 \
			other >outcomes 2>said || code=$?
		[ "$code" = 3 ]
		[ ! -s outcomes ]
		[ "$(wc -l <said)" = 1 ]
	done
	grep -q 'other:1: malformed: a newer tp-send has written this' said
}

@test "accepted batches are skipped, and tp-status asks about them" {
	sandbox_start --rate 0 --log log
	send four
	came_to 0 'accepted accepted accepted accepted'
	cp receipts first
	send --summary s four
	came_to 0 'skipped skipped skipped skipped'
	[ "$(jq -c '[.rowsAccepted, .rowsSkipped, .skipped]' s)" = '[8,8,4]' ]
	[ "$(wc -l <log)" = 4 ]
	balanced first receipts
	grep '4 skipped: an earlier run has sent them' said
	assert_same <(jq '[.batchId, .batchStatus, .http, .time]' first) \
		<(jq '[.batchId, .batchStatus, .http, .time]' receipts)
	tp-status --endpoint "$sandbox" --poll-rate 1000 --interval 0 \
		receipts >outcomes 2>said
	[ "$(jq -r .state outcomes | sort | uniq -c | xargs)" = '4 complete' ]
}

@test "stops with 5, and goes on from there: nothing in the failed file" {
	sandbox_start --rate 0 --log log --fault 2-3:code=503
	send --retries 1 four
	# Batch 3 may have been read by then.
	[ "$code" = 5 ]
	states | grep -xE 'accepted failed( failed)?'
	grep "batch $(($(wc -l <receipts) + 1)) and all that may come after it" \
		said
	grep 'to go on, run the same again with --journal j' said
	[ ! -e failed ]
	cp receipts first
	send four
	came_to 0 'skipped accepted accepted accepted'
	[ "$(jq -c .possibleDuplicate receipts | sort -u)" = null ]
	balanced first receipts
}

@test "-q: what the next run is to send is named, all of it" {
	sandbox_start --rate 0 --fault 1-2:html --fault 4-:code=401
	for i in $(seq 60); do
		printf 'batch=thirdPartyId,tier\na%s,gold\n' "$i"
	done >sixty
	send -q sixty
	[ "$code" = 7 ]
	# Batch 5 may have been read by then.
	grep -xE 'tp-send: neither accepted nor kept: batches 1 to 2, 4( to 5)?' \
		said
	grep 'unknown: batch 2: HTTP 200: the answer cannot be read' said
	grep 'refused: batch 4: HTTP 401: ' said
	grep -E '^tp-send: batch [56] and all that may come after it were not' \
		said
	grep '^tp-send: to go on, run the same again with --journal j' said
}

@test "-q: a signal, and what was not read" {
	sandbox_start --rate 0
	for i in $(seq 40); do
		printf 'batch=thirdPartyId,tier\na%s,gold\n' "$i"
	done >forty
	mkfifo in
	tp-send -q --endpoint "$sandbox" --failed failed in >receipts \
		2>said 3>&- &
	pid=$!
	exec 7>in
	# That batch 1 is whole is known when the next one begins.
	head -n 3 forty >&7
	until_lines 1 receipts
	sandbox_pause
	tail -n +4 forty >&7
	exec 7>&-
	until_requests 1
	kill "$pid"
	sandbox_resume
	code=0
	wait "$pid" || code=$?
	[ "$code" = 143 ]
	read=$(sed -n 's/^tp-send: batch \([0-9]*\) and all that may come.*/\1/p' \
		said)
	# What was read is accepted, in the failed file, or named.
	[ $(($(jq -r 'select(.state == "accepted").batch' receipts | wc -l) + \
		$(grep -c ^batch= failed) + 1)) = "$read" ]
}

@test "credentials are refused: the same run goes on when they are right" {
	echo secret >token
	echo wrong >other
	chmod 600 token other
	sandbox_start --rate 0 --token-file token
	send --token-file other four
	[ "$code" = 6 ]
	[ ! -e failed ]
	send --token-file token four
	came_to 0 'accepted accepted accepted accepted'
}

@test "unknown: sent again by the next run, the same bytes, and named" {
	sandbox_start --rate 0 --log log --fault 2:html
	send four
	came_to 7 'accepted unknown accepted accepted'
	[ ! -e failed ]
	cp receipts first
	send four
	came_to 0 'skipped accepted skipped skipped'
	[ "$(jq -r 'select(.possibleDuplicate) | .batch' receipts)" = 2 ]
	grep 'possible-duplicate: batch 2: an earlier run may have sent it' said
	[ "$(jq -r .sha256 log | sort | uniq -d | wc -l)" = 1 ]
	balanced first receipts
	# and once it is accepted, never again
	send four
	came_to 0 'skipped skipped skipped skipped'
}

@test "unknown again: named in receipt and summary, and so are its halves" {
	sandbox_start --rate 0 --fault 1-2:reset-after --fault 3:false \
		--fault 4:reset-after --fault 5-6:code=503
	head -n 3 four >one
	send --retries 0 one
	came_to 7 unknown
	[ "$(jq -c .possibleDuplicate receipts)" = null ]
	send --retries 0 --summary s one
	came_to 7 unknown
	[ "$(jq -c .possibleDuplicate receipts)" = true ]
	[ "$(jq .possibleDuplicates s)" = 1 ]
	# Refused as a whole; the first half is lost, the second not taken.
	send --retries 0 --summary s one
	came_to 7 'unknown unknown'
	[ "$(jq -c .possibleDuplicate receipts | paste -sd ' ')" = 'true true' ]
	[ "$(jq .possibleDuplicates s)" = 2 ]
	grep 'possible-duplicate: batch 1, row 1: an earlier run may' said
	# It is sent again, all of it.  Nothing is taken.
	send --retries 0 one
	came_to 7 unknown
	[ "$(jq -c '[.rowsFrom, .possibleDuplicate]' receipts)" = '[null,true]' ]
	send --retries 0 one
	came_to 0 accepted
	[ "$(jq -c .possibleDuplicate receipts)" = true ]
}

@test "killed with an attempt under way: sent again, and named" {
	# The port is nobody else's when the server is gone.
	nobody_start
	port=${nobody##*:}
	sandbox_start --rate 0 --log log --port "$port" --fault 2:delay=600
	tp-send --endpoint "$sandbox" --journal j four >receipts 2>said 3>&- &
	pid=$!
	until_lines 2 log
	code=0
	tp-send --endpoint "$sandbox" --journal j four >two 2>said.two || code=$?
	[ "$code" = 2 ]
	[ "$(cat said.two)" = "tp-send: j: process $pid uses this journal; \
run this again when it has ended" ]
	[ ! -s two ]
	kill -9 "$pid"
	wait "$pid" || true
	sandbox_stop
	sandbox_start --rate 0 --log log --port "$port"
	send four
	came_to 0 'skipped accepted accepted accepted'
	[ "$(jq -r 'select(.possibleDuplicate) | .batch' receipts)" = 2 ]
}

@test "refused batches are in the failed file, and stay there" {
	sandbox_start --rate 0 --log log --fault 2:code=400
	send four
	came_to 1 'accepted refused accepted accepted'
	sed -n 4,6p four >second
	assert_same second failed
	cp receipts first
	send four
	came_to 1 'skipped refused skipped skipped'
	grep '(an earlier run has put it into failed)' said
	[ "$(jq -c 'select(.state == "refused") | [.http, .attempts]' \
		receipts)" = '[400,0]' ]
	assert_same second failed
	balanced first receipts
	tp-send --endpoint "$sandbox" failed >again
	[ "$(states again)" = accepted ]
}

@test "what an earlier run has kept: where, with the command that sends it" {
	sandbox_start --rate 0 --fault 2-3:code=400
	export TP_ENDPOINT=$sandbox
	code=0
	tp-send --journal j four >receipts 2>said || code=$?
	came_to 1 'accepted refused refused accepted'
	name=$(echo tp-failed-*.batches)
	for option in -v -q; do
		code=0
		tp-send $option --journal j --summary sum four \
			>receipts 2>said || code=$?
		came_to 1 'skipped refused refused skipped'
		[ "$(jq -r .failedFile sum)" = "$name" ]
		grep -xF "tp-send: 2 batches were not accepted, kept in \
$name by an earlier run; send again with: \
tp-send -c demo --endpoint $sandbox $name" said
	done
	[ "$(wc -l <said)" = 1 ]
	$(sed 's/.*send again with: //' said) >again
	[ "$(states again)" = 'accepted accepted' ]
	rm "$name"
	code=0
	tp-send --journal j four >receipts 2>said || code=$?
	came_to 1 'skipped refused refused skipped'
	grep -c "batch [23]: .* (an earlier run has put it into $name)" said
	[ "$(grep -c 'send again' said)" = 0 ]
}

@test "batches that are not valid are kept once" {
	sandbox_start --rate 0
	printf 'batch=thirdPartyId,tier\na=b,x\n' >bad
	cat four bad >five
	for earlier in accepted skipped; do
		send five
		came_to 3 "$earlier $earlier $earlier $earlier invalid"
		assert_same bad failed
	done
}

@test "killed between the failed file and the journal: kept once" {
	sandbox_start --rate 0 --fault 2:code=400
	send four
	cp j whole
	cp failed kept
	# As if it had died before it could say that the batch is kept.
	sed '/^{"kept"/,$d' whole >j
	send four --summary sum
	came_to 1 'skipped refused accepted accepted'
	assert_same kept failed
	# It is named nevertheless, with another one for this run, too.
	[ "$(jq -r .failedFile sum)" = failed ]
	sed '/^{"kept"/,$d' whole >j
	send -q four --failed other --summary sum
	came_to 1 'skipped refused accepted accepted'
	grep 'tp-send: 1 batch was not accepted, kept in failed by an earlier run; send again with: ' said
	[ "$(jq -r .failedFile sum)" = failed ]
	[ ! -e other ]
	# … and before it was there.
	for torn in '\0\0\0\0\0\0\0\0' '\0atch=thirdPartyId,tier\na2'; do
		sed '/^{"kept"/,$d' whole >j
		# shellcheck disable=SC2059
		printf "$torn" >failed
		send four
		came_to 1 'skipped refused accepted accepted'
		assert_same kept failed
	done
	sed '/^{"kept"/,$d' whole >j
	rm failed
	send four
	came_to 1 'skipped refused accepted accepted'
	assert_same kept failed
}

@test "killed there with a batch larger than any memory: kept once too" {
	sandbox_start --rate 0
	row=$(printf 'x%.0s' {1..4000})
	{
		echo batch=thirdPartyId,a
		yes "id,$row" | head -n 13000
	} >large
	cat large four >five
	send five
	came_to 3 'invalid accepted accepted accepted accepted'
	assert_same large failed
	sed '/^{"kept"/,$d' j >before
	[ "$(jq -r 'select(.keep) | .sha256' j)  large" = "$(sha256sum large)" ]
	for other in '' two.failed; do
		cp before j
		send five ${other:+--failed "$other"}
		[ "$code" = 3 ]
		[ "$(states)" = 'invalid accepted accepted accepted accepted' ]
		assert_same large failed
		[ ! -s two.failed ]
		[ "$(grep -c '^{"kept"' j)" = 1 ]
	done
	# It is not there: torn, or another one.
	cp before j
	sed 's/x/y/' large >failed
	cp failed other
	send five
	assert_same <(cat other large) failed
	send five
	came_to 3 'invalid skipped skipped skipped skipped'
	assert_same <(cat other large) failed
}

@test "another input, endpoint, client or API: 2, and nothing sent" {
	sandbox_start --rate 0 --log log
	head -n 6 four >two
	send two
	came_to 0 'accepted accepted'
	cp j before
	: >log
	sed s/a1/A1/ four >other
	send other
	came_to 2 ''
	grep 'batch 1 is another one than the journal has' said
	send --api v1 four
	came_to 2 ''
	grep 'j: .*its API is v2, not v1' said
	send -c other four
	came_to 2 ''
	grep 'j: .*its client code is demo, not other' said
	send --endpoint "http://localhost:${sandbox##*:}" four
	came_to 2 ''
	grep 'j: .*its endpoint is http://127' said
	[ ! -s log ]
	assert_same before j
	send four
	came_to 0 'skipped skipped accepted accepted'
	send two
	came_to 3 'skipped skipped'
	grep 'ended after batch 2, but the journal has 4' said
}

@test "what is no journal is refused, and left as it is" {
	sandbox_start --log log
	for bad in '{"journal":"tp-send","version":2}\n' '{"a":1}\n' 'a,b\n1,2' \
		'{"journal":"tp-send","version":0}\n' '\n'; do
		# shellcheck disable=SC2059
		printf "$bad" | tee j >copy
		send four
		came_to 2 ''
		assert_same copy j
	done
	rm j
	ln -s target j
	send four
	came_to 2 ''
	[ ! -e target ]
	rm j
	mkfifo j
	send four
	came_to 2 ''
	rm j
	cp four j
	send j
	came_to 2 ''
	assert_same four j
	[ ! -s log ]
}

@test "the journal is no other file of the run" {
	sandbox_start --log log
	for option in --failed --summary; do
		rm -f j
		code=0
		tp-send --endpoint "$sandbox" --journal j $option ./j four \
			>receipts 2>said || code=$?
		came_to 2 ''
	done
	rm -f j
	code=0
	tp-send --endpoint "$sandbox" --journal j four >j 2>said || code=$?
	[ "$code" = 2 ]
	[ ! -s log ]
}

# What is said of a journal that is not there any more; and nothing is sent that
# was not under way.
lost() { # REQUESTS TEXT
	echo "exit $code, $(wc -l <edge.log) requests, $(states)"
	cat said
	[ "$code" = 4 ]
	[ "$(wc -l <edge.log)" = "$1" ]
	[ "$(grep -c "^tp-send: .*j: .*$2.*; nothing more is sent; " said)" = 1 ]
	# That would send all again.
	never grep 'run the same again' said
	[ "$(jq .exit s)" = 4 ]
}

@test "the journal is removed, renamed or replaced: 4, and it is said" {
	seq 9 | sed 's/.*/batch=thirdPartyId,tier\na&,gold/' >nine
	for jobs in 1 4; do
		for how in 'rm j' 'mv j moved' 'cp j new && mv new j' \
			'ln -s moved link && mv link j'; do
			rm -f j moved edge.log
			held_start "$jobs" --summary s nine
			eval "$how"
			held_end
			lost "$jobs" 'removed, renamed or replaced'
			[ "$(states | xargs -n 1 | grep -c accepted)" = "$jobs" ]
			# It knows what was sent, if somebody puts it back.
			[ -f moved ] || continue
			mv moved j
			tp-send --endpoint "$edge" --rate 10000 --journal j nine \
				>receipts 2>said
			[ "$(states | xargs -n 1 | grep -c skipped)" = "$jobs" ]
			[ "$(wc -l <edge.log)" = 9 ]
			never grep possible-duplicate said
		done
	done
}

@test "the folder of the journal is removed or renamed: 4, and it is said" {
	for how in 'rm -r d' 'mv d e'; do
		rm -rf d e edge.log
		mkdir d
		held_start 1 --journal d/j --summary s four
		eval "$how"
		held_end
		lost 1 'removed, renamed or replaced'
	done
}

@test "the journal is removed, and a second run makes another: the first exits 4" {
	held_start 1 --summary s four
	rm j
	tp-send --endpoint "$edge" --rate 10000 --journal j --failed failed.two \
		four >two 2>said.two 3>&- &
	second=$!
	until_lines 2 edge.log
	held_end
	wait "$second"
	[ "$(states two)" = 'accepted accepted accepted accepted' ]
	lost 5 'removed, renamed or replaced'
	[ "$(grep -c '^{"result"' j)" = 4 ]
}

@test "the journal is removed after the last result: 4, also if all is skipped" {
	sandbox_start --rate 0
	head -n 3 four >one
	for states in accepted skipped; do
		mkfifo pipe
		tp-send --endpoint "$sandbox" --journal j --summary s <pipe \
			>receipts 2>said 3>&- &
		run_pid=$!
		exec 7>pipe
		cat one >&7
		# The first row of another batch, so that this one is whole.
		printf 'batch=thirdPartyId,tier\n' >&7
		until_lines 1 receipts
		cp j copy
		rm j
		exec 7>&-
		code=0
		wait "$run_pid" || code=$?
		cat said
		[ "$code $(states)" = "4 $states" ]
		grep '^tp-send: j: .*removed, renamed or replaced' said
		[ "$(jq .exit s)" = 4 ]
		mv copy j
		rm pipe
	done
}

@test "the journal is removed between two batches: the second is not sent" {
	sandbox_start --rate 0 --log log
	mkfifo pipe
	tp-send --endpoint "$sandbox" --journal j --summary s <pipe \
		>receipts 2>said 3>&- &
	run_pid=$!
	exec 7>pipe
	head -n 4 four >&7
	until_lines 1 receipts
	rm j
	tail -n +5 four >&7
	exec 7>&-
	code=0
	wait "$run_pid" || code=$?
	cat said
	[ "$code" = 4 ]
	states | grep -x 'accepted failed\( failed\)*'
	[ "$(wc -l <log)" = 1 ]
	grep '^tp-send: j: .*removed, renamed or replaced' said
}

@test "something else cuts the journal, or writes to it: 4, and it is said" {
	for how in ': >j' 'truncate -s -1 j' 'truncate -s 0 j && cat copy >>j &&
		echo >>j' 'echo >>j'; do
		rm -f j edge.log
		held_start 1 --summary s four
		cp j copy
		eval "$how"
		cp j changed
		held_end
		lost 1 'something else has changed this journal'
		assert_same changed j
		[ "$(states | cut -d ' ' -f 1)" = accepted ]
	done
}

@test "something else cuts a journal that is read again: 4, and it is said" {
	sandbox_start --rate 0 --log log
	send four
	came_to 0 'accepted accepted accepted accepted'
	mkfifo pipe
	tp-send --endpoint "$sandbox" --journal j --summary s <pipe \
		>receipts 2>said 3>&- &
	run_pid=$!
	exec 7>pipe
	head -n 4 four >&7
	until_lines 1 receipts
	truncate -s -200 j
	tail -n +5 four >&7
	exec 7>&-
	code=0
	wait "$run_pid" || code=$?
	[ "$code" = 4 ]
	grep '^tp-send: j: something else has changed this journal' said
	[ "$(wc -l <log)" = 4 ]
}

@test "the journal is removed between open and lock: another is made" {
	sandbox_start --rate 0
	echo 'not locked yet' >j
	strace -f -o trace -P j -e trace=openat -e inject=openat:signal=STOP \
		-E ASAN_OPTIONS=detect_leaks=0 tp-send --endpoint "$sandbox" \
		--journal j four >receipts 2>said 3>&- &
	run_pid=$!
	until_lines 1 trace
	until_true pgrep -P "$run_pid" tp-send
	pid=$(pgrep -P "$run_pid" tp-send)
	until_true grep -q '^State:.[tT]' "/proc/$pid/status"
	rm j
	# It is stopped once more as it makes the other one.
	for _ in {1..6000}; do
		kill -CONT "$pid" 2>/dev/null || break
		sleep 0.02
	done
	code=0
	wait "$run_pid" || code=$?
	run_pid=
	cat said
	[ "$code $(states)" = '0 accepted accepted accepted accepted' ]
	[ "$(grep -c '^{"result"' j)" = 4 ]
}

@test "several jobs: unfinished ones are sent, the others skipped" {
	sandbox_start --rate 0 --log log --fault 7:html --fault 13:html \
		--fault 20:html
	seq 40 | sed 's/.*/batch=thirdPartyId,tier\ni&,gold/' >many
	send --jobs 4 --rate 1000 many
	[ "$code" = 7 ]
	cp receipts first
	send --jobs 4 --rate 1000 many
	[ "$code" = 0 ]
	[ "$(states | tr ' ' '\n' | sort | uniq -c | xargs)" = \
		'3 accepted 37 skipped' ]
	balanced first receipts
	[ "$(jq -r .sha256 log | sort -u | wc -l)" = 40 ]
}

@test "a signal: what was not sent is sent by the next run" {
	sandbox_start --rate 0 --log log
	mkfifo in
	tp-send --endpoint "$sandbox" --journal j --failed failed in \
		>first 2>said 3>&- &
	pid=$!
	exec 7>in
	# That batch 1 is whole is known when the next one begins.
	head -n 4 four >&7
	until_lines 1 first
	sandbox_pause
	tail -n +5 four >&7
	exec 7>&-
	until_requests 1
	kill -TERM "$pid"
	sandbox_resume
	code=0
	wait "$pid" || code=$?
	[ "$code" = 143 ]
	[ ! -e failed ]
	# Whether batch 3 had been read by then is a matter of chance.
	states first | grep -qxE 'accepted accepted( failed)?'
	send four
	came_to 0 'skipped skipped accepted accepted'
	balanced first receipts
}

@test "stdout is closed: 4, and the next run tells it all" {
	sandbox_start --rate 0 --log log
	code=0
	tp-send --endpoint "$sandbox" --journal j --failed failed four \
		>/dev/full 2>said || code=$?
	[ "$code" = 4 ]
	[ ! -e failed ]
	send four
	[ "$code" = 0 ]
	[ "$(states | cut -d ' ' -f 1)" = skipped ]
	[ "$(jq -r .sha256 log | sort -u | wc -l)" = 4 ]
	[ "$(wc -l <log)" = 4 ]
}

@test "tp-status reads a journal" {
	sandbox_start --rate 0 --fault 2:html --fault 3:code=400
	send four
	came_to 7 'accepted unknown refused accepted'
	code=0
	tp-status --endpoint "$sandbox" --poll-rate 1000 --interval 0 \
		--summary sum j >outcomes 2>said || code=$?
	[ "$code" = 7 ]
	[ "$(jq -c '[.batch, .state]' outcomes | sort | paste -sd ' ')" = \
		'[1,"complete"] [4,"complete"]' ]
	[ "$(jq -c '.receipts | [.accepted, .refused, .failed, .unknown]' \
		sum)" = '[2,1,0,1]' ]
	send four
	cp j whole
	printf '{"attempt":99' >>j # torn
	code=0
	tp-status --endpoint "$sandbox" --poll-rate 1000 --interval 0 \
		j >outcomes 2>said || code=$?
	[ "$code" = 1 ]
	[ "$(wc -l <outcomes)" = 3 ]
	# … by a power cut
	{ cat whole && printf '\0\0\0\0}\n'; } >j
	code=0
	tp-status --endpoint "$sandbox" --poll-rate 1000 --interval 0 \
		j >again 2>said || code=$?
	[ "$code" = 1 ]
	[ "$(wc -l <again)" = 3 ]
	tail -n 1 whole >>j # not the last
	code=0
	tp-status --endpoint "$sandbox" --poll-rate 1000 --interval 0 \
		j >again 2>said || code=$?
	[ "$code" = 3 ]
	grep -q 'of this journal is damaged: there are NULs in it' said
	sed 2d j >damaged
	code=0
	tp-status --endpoint "$sandbox" --poll-rate 1000 --interval 0 \
		damaged >outcomes 2>said || code=$?
	[ "$code" = 3 ] || [ "$code" = 7 ]
	grep 'damaged:2: malformed: line 2 of this journal is damaged' said
}

@test "the journal cannot be read again: 4, and no receipt is made up" {
	sandbox_start --rate 0 --fault 1:code=400
	printf 'batch=thirdPartyId,tier\na=b,x\n' >invalid
	head -n 3 four >refused
	for input in invalid refused; do
		rm -f j
		send "$input"
		[ "$(states)" = "$input" ]
		# Cut once it has been read; that is before the input is.
		rm -f in && mkfifo in
		cp j whole
		tp-send --endpoint "$sandbox" --journal j --failed failed in \
			>receipts 2>said 3>&- &
		exec 7>in
		truncate -s 150 j
		cat "$input" >&7
		exec 7>&-
		code=0
		wait $! || code=$?
		[ "$code" = 4 ]
		[ "$(jq -c '[.batch, .state]' receipts)" = \
			"$([ $input = invalid ] || echo '[1,"failed"]')" ]
		grep '^tp-send: j: something else has changed this' said
		cp whole j
		send "$input"
		[ "$(states)" = "$input" ]
		assert_same "$input" <(tail -n "$(wc -l <"$input")" failed)
	done
	assert_same <(cat invalid refused) failed
}

# What a kill cannot show: the order of what is put on disk and what is sent.
@test "on disk before the first byte, after the answer, after the failed file" {
	strace -o strace true || {
		echo 'strace cannot trace here: is ptrace allowed?' && return 1
	}
	sandbox_start --rate 0 --fault 2:code=400
	head -n 6 four >two
	strace -f -y -s 4 -o trace -e trace=fsync,sendto,write \
		-E ASAN_OPTIONS=detect_leaks=0 \
		tp-send --endpoint "$sandbox" --journal j --failed failed two \
		>receipts 2>said || true
	[ "$(states)" = 'accepted refused' ]
	# journal, its folder, failed file, request, receipt
	sed -nE -e 's/.* fsync\([0-9]+<[^>]*\/j>.*/J/p' \
		-e 's/.* fsync\([0-9]+<[^>]*\/failed>.*/F/p' \
		-e "s|.* fsync\\([0-9]+<$(pwd -P)>.*|D|p" \
		-e 's/.* sendto\([0-9]+<[^>]*>, "POST".*/S/p' \
		-e 's/.* write\(1<.*/R/p' trace | tr -d '\n' >order
	[ "$(cat order)" = JDJSJRJSJDJFFJR ] || {
		cat order
		return 1
	}
}

@test "an answer has one time, however long the journal takes to note it" {
	sandbox_start --rate 0
	head -n 3 four >one
	# Each fsync of the journal takes more than a second.
	strace -f -o trace -P "$PWD/j" -e trace=fsync \
		-e inject=fsync:delay_exit=1100ms \
		-E ASAN_OPTIONS=detect_leaks=0 \
		tp-send --endpoint "$sandbox" --journal j one >first 2>said
	[ "$(grep -c DELAYED trace)" -ge 2 ]
	send one
	came_to 0 skipped
	[ "$(jq .time first)" = "$(jq .time receipts)" ]
}

# What a version without "reason" wrote, of a run that was stopped by a 401.
old() { # NAME
	sed "s#http://127.0.0.1:PORT#$sandbox#" "$BATS_TEST_DIRNAME/old-$1"
}

@test "a journal of the version before: the run goes on from it" {
	sandbox_start --rate 0 --log log
	seq 7 | sed 's/.*/batch=thirdPartyId,tier\na&,gold\nb&,silver/' >seven
	printf 'batch=thirdPartyId,tier\na2,gold\nb2,silver\n%s\n%s\n' \
		batch=thirdPartyId,tier b3,silver >failed
	cp failed kept
	old journal >j
	never grep reason j
	send seven
	# Of 3, a half was accepted, and the other is kept; 4 and 5 are in doubt;
	# 6 was refused for the token; 7 was not sent.
	came_to 1 'skipped refused skipped refused accepted accepted accepted accepted'
	[ "$(jq -c 'select(.possibleDuplicate).batch' receipts |
		paste -sd ' ')" = '4 5' ]
	[ "$(jq -r .reason receipts | paste -sd ' ')" = \
		'accepted refused accepted not-success accepted accepted accepted accepted' ]
	[ "$(wc -l <log)" = 4 ]
	assert_same kept failed
}

@test "receipts of the version before: counted as they were" {
	sandbox_start
	code=0
	old receipts | grep -v accepted |
		tp-status --endpoint "$sandbox" --summary sum 2>said || code=$?
	[ "$code" = 7 ]
	[ "$(jq -c .receipts sum)" = '{"accepted":0,"refused":3,"failed":1,"unknown":2,"invalid":0,"skipped":0}' ]
	grep -x 'tp-status: receipts of 1 batch refused: with HTTP 401 or 403, .*' said
	grep -x 'tp-status: receipts of 2 batches refused: refused by the service' said
}
