#!/usr/bin/env bats
# A last line without line ending, as a file has that was cut short.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	said='unterminated: the last line has no line ending, as in a file '
	said+='that was cut short: if it was, make the export again; if it is '
	said+='whole, end the line'
}

head='thirdPartyId,a\n'

# Both programs warn once, of this place, and end well; no kernel differs.
warned() { # PLACE TEXT OPTION...
	local place=$1 text=$2 program
	shift 2
	for TP_SCAN in avx512 avx2 portable libcsv; do
		export TP_SCAN
		tp-validate --version | grep -q "kernel: $TP_SCAN" || continue
		for program in tp-validate tp-split; do
			try_with "$text" $program --summary sum "$@"
			echo "$program $TP_SCAN: exit $status" && cat err
			[ "$status" -le 1 ]
			[ "$(grep unterminated err)" = \
				"$program: warning: $said (once, at $place)" ]
			[ "$(jq .warnings.unterminated sum)" = 1 ]
			try_with "$text" $program -q "$@"
			never grep unterminated err
		done
		# Terminated, it is not warned about.
		try_with "$text\n" tp-validate "$@"
		never grep unterminated err
		try_with "$text" tp-validate --strict --check "$@"
		[ "$status" = 3 ]
		[ "$(tail -n 1 err)" = \
			"tp-validate: $place: ${said#*: } (--strict)" ]
	done
}

@test "an unterminated last record is warned about" {
	warned -:3 "$head"'x,1\ny,2'
	warned -:3 "${head/\\n/\\r\\n}"'x,1\r\ny,2'
	# The line feed of its CRLF is missing.
	warned -:2 "${head/\\n/\\r\\n}"'x,1\r'
	# The last line of a record of several.
	warned -:4 "$head"'x,1\ny,"2\n3"'
	# A short one, as what was cut is.
	warned -:3 "$head"'x,1\ny'
	warned -:3 'thirdPartyId;a\nx;1\ny;2' --delimiter ';'
}

@test "… a header that stands alone, and a line of nothing" {
	warned -:1 'thirdPartyId,a'
	warned -:1 '\357\273\277thirdPartyId,a'
	# What is left of a blank line, and what --trim makes one.
	warned -:3 "$head"'x,1\n\r'
	warned -:3 "$head"'x,1\n  ' --trim
}

@test "… a last line that is rejected" {
	warned -:3 "$head"'x,1\ny,"2'
	warned -:4 "$head"'x,1\ny,"2\nz,3'
	warned -:3 "$head"'x,1\n,2'
	warned -:3 "$head"'x,1\ny,22222222222222222' --max-record 15
	warned -:3 "$head"'x,1\ny,2\rz,3'
}

@test "… a last line that is too long for the window" {
	{
		printf "$head"'x,1\n' && head -c 3000000 /dev/zero | tr '\0' y
	} >long
	for program in tp-validate tp-split; do
		try $program long
		[ "$status" = 1 ]
		grep -qF "$program: warning: $said (once, at long:3)" err
	done
}

@test "many rows in front of it do not hide it" {
	{ printf "$head" && yes 'x,1' | head -n 300000 && printf y,2; } >many
	for TP_SCAN in avx512 avx2 portable libcsv; do
		export TP_SCAN
		tp-validate --version | grep -q "kernel: $TP_SCAN" || continue
		for program in tp-validate tp-split; do
			$program many 2>err >out
			grep -qF "(once, at many:300002)" err
			[ "$(tail -n 1 out)" = y,2 ]
		done
		status=0
		tp-validate --strict --summary sum many 2>err >out || status=$?
		[ "$status" = 3 ]
		# All but what may be half a record.
		sed '$d' many | cmp - out
		[ "$(jq -c '[.in, .out, .exit]' sum)" = '[300000,300000,3]' ]
	done
}

@test "gzip, and each of several files" {
	printf "$head"'x,1' >cut
	printf "$head"'y,2\n' >whole
	gzip -c cut >cut.gz
	for program in tp-validate tp-split; do
		try $program cut.gz
		[ "$status" = 0 ]
		grep -qF "$program: warning: $said (once, at cut.gz:2)" err
		try $program --summary sum whole cut whole cut.gz cut
		[ "$status" = 0 ]
		grep -qF "$program: warning: $said (3 times, first at cut:2)" err
		[ "$(jq -c .warnings sum)" = '{"unterminated":3}' ]
		# A header is a last line too.
		printf thirdPartyId,a >headed
		try $program whole headed
		[ "$status" = 0 ]
		grep -qF "(once, at headed:1)" err
		try $program whole whole
		[ ! -s err ]
	done
}

@test "--strict: exit 3, no seal, nothing of the line is passed" {
	printf "$head"'x,1\n+,2\ny,2' >cut
	try tp-validate --strict --seal --rejects bad --summary sum cut
	expect 3 "$head"'x,1\n'
	[ "$(tail -n 1 err)" = "tp-validate: cut:4: ${said#*: } (--strict)" ]
	printf "$head"'+,2\n' | cmp - bad
	[ "$(jq -c '[.in, .out, .rejected, .exit]' sum)" = '[2,1,1,3]' ]
	# A header alone: nothing is written.
	printf thirdPartyId,a >headed
	try tp-validate --strict headed
	expect 3 '' "tp-validate: headed:1: ${said#*: } (--strict)\n"
	# -q leaves out warnings, but not this.
	try tp-validate -q --strict headed
	expect 3 '' "tp-validate: headed:1: ${said#*: } (--strict)\n"
	# It ends at the first of several files.
	printf "$head"'z,3\n' >whole
	try tp-validate --strict whole cut whole
	expect 3 "$head"'z,3\nx,1\n'
	try tp-validate --strict whole headed whole
	expect 3 "$head"'z,3\n'
}

@test "an input whose seal is there has ended its last line" {
	printf "$head"'x,1' >cut
	tp-validate -q --seal cut >sealed
	for program in tp-validate tp-split 'tp-validate --strict'; do
		# shellcheck disable=SC2086 # options are words
		try $program sealed
		[ "$status" = 0 ]
		[ ! -s err ]
	done
}

@test "what a tp-validate that was killed leaves is warned about" {
	mkfifo pipe
	tp-validate pipe >part 2>err 3>&- &
	pid=$!
	exec 5>pipe
	{ printf "$head" && yes 'xxxxxxx,1' | head -n 100000; } >&5
	# Written in pieces: some of them at least are there.
	until_true test -s part
	kill -KILL $pid
	exec 5>&-
	wait $pid || true
	[ -s part ]
	# Wherever it broke off: within a row, which are in bytes 15 to 25 ...
	head -c "$(($(wc -c <part) / 10 * 10 - 10))" part >torn
	try tp-split torn
	[ "$status" = 0 ]
	grep -q 'tp-split: warning: unterminated: ' err
}
