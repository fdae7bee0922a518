#!/usr/bin/env bats
# What is wrong on this machine is found before the first call: exit 2 or 4,
# and nothing is sent, written or left behind.

bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'batch=thirdPartyId,tier\na1,gold\n' >in
	echo '{"batch":1,"sha256":"0","rows":1,"bytes":9,"state":"accepted","http":200,"attempts":1,"batchStatus":"https://demo.tt.omtrdc.net/m2/demo/profile/batchStatus?batchId=x"}' \
		>receipts
	export TP_CLIENT=demo
}

teardown() {
	sandbox_stop
	chmod -R u+rwx . 2>/dev/null || true
}

send() { # OPTION...
	rm -f out err
	status=0
	timeout 150 tp-send --retries 0 --journal journal --failed failed "$@" \
		in >out 2>err </dev/null || status=$?
}

ask() { # OPTION...
	rm -f out err
	status=0
	timeout 150 tp-status --deadline 1 "$@" receipts >out 2>err </dev/null ||
		status=$?
}

# Each program ends with that status and says this, and has done nothing.
refused() { # STATUS TEXT OPTION...
	local run list
	rm -f out err
	list=$(ls -A)
	for run in send 'send --dry-run' 'send --jobs 4' ask; do
		$run "${@:3}"
		echo "$run: $status: $(cat err)"
		[ "$status" = "$1" ]
		[ ! -s out ]
		grep -qF -e "$2" err
		[ "$(wc -l <err)" = 1 ]
		rm out err
		[ "$(ls -A)" = "$list" ]
	done
}

# The proxy in $1 is used, or passed by, without a word.
taken() { # VARIABLE=VALUE...
	echo "$*"
	(export "$@" && send --dry-run)
	[ ! -s err ]
	grep '"batches":1' out
}

certificate() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1.key" -out "$1.crt" -days 2 -subj /CN=x \
		-addext subjectAltName=IP:127.0.0.1 2>openssl.err
}

@test "certificates that are none" {
	certificate good
	echo garbage >garbage
	: >empty
	mkdir folder
	cp good.key key
	sed '3s/./!/' good.crt >damaged
	head -n 4 good.crt >cut
	cat good.crt damaged >half
	head -c 30000000 /dev/zero >large
	openssl x509 -in good.crt -outform DER -out der
	export TP_ENDPOINT=https://127.0.0.1:9
	for file in garbage empty key der; do
		refused 2 "$file: there is no certificate in this file" \
			--cacert $file
	done
	for file in damaged half; do
		refused 2 "$file: a certificate or key in this file is damaged" \
			--cacert $file
	done
	refused 2 'cut: ' --cacert cut
	refused 2 'folder: cannot read these certificates: Is a directory' \
		--cacert folder
	refused 2 'large: cannot read these certificates: File too large' \
		--cacert large
	refused 2 'gone: cannot read these certificates: No such file' \
		--cacert gone
	# http does not need them, and they are looked at all the same.
	export TP_ENDPOINT=http://127.0.0.1:9
	refused 2 'garbage: there is no certificate' --cacert garbage
}

@test "certificates: what is read is what is trusted" {
	certificate good
	certificate other
	sandbox_start --tls-cert good.crt --tls-key good.key
	export TP_ENDPOINT=$sandbox
	send --cacert good.crt
	[ "$status" = 0 ]
	rm journal
	cat other.crt good.crt >both
	send --cacert both
	[ "$status" = 0 ]
	rm journal
	send --cacert other.crt
	[ "$status" = 6 ]
	rm journal
	# From a pipe too, which can be read once.
	send --cacert <(cat good.crt)
	[ "$status" = 0 ]
}

@test "certificates that libcurl trusts by itself, gone" {
	command -v strace
	export ASAN_OPTIONS=detect_leaks=0 # which cannot be under a tracer
	certificate good
	local file=/etc/ssl/certs/ca-certificates.crt trace
	[ -e $file ] || skip 'no certificates of this system are known'
	trace="strace -f -o /dev/null -P $file -e inject=openat:error=ENOENT"
	for command in 'tp-send --journal journal in' 'tp-send --dry-run in' \
		'tp-status receipts'; do
		try $trace $command
		expect 2 ''
		grep "$file: cannot read these certificates: No such file" err
		grep -e --cacert err
		[ ! -e journal ]
	done
	# Not needed with others, or without TLS.
	try $trace tp-send --dry-run --cacert good.crt in
	[ "$status" = 0 ]
	try $trace tp-send --dry-run --endpoint http://127.0.0.1:9 in
	[ "$status" = 0 ]
	# But for a proxy.
	export https_proxy=https://127.0.0.1
	try $trace tp-send --dry-run --cacert good.crt in
	[ "$status" = 2 ]
}

@test "a proxy that is none, in each variable" {
	local name
	for name in https_proxy HTTPS_PROXY all_proxy ALL_PROXY; do
		export $name=foo://host:3128
		refused 2 "$name: its scheme foo is none of a proxy"
		export $name=host:0
		refused 2 "$name: the port of the proxy must be a number"
		unset $name
	done
}

@test "a proxy that is none, in each way" {
	for value in foo://h ftp://h file:///etc tel://h 's p://h' ://h; do
		export https_proxy=$value
		refused 2 'https_proxy: its scheme'
	done
	for value in http:// http://:80 :80 'http://user:pw@' 'http://@' \
		'a b:80' 'http://[::1' 'http://[]:80' 'a|b' $'a\tb' \
		'http://u:p@q@h'; do
		export https_proxy=$value
		refused 2 'https_proxy: this names no host of a proxy'
	done
	for value in h:x h:65536 h: h:-1 h:80x 'http://h:99999999999999999999' \
		'http://[::1]:x' h:80:80 socks5://h:0; do
		export https_proxy=$value
		refused 2 'https_proxy: the port of the proxy'
	done
	https_proxy=$(printf 'h%.0s' {1..2000})
	refused 2 'https_proxy: this is too long'
}

@test "what a wrong proxy holds is not shown" {
	for value in foo://user:sec-ret@host http://user:sec-ret@host:x \
		user:sec-ret http://user:sec/ret@host http://user:sec-ret@ \
		'sec-ret ://h'; do
		export https_proxy=$value
		refused 2 https_proxy:
		ask
		send
		never grep -F -e sec err
		send -v -v -v
		never grep -F -e sec err
	done
}

@test "a proxy that may be one, or that is not asked" {
	for value in http://h h h:80 HTTP://h:80/ http://h: h/path \
		http://user:pass@h:80 user@h 'http://u:p%40q@h' socks5h://h \
		socks4://h socks4a://h socks5://localhost/run/s socks://h \
		https://h:1 http://[::1]:80 '[fe80::1%25eth0]:80' \
		http://xn--idn.example http://ελλάς; do
		taken https_proxy="$value"
	done
	# As curl reads them: the first that is set, and no empty one; http_proxy
	# is not for https.
	taken http_proxy=foo://h HTTP_PROXY=foo://h
	taken https_proxy=h HTTPS_PROXY=foo://h all_proxy=foo://h
	taken HTTPS_PROXY=h all_proxy=foo://h ALL_PROXY=foo://h
	taken all_proxy=h ALL_PROXY=foo://h
	taken https_proxy= HTTPS_PROXY=h all_proxy=foo://h
	taken ftp_proxy=foo://h
	export https_proxy=foo://h
	for list in '*' tt.omtrdc.net .tt.omtrdc.net demo.tt.omtrdc.net. \
		'x.example, OMTRDC.net' 'a b,net'; do
		taken no_proxy="$list"
		taken no_proxy= NO_PROXY="$list"
		(export no_proxy="$list" && ask)
		never grep foo err
	done
	for list in xtt.omtrdc.net mtrdc.net 'x,*' demo.tt.omtrdc.net.x \
		a.demo.tt.omtrdc.net . ,; do
		export no_proxy=$list NO_PROXY='*'
		refused 2 'its scheme foo'
	done
	for list in 192.0.2.7 192.0.2.0/24 192.0.0.0/8 0.0.0.0/0; do
		taken no_proxy="$list" TP_ENDPOINT=https://192.0.2.7
	done
	taken no_proxy='2001:db8::/32' TP_ENDPOINT='https://[2001:db8::1]'
	export TP_ENDPOINT=https://192.0.2.7
	for list in 192.0.2.6 192.0.3.0/24 192.0.2.0/99 192.0.2.0/x 2.7 ::/0; do
		export no_proxy=$list
		refused 2 'its scheme foo'
	done
	# None is used to reach this machine.
	unset no_proxy
	taken TP_ENDPOINT=http://127.0.0.1:9
}

@test "a proxy is none for a status on another host" {
	export https_proxy=foo://h no_proxy=demo.tt.omtrdc.net
	sed 's/demo.tt/mboxedge45.tt/' receipts >other && mv other receipts
	ask
	expect 2 ''
	grep -F 'https_proxy: its scheme foo' err
}

# With at most N descriptors, of which it is left the usual three.
limited() { # N COMMAND...
	rm -rf out err state journal failed
	status=0
	bash -c 'ulimit -n "$0" && exec "$@"' "$1" timeout 150 "${@:2}" \
		>out 2>err </dev/null 3>&- || status=$?
}

@test "too few files may be open: exit 4, whoever would run out of them" {
	sandbox_start --rate 0
	export TP_ENDPOINT=$sandbox
	local n worked=
	for n in {5..24} 32; do
		limited "$n" tp-send --retries 0 --journal journal in
		if [ "$status" = 0 ]; then
			worked=$n
			continue
		fi
		echo "$n: $status: $(cat err)"
		[ "$status" = 4 ]
		[ -z "$worked" ]
		grep 'Too many open files' err
		[ ! -s out ]
		[ ! -e failed ]
		[ ! -e journal ]
		limited "$n" tp-send --dry-run in
		[ "$status" = 4 ]
		limited "$n" tp-status receipts
		[ "$status" = 4 ]
	done
	[ -n "$worked" ]
	limited 64 tp-send --jobs 16 in
	[ "$status" = 4 ]
	grep -e '--jobs' err
	limited 200 tp-send --jobs 16 in
	[ "$status" = 0 ]
}

# ---------------------------------------------------------------- --dry-run

# All files here, with their contents and times, but for what a run prints.
snapshot() {
	find . ! -path ./out ! -path ./err ! -path ./before ! -path ./after \
		! -path . -printf '%p %m %s %T@ %i ' \
		\( -type f -exec sha256sum {} \; -o -printf '%l\n' \) | sort
}

# A dry run ends as a real one does at its start, says the same, and leaves no
# trace; so does the real one.
both() { # STATUS TEXT OPTION...
	snapshot >before
	send --dry-run "${@:3}"
	snapshot >after
	echo "dry run: $status: $(cat err)"
	[ "$status" = "$1" ]
	grep -F -e "$2" err
	assert_same before after
	cp err before
	send "${@:3}"
	echo "$status: $(cat err)"
	[ "$status" = "$1" ]
	assert_same before err
	[ ! -s out ]
}

@test "dry run: what is well leaves nothing behind" {
	mkdir new
	export TP_STATE_DIR=$PWD/new/a/b
	touch -d 2001-01-01 new
	snapshot >before
	send --dry-run
	[ "$status" = 0 ]
	send --dry-run --journal new/journal --failed new/failed
	[ "$status" = 0 ]
	[ -z "$(ls -A new)" ]
	rm -f out err
	[ "$(ls -A)" = "$(printf 'before\nin\nnew\nreceipts')" ]
}

@test "dry run: what is there stays as it is, torn ends and all" {
	sandbox_start --rate 0 --fault 2:code=400
	export TP_ENDPOINT=$sandbox
	printf 'batch=thirdPartyId,tier\nb1,gold\n' >>in
	send
	[ "$status" = 1 ]
	printf '{"attempt":3,"bat' >>journal
	printf '\0atch=thirdPartyId\n' >>failed
	: >"$TP_STATE_DIR/other"
	snapshot >before
	send --dry-run
	[ "$status" = 0 ]
	snapshot >after
	assert_same before after
	# Others may use the failed file, and the ledger, meanwhile.
	send
	[ "$status" = 1 ]
	[ "$(jq -r .state out | xargs)" = 'skipped refused' ]
	[ "$(grep -c '' failed)" = 2 ]
}

@test "dry run: the token file, certificates and proxy" {
	echo x >open && chmod 644 open
	both 2 'token file open' --token-file open
	both 2 'token file gone' --token-file gone
	both 2 'in: there is no certificate' --cacert in
	https_proxy=foo://h both 2 'https_proxy:'
}

@test "dry run: the folder for what processes share" {
	ln -s . link
	TP_STATE_DIR=link both 2 'link: cannot open this as a folder'
	mkdir -m 777 shared && chmod 777 shared
	TP_STATE_DIR=shared both 2 'shared: others can write to this folder'
	: >file
	TP_STATE_DIR=file both 2 'file: cannot '
	TP_STATE_DIR=file/below both 2 'file/below: cannot '
	TP_STATE_DIR='' HOME='' both 2 'no folder for the state'
	mkdir own
	: >own/demo@demo.tt.omtrdc.net:443.calls
	chmod 666 own/*
	TP_STATE_DIR=own both 2 "is not a file of this user's alone"
}

@test "dry run: nothing is made, not even for a moment" {
	printf 'batch=thirdPartyId,tier\na1,gold\n' >one
	for option in '--failed new' '--journal new' '-q'; do
		# shellcheck disable=SC2086
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -e \
			trace=open,openat,mkdir,mkdirat,rename,renameat,unlink \
			tp-send -c demo --endpoint http://127.0.0.1:1 \
			--dry-run $option one
		grep 'one' trace
		never grep -E 'O_CREAT|O_TRUNC|mkdir|rename|unlink' trace
	done
}

@test "dry run: the failed file" {
	ln -s nowhere link
	both 2 'link: this is a symbolic link' --failed link
	echo text >text
	both 2 'text: this exists and is not a file of batches' --failed text
	printf 'batch=thirdPartyId,tier\na1,go' >cut
	both 2 'cut: this does not end in a line feed' --failed cut
	both 2 'cannot make the failed file no/failed: No such file' --failed no/failed
	mkdir folder
	both 2 'folder: ' --failed folder
	mkfifo pipe
	send --dry-run --failed pipe
	[ "$status" = 0 ]
}

@test "dry run: the journal" {
	ln -s nowhere link
	both 2 'link: this is a symbolic link' --journal link
	send --dry-run --journal no/journal
	[ "$status" = 2 ]
	grep 'cannot make no/journal: No such file' err
	both 2 'must be a regular file' --journal /dev/null
	sandbox_start --rate 0
	TP_ENDPOINT=$sandbox send
	[ "$status" = 0 ]
	both 2 'journal: this is the journal of another run: its endpoint'
	export TP_ENDPOINT=$sandbox
	sed '2s/attempt/attemp/' journal >damaged
	both 2 'damaged: ' --journal damaged
	cp in text
	both 2 'text: this exists and is not a journal' --journal text
	# Another input's, of which there is nothing to be sent.
	sed -i 's/gold/tin/' in
	both 2 'batch 1 is another one than the journal has under this number'
	cp in saved
	: >in
	send --dry-run
	[ "$status" = 3 ]
	grep -F 'the input has ended after batch 0, but the journal has 1' err
	cp saved in
	python3 -c 'import fcntl, time
with open("journal", "r+b") as f:
    fcntl.lockf(f, fcntl.LOCK_EX)
    print("locked", flush=True)
    time.sleep(3600)' >locked 3>&- &
	holder=$!
	until_lines 1 locked
	both 2 "process $holder uses this journal"
	kill "$holder"
}

@test "a run that is refused has cut and made nothing before" {
	printf 'batch=thirdPartyId,tier\na1,gold\n\0atch=third' >failed
	cp failed failed.before
	mkdir folder
	both 2 folder: --journal folder
	assert_same failed.before failed
	echo text >failed
	both 2 failed:
	[ ! -e journal ]
}
