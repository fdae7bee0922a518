#!/usr/bin/env bats
# tp-validate: files, pipes, and what they are packed in.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# A gzip member of exactly SIZE bytes: its header holds a long name.
member() { # SIZE
	gzip -nc >packed
	local rest=$(($(wc -c <packed) - 10))
	printf '\037\213\010\010\0\0\0\0\0\003'
	head -c $(($1 - 11 - rest)) /dev/zero | tr '\0' x
	printf '\0'
	tail -c +11 packed
}

@test "gzip: members and padding that end where a read ends" {
	printf 'thirdPartyId,a\nx,1\ny,2\n' >expected
	for size in 65535 65536 65537; do
		printf 'thirdPartyId,a\nx,1\n' | member $size >two.gz
		[ "$(wc -c <two.gz)" = $size ]
		cp two.gz padded.gz
		printf 'y,2\n' | gzip >>two.gz
		tp-validate two.gz | cmp expected -
		head -c 131072 /dev/zero >>padded.gz
		printf 'y,2\n' | gzip >>padded.gz
		tp-validate padded.gz | cmp expected -
	done
}

@test "an unterminated last record is ended like the first" {
	try_with 'thirdPartyId,a\nx,1' tp-validate -q
	expect 0 'thirdPartyId,a\nx,1\n' ''
	try_with 'thirdPartyId,a\r\nx,1' tp-validate -q
	expect 0 'thirdPartyId,a\r\nx,1\r\n' ''
	try_with 'thirdPartyId,a\r\nx,1\r' tp-validate -q
	expect 0 'thirdPartyId,a\r\nx,1\r\n' ''
	try_with '\r\n\r\nthirdPartyId,a\r\nx,1' tp-validate -q
	expect 0 'thirdPartyId,a\r\nx,1\r\n' ''
	try_with '\n\nthirdPartyId,a\r\nx,1\ny,2' tp-validate -q
	expect 0 'thirdPartyId,a\r\nx,1\ny,2\r\n' ''
	try_with 'thirdPartyId,a' tp-validate -q
	expect 0 'thirdPartyId,a\n' ''
}

@test "closed standard streams are never mistaken for a file" {
	printf 'thirdPartyId,a\nx,1\n,2\n' >in
	try_closed() { # REDIRECTION COMMAND...
		local how=$1
		shift
		status=0
		eval '"$@" 2>err '"$how" || status=$?
	}
	try_closed '>&-' tp-validate --rejects bad in
	[ "$status" = 4 ]
	[ "$(tail -n 1 err)" = 'tp-validate: cannot write to standard output: Bad file descriptor' ]
	printf 'thirdPartyId,a\n,2\n' | cmp - bad
	try_closed '<&- >out' tp-validate
	[ "$status" = 3 ]
	[ "$(cat err)" = 'tp-validate: -: cannot read: Bad file descriptor' ]
	try_closed '<&- >out' tp-validate in
	[ "$status" = 1 ]
	printf 'thirdPartyId,a\nx,1\n' | cmp - out
	status=0
	tp-validate in >out 2>&- || status=$?
	[ "$status" = 1 ]
	printf 'thirdPartyId,a\nx,1\n' | cmp - out
}

head='thirdPartyId,a\n'

@test "stdin, files, and - among them" {
	printf "$head"'x,1\n' >one
	printf "$head"'y,2\n' >two
	printf "$head"'z,3\n' >in
	tp-validate one - two <in >out
	status=0
	expect 0 "$head"'x,1\nz,3\ny,2\n'
	tp-validate <in >out
	expect 0 "$head"'z,3\n'
	tp-validate - <in >out
	expect 0 "$head"'z,3\n'
	tp-validate -- one >out
	expect 0 "$head"'x,1\n'
	# Places are told by file.
	printf "$head"'+,2\n' >two
	try tp-validate one two one
	expect 1 "$head"'x,1\nx,1\n' "tp-validate: two:2:1: id-plus-slash: \
column 'thirdPartyId': a thirdPartyId must not hold + or /, not even encoded\n"
}

@test "an unclosed quote does not reach into the next file" {
	printf "$head"'x,1\ny,"2\n' >one
	printf "$head"'z,"3"\n' >two
	try tp-validate -q one two
	expect 1 "$head"'x,1\nz,"3"\n' ''
}

@test "what is no file to read: exit 3" {
	try tp-validate nowhere
	expect 3 '' 'tp-validate: nowhere: cannot open: No such file or '\
'directory\n'
	mkdir folder
	try tp-validate folder
	expect 3 '' 'tp-validate: folder: this is a folder; name the files in it\n'
	status=0
	tp-validate <folder >out 2>err || status=$?
	expect 3 '' 'tp-validate: -: this is a folder; name the files in it\n'
	try tp-validate
	expect 3 '' 'tp-validate: -: the input is empty: there is no header\n'
}

rows() { # COUNT
	printf "$head"
	seq -f 'id%.0f,value' 1 "$1"
}

@test "gzip: one member, several, many, from a file and a pipe" {
	rows 100000 >all
	gzip -k all
	tp-validate all.gz | cmp all -
	cat all.gz | tp-validate | cmp all -
	dd if=all.gz bs=1 count=3000 2>/dev/null >begin
	{
		dd if=all.gz bs=1 count=40 2>/dev/null
		sleep 0.2
		tail -c +41 all.gz
	} | tp-validate | cmp all -
	{ head -n 7 all | gzip && tail -n +8 all | gzip; } >two.gz
	tp-validate two.gz | cmp all -
	# Members of no text at all, and rows cut between members.
	head -c 3000 all | tail -c +2900 >piece
	{
		: | gzip && head -c 2899 all | gzip && : | gzip
		gzip <piece && : | gzip && tail -c +3001 all | gzip
	} >many.gz
	tp-validate many.gz | cmp all -
	head -n 300 all >few
	while read -r line; do echo "$line" | gzip; done <few >each.gz
	tp-validate each.gz | cmp few -
	: | gzip >none.gz
	try tp-validate none.gz
	expect 3 '' 'tp-validate: none.gz: the input is empty: there is no header\n'
}

@test "gzip: padding with zeros, as on tapes" {
	rows 10 >all
	{ gzip <all && head -c 1000 /dev/zero; } >padded.gz
	tp-validate padded.gz | cmp all -
}

@test "gzip: cut short, corrupt, followed by something else: exit 3" {
	rows 50000 >all
	gzip -k all
	size=$(wc -c <all.gz)
	for n in 2 3 9 10 11 5000 $((size - 9)) $((size - 8)) $((size - 1)); do
		head -c $n all.gz >cut.gz
		status=0
		tp-validate -q cut.gz >out 2>err || status=$?
		[ $status = 3 ]
		[ "$(cat err)" = "tp-validate: cut.gz: gzip data ends early: it was cut (after $n packed bytes); fetch or make the file again" ]
		# Nothing but whole rows is written.
		cmp out <(head -c "$(wc -c <out)" all)
		[ ! -s out ] || [ "$(tail -c 1 out | od -An -c)" = '  \n' ]
	done
	# A wrong byte in the data, the CRC, the length.
	for at in 5000 $((size - 7)) $((size - 2)); do
		{
			head -c $((at - 1)) all.gz
			head -c $at all.gz | tail -c 1 | tr '\000-\377' '\001-\377\000'
			tail -c +$((at + 1)) all.gz
		} >bad.gz
		[ "$(wc -c <bad.gz)" = "$size" ]
		status=0
		tp-validate -q bad.gz >out 2>err || status=$?
		[ $status = 3 ]
		grep -q '^tp-validate: bad.gz: gzip data is corrupt (after [0-9]* packed bytes); ' err
		[ "$(wc -l <err)" = 1 ]
	done
	for more in 'garbage' '\0\0garbage' '\037garbage' '\037\213\010'; do
		{ cat all.gz && printf "$more"; } >more.gz
		status=0
		tp-validate -q more.gz >out 2>err || status=$?
		[ $status = 3 ]
		[ "$(wc -l <err)" = 1 ]
	done
	{ cat all.gz && echo garbage; } >more.gz
	try tp-validate -q more.gz
	grep -q 'more.gz: gzip data is followed by something else (after' err
}

@test "packed otherwise, or UTF-16: exit 3, with the command that helps" {
	local said='not UTF-8 text; unpack or convert it first:'

	rows 3 >all
	refuses() { # FILE WHAT COMMAND
		try tp-validate "$1"
		expect 3 '' "tp-validate: $1: this is $2, $said $3 $1 | ...\n"
		status=0
		tp-validate <"$1" >out 2>err || status=$?
		expect 3 '' "tp-validate: -: this is $2, $said $3 FILE | ...\n"
		cat "$1" | { tp-validate >out 2>err || [ $? = 3 ]; }
	}
	python3 -m zipfile -c all.zip all
	refuses all.zip 'a zip archive' 'unzip -p'
	printf '\050\265\057\375rest of it' >all.zst
	refuses all.zst 'zstd data' 'zstd -dc'
	xz -k all
	refuses all.xz 'xz data' 'xz -dc'
	bzip2 -k all
	refuses all.bz2 'bzip2 data' 'bzip2 -dc'
	for kind in UTF-16LE UTF-16BE; do
		{ printf '\357\273\277' && cat all; } | iconv -f UTF-8 -t $kind >wide
		refuses wide 'UTF-16 text' 'iconv -f UTF-16 -t UTF-8'
		iconv -f UTF-8 -t $kind <all >wide
		refuses wide 'UTF-16 text' 'iconv -f UTF-16 -t UTF-8'
		gzip <wide >wide.gz
		refuses wide.gz 'UTF-16 text' zcat
		# Few of its letters are in ASCII; and it is short.
		printf 'a\316\265\316\273\316\273\316\277,\316\277\n1,2\n' |
			iconv -f UTF-8 -t $kind >wide
		refuses wide 'UTF-16 text' 'iconv -f UTF-16 -t UTF-8'
		printf 'id' | iconv -f UTF-8 -t $kind >wide
		refuses wide 'UTF-16 text' 'iconv -f UTF-16 -t UTF-8'
	done
	# One NUL is damage.
	for text in 'i\0d,a\n1,2\n' '\0id,a\n1,2\n'; do
		try_with "$text" tp-validate
		expect 3 '' 'tp-validate: -:1:1: the name of column 1 holds a '"\
control character or line break\n"
	done
}

@test "pieces of one byte give what the whole gives" {
	printf '\357\273\277'"$head"'"x","1""2\n3"\r\n+,1\n\ny,2' >in
	tp-validate -q in >whole || [ $? = 1 ]
	while IFS= read -r -n 1 -d '' c || [ -n "$c" ]; do
		printf '%s' "$c"
	done <in | tp-validate -q >pieces || [ $? = 1 ]
	cmp whole pieces
	printf "$head"'"x","1""2\n3"\r\ny,2\n' | cmp - whole
}

@test "a column may be named like the magic of bzip2" {
	for name in BZhId BZh BZh9 BZh91AY BZh91AY_SY BZh01AY BZhx1AY; do
		try_with "$name,thirdPartyId\nx,a1\n" tp-validate
		expect 0 "$name,thirdPartyId\nx,a1\n" ''
	done
	try_with '' bzip2 -c
	mv out in
	try tp-validate in
	[ "$status" = 3 ]
	grep -q 'this is bzip2 data' err
}
