# shellcheck shell=bash
# The nightly job of tp-tools(7), as it stands there, over simulated nights.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
	export TP_CLIENT=demo
	# What stands between the mark and the end of the display.
	sed -n '/^\.\\" nightly/,/^\.Ed/p' "$root/man/tp-tools.7" |
		sed '1,2d; $d; s/\\e/\\/g; s/\\&//g' >job
	mkdir bin
	# The clock of the night.
	printf '#!/bin/sh\ncat "%s/crm/clock"\n' "$PWD" >bin/date
	chmod +x bin/date
}

nights() { # NIGHTS SEED
	mkdir crm
	cd crm || return
	# Only for the job: bats asks for the time, too.
	PATH=$BATS_TEST_TMPDIR/bin:$PATH tp-sandbox --override all --control --log log --db db --rate 0 -- \
		"$root/tests/e2e/nights.py" ../job "$1" "$2"
}

@test "the job is a script that a shell reads" {
	head -n 1 job | grep -x '#!/bin/sh'
	sh -n job
}

@test "after each good night every value is held" {
	nights "${TP_TEST_NIGHTS:-20}" 1
}
