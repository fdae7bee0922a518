#!/usr/bin/env bats
# The example of the README, as it stands there.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Behind "$ " is a command, four more spaces go on with it, and the rest is
# what it prints, a long line folded.
@test "the example of the README" {
	sed -n '/^An example$/,/^The programs$/s/^    //p' "$root/README" >said
	sed -n '/^\$ cat export.csv$/,/^\$ tp-validate/p' said |
		grep -v '^\$ ' >export.csv
	{
		# shellcheck disable=SC2016 # for the shell that runs it
		echo 'trap '\''kill $!'\'' EXIT'
		grep -E '^(\$ |    )' said | sed 's/^\$ //'
	} >commands
	grep -vE '^(\$ |    )' said | tr -s ' \n' '\n' >expected
	timeout 60 bash commands >printed 2>&1 3>&-
	cat printed
	tr -s ' \n' '\n' <printed >out
	[ "$(wc -l <expected)" -gt 20 ]
	diff expected out
}
