#!/usr/bin/env bats
# tp-validate: rejects, errors and summary: nothing is lost or counted twice.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

head='thirdPartyId,a,b\n'

# An export of COUNT records with every kind of trouble, seeded.
trouble() { # SEED COUNT
	awk -v seed="$1" -v count="$2" 'BEGIN {
		srand(seed)
		print "thirdPartyId,a,b"
		for (i = 1; i <= count; i++) {
			r = int(rand() * 40)
			id = "id" i
			e = rand() < 0.3 ? "\r\n" : "\n"
			if (r == 0) printf "%s,\"open,2%s", id, e
			else if (r == 1) printf "%s,op\"en,2%s", id, e
			else if (r == 2) printf "%s,\"a\"b,2%s", id, e
			else if (r == 3) printf "%s,\"l1 %s%sl2\",3%s", id, id, e, e
			else if (r == 4) printf "%s+,1,2%s", id, e
			else if (r == 5) printf "%s,,%s", id, e
			else if (r == 6) printf "%s,1,2,3%s", id, e
			else if (r == 7) printf ",%s,1%s", id, e
			else if (r == 8) printf "%s,\002,1%s", id, e
			else if (r == 9) printf "%s,\377,1%s", id, e
			else if (r == 10) printf "%s,1\r,2%s", id, e
			else if (r == 11) printf "%s%s", id, e
			else if (r == 12) printf "%s,NULL,%s", id, e
			else if (r == 13) print "thirdPartyId,a,b"
			else if (r == 14) printf "%s,\"%0300d\",%s", id, 0, e
			else if (r == 15) printf "%s,%0600d,1%s", id, 0, e
			else if (r == 16) printf "%s,\"open%0600d%s", id, 0, e
			else if (r == 17) printf "\r%s,1,2%s", id, e
			else if (r == 18) printf "\"%s\",\"x\"\"y\",2%s", id, e
			else printf "%s,value,%d%s", id, i, e
		}
	}' | LC_ALL=C sed '$s/\r*$//'
}

@test "every line is passed, rejected or skipped, once, byte for byte" {
	local seed options
	for seed in {1..4}; do
		trouble $seed 3000 >in
		for options in '' '--max-record 500' '--null NULL' \
			'--trim --max-record 500' --strict; do
			status=0
			# shellcheck disable=SC2086 # options are words
			tp-validate -q --rejects bad --summary sum $options in \
				>out || status=$?
			[ $status = 1 ]
			jq -e '.in == .out + .rejected + .skipped and
				.rejected == ([.byRule[]] | add)' sum >/dev/null
			# Lines are compared as multisets: first those that are not
			# in the input or too often, then how many are missing.
			tail -n +2 in | sort >all
			{ tail -n +2 out && tail -n +2 bad; } | sort >parts
			[ -z "$(comm -13 all parts)" ]
			[ "$(comm -23 all parts | wc -l)" = "$(jq .skipped sum)" ]
			comm -23 all parts >without
			never grep -vE ',(NULL)?,|^id[0-9]*.?$' without
			# Out and bad are in order.
			grep -o '^id[0-9]*,value' out | sort -c -k 1.3n
			# What was passed is passed again.
			tp-validate -q --max-record 1G <out | cmp out -
		done
	done
}

@test "without skipping, output and rejects hold every record" {
	trouble 99 20000 >in
	status=0
	tp-validate -q --keep-empty --rejects bad --summary sum in >out || status=$?
	[ $status = 1 ]
	tail -n +2 in | sort >all
	{ tail -n +2 out && tail -n +2 bad; } | sort | cmp all -
	jq -e '.skipped == 0 and .in == .out + .rejected' sum
	[ "$(head -n 1 bad)" = thirdPartyId,a,b ]
}

@test "the rejects can be mended and run again with the same options" {
	printf '\357\273\277x;profile.crm;b\r\n1;i+d;"a;b"\r\n2;ok;"c"\r\n3;"op;x\r\n4;"i""/";y' >in
	# The column has its name without the prefix.
	status=0
	tp-validate -q --delimiter ';' --id crm --strip-prefix --rejects bad in \
		>out || status=$?
	expect 1 'x,thirdPartyId,b\r\n2,ok,c\r\n'
	printf 'x;profile.crm;b\r\n1;i+d;"a;b"\r\n3;"op;x\r\n4;"i""/";y\r\n' |
		cmp - bad
	sed 's/+//; s/"op/op/; s,/,,' bad >mended
	status=0
	tp-validate -q --delimiter ';' --id crm --strip-prefix --rejects bad \
		mended >out || status=$?
	expect 0 'x,thirdPartyId,b\r\n1,id,a;b\r\n3,op,x\r\n4,"i""",y\r\n'
	# With nothing rejected it holds the header alone.
	printf 'x;profile.crm;b\r\n' | cmp - bad
}

@test "--errors says of each reject what, where and why" {
	try_with "$head"'x,1,2\n+,1,2\nx,1,2,3\n"p","\n","3\001"\nx,"1,2\nz,\303,\n' \
		tp-validate -q --errors why --rejects bad
	expect 1 "$head"'x,1,2\n' ''
	cat >wanted <<-'X'
		{"record":2,"file":"-","line":3,"column":1,"rule":"id-plus-slash","field":"thirdPartyId"}
		{"record":3,"file":"-","line":4,"column":7,"rule":"columns","field":null}
		{"record":4,"file":"-","line":6,"column":5,"rule":"control","field":"b"}
		{"record":5,"file":"-","line":7,"column":3,"rule":"quote","field":null}
		{"record":6,"file":"-","line":8,"column":3,"rule":"utf8","field":"a"}
	X
	assert_same wanted why
	try_with "$head"'x,1,2\n+,1,2\nz,\303,\n' tp-validate -q --errors why \
		--show-values
	[ "$(jq -c .value why)" = $'"+"\n"\\\\xC3"' ]
	try_with "$head"'x,1,2\n' tp-validate --errors why
	[ "$status" = 0 ]
	[ -f why ]
	[ ! -s why ]
}

@test "--errors has the path of the file as it was given" {
	local folder name
	folder=$(printf '%0200d' 0)
	mkdir "$folder"
	for name in 'a\b.csv' $'a\tb.csv' $'\303\244\342\200\256.csv' \
		"$folder/$(printf '%0150d' 0)"; do
		printf "$head"'x,1,2\n+,1,2\n,1,2\n' >"$name"
		try tp-validate --errors why "$name"
		[ "$status" = 1 ]
		[ "$(jq -r .file why | uniq -c | sed 's/^ *//')" = "2 $name" ]
		try tp-split --errors why "$name"
		[ "$(jq -r .file why)" = "$name" ]
	done
	grep -q '^tp-split: 0000' err
}

@test "--summary counts" {
	printf "$head"'x,1,2\n,1,2\n\n"y","1,2",3\nz,,\nw,1\nv,"1\n' >in
	try tp-validate -q --summary sum in
	expect 1 "$head"'x,1,2\n"y","1,2",3\nw,1\n' ''
	[ "$(wc -l <sum)" = 1 ]
	jq -c 'del(.seconds)' sum >got
	cat >wanted <<-'X'
		{"in":6,"rejected":2,"skipped":1,"blankLines":1,"bytesIn":54,"byRule":{"quote":1,"id-empty":1},"warnings":{"short":1,"separators":1},"out":3,"bytesOut":39,"exit":1}
	X
	assert_same wanted got
	jq -e '.seconds >= 0 and .seconds < 60' sum
	# Several files count together.
	try tp-validate -q --summary sum in in in
	[ "$(jq -c '[.in, .rejected, .skipped, .out, .bytesIn]' sum)" = '[18,6,3,9,162]' ]
}

# A record that is longer than the window.
long() { # BYTES
	printf "$head"'+,1,2\na1,'
	head -c "$1" /dev/zero | tr '\0' x
	printf ',2\na2,1,2\n'
}

@test "a record that is too long is kept whole, or not at all" {
	long 3000000 >in
	try tp-validate -q --max-record 100K --max-rejects 1 --rejects bad in
	[ "$status" = 3 ]
	sed 4d in | cmp - bad
	# What cannot be read to its end is not left there in part.
	gzip -c in | head -c 2500 >cut.gz
	for program in tp-validate tp-split; do
		try $program -q --max-record 100K --max-rejects 2 --rejects bad \
			--errors why --summary sum cut.gz
		[ "$status" = 3 ]
		grep -q 'it was cut' err
		# What tp-split makes of that identifier is its own affair.
		printf "$head"'+,1,2\n' >wanted
		[ $program = tp-validate ] || printf "$head" >wanted
		assert_same wanted bad
		jq -e '.in == .out + .rejected + .skipped' sum
		[ "$(tail -n 1 why | jq -r .rule)" = record-too-long ]
	done
}

has_rejects() {
	[ -n "$(find . -name '.bad.tmp-*' -size +300k)" ]
}

@test "a signal within a record that is too long leaves no part of it" {
	mkfifo pipe
	tp-validate -q --max-record 100K --rejects bad pipe >out 2>err 3>&- &
	pid=$!
	exec 5>pipe
	long 3000000 | head -c 700000 >&5
	# Some of it is on disk by then.
	until_true has_rejects
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	exec 5>&-
	[ $status = 143 ]
	printf "$head"'+,1,2\n' | cmp - bad
}

@test "files that are made: 0600, whole, no link followed, nothing beside" {
	printf "$head"'x,1,2\n+,1,2\n' >in
	mkdir made
	umask 000
	try tp-validate --rejects made/bad --errors made/why --summary made/sum in
	[ "$status" = 1 ]
	[ "$(ls -A made | tr '\n' ' ')" = 'bad sum why ' ]
	for f in bad why sum; do
		[ "$(stat -c %a made/$f)" = 600 ]
	done
	# What was there is replaced, whatever its mode.
	echo old >made/bad
	chmod 644 made/bad
	echo mine >target
	ln -sf ../target made/why
	ln -sf nowhere made/sum
	try tp-validate --rejects made/bad --errors made/why --summary made/sum in
	[ "$(stat -c %a made/bad)" = 600 ]
	printf "$head"'+,1,2\n' | cmp - made/bad
	[ "$(cat target)" = mine ]
	[ ! -L made/why ]
	[ ! -L made/sum ]
	[ "$(jq .in made/sum)" = 2 ]
	[ ! -e made/nowhere ]
	[ "$(ls -A made | tr '\n' ' ')" = 'bad sum why ' ]
}

@test "files that cannot be made: exit 2, and nothing was done" {
	printf "$head"'x,1,2\n+,1,2\n' >in
	for o in --rejects --errors --summary; do
		try tp-validate $o nowhere/file in
		expect 2 '' 'tp-validate: cannot make nowhere/file: No such file '\
'or directory\n'
		mkdir folder
		try tp-validate $o folder in
		expect 2 '' 'tp-validate: cannot make folder: Is a directory\n'
		rmdir folder
	done
	try tp-validate --rejects bad --errors nowhere/file --summary sum in
	[ "$status" = 2 ]
	[ "$(ls -A | tr '\n' ' ')" = 'err expected in out ' ]
}

@test "a pipe is written in place" {
	printf "$head"'x,1,2\n+,1,2\n' >in
	mkfifo fifo
	cat fifo >got 3>&- &
	reader=$! # the substitution below has a number of its own
	try tp-validate --rejects fifo --errors >(gzip >why.gz) in
	wait "$reader"
	[ "$status" = 1 ]
	printf "$head"'+,1,2\n' | cmp - got
	[ -p fifo ]
	# The name of a descriptor is left alone, though it is a regular file.
	: >both
	for name in /dev/fd/6 /proc/self/fd/6; do
		tp-validate -q --rejects $name --check in 6>both || [ $? = 1 ]
		printf "$head"'+,1,2\n' | cmp - both
	done
	until_true gzip -t why.gz # nobody waits for that gzip
	zcat why.gz >why
	[ "$(jq -r .rule why)" = id-plus-slash ]
}
