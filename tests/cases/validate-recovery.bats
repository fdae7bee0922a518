#!/usr/bin/env bats
# tp-validate: a broken quote costs its own line; time stays linear.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

head='thirdPartyId,a\n'

@test "a quote that never closes costs its line" {
	try_with "$head"'x,"open\ny,2\nz,3\n' tp-validate --rejects bad
	expect 1 "$head"'y,2\nz,3\n' "tp-validate: -:2:3: quote: this quote \
never closes; the lines behind it are read as records of their own\n"
	printf "$head"'x,"open\n' | cmp - bad
	try_with "$head"'x,1\ny,"' tp-validate --rejects bad
	expect 1 "$head"'x,1\n'
	printf "$head"'y,"\n' | cmp - bad
}

@test "a quote that closes in a later record costs its line" {
	# To the quote of line 4 it is one field; behind it stands 3.
	try_with "$head"'x,"open\ny,2\nz,"3"\nw,4\n' tp-validate --rejects bad
	expect 1 "$head"'y,2\nz,"3"\nw,4\n' "tp-validate: -:2:3: quote: quotes are \
malformed; double a quote inside a quoted field, close each one that is \
opened\n"
	printf "$head"'x,"open\n' | cmp - bad
}

@test "the tail of a broken field never becomes a row" {
	try_with "$head"'x,"open\n\nmiddle\nlast\ny,2\nshort\nz,"3"\n' \
		tp-validate --rejects bad
	printf "$head"'x,"open\n\nmiddle\nlast\n' | cmp - bad
	expect 1 "$head"'y,2\nz,"3"\n'
	[ "$(grep -c ' quote: ' err)" = 4 ]
	[ "$(grep -c 'taken for the rest of that field' err)" = 3 ]
	grep -q 'skipped 1 record ' err
	# Records with more fields than the header do not end it.
	try_with "$head"'x,"open\na,b,c\nlast\ny,2\n' tp-validate -q \
		--rejects bad
	expect 1 "$head"'y,2\n'
	printf "$head"'x,"open\na,b,c\nlast\n' | cmp - bad
}

@test "a quoted header once more, behind a byte order mark, breaks no quote" {
	local quoted='"thirdPartyId","a"\n' bom='\357\273\277'

	for TP_SCAN in avx512 avx2 portable libcsv; do
		export TP_SCAN
		tp-validate --version | grep -q "kernel: $TP_SCAN" || continue
		try_with "$quoted"'"x","1"\n'"$bom$quoted"'"y"\n"z","3"\n' \
			tp-validate --keep-empty -q --rejects bad --errors why
		expect 1 "$quoted"'"x","1"\n"y"\n"z","3"\n' ''
		printf "$quoted$bom$quoted" | cmp - bad
		[ "$(jq -c '[.line, .column, .rule]' why)" = \
			'[3,1,"repeated-header"]' ]
		# Behind a broken quote it settles nothing.
		try_with "$quoted"'"x","1\n'"$bom$quoted"'"y"\n"z","3"\n"w"\n' \
			tp-validate --keep-empty -q
		expect 1 "$quoted"'"z","3"\n"w"\n' ''
	done
}

@test "a field that opens and goes past --max-record costs its line" {
	{
		printf "$head"'x,"open\n'
		seq -f 'id%.0f,value' 1 100
	} >in
	status=0
	tp-validate --max-record 100 <in >out 2>err || status=$?
	[ $status = 1 ]
	sed 2d in | cmp - out
	[ "$(cat err)" = 'tp-validate: -:2:3: quote: this quote does not close within --max-record; the lines behind it are read as records of their own' ]
}

# ROWS good rows, a broken quote in the second line.
broken() { # ROWS LAST-LINE
	printf "$head"'x,"open\n'
	seq -f 'id%.0f,value of it' 1 "$1"
	printf '%b' "$2"
}

@test "an open quote in line 2 of a million rows costs line 2 alone" {
	skip_if_sanitized time
	for last in '' 'z,"a proper, quoted field"\n' 'z,"two\nlines"\n'; do
		broken 1000000 "$last" >in
		status=0
		timeout 150 tp-validate -q --rejects bad --summary sum in >out ||
			status=$?
		[ $status = 1 ]
		sed 2d in | cmp - out
		printf "$head"'x,"open\n' | cmp - bad
		[ "$(jq .rejected sum)" = 1 ]
	done
}

# Ten times the input takes about ten times as long, in a generous bound: a
# quadratic reader would need a hundred times as long.  It is the processor's
# time, as the machine may be busy.
linear() { # COMMAND that prints COUNT pieces, OPTION...
	local make=$1 n small large TIMEFORMAT='%3U %3S'
	shift
	for n in 100000 1000000; do
		{ printf "$head" && $make $n; } >in.$n
	done
	for n in 100000 1000000; do
		{ time timeout 120 tp-validate -q --summary sum "$@" in.$n \
			>out || [ $? = 1 ]; } 2>time.$n
	done
	jq -e '.in == .out + .rejected + .skipped' sum >/dev/null
	small=$(milliseconds <time.100000)
	large=$(milliseconds <time.1000000)
	echo "$make $*: $small ms, $large ms"
	[ "$large" -lt $((small * 30 + 200)) ]
}
milliseconds() { awk '{ printf "%d", ($1 + $2) * 1000 }'; }
bytes() { head -c "$2" /dev/zero | tr '\0' "$1"; }
all_quotes() { bytes '"' "$1"; }
all_delimiters() { bytes , "$1"; }
all_lfs() { bytes '\n' "$1"; }
all_crs() { bytes '\r' "$1"; }
all_nuls() { bytes '\0' "$1"; }
# shellcheck disable=SC2120
lines() { yes "$2" | head -c "$1"; }
open_lines() { lines "$1" 'x,"open'; }
lone_quotes() { lines "$1" '"'; }
odd_quotes() { lines "$1" '"""'; }
inner_quotes() { lines "$1" 'a"b'; }
open_and_odd() { yes $'x,"open\na"b\na"b\na"b' | head -c "$1"; }
bare_crs() { lines "$1" $'x,\ry'; }
wide() { lines "$1" "x$(bytes , 3000)"; }

@test "hostile input takes linear time" {
	skip_if_sanitized time
	for how in all_quotes all_delimiters all_lfs all_crs all_nuls \
		open_lines lone_quotes odd_quotes inner_quotes open_and_odd \
		bare_crs wide; do
		linear $how
		linear $how --max-record 100
		linear $how --trim
	done
}

@test "however a quote is broken, no line is lost and none is doubled" {
	# Lines that can be told from each other, 3 in 100 of them broken.
	awk 'BEGIN {
		srand(7)
		print "thirdPartyId,a,b"
		for (i = 1; i <= 20000; i++) {
			r = int(rand() * 100)
			if (r == 0) print "id" i ",\"open,2"
			else if (r == 1) print "id" i ",op\"en,2"
			else if (r == 2) print "id" i ",\"a\"b,2"
			else if (r < 10) print "id" i ",\"one" i "\ntwo" i "\",3"
			else if (r == 10) print "id" i "+,1,2"
			else if (r == 11) print "id" i ",,"
			else if (r == 12) print "id" i ",1,2,3"
			else print "id" i ",one,two"
		}
	}' >in
	status=0
	tp-validate -q --rejects bad --summary sum in >out || status=$?
	[ $status = 1 ]
	# What was skipped has no values.
	{
		tail -n +2 in | grep -v ',,$' | sort >all
		{ tail -n +2 out && tail -n +2 bad; } | sort >parts
		cmp all parts
	}
	jq -e '.in == .out + .rejected + .skipped' sum
	[ "$(grep -c ',,$' in)" = "$(jq .skipped sum)" ]
}
