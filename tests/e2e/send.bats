#!/usr/bin/env bats
# tp-send over real sockets: order, several jobs, TLS, tokens, connections that
# die, closed outputs, signals, memory.  The table of answers has a file of its
# own.

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
	[ -z "${edge_pid-}" ] || kill "$edge_pid" 2>/dev/null || true
	[ -z "${writer-}" ] || kill "$writer" 2>/dev/null || true
}

# A server of faulty.py in the background: $edge is its address, edge.log its log.
edge_start() { # MODE
	rm -f edge.out # not the address of one before
	: >edge.log
	"$BATS_TEST_DIRNAME/../fault/faulty.py" "$1" edge.log >edge.out 2>edge.err 3>&- &
	edge_pid=$!
	edge=$(await_address edge.out "$edge_pid")
}

# N batches of one row each: i1, i2, …
make_batches() { # N
	seq "$1" | sed 's/.*/batch=thirdPartyId,tier\ni&,gold/'
}

states() {
	jq -r .state "${1:-receipts}" | paste -sd ' '
}

@test "a receipt, byte for byte" {
	sandbox_start
	tp-send --endpoint "$sandbox" two.batches >receipts 2>said
	sed -E 's/demo-[0-9]+-1"/ID"/g; s/"time":"[^"]*"/"time":"T"/' \
		receipts >got
	sha=$(sha256sum <two.batches)
	cat >expected <<-END
	{"batch":1,"sha256":"${sha%% *}","rows":1,"bytes":32,\
	"api":"v2","state":"accepted","reason":"accepted","http":200,"attempts":1,"batchId":"ID",\
	"batchStatus":"$sandbox/m2/demo/profile/batchStatus?batchId=ID",\
	"message":"Batch submitted for processing","time":"T"}
	END
	sed -i 's/\t//g' expected
	assert_same expected got
	[ ! -s said ]
	[ "$(ls)" = "$(printf '%s\n' both.batches expected got one.batches \
		receipts said sandbox.out sandbox.out.err state two.batches |
		sort)" ]
}

@test "what arrives is what was sent, v1 and v2" {
	sandbox_start --log log
	tp-send --endpoint "$sandbox" both.batches >receipts
	tp-send --endpoint "$sandbox/" --api v1 both.batches >>receipts
	[ "$(states)" = 'accepted accepted accepted accepted' ]
	jq -r .sha256 receipts >sent
	jq -r .sha256 log >came
	assert_same sent came
	[ "$(jq -r .path log | sort -u | paste -sd ' ')" = \
		'/m2/demo/profile/batchUpdate /m2/demo/v2/profile/batchUpdate' ]
}

@test "killed as it keeps: the failed file can be sent as it is" {
	sandbox_start --fault '1-2:code=400' --log log
	# The folder is synced, then the first batch, twice.
	strace -f -o trace -e trace=fsync \
		-e inject=fsync:signal=KILL:when=4 \
		-E ASAN_OPTIONS=detect_leaks=0 tp-send --endpoint "$sandbox" \
		--failed failed both.batches >receipts 2>said || true
	printf '\0atch=thirdPartyId,tier\nb1,gold\n' | cat one.batches - >torn
	assert_same torn failed
	status=0
	tp-send --endpoint "$sandbox" --failed left failed two.batches \
		>receipts 2>said || status=$?
	[ "$status $(states)" = '3 accepted accepted' ]
	[ "$(jq .batch receipts | xargs)" = '1 3' ]
	grep '^tp-send: failed:4:1: cut-short: batch 2: .* was not finished' said
	[ ! -e left ]
	sha256sum one.batches two.batches | cut -d ' ' -f 1 >expected
	jq -r .sha256 receipts >sent
	assert_same expected sent
}

# Files in which a batch was not finished, by what they hold; their good batches
# are one.batches, two.batches, as the name says.
make_torn() {
	local torn='\0atch=thirdPartyId,tier\nx1,gold\nx2,' size
	rm -rf torn && mkdir torn
	# shellcheck disable=SC2059
	put() { # NAME [FILE|TEXT]...
		for part in "${@:2}"; do
			case $part in
			*.batches) cat "$part" ;;
			*) printf "$part" ;;
			esac
		done >"torn/$1"
	}
	zeros=$(printf '%4096s' '' | sed 's/ /\\0/g')
	for size in 1 2 5 6 26 27; do
		# As far as its writer came.
		# shellcheck disable=SC2059
		printf "$torn" | head -c $size >"piece.batches"
		put "none.$size" piece.batches
		put "one.tail.$size" one.batches piece.batches
		put "two.head.$size" piece.batches two.batches
		put "one,two.$size" one.batches piece.batches two.batches
		# A power cut leaves NULs.
		head -c $size /dev/zero >piece.batches
		put "none.zeros.$size" piece.batches
		put "one.zeros.$size" one.batches piece.batches
		put "two.zeros.$size" piece.batches two.batches
		put "one,two.zeros.$size" one.batches piece.batches two.batches
	done
	put none.page "$zeros"
	put one.page one.batches "$zeros"
	put two.page "$zeros" two.batches
	put one.lost one.batches "$zeros" 'x1,gold\n'
	put one.edge one.batches '\0a\0\0\0\0\0\0\0'
	put one.edges one.batches '\0\0tch=thirdPartyId,tier\nx1,'
	put two.twice "$torn" "$torn" two.batches
	# The second NUL is on the same side of other bytes as the first one.
	put two.even '\0atch=thirdPartyId,tier\n' "$torn" two.batches
}

@test "a batch that was not finished is passed over, and no other, wherever" {
	sandbox_start --rate 0 --log log
	make_torn
	gzip -k torn/two.head.26 torn/two.zeros.27 torn/none.2 torn/none.page
	for file in torn/*; do
		: >log
		code=0
		tp-send --endpoint "$sandbox" --rate 10000 --failed left \
			"$file" >receipts 2>said || code=$?
		good=${file#torn/}
		good=${good%%.*}
		# A name of more than one batch is one, two.
		# shellcheck disable=SC2086
		for one in ${good//,/ }; do
			[ "$one" = none ] || sha256sum "$one.batches"
		done | cut -d ' ' -f 1 >expected
		jq -r .sha256 log >came
		assert_same expected came || {
			echo "$file: exit $code"
			cat said
			return 1
		}
		[ "$code" = 3 ]
		[ "$(jq -r .sha256 receipts)" = "$(cat expected)" ]
		grep "^tp-send: $file:[0-9]*:1: cut-short: batch [0-9]*: .* was not finished" said
		[ ! -e left ]
	done
}

@test "a batch that was not finished in one of several files" {
	sandbox_start --rate 0 --log log
	make_torn
	status=0
	tp-send --endpoint "$sandbox" --failed left torn/none.26 one.batches \
		torn/none.page two.batches torn/none.1 >receipts 2>said ||
		status=$?
	[ "$status $(states)" = '3 accepted accepted' ]
	sha256sum one.batches two.batches | cut -d ' ' -f 1 >expected
	jq -r .sha256 log >came
	assert_same expected came
	[ "$(grep -c 'cut-short: .* was not finished' said)" = 3 ]
}

@test "what --failed keeps of a file is what tp-send reads in it" {
	printf 'batch=thirdPartyId,tier\nz&,gold\n' >bad.batches
	sandbox_start --rate 0 --log log
	make_torn
	for file in torn/*; do
		cp "$file" failed
		code=0
		tp-send --endpoint "$sandbox" --failed failed bad.batches \
			>receipts 2>said || code=$?
		[ "$code" = 3 ]
		: >log
		tp-send --endpoint "$sandbox" --rate 10000 --failed failed.two \
			failed >receipts 2>said || true
		good=${file#torn/}
		good=${good%%.*}
		for one in ${good//,/ }; do
			[ "$one" = none ] || sha256sum "$one.batches"
		done | cut -d ' ' -f 1 >expected
		jq -r .sha256 log >came
		assert_same expected came || {
			echo "$file"
			return 1
		}
		cmp bad.batches failed.two
		rm failed.two
	done
}

@test "what begins with NULs and may be anything is left alone, and named" {
	for text in '\0\0\0\030ftypmp42\n' '\0asm\001\n' '\0\0\001\0\n'; do
		# shellcheck disable=SC2059
		printf "$text" | tee other >copy
		code=0
		tp-send --endpoint http://127.0.0.1:9 --dry-run other 2>said ||
			code=$?
		[ "$code" = 3 ]
		grep '^tp-send: other:1:1: .* not a batch stream; make one' said
		code=0
		tp-send --endpoint http://127.0.0.1:9 --failed other \
			two.batches 2>said || code=$?
		[ "$code" = 2 ]
		grep '^tp-send: other: .* is not a file of batches; ' said
		assert_same copy other
	done
	# Of a disk, or a failed file without its first page.
	{ head -c 4096 /dev/zero && printf 'x1,gold\nbatch=a\n\0\0\n'; } |
		tee other >copy
	code=0
	tp-send --endpoint http://127.0.0.1:9 --failed other two.batches \
		2>said || code=$?
	[ "$code" = 2 ]
	grep '^tp-send: other: this begins with NULs .* move it away, and' said
	assert_same copy other
}

@test "a failed file that another tp-send is only just trying: nothing is lost" {
	sandbox_start --fault '*:code=400'
	sandbox_pause
	tp-send --endpoint "$sandbox" --failed failed one.batches \
		>receipts 2>said 3>&- &
	pid=$!
	until_requests 1
	# What it makes to try is not removed before the other has kept: it is
	# held there until strace is gone.
	strace -D -f -o trace -e trace=unlink,unlinkat \
		-e inject=unlink,unlinkat:delay_enter=600s \
		-E ASAN_OPTIONS=detect_leaks=0 \
		tp-send --endpoint "$sandbox" --failed failed two.batches \
		>receipts.two 2>said.two 3>&- &
	second=$!
	until_true grep -q unlink trace
	sandbox_resume
	wait "$pid" || true
	kill -KILL "$(sed -n 's/^TracerPid:\t//p' "/proc/$second/status")"
	wait "$second" || true
	[ "$(states) $(states receipts.two)" = 'refused refused' ]
	assert_same both.batches failed
}

@test "TP_CLIENT and TP_ENDPOINT; stdin, files and gzip" {
	sandbox_start
	export TP_ENDPOINT=$sandbox
	tp-send <both.batches >receipts
	gzip -k two.batches
	tp-send one.batches - two.batches.gz <two.batches >>receipts
	[ "$(jq -rs 'map(.rows) | join(" ")' receipts)" = '2 1 2 1 1' ]
}

@test "pcId with v2 is sent, with one warning; with v1 without" {
	sandbox_start
	printf 'batch=pcId,tier\n1.01_00,gold\nbatch=pcId,tier\n2.01_00,x\n' >pc
	tp-send --endpoint "$sandbox" pc >receipts 2>said
	[ "$(states)" = 'accepted accepted' ]
	[ "$(grep -c 'warning: pcId' said)" = 1 ]
	tp-send --endpoint "$sandbox" --api v1 pc >receipts 2>said
	[ ! -s said ]
}

@test "one job: in order" {
	sandbox_start --rate 0 --log log --fault 3:code=503 --fault 7:reset-mid
	make_batches 20 |
		tp-send --endpoint "$sandbox" --retry-delay 0 >receipts
	[ "$(jq -r .batch receipts | paste -sd ' ')" = "$(seq -s ' ' 20)" ]
	[ "$(wc -l <log)" = 22 ]
	jq -r 'select(.state == "accepted") | .sha256' log >came
	jq -r .sha256 receipts >sent
	assert_same sent came
}

@test "one job: a batch that does not comply waits for its turn" {
	sandbox_start --rate 0 --fault 1:delay=1
	printf 'batch=thirdPartyId,tier\nc=1,gold\n' >bad.batches
	status=0
	tp-send --endpoint "$sandbox" one.batches bad.batches two.batches \
		>receipts 2>said || status=$?
	[ "$status" = 3 ]
	[ "$(states)" = 'accepted invalid accepted' ]
}

@test "four jobs: each batch once, and four at a time" {
	sandbox_start --rate 0 --log log
	sandbox_pause
	make_batches 8 >eight
	tp-send --endpoint "$sandbox" --jobs 4 eight >receipts 3>&- &
	sender=$!
	until_requests 4
	sandbox_resume
	wait "$sender"
	[ "$(jq -r .batch receipts | sort -n | paste -sd ' ')" = \
		"$(seq -s ' ' 8)" ]
	assert_same <(jq -r .sha256 receipts | sort) \
		<(jq -r .sha256 log | sort)
}

@test "several jobs: the failed file holds whole batches" {
	# Some are accepted, and fewer than 20 refused: else the run might stop.
	sandbox_start --rate 0 --fault 5-:false
	code=0
	make_batches 20 | tp-send --endpoint "$sandbox" --jobs 4 \
		--rate 1000 --failed failed >receipts 2>said || code=$?
	[ "$code" = 1 ]
	jq -r 'select(.state == "refused") | .sha256' receipts | sort >refused
	[ "$(wc -l <refused)" = 16 ]
	tp-send --dry-run --endpoint "$sandbox" failed |
		jq -e '.batches == 16 and .rows == 16 and .invalid == 0'
	[ "$(stat -c %a failed)" = 600 ]
}

@test "a failed file that something empties meanwhile: 4, and it is said" {
	sandbox_start --rate 0 --fault '*:code=400'
	mkfifo in
	tp-send --endpoint "$sandbox" --failed failed in >receipts 2>said 3>&- &
	pid=$!
	exec 7>in
	cat one.batches two.batches >&7
	until_lines 1 receipts
	: >failed
	cat one.batches >&7
	exec 7>&-
	code=0
	wait "$pid" || code=$?
	[ "$code" = 4 ]
	grep '^tp-send: failed: something has cut this while it was in use' said
	grep 'neither accepted nor kept: batch' said
}

@test "the failed file can be sent" {
	sandbox_start --fault 1-2:code=400
	code=0
	tp-send --endpoint "$sandbox" both.batches >receipts 2>said || code=$?
	[ "$code" = 1 ]
	failed=$(echo tp-failed-*.batches)
	assert_same both.batches "$failed"
	command=$(sed -n 's/.*send again with: //p' said)
	[ "$command" = "tp-send -c demo --endpoint $sandbox $failed" ]
	$command >receipts
	[ "$(states)" = 'accepted accepted' ]
}

@test "cat failed | tp-send, once the cause is gone: all accepted, 0" {
	for cause in code=503:5 code=401:6 html:7 reset-after:7 false:1; do
		sandbox_start --rate 0 --fault "*:${cause%:*}"
		code=0
		tp-send --endpoint "$sandbox" --retries 1 --retry-delay 0 \
			--failed failed both.batches >receipts 2>said || code=$?
		sandbox_stop
		echo "$cause: $code $(states)"
		[ "$code" = "${cause#*:}" ]
		assert_same both.batches failed
		sandbox_start --rate 0 --log log
		dash -c "cat failed | tp-send --endpoint $sandbox" >receipts
		[ "$(states)" = 'accepted accepted' ]
		[ "$(jq -r .sha256 log)" = "$(jq -r .sha256 receipts)" ]
		sandbox_stop
		rm failed log
	done
}

@test "the rate: no more calls in a minute" {
	sandbox_start --rate 0 --log log
	code=0
	make_batches 5 >five
	tp-send --endpoint "$sandbox" --rate 3 --failed failed five \
		>receipts 2>said 3>&- &
	sender=$!
	until_lines 3 log
	until_asked 3 # in vain
	kill "$sender"
	wait "$sender" || code=$?
	[ "$code" = 143 ]
	[ "$(wc -l <log)" = 3 ]
	kept_what_was_read 3 5
}

@test "503 without Retry-After: the minute has to pass, unless told otherwise" {
	sandbox_start --rate 0 --fault 1:code=503 --fault 2:code=500 \
		--fault 3:code=503,retry-after=1
	make_batches 1 >one
	tp-send -v --endpoint "$sandbox" --failed failed one >receipts 2>said 3>&- &
	sender=$!
	until_true grep -E '^tp-send: batch 1: attempt 1: HTTP 503 .*; again in (3[0-9]|4[0-5])\.[0-9] s$' said
	kill "$sender"
	wait "$sender" || true
	# Not of other answers; and what the service says counts.
	tp-send -v --endpoint "$sandbox" --failed failed one >receipts 2>said
	grep -E 'attempt 1: HTTP 500 .*; again in [12]\.[0-9] s$' said
	grep -E 'attempt 2: HTTP 503 .*; again in 1\.0 s$' said
	[ "$(jq -r .state receipts)" = accepted ]
	sandbox_stop
	sandbox_start --rate 0 --fault 1:code=503 --fault 2:code=429
	tp-send -v --endpoint "$sandbox" --retry-delay 1 --failed failed one \
		>receipts 2>said
	grep -E 'attempt 1: HTTP 503 .*; again in (0\.[5-9]|1\.0) s$' said
	grep -E 'attempt 2: HTTP 429 .*; again in [12]\.[0-9] s$' said
}

@test "--api v3 is refused with a word" {
	make_batches 1 >one
	try tp-send --endpoint http://127.0.0.1:9 --api v3 one
	expect 2 '' 'tp-send: --api v3: Adobe has announced version 3 of the API, but not released it; use v2 or v1\n'
}

# -------------------------------------------------- one attempt, one request

@test "each attempt has a connection of its own, and is one request" {
	edge_start keep-and-drop
	make_batches 5 | tp-send --endpoint "$edge" >receipts
	[ "$(states)" = 'accepted accepted accepted accepted accepted' ]
	[ "$(jq -s 'map(.attempts) | add' receipts)" = "$(wc -l <edge.log)" ]
	[ "$(cut -d ' ' -f 1 edge.log | paste -sd ' ')" = '1 2 3 4 5' ]
}

@test "a connection that drops after the body: attempts are requests" {
	edge_start drop-3
	make_batches 2 | tp-send --endpoint "$edge" --retry-delay 0 >receipts
	[ "$(jq -s 'map(.attempts) | join(" ")' receipts)" = '"4 1"' ]
	[ "$(wc -l <edge.log)" = 5 ]
}

@test "no Expect header, a form, and its length" {
	edge_start drop-0
	tp-send --endpoint "$edge" one.batches >receipts
	never grep -qi expect edge.log
	grep '^1 POST /m2/demo/v2/profile/batchUpdate 42 ' edge.log
	grep 'Content-Length' edge.log
	grep 'Content-Type' edge.log
	[ "$(stat -c %s one.batches)" = 42 ]
}

@test "an answer that does not end in time" {
	for mode in hang trickle; do
		edge_start "$mode"
		code=0
		tp-send --endpoint "$edge" --timeout 2 --retries 0 \
			--failed failed two.batches >receipts 2>said || code=$?
		kill "$edge_pid"
		[ "$code $(states)" = '7 unknown' ]
		assert_same two.batches failed
		rm failed
	done
}

@test "an early 413 for a large body" {
	edge_start early
	{ echo batch=thirdPartyId,a && seq -f 'id%07.0f,gold' 200000; } >large
	code=0
	tp-send --endpoint "$edge" --retries 0 --no-bisect --failed failed large \
		>receipts 2>said || code=$?
	[ "$code $(states)" = '1 refused' ]
	[ "$(jq .http receipts)" = 413 ]
}

@test "an early success for a large body: it was not sent" {
	edge_start early-200
	{ echo batch=thirdPartyId,a && seq -f "id%07.0f,$(printf '%099d' 0)" \
		200000; } >large
	code=0
	tp-send -v --endpoint "$edge" --retries 1 --retry-delay 0 \
		--failed failed large >receipts 2>said || code=$?
	[ "$code $(states)" = '7 unknown' ]
	[ "$(jq -c '[.http, .attempts]' receipts)" = '[200,2]' ]
	[ "$(wc -l <edge.log)" = 2 ]
	grep 'answered before all of the body was sent' said
	assert_same large failed
}

@test "a header that is too long: an answer lost, sent again" {
	edge_start header-200000
	code=0
	tp-send --endpoint "$edge" --retries 1 --retry-delay 0 \
		--failed failed both.batches >receipts 2>said || code=$?
	[ "$code $(states)" = '7 unknown unknown' ]
	[ "$(jq .attempts receipts | paste -sd ' ')" = '2 2' ]
	[ "$(wc -l <edge.log)" = 4 ]
	assert_same both.batches failed
	never grep -i '^tp-send: [^:]*memory' said
	kill "$edge_pid"
	edge_start header-20000
	tp-send --endpoint "$edge" both.batches >receipts
	[ "$(states)" = 'accepted accepted' ]
}

@test "an answer that is not UTF-8: journal and receipt can be read" {
	edge_start latin-1
	for run in 1 2 3; do
		code=0
		tp-send --endpoint "$edge" --no-bisect --journal j \
			--failed failed one.batches >receipts 2>said || code=$?
		[ "$code $(states)" = '1 refused' ]
		jq -r .message receipts | grep -qx '[\xE4]\{200,\}'
		code=0
		tp-status --endpoint "$edge" receipts >outcomes 2>said ||
			code=$?
		[ "$code" = 1 ]
		# Versions before wrote texts that are too long to be read.
		sed -i "s/xE4/$(printf 'xE4%.0s' {1..400})/" j
	done
	assert_same one.batches failed
}

# --------------------------------------------------------------- TLS, tokens

make_certificate() { # NAME SUBJECT-ALTERNATIVE-NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.crt" -days 2 -subj "/CN=$1" \
		-addext "subjectAltName=$2" 2>/dev/null
}

tls_start() { # NAME OPTION...
	local name=$1
	shift
	sandbox_start --tls-cert "$name.crt" --tls-key "$name.key" "$@"
}

@test "TLS: a certificate that verifies" {
	make_certificate good IP:127.0.0.1
	tls_start good
	tp-send --endpoint "$sandbox" --cacert good.crt both.batches >receipts
	[ "$(states)" = 'accepted accepted' ]
}

@test "TLS: unknown, or for another host: refused, stops with 6" {
	make_certificate good IP:127.0.0.1
	make_certificate other DNS:other.example
	tls_start good --log log
	code=0
	tp-send --endpoint "$sandbox" --failed failed both.batches \
		>receipts 2>said || code=$?
	[ "$code $(states)" = '6 refused failed' ]
	[ "$(jq -s '.[0].attempts' receipts)" = 1 ]
	assert_same both.batches failed
	sandbox_stop
	tls_start other --log log
	code=0
	tp-send --endpoint "$sandbox" --cacert other.crt --failed failed2 \
		both.batches >receipts 2>said || code=$?
	[ "$code $(states)" = '6 refused failed' ]
	[ ! -s log ]
}

@test "a token goes along, and is nowhere else" {
	token=canary-1234567890.abc_DEF~x+y/z=
	printf '%s\n' "$token" >token
	chmod 600 token
	sandbox_start --token-file token --log log
	code=0
	tp-send --endpoint "$sandbox" --failed failed both.batches \
		>receipts 2>said || code=$?
	[ "$code $(states)" = '6 refused failed' ]
	TP_TOKEN_FILE=token tp-send -vv --endpoint "$sandbox" \
		--summary summary both.batches >receipts 2>>said
	[ "$(states)" = 'accepted accepted' ]
	nowhere "$token" receipts said summary failed
}

@test "a token file that others could read or change is refused" {
	edge_start drop-0
	echo secret >token
	for mode in 644 606 622 660 604; do
		chmod $mode token
		code=0
		tp-send --endpoint "$edge" --token-file token both.batches \
			>receipts 2>said || code=$?
		[ "$code" = 2 ]
		grep 'chmod 600 token' said
	done
	[ ! -s receipts ]
	[ ! -s edge.log ]
	chmod 640 token # the group may read it
	tp-send --endpoint "$edge" --token-file token both.batches >receipts
}

@test "the proxy that the environment names; none for this machine" {
	edge_start tunnel
	code=0
	echo secret >token && chmod 600 token
	https_proxy=$edge tp-send --retries 0 --token-file token \
		--failed failed both.batches >receipts 2>said || code=$?
	[ "$code" = 5 ]
	grep '^1 CONNECT demo.tt.omtrdc.net:443 0 ' edge.log
	never grep -i authorization edge.log
	sandbox_start
	http_proxy=$edge tp-send --endpoint "$sandbox" one.batches >receipts
	[ "$(wc -l <edge.log)" = 1 ]
}

@test "what is wrong here is found before a proxy is called" {
	edge_start tunnel-open
	echo none >bad.pem
	code=0
	https_proxy=$edge tp-send --retry-delay 0 --cacert bad.pem \
		--failed failed one.batches >receipts 2>said || code=$?
	cat said
	[ "$code" = 2 ]
	[ ! -s edge.log ]
}

# ---------------------------------------------------------- outputs, signals

@test "stdout cannot be written: 4, the rest is kept, nothing unknown" {
	sandbox_start --log log
	code=0
	make_batches 4 | tp-send -q --endpoint "$sandbox" --failed failed \
		>/dev/full 2>said || code=$?
	[ "$code" = 4 ]
	[ "$(wc -l <log)" = 1 ]
	grep 'batch 1: accepted, http' said
	assert_same <(make_batches 4 | tail -n +3) failed
}

@test "stdout was closed before: 4, and no file of ours takes its place" {
	sandbox_start
	code=0
	make_batches 2 | tp-send --endpoint "$sandbox" --failed failed \
		>&- 2>said || code=$?
	[ "$code" = 4 ]
	assert_same <(make_batches 2 | tail -n +3) failed
}

@test "the reader of the receipts goes away: 4" {
	sandbox_start
	make_batches 4 >four
	mkfifo in pipe
	timeout 150 head -n 1 <pipe >first 3>&- &
	reader=$!
	code=0
	tp-send --endpoint "$sandbox" --failed failed <in >pipe 2>said 3>&- &
	sender=$!
	exec 5>in
	# That batch 1 is whole is known when the next one begins.
	head -n 3 four >&5
	wait "$reader"
	tail -n +4 four >&5
	exec 5>&-
	wait "$sender" || code=$?
	[ "$code" = 4 ]
	[ "$(states first)" = accepted ]
	grep 'batch 2: accepted' said
	assert_same <(make_batches 4 | tail -n +5) failed
}

# After a signal: so many were accepted.  What had been read behind them, if any,
# is in the failed file, and stderr says what had not.
kept_what_was_read() { # ACCEPTED ALL
	local read
	read=$(wc -l <receipts)
	echo "$read batches had been read: $(states)"
	[ "$(states | wc -w)" -ge "$1" ] || return
	[ "$(states)" = "$({
		yes accepted | head -n "$1"
		yes failed | head -n $((read - $1))
	} | paste -sd ' ')" ] || return
	: >>failed # it is not made if there is nothing to keep
	assert_same <(make_batches "$read" | tail -n +$(($1 * 2 + 1))) failed ||
		return
	[ "$read" = "$2" ] ||
		grep "batch $((read + 1)) and all that may come after it were" said
}

# Of those that were sent to a process: it has caught them.
no_signal_waits() { # PID
	grep -qx 'ShdPnd:[[:space:]]*0*' "/proc/$1/status"
}

@test "SIGTERM: what is in flight ends, what was read is kept" {
	edge_start gate
	code=0
	mkfifo in
	{ make_batches 3 && exec sleep 3600; } >in 3>&- &
	writer=$!
	tp-send --endpoint "$edge" --failed failed <in >receipts 2>said 3>&- &
	sender=$!
	until_lines 1 edge.log
	kill -TERM "$sender"
	until_true no_signal_waits "$sender"
	: >edge.log.go
	wait "$sender" || code=$?
	[ "$code" = 143 ]
	kept_what_was_read 1 3
}

@test "SIGTERM while nobody reads the receipts; the summary says it" {
	sandbox_start --rate 0
	sandbox_pause
	mkfifo out
	exec 7<>out
	tp-send --endpoint "$sandbox" --journal j --summary sum both.batches \
		>out 2>said 3>&- 7>&- &
	sender=$!
	# The pipe is full before there is a receipt.
	until_lines 2 j # the attempt
	dd if=/dev/zero of=out bs=4096 oflag=nonblock 2>filled || true
	sandbox_resume
	until_lines 3 j # its result
	kill -TERM "$sender"
	(sleep 60 && kill -KILL "$sender") 3>&- 7>&- &
	watchdog=$!
	code=0
	wait "$sender" || code=$?
	kill "$watchdog"
	exec 7>&-
	[ "$code" = 143 ]
	[ "$(jq .exit sum)" = 143 ]
	grep 'batch 1: accepted' said
}

@test "SIGINT while it waits to try again: at once" {
	sandbox_start --log log --fault '*:code=503,retry-after=300'
	code=0
	# In the background SIGINT would be ignored.
	{
		until_true grep -q 'again in 300.0 s' said
		date +%s >killed
		kill -INT "$(cat pid)"
	} 3>&- &
	bash -c 'echo $$ >pid; exec tp-send "$@"' - -v --endpoint "$sandbox" \
		--failed failed one.batches >receipts 2>said || code=$?
	[ $(($(date +%s) - $(cat killed))) -lt 150 ]
	[ "$code" = 130 ]
	[ "$(states)" = failed ]
	assert_same one.batches failed
}

@test "the look-up of a name that takes long is not waited for" {
	local url=https://name.invalid
	skip_if_sanitized 'they must be loaded before any other library'
	tp-send --version | grep -E 'libcurl (7\.8[789]|[89]|[1-9][0-9])' ||
		skip 'libcurl before 7.87 waits for it'
	cat >slow.c <<'END'
#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *host, const char *port,
    const struct addrinfo *hints, struct addrinfo **found)
{
	(void)host, (void)port, (void)hints, (void)found;
	close(creat("looks", 0600));
	return sleep(600) == 0 ? EAI_AGAIN : EAI_FAIL;
}
END
	"${CC:-cc}" -shared -fPIC -o slow.so slow.c || skip 'no compiler'
	code=0
	LD_PRELOAD=$PWD/slow.so timeout 150 tp-send --endpoint "$url" --retries 1 \
		--retry-delay 0 --connect-timeout 1 --failed failed \
		one.batches >receipts 2>said || code=$?
	[ "$code $(states)" = '5 failed' ]
	rm looks
	url=$url/m2/demo/profile/batchStatus?batchId=x
	jq -c --arg url "$url" '.state = "accepted" | .batchStatus = $url' \
		receipts >accepted
	code=0
	LD_PRELOAD=$PWD/slow.so tp-status --endpoint https://name.invalid \
		accepted >outcomes 2>said 3>&- &
	until_true test -e looks
	SECONDS=0
	kill $!
	wait $! || code=$?
	[ "$code" = 143 ]
	[ "$SECONDS" -lt 150 ]
}

# That the process whose id is in the file pid has more in memory.
holds_more() { # KIB
	[ "$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' \
		"/proc/$(cat pid)/status")" -gt "$1" ]
}

@test "memory: at most 64 MiB and 50 MB for each job" {
	skip_if_sanitized 'peak memory'
	# Six batches of 49.9 MB; five are in memory, if none is answered.
	value=$(printf 'x%.0s' {1..1000})
	for _ in {1..6}; do
		echo batch=thirdPartyId,a
		yes "id,$value" | head -n 49700
	done >large
	sandbox_start --rate 0
	for jobs in 1 4; do
		rm -f j pid
		sandbox_pause
		/usr/bin/time -f %M -o peak sh -c 'echo $$ >pid; exec tp-send "$@"' - \
			--endpoint "$sandbox" --jobs $jobs --journal j large \
			>receipts 3>&- &
		timed=$!
		# No batch is answered before that many are in memory.
		until_true holds_more $(((jobs + 1) * 49900000 / 1024))
		sandbox_resume
		wait "$timed"
		[ "$(states | tr ' ' '\n' | sort | uniq -c | xargs)" = '6 accepted' ]
		cat peak
		[ "$(cat peak)" -le $((64 * 1024 + jobs * 50000000 / 1024)) ]
	done
}
