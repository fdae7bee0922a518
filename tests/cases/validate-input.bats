#!/usr/bin/env bats
# tp-validate: files, pipes, and what they are packed in.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}
