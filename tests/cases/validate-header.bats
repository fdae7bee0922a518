#!/usr/bin/env bats
# tp-validate: the header.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}
