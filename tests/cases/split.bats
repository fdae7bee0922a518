#!/usr/bin/env bats
# tp-split: exports become batches.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# COUNT rows that have the numbers from 1 as ids.
numbers() {
	echo thirdPartyId,a
	seq -f %.0f,x 1 "$1"
}

@test "the line of the README" {
	printf 'thirdPartyId,tier\na1,50%% off & more\n' | tp-validate |
		tp-split >out
	status=0
	expect 0 'batch=thirdPartyId,tier\na1,50%%25%%20off%%20%%26%%20more\n'
}

@test "identifier first, under its documented name" {
	try_with 'a,mbox3rdPartyId,b\n1,x,2\n,y,\n3,z\n' tp-split
	expect 0 'batch=thirdPartyId,a,b\nx,1,2\ny\nz,3\n'
	try_with 'a,crm\n1,x\n' tp-split --id crm=pcId
	expect 0 'batch=pcId,a\nx,1\n'
	try_with 'pcId,thirdPartyId,a\n1,x,y\n' tp-split --id thirdPartyId
	expect 0 'batch=thirdPartyId,a\nx,y\n'
}

@test "a header alone gives no batch" {
	try_with 'a,thirdPartyId\n' tp-split
	expect 0 ''
}

@test "cells as they were meant" {
	try_with 'thirdPartyId;"a b"\r\n1;"q""q, r\n"\r\n\r\n2;\xc3\xa4+\r\n' \
		tp-split --delimiter ';'
	expect 0 'batch=thirdPartyId,a%%20b\n1,q%%22q%%2C%%20r%%0A\n2,%%C3%%A4%%2B\n'
	grep -q 'separators: a comma or line break in a value; .* (once, at ' err
	try_with 'thirdPartyId,a,b\n1, x ,NULL\n2,\\N,  y\n' \
		tp-split --trim --null NULL --null '\N'
	expect 0 'batch=thirdPartyId,a,b\n1,x\n2,,y\n'
	try_with 'thirdPartyId,a,b\n1,NULL,x\n2,y,NULL\nNULL,z\n' \
		tp-split --null NULL
	expect 1 'batch=thirdPartyId,a,b\n1,,x\n2,y\n'
	try_with "thirdPartyId,a,b\n'1','it''s','x'\n" tp-split --quote "'"
	expect 0 'batch=thirdPartyId,a,b\n1,it%%27s,x\n'
}

@test "a cell that looks like the beginning of a batch" {
	try_with 'thirdPartyId,a\nbatch=x,batch=y\n' tp-split
	expect 0 'batch=thirdPartyId,a\nbatch%%3Dx,batch%%3Dy\n'
}

@test "--raw-utf8 leaves letters, and nothing else" {
	try_with 'thirdPartyId,\xc3\xa4\n1,\xe6\x9d\xb1 &\n' tp-split --raw-utf8
	expect 0 'batch=thirdPartyId,\xc3\xa4\n1,\xe6\x9d\xb1%%20%%26\n'
}

@test "--params selects, orders and renames" {
	try_with 'a,thirdPartyId,"b,c",d\n1,x,2,3\n' \
		tp-split --params 'd:D,"b,c":bc'
	expect 0 'batch=thirdPartyId,D,bc\nx,3,2\n'
	try_with 'a,thirdPartyId,b\n1,x,2\n' tp-split --drop a
	expect 0 'batch=thirdPartyId,b\nx,2\n'
	try_with 'a,thirdPartyId,b\n1,x,2\n' tp-split --drop a,b
	expect 0 'batch=thirdPartyId\nx\n'
}

@test "--params and --drop that do not fit" {
	for wrong in '--params=z' '--drop=z' '--params=thirdPartyId' \
		'--params=a,a' '--params=a:b,b' '--params=a:pcId' \
		'--drop=a,a' '--params="a'; do
		try_with 'a,thirdPartyId,b\n1,x,2\n' tp-split "$wrong"
		expect 2 ''
		[ "$(wc -l <err)" = 1 ]
	done
	try_with 'a,thirdPartyId\n1,x\n' tp-split --params a --drop a
	expect 2 ''
	# The identifier is the input's own matter, as in tp-validate.
	try_with 'a,thirdPartyId\n1,x\n' tp-split --id z
	expect 3 ''
	# A second colon may be meant for anything.
	try_with 'a,thirdPartyId\n1,x\n' tp-split --params a:b:c
	expect 2 ''
	[ "$(cat err)" = "tp-split: --params: column 'a' has a new name that \
holds a colon; write it in double quotes" ]
	try_with 'a,thirdPartyId\n1,x\n' tp-split --params 'a:"b:c"'
	expect 0 'batch=thirdPartyId,b%%3Ac\nx,1\n'
}

@test "--params gives no name that a header could not have" {
	for options in '' --raw-utf8 '--separators reject'; do
		for name in $'\377' $'a\nb' $'a\tb' $'\177' $'a\303' \
			profile.tier profile. ''; do
			# shellcheck disable=SC2086 # options are words
			try_with 'thirdPartyId,tier\na1,x\n' \
				tp-split $options --params "tier:$name"
			expect 2 ''
			grep -q "^tp-split: --params: column 'tier' " err
		done
	done
	grep -q 'empty new name' err
	try_with 'thirdPartyId,tier\na1,x\n' \
		tp-split --params tier:profiles.$'\303\244'
	expect 0 'batch=thirdPartyId,profiles.%%C3%%A4\na1,x\n'
}

@test "--empty-as fills empty and absent cells" {
	try_with 'thirdPartyId,a,b\n1,,\n2\n3,x,NULL\n' \
		tp-split --empty-as none --null NULL
	expect 0 'batch=thirdPartyId,a,b\n1,none,none\n2,none,none\n3,x,none\n'
	try_with 'thirdPartyId,a,b\n1,,x\n2\n' tp-split --empty-as none
	expect 0 'batch=thirdPartyId,a,b\n1,none,x\n2,none,none\n'
	try_with 'thirdPartyId,a\n1,\n' tp-split --empty-as 'a,b'
	expect 2 ''
}

@test "--separators" {
	local text='thirdPartyId,a\n1,"x,y"\n2,"x\r\ny"\n3,z\n'
	try_with "$text" tp-split --separators encode
	expect 0 'batch=thirdPartyId,a\n1,x%%2Cy\n2,x%%0D%%0Ay\n3,z\n'
	grep -q ' (2 times, first at -:2)' err
	try_with "$text" tp-split --separators reject
	expect 1 'batch=thirdPartyId,a\n3,z\n'
	[ "$(grep -c ': separator: ' err)" = 2 ]
	try_with "$text" tp-split --separators 'replace= / '
	expect 0 'batch=thirdPartyId,a\n1,x%%20%%2F%%20y\n2,x%%20%%2F%%20y\n3,z\n'
	# Never within the identifier, nor within a name.
	try_with 'thirdPartyId,a\n"1,2",x\n3,y\n' tp-split --separators replace=-
	expect 1 'batch=thirdPartyId,a\n3,y\n'
	try_with 'thirdPartyId,"a,b"\n1,x\n' tp-split --separators reject
	expect 2 ''
	try_with 'thirdPartyId,"a,b"\n1,x\n' \
		tp-split --separators reject --params '"a,b":ab'
	expect 0 'batch=thirdPartyId,ab\n1,x\n'
	try_with "$text" tp-split --separators maybe
	expect 2 ''
	# A cell of separators alone would become an empty one.
	try_with "$text" tp-split --separators replace=
	expect 2 ''
	grep -q '^tp-split: --separators replace=: .*with a TEXT' err
}

@test "rejects: each with its rule, byte for byte" {
	try_with 'a,thirdPartyId\n1,x\n2,\n3\n\xff,y\n4,z,5\na,thirdPartyId\n6,"w' \
		tp-split --rejects rejects --errors errors --summary summary
	expect 1 'batch=thirdPartyId,a\nx,1\n'
	printf 'a,thirdPartyId\n2,\n3\n\xff,y\n4,z,5\na,thirdPartyId\n6,"w\n' \
		>expected
	assert_same expected rejects
	[ "$(jq -r .rule errors | tr '\n' ' ')" = \
		'id-empty id-empty utf8 columns repeated-header quote ' ]
	[ "$(jq -c '[.in,.out,.rejected,.skipped,.batches,.exit]' summary)" = \
		'[7,1,6,0,1,1]' ]
	jq -e '.in == .out + .rejected + .skipped' summary
}

@test "rows as they lie: what must not be taken along" {
	# Enough in front that a batch has begun and many go at once.
	for end in '\n' '\r\n'; do
		{
			printf "thirdPartyId,a,b$end"
			printf "%d,x,$end" 1 2 3
			printf "thirdPartyId,a,b${end}x,y,z${end}x,y,z$end"
			printf "\xef\xbb\xbfthirdPartyId,a,b$end"
			printf "4,,$end$end,y,z$end"
			printf "5,\xc3\xa9,w$end"
			printf "6,\xff,w${end}7,1,2,3$end"
			printf "8,v,u$end"
		} >in
		try tp-split --manifest manifest --errors errors in
		expect 1 \
			'batch=thirdPartyId,a,b\n1,x\n2,x\n3,x\nx,y,z\nx,y,z\n4\n5,%%C3%%A9,w\n8,v,u\n'
		[ "$(jq -r '"\(.rule) \(.line)"' errors | tr '\n' ' ')" = \
			'repeated-header 5 repeated-header 8 id-empty 11 utf8 13 columns 14 ' ]
		[ "$(jq -c '[.rows,.firstLine,.lastLine]' manifest)" = '[8,2,15]' ]
	done
}

@test "an identifier that is empty, first or last" {
	try_with 'thirdPartyId,a\n,x\n1,y\n"",z\n2,\n' tp-split
	expect 1 'batch=thirdPartyId,a\n1,y\n2\n'
	try_with 'a,thirdPartyId\nx,\ny,1\nz,""\n,2\n' tp-split
	expect 1 'batch=thirdPartyId,a\n1,y\n2\n'
}

@test "--max-rejects" {
	local text='a,thirdPartyId\n1,x\n2,\n3,\n4,y\n'
	try_with "$text" tp-split --max-rejects 2
	expect 1 'batch=thirdPartyId,a\nx,1\ny,4\n'
	try_with "$text" tp-split --max-rejects 1
	[ "$status" = 3 ]
	try_with "$text" tp-split --max-rejects 49%
	[ "$status" = 3 ]
}

@test "what ends early ends within a line" {
	try_with 'a,thirdPartyId\n1,x\n2,\n3,\n4,y\n' tp-split --max-rejects 49%
	expect 3 'batch=thirdPartyId,a\nx,1\ny,4'
	try_with 'a,thirdPartyId\n1,x\n2,y\n3,\n' \
		tp-split --max-rejects 0 --max-rows 1
	expect 3 'batch=thirdPartyId,a\nx,1\nbatch=thirdPartyId,a\ny,2'
	# no batch, nothing
	try_with 'a,thirdPartyId\n3,\n' tp-split --max-rejects 0
	expect 3 ''
	numbers 100000 | gzip >whole.gz
	head -c 200000 whole.gz >cut.gz
	try tp-split cut.gz
	[ "$status" = 3 ]
	[ -s out ]
	[ "$(tail -c 1 out)" != '' ]
}

@test "a signal: ends within a line, too" {
	mkfifo in
	tp-split --max-rows 1 <in >out 2>err 3>&- &
	pid=$!
	exec 5>in
	printf 'a,thirdPartyId\n1,x\n2,y\n3,\n' >&5
	# What it says of the third row shows that it has the first two.
	until_lines 1 err
	kill -TERM "$pid"
	code=0
	wait "$pid" || code=$?
	exec 5>&-
	[ "$code" = 143 ]
	printf 'batch=thirdPartyId,a\nx,1\nbatch=thirdPartyId,a\ny,2' >expected
	assert_same expected out
}

@test "headers that cannot be used" {
	for text in '' 'a,b\n1,2\n' 'pcId,thirdPartyId\n1,2\n' \
		'thirdPartyId,a,a\n1,2,3\n' 'thirdPartyId,\n1,2\n' \
		'thirdPartyId,profile.a\n1,2\n'; do
		try_with "$text" tp-split
		expect 3 ''
		[ "$(wc -l <err)" = 1 ]
	done
}

@test "several files, one header" {
	printf 'thirdPartyId,a\n1,x\n' >one
	printf '\xef\xbb\xbfthirdPartyId,a\r\n2,y' | gzip >two
	printf 'thirdPartyId,b\n3,z\n' >three
	try tp-split --manifest manifest one two
	expect 0 'batch=thirdPartyId,a\n1,x\n2,y\n'
	[ "$(jq -c '[.firstFile,.firstLine,.lastFile,.lastLine]' manifest)" = \
		'["one",2,"two",2]' ]
	try tp-split one three
	[ "$status" = 3 ]
	try tp-split one nothing
	[ "$status" = 3 ]
}

@test "500,000 rows are one batch, 500,001 are two" {
	numbers 500000 | tp-split --manifest manifest >out
	[ "$(grep -c ^batch= out)" = 1 ]
	numbers 500001 | tp-split --manifest manifest >out
	[ "$(grep -c ^batch= out)" = 2 ]
	[ "$(jq -c '[.batch,.rows,.firstLine,.lastLine]' manifest | tr '\n' ' ')" \
		= '[1,500000,2,500001] [2,1,500002,500002] ' ]
	[ "$(tail -n 2 out)" = "$(printf 'batch=thirdPartyId,a\n500001,x')" ]
}

@test "--max-rows and --max-bytes, both sides" {
	try_with 'thirdPartyId,a\n1,x\n2,x\n3,x\n4,x\n5\n' tp-split --max-rows 2
	expect 0 'batch=thirdPartyId,a\n1,x\n2,x\nbatch=thirdPartyId,a\n3,x\n4,x\nbatch=thirdPartyId,a\n5\n'
	try_with 'thirdPartyId,a\n1,x\n2,x\n3,x\n' tp-split --max-bytes 29
	expect 0 'batch=thirdPartyId,a\n1,x\n2,x\nbatch=thirdPartyId,a\n3,x\n'
	try_with 'thirdPartyId,a\n1,x\n2,x\n3,x\n' tp-split --max-bytes 28
	expect 0 'batch=thirdPartyId,a\n1,x\nbatch=thirdPartyId,a\n2,x\nbatch=thirdPartyId,a\n3,x\n'
	# A row that fits into no batch; a header under which none fits.
	try_with 'thirdPartyId,a\n1,x\n2,xy\n3,x\n' tp-split --max-bytes 25
	expect 1 'batch=thirdPartyId,a\n1,x\nbatch=thirdPartyId,a\n3,x\n'
	grep -q ':3:1: row-too-large: ' err
	try_with 'thirdPartyId,a\n1,x\n' tp-split --max-bytes 22
	expect 2 ''
	for wrong in --max-bytes=0 --max-bytes=50000000 --max-rows=0 \
		--max-rows=500001 --max-rows=x; do
		try_with 'thirdPartyId,a\n1,x\n' tp-split "$wrong"
		expect 2 ''
	done
}

@test "a batch of 49,999,999 bytes, and never one of more" {
	# Rows of 63,004 bytes, and in the end what is left.
	python3 - <<-'END' >in
		total, name = 49999999 - len("batch=thirdPartyId,a\n"), 63000
		rows = total // (name + 4) - 1
		print("thirdPartyId,a")
		for _ in range(rows):
		    print("id," + "x" * name)
		    total -= name + 4
		while total > 0:
		    take = min(total, 60000)
		    if 0 < total - take < 5:
		        take -= 5
		    print("id," + "x" * (take - 4))
		    total -= take
	END
	tp-split in >out
	[ "$(grep -c ^batch= out)" = 1 ]
	[ "$(wc -c <out)" = 49999999 ]
	sed '$s/$/x/' in >longer
	tp-split --manifest manifest longer >out
	[ "$(grep -c ^batch= out)" = 2 ]
	[ "$(jq .bytes manifest | sort -n | tail -n 1)" -le 49999999 ]
}

@test "64,000 bytes of a profile, both sides" {
	local value
	value=$(printf %063990d 0)
	# Names a and bc, values of 63,990 and 7 bytes: 64,000.
	printf 'thirdPartyId,a,bc\n1,%s,%s\n' "$value" 1234567 >in
	try tp-split in
	[ "$status" = 0 ]
	printf 'thirdPartyId,a,bc\n1,%s,%s\n2,x\n' "$value" 12345678 >in
	try tp-split in
	expect 1 'batch=thirdPartyId,a,bc\n2,x\n'
	grep -q 'in:2:1: profile-too-large: ' err
	# An empty cell's name does not count; encoding does not, either.
	printf 'thirdPartyId,a,bc\n1,%s+++++++++,\n' "$value" >in
	try tp-split in
	[ "$status" = 0 ]
	printf 'thirdPartyId,a,bc\n1,%s++++++++++,\n' "$value" >in
	try tp-split in
	expect 1 ''
}

@test "--max-record, both sides" {
	try_with 'thirdPartyId,a\n1,xxxxxxxxxxxx\n' tp-split --max-record 14
	expect 0 'batch=thirdPartyId,a\n1,xxxxxxxxxxxx\n'
	try_with 'thirdPartyId,a\n1,xxxxxxxxxxxxx\n2,y\n' tp-split --max-record 14
	expect 1 'batch=thirdPartyId,a\n2,y\n'
	grep -q 'record-too-long' err
}

@test "-o: a file for each batch, its path on stdout" {
	numbers 5 >in
	try tp-split -o folder --max-rows 2 --manifest manifest in
	expect 0 'folder/batch-000001.txt\nfolder/batch-000002.txt\nfolder/batch-000003.txt\n'
	printf 'batch=thirdPartyId,a\n3,x\n4,x\n' >expected
	assert_same expected folder/batch-000002.txt
	tp-split --max-rows 2 in >stream
	cat folder/*.txt | cmp - stream
	[ "$(stat -c %a folder folder/batch-000001.txt | tr '\n' ' ')" = '700 600 ' ]
	jq -r '"\(.sha256)  \(.path)"' manifest | sha256sum -c --quiet
	# There already.
	try tp-split -o folder in
	expect 2 ''
	grep -q 'holds batch files already' err
	mkdir other
	touch other/batch-x.txt other/notes
	try tp-split -o other in
	expect 0 'other/batch-000001.txt\n'
	try tp-split -o in in
	expect 2 ''
}

@test "options that do not fit the header leave no folder" {
	numbers 3 >in
	for option in --params=nosuch --drop=nosuch --max-bytes=20; do
		try tp-split -o folder --manifest manifest "$option" in
		expect 2 ''
		[ ! -e folder ]
		[ ! -e manifest ]
	done
	try tp-split -o no/folder --manifest manifest in
	expect 2 ''
	[ ! -e manifest ]
	# The manifest may be in it.
	try tp-split -o folder --manifest folder/manifest in
	expect 0 'folder/batch-000001.txt\n'
	[ "$(jq .rows folder/manifest)" = 3 ]
}

@test "-o: a batch that is not finished leaves nothing" {
	numbers 200000 | gzip | head -c 200000 >cut.gz
	try tp-split -o folder --max-rows 50000 --manifest manifest cut.gz
	[ "$status" = 3 ]
	[ -s out ]
	ls -d folder/* | cmp - out
	[ "$(find folder -name '.*' -type f | wc -l)" = 0 ]
	[ ! -e manifest ]
	tail -q -n 1 folder/* | grep -c ,x | cmp - <(wc -l <out)
}

@test "the manifest of a stream" {
	printf 'thirdPartyId,a\n\n1,"x\ny"\n2,y\n3,"z\n"\n' >in
	tp-split --max-rows 2 --manifest manifest -q in >out 2>err
	[ "$(jq -c '[.batch,.rows,.bytes,.path,.firstLine,.lastLine]' manifest |
		tr '\n' ' ')" = '[1,2,33,null,3,5] [2,1,28,null,6,7] ' ]
	head -c 33 out | sha256sum | cut -d ' ' -f 1 >expected
	tail -c 28 out | sha256sum | cut -d ' ' -f 1 >>expected
	jq -r .sha256 manifest | cmp - expected
}

# What everyone's script does: Python's csv and quote.
reference() {
	python3 - "$@" <<-'END'
		import csv, sys
		from urllib.parse import quote
		rows = csv.reader(open(sys.argv[1], newline="", encoding="utf-8-sig"))
		header = next(rows)
		at = header.index("thirdPartyId")
		def line(cells):
		    cells = [cells[at]] + cells[:at] + cells[at + 1:]
		    while cells[-1] == "":
		        cells.pop()
		    return ",".join(quote(c, safe="") for c in cells) + "\n"
		head = "batch=" + line(header)
		left, count = 0, 0
		for cells in rows:
		    row = line(cells)
		    if count == 30000 or left < len(row):
		        sys.stdout.write(head)
		        left, count = 1000000 - len(head), 0
		    sys.stdout.write(row)
		    left, count = left - len(row), count + 1
	END
}

@test "equal to Python's csv and quote, whichever kernel scans" {
	for kind in plain real quoted; do
		"$root/contrib/make-export" --kind "$kind" --rows 40000 >in
		reference in >expected
		for kernel in portable libcsv; do
			TP_SCAN=$kernel tp-split -q --max-bytes 1000000 \
				--max-rows 30000 in >out
			assert_same expected out
		done
		tp-split -q --max-bytes 1000000 --max-rows 30000 <in |
			cmp - expected
		[ "$(grep -c ^batch= out)" -gt 3 ]
	done
}

@test "rows taken in runs equal rows taken one by one" {
	"$root/tests/cases/runs-fuzz.py" tp-split 40 "${TP_TEST_SEED:-1}"
}

@test "the same bytes, however columns are named" {
	"$root/contrib/make-export" --kind real --rows 20000 >in
	tp-split -q in >expected
	names=$(head -n 1 in | cut -d , -f 2-)
	tp-split -q --params "$names" in >out
	assert_same expected out
	mlr --csv reorder -e -f thirdPartyId in >moved
	tp-split -q moved >out
	assert_same expected out
}

@test "output that cannot be written" {
	numbers 100000 >in
	try tp-split in
	status=0
	tp-split in >/dev/full 2>err || status=$?
	[ "$status" = 4 ]
	numbers 1 >in
	status=0
	tp-split in >/dev/full 2>err || status=$?
	[ "$status" = 4 ]
	status=0
	tp-split -o folder in >/dev/full 2>err || status=$?
	[ "$status" = 4 ]
	try tp-split --manifest /nonexistent/m in
	expect 2 ''
	try tp-split --manifest /dev/full in
	[ "$status" = 4 ]
	# A reader that has gone ends a filter as filters end.
	set +o pipefail
	numbers 1000000 >in
	tp-split in 2>err | head -n 1 >out
	[ "${PIPESTATUS[0]}" = 141 ]
	[ ! -s err ]
}

@test "peak memory is small and does not grow" {
	skip_if_sanitized 'it takes memory of its own'
	for rows in 20000 1000000; do
		"$root/contrib/make-export" --kind real --rows "$rows" >in
		/usr/bin/time -f %M -o peak tp-split -q --manifest manifest in \
			>out
		[ "$(tail -n 1 peak)" -le 16384 ]
	done
}

@test "wrong usage" {
	for wrong in --max-bytes --nothing --separators=x -o; do
		try tp-split "$wrong"
		expect 2 ''
		[ "$(wc -l <err)" = 1 ]
	done
	try tp-split --help
	[ "$status" = 0 ]
	[ "$(wc -l <out)" -le 50 ]
	[ "$(wc -L <out)" -le 80 ]
	try tp-split --version
	[ "$status" = 0 ]
	grep -q '^tp-split (tp-tools) ' out
}

@test "a run that cannot write counts no record that did not become a row" {
	seq -f '%.0f,"x"' 1 100000 | sed '1i thirdPartyId,a' >in
	for TP_SCAN in avx512 avx2 portable libcsv; do
		export TP_SCAN
		tp-split --version | grep -q "kernel: $TP_SCAN" || continue
		for option in --quote=\" --trim --max-rows=1000 --max-bytes=30; do
			status=0
			tp-split --summary sum "$option" in >/dev/full 2>err ||
				status=$?
			[ "$status" = 4 ]
			jq -e '.in == .out + .rejected + .skipped and .in > 0' sum
		done
	done
}

@test "--encode-twice: each % of names and values is encoded once more" {
	printf 'thirdPartyId,a%%,b\na 1,"x,y",50%% & +\n"b""2",é,\n' >export.csv
	for more in '' --raw-utf8 '--separators replace=;' '--empty-as -%' \
		'--params b,a%:n/' '--max-rows 1'; do
		# shellcheck disable=SC2086
		tp-split -q $more export.csv | sed 's/%/%25/g' >expected
		# shellcheck disable=SC2086
		tp-split -q --encode-twice $more export.csv >batches
		assert_same expected batches
	done
	# Many rows at once, by each way, and limits count what is sent.
	python3 - >export.csv <<'END'
print("thirdPartyId,a,b")
for i in range(50000):
    print('id %d,%s,"%s"' % (i, "é%/" * (i % 40), "q,\n" * (i % 3)))
END
	tp-split -q export.csv | grep -v ^batch= | sed 's/%/%25/g' >expected
	tp-split -q --encode-twice --max-bytes 100000 -o folder export.csv >paths
	xargs cat <paths | grep -v ^batch= >rows
	assert_same expected rows
	[ -z "$(xargs stat -c %s <paths | awk '$1 > 100000')" ]
	# A batch is as full as it can be.
	[ "$(xargs stat -c %s <paths | head -n -1 | awk '$1 < 98000')" = '' ]
	printf 'thirdPartyId,a\na1,%%%%%%%%\n' >export.csv
	try tp-split --encode-twice --max-bytes 44 export.csv
	[ "$status" = 1 ]
	tp-split --encode-twice --max-bytes 45 export.csv >batches
	[ "$(wc -c <batches)" = 45 ]
}
