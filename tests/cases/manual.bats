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

@test "each page describes the options that --help lists, and no others" {
	local page program found=0

	for page in "$man"/tp-*.1; do
		program=$(basename "$page" .1)
		# tp-sandbox may have been left out of the build.
		command -v "$program" >/dev/null || continue
		help_options "$program" >help
		page_options "$page" >page
		echo "$program"
		[ "$(wc -l <help)" -ge 10 ]
		diff help page
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

# An example is run if the line in front of its .Bd is
#
#	.\" run
#
# Lines that begin with "$ " are commands, "    " goes on behind a line that
# ends in \, | or &&; all other lines are what they print, stdout and stderr,
# where a \ at the end joins a line that was too long for the page.  It is run
# in a folder that holds export.csv, 60,000 good rows.
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
	[ -s script ]
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

	{ echo thirdPartyId,tier && seq -f 'id%.0f,gold' 60000; } >export.csv
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
