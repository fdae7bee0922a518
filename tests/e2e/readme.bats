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
	grep -E '^(\$ |    )' said | sed 's/^\$ //' >commands
	# A person types what follows into the shell that this starts.
	grep -x 'tp-sandbox -- sh' commands
	sed -i '/^tp-sandbox -- sh$/d' commands
	grep -vE '^(\$ |    )' said | tr -s ' \n' '\n' >expected
	timeout 60 tp-sandbox -- bash commands >printed 2>&1 3>&-
	cat printed
	tr -s ' \n' '\n' <printed >out
	[ "$(wc -l <expected)" -gt 20 ]
	diff expected out
}
