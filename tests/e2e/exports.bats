#!/usr/bin/env bats
# What other programs export arrives in the profiles, letter for letter.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	exports=$BATS_TEST_DIRNAME/exports.py
	db=$BATS_TEST_TMPDIR/profiles.db
	sandbox_start --db "$db"
	export TP_CLIENT=demo TP_ENDPOINT=$sandbox
}

teardown() {
	sandbox_stop
}

# export.csv, through the pipeline, and compared with what then is held.
arrives() { # OPTION...: for tp-validate
	tp-validate "$@" export.csv | tp-split | tp-send >receipts
	[ "${PIPESTATUS[*]}" = '0 0 0' ]
	jq -se 'length == 1 and .[0].state == "accepted" and
		.[0].http == 200 and .[0].rows > 60' receipts
	sandbox_stop
	"$exports" compare "$db"
}

@test "an export by sqlite3" {
	"$exports" database crm.db
	sqlite3 crm.db '.mode csv' '.headers on' 'SELECT * FROM customer' \
		>export.csv
	arrives
}

@test "an export by Python's csv module" {
	"$exports" csv >export.csv
	arrives
}

@test "an export by Python's csv module, every cell quoted, LF" {
	"$exports" csv unix >export.csv
	arrives
}

@test "an export by Miller" {
	"$exports" json | mlr -S --ijson --ocsv cat >export.csv
	arrives
}

@test "an export by Miller, every cell quoted" {
	"$exports" json | mlr -S --ijson --ocsv --quote-all cat >export.csv
	arrives
}

@test "an export with semicolons" {
	"$exports" csv semicolon >export.csv
	arrives --delimiter ';'
}

@test "an export with a BOM, compressed" {
	{ printf '\357\273\277' && "$exports" csv; } | gzip >export.csv
	arrives
}

@test "the identifier is found where it stands, under its other name" {
	"$exports" json | mlr -S --ijson --ocsv \
		rename thirdPartyId,mbox3rdPartyId then reorder -e -f name \
		then reorder -e -f mbox3rdPartyId >export.csv
	head -n 1 export.csv | grep -q ',mbox3rdPartyId$'
	arrives
}

@test "letters as they are arrive too" {
	"$exports" csv >export.csv
	tp-validate export.csv | tp-split --raw-utf8 | tp-send >receipts
	[ "${PIPESTATUS[*]}" = '0 0 0' ]
	sandbox_stop
	"$exports" compare "$db"
}

@test "many small batches hold what one holds" {
	"$exports" csv >export.csv
	tp-validate export.csv | tp-split --max-rows 7 | tp-send >receipts
	[ "${PIPESTATUS[*]}" = '0 0 0' ]
	jq -se 'all(.[]; .state == "accepted") and length > 9 and
		(map(.rows) | max) == 7' receipts
	sandbox_stop
	"$exports" compare "$db"
}

@test "tp-split's output, sent with plain curl, is accepted" {
	"$exports" csv | tp-validate | tp-split >BATCH.TXT
	[ "${PIPESTATUS[*]}" = '0 0 0' ]
	curl -sS --data-binary @BATCH.TXT \
		"$sandbox/m2/demo/v2/profile/batchUpdate" >answer
	grep -F '<success>true</success>' answer
	sandbox_stop
	"$exports" compare "$db"
}

@test "the profile fetch gives the values as they were exported" {
	"$exports" csv | tp-validate | tp-split | tp-send
	[ "${PIPESTATUS[*]}" = '0 0 0 0' ]
	for id in 'a1' 'a%26b' 'a%252Bb' '%E4%B8%AD%E6%96%87' '%F0%9F%8E%81'; do
		curl -sSf "$sandbox/rest/v1/profiles/thirdPartyId/$id?client=demo" |
			jq -S '.profileAttributes | map_values(.value)' >held
		"$exports" json | jq -S --arg id "$id" '.[] |
			select((.thirdPartyId | @uri) == $id) | del(.thirdPartyId) |
			with_entries(select(.value != ""))' >expected
		[ -s expected ]
		assert_same expected held
	done
}
