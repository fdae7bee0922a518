#!/usr/bin/env bats
# tp-validate: what each option does.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}
