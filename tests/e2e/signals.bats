#!/usr/bin/env bats
# A signal ends each program, wherever it waits.  The tries are those of
# tests/fault/signals, which says what each of them must come to; more of them
# are made by make check-fault.

load ../helper

# The grace of 10 seconds is well within the time given.
signals() { # OPTION|CASE...
	"$root/tests/fault/signals" --seconds 60 "$@"
}

@test "from its first moment on" {
	signals --tries 100 start
}

@test "while the input stalls" {
	signals --tries 40 stall
}

@test "while nobody opens the other end of a FIFO" {
	signals --tries 8 fifo
}

@test "while nobody reads standard output" {
	signals --tries 10 stdout
}

@test "while nobody reads standard error, or the terminal is stopped" {
	signals --tries 4 stderr terminal
}

@test "while another process holds a lock, and with a request in flight" {
	signals --tries 2 --jobs 16 lock flight
}
