#!/usr/bin/env bats
# The manual pages agree with the programs: their options, their examples.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

man=$BATS_TEST_DIRNAME/../../man

# Options as --help lists them, one a line: -q --quiet ...
help_options() { # PROGRAM
	"$1" --help | sed -n 's/^  \(\(-., \)\{0,1\} *--[a-z0-9-]*\).*/\1/p;
		s/^  \(-.\) .*/\1/p' | tr -s ', ' '\n\n' | grep . | sort
}

# Options that a page describes in a list.
page_options() { # PAGE
	sed -n 's/, -/, Fl -/; s/^\.It Fl/Fl/p' "$1" | grep -o 'Fl [^ ]*' |
		sed 's/^Fl /-/' | sort -u
}

# Options that --help does not list any more; their pages say what they mean.
old_names() { # PROGRAM
	case $1 in
	tp-send) echo --no-bisect ;;
	tp-status) echo --token-to-status ;;
	esac
}

@test "each page describes the options that --help lists, and no others" {
	local page program found=0

	for page in "$man"/tp-*.1; do
		program=$(basename "$page" .1)
		# tp-sandbox may have been left out of the build.
		command -v "$program" >/dev/null || continue
		{
			help_options "$program"
			old_names "$program"
		} | sort >help
		page_options "$page" >page
		echo "$program"
		[ "$(wc -l <help)" -ge 10 ]
		diff help page
		for name in $(old_names "$program"); do
			"$program" "$name" --help >whole
			never grep -e "$name" whole
			grep -A 1 -x ".It Fl ${name#-}" "$page" |
				grep -x 'Old name of'
		done
		"$program" --help >whole
		[ "$(wc -l <whole)" -le 50 ]
		never grep -E '.{81}' whole
		found=$((found + 1))
	done
	[ $found -ge 2 ]
}

@test "each synopsis names every option" {
	local page program option

	for page in "$man"/tp-*.1; do
		program=$(basename "$page" .1)
		command -v "$program" >/dev/null || continue
		sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$page" >synopsis
		# A long one may say OPTION instead.
		! grep -q '^\.Op Ar OPTION' synopsis || continue
		# A letter stands for the long name beside it in --help.
		"$program" --help | sed -n 's/^  \(-.\), --.*/\1/p;
			s/^ \{6\}\(--[a-z0-9-]*\).*/\1/p' >options
		while read -r option; do
			case $option in
			--*) grep -qE "Fl ${option#-}( |\$)" synopsis ;;
			*) grep -qE "Fl [a-zA-Z]*${option#-}" synopsis ;;
			esac || {
				echo "$program: $option is not in the synopsis"
				return 1
			}
		done <options
	done
}

@test "each page that a page refers to is there, and in its SEE ALSO" {
	local page name section

	for page in "$man"/tp-*.[1-8]; do
		sed -n 's/^\.\(Pq \)*Xr \(tp-[a-z]*\) \([1-8]\).*/\2 \3/p' "$page" |
			sort -u >referred
		[ -s referred ]
		sed '1,/^\.Sh SEE ALSO/d' "$page" |
			sed -n 's/^\.Xr \([a-z-]* [1-8]\).*/\1/p' >also
		while read -r name section; do
			echo "$(basename "$page"): $name($section)"
			[ -e "$man/$name.$section" ]
			[ "$name.$section" = "$(basename "$page")" ] ||
				grep -qx "$name $section" also
		done <referred
	done
	# A batch must comply with what batches are, and nothing else.
	sed -n '/^\.It Cm invalid/,/^\.It Cm skipped/p;/^\.It Li reason/q' \
		"$man/tp-receipt.5" |
		grep '^\.Xr' >referred
	[ "$(cat referred)" = '.Xr tp-batch 5 ,' ]
}

# An example is run if the line in front of its .Bd is
#
#	.\" run
#
# Lines that begin with "$ " are commands, "    " goes on behind a line that
# ends in \, | or &&; all other lines are what they print, stdout and stderr,
# where a \ at the end joins a line that was too long for the page.  It is run
# in a folder that holds export.csv, 60,000 rows, one of which tp-validate
# rejects.
run_example() { # SOURCE: lines of the page
	local line more= output=

	: >script
	: >expected
	while IFS= read -r line; do
		if [ -n "$more" ]; then
			echo "${line#    }" >>script
		elif [[ $line == '$ '* ]]; then
			echo "${line#'$ '}" >>script
		elif [[ $line == *\\ ]]; then
			printf '%s' "${line%\\}" >>expected
			continue
		else
			echo "$line" >>expected
			continue
		fi
		more=
		[[ $line != *'|' && $line != *'\' && $line != *'&&' ]] ||
			more=yes
	done
	[ -s script ] || return
	mkdir work && cd work || return
	ln -s ../export.csv export.csv
	bash ../script >../printed 2>&1 </dev/null || true
	cd ..
	cat script
	assert_same expected printed || return
	rm -r work
}

@test "the examples that are marked do what the pages say" {
	local page n ran=0

	{ echo thirdPartyId,tier && seq -f 'id%.0f,gold' 60000; } |
		sed 's/^id30000,/id+30000,/' >export.csv
	for page in "$man"/*.[1-8]; do
		echo "$page"
		rm -f example.*
		awk '/^\.\\" run$/ { n++; getline; on = 1; next }
			/^\.Ed/ { on = 0 }
			on { gsub(/\\e/, "\\"); gsub(/\\&/, "")
				print >("example." n) }
			' "$page"
		for n in example.*; do
			[ -e "$n" ] || continue
			run_example <"$n" || return
			ran=$((ran + 1))
		done
	done
	# The marks are found at all.
	[ $ran -ge 5 ]
}

# The example that holds this text, as a script: those that call the service
# are run with a tp-send and a tp-status of the test's own.
example() { # PAGE TEXT
	awk -v text="$2" '/^\.Bd/ { on = 1; block = ""; next }
		/^\.Ed/ && on { on = 0; if (index(block, text)) printf "%s", block }
		on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); sub(/^\$ /, "")
			block = block $0 "\n" }' "$man/$1" >script
	[ -s script ]
}

# A program in place of another: commands for sh, put in front of all others.
stub() { # NAME COMMANDS
	mkdir -p stubs
	printf '#!/bin/sh\n%s\n' "$2" >"stubs/$1"
	chmod +x "stubs/$1"
}

@test "jq: batches that were not accepted, and those that need a look" {
	cat >receipts <<-'END'
		{"batch":1,"state":"accepted","message":"ok"}
		{"batch":2,"state":"skipped","message":"ok"}
		{"batch":3,"state":"refused","message":"no"}
		{"seal":{"rows":3,"bytes":9,"sha256":"0"}}
	END
	printf '3\trefused\tno\n' >expected
	for page in tp-send.1 tp-tools.7; do
		example $page '[.batch, .state, .message]'
		sh script >actual
		assert_same expected actual
	done
	cat >outcomes <<-'END'
		{"batch":1,"state":"complete","reconciled":true}
		{"batch":2,"state":"stuck","reconciled":false}
		{"seal":{"rows":2,"bytes":9,"sha256":"0"}}
	END
	sed -n 2p outcomes >expected
	for page in tp-status.1 tp-outcome.5; do
		example $page '.reconciled | not'
		head -n 1 script >first
		sh first >actual
		assert_same expected actual
	done
}

# One status of tp-send for each run; how often it ran, and how it ended.
loop() { # STATUS...
	printf '%s\n' "$@" >statuses
	: >runs
	: >export.journal
	status=0
	PATH=$PWD/stubs:$PATH sh script || status=$?
	echo "$(wc -l <runs) $status$([ ! -e export.journal ] || echo ' journal')"
}

@test "tp-send(1): what goes on until an export is sent has an end" {
	printf 'thirdPartyId,tier\na1,gold\n' >export.csv
	stub sleep ''
	# shellcheck disable=SC2016 # for sh, then
	stub tp-send 'cat >/dev/null; echo >>runs
		exit "$(sed -n "$(grep -c "" runs)p" statuses)"'
	example tp-send.1 '--journal export.journal'
	[ "$(loop 0)" = '1 0' ]
	[ "$(loop 1)" = '1 1' ]
	[ "$(loop 5 7 0)" = '3 0' ]
	# What would end the same way again.
	for status in 2 3 4 6 143; do
		[ "$(loop 5 $status 0)" = "2 $status journal" ]
	done
	[ "$(loop 5 5 5 5 5 5 5 5 5 5 5 5)" = '6 5 journal' ]
}

# How the job for cron ends, if tp-send and tp-status end so.
job() { # STATUS STATUS
	stub tp-send "exit $1"
	stub tp-status "cat >/dev/null; exit $2"
	status=0
	PATH=$PWD/stubs:$PATH sh job || status=$?
	echo $status
}

@test "tp-tools(7): the job for cron ends with what asks most" {
	printf 'thirdPartyId,tier\na1,gold\n' | gzip >export.csv.gz
	example tp-tools.7 '#!/bin/sh'
	sed "s,^cd /var/lib/crm,cd '$PWD'," script >job
	while read -r sent told expected; do
		echo "$sent $told"
		[ "$(job "$sent" "$told")" = "$expected" ]
	done <<-END
		0 0 0
		0 1 1
		1 0 1
		1 1 1
		5 5 5
		5 7 7
		7 5 7
		6 7 7
		4 7 4
		3 5 5
		2 3 2
		1 3 3
		127 0 127
		0 143 143
	END
	# Rejected before: 1, too.
	{ echo thirdPartyId,tier && seq -f 'a%.0f,gold' 100 && echo a+,x; } |
		gzip >export.csv.gz
	[ "$(job 0 0)" = 1 ]
	# Who was to write the status dies; that of the day before is there.
	[ -s sent ]
	# shellcheck disable=SC2016 # for sh, then
	[ "$(job '$(kill -9 $PPID)' 0)" = 4 ]
}

@test "tp-receipt(5) has each reason that there is, and no others" {
	# Names in the table are as the program writes them; see api/fate.c.
	sed -n 's/^\tRULE("\([a-z-]*\)",.*/\1/p' \
		"$BATS_TEST_DIRNAME/../../src/api/fate.c" | sort >table
	[ "$(wc -l <table)" -gt 15 ]
	sed -n '/^\.It Li reason/,/^\.It Li http/s/^\.It Cm //p' \
		"$man/tp-receipt.5" | sed 's/ , /\n/g' | sort >page
	diff table page
}
