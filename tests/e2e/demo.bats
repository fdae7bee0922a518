#!/usr/bin/env bats
# The demo, with fewer rows: it compares what happened with what had to.

load ../helper

@test "the demo" {
	export TP_BUILD
	TMPDIR=$BATS_TEST_TMPDIR "$root/contrib/demo" 5000 3>&-
	[ -z "$(ls -d "$BATS_TEST_TMPDIR"/tp-demo.* 2>/dev/null)" ]
}
