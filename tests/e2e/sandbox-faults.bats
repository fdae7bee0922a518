#!/usr/bin/env bats
# Every fault of tp-sandbox on demand, seen by curl.

bats_require_minimum_version 1.5.0
load ../helper
load sandbox

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	sandbox_stop
}

@test "a fault that cannot be: what is wrong with it, and what can be" {
	kinds='code, redirect, false, reset-before, reset-mid, reset-after, reset-answer, cut, malformed, huge, empty, html, ampersand, stuck, delay'
	of_status='code, redirect, reset-before, reset-answer, cut, malformed, huge, empty, html, delay'
	calls='CALLS is N, N-M, N- or *, from 1 on'
	while IFS='|' read -r spec expected; do
		try tp-sandbox --fault "$spec"
		expect 2 '' "tp-sandbox: --fault $spec: $expected\n"
	done <<-END
		1:foo|there is no fault 'foo'; there are: $kinds
		1:|there is no fault ''; there are: $kinds
		status:1:foo|there is no fault 'foo'; a status can have: $of_status
		status:1:stuck|a status cannot have the fault 'stuck'; a status can have: $of_status
		cut|a colon is missing; expected [status:]CALLS:KIND[=ARG], as in 1:code=503
		batch:1:cut|no calls are named by 'batch'; $calls
		0:cut|no calls are named by '0'; $calls
		3-2:cut|no calls are named by '3-2'; $calls
		1:code|the argument is missing; code takes an HTTP status from 200 to 599
		1:code=600|unusable argument '600'; code takes an HTTP status from 200 to 599
		1:cut=1|unusable argument '1'; cut takes no argument
		1:huge=1|unusable argument '1'; huge takes a size from 1K to 1G
		1:delay=x|unusable argument 'x'; delay takes a time from 0s to 86400s
		1:redirect|the argument is missing; redirect takes a text
		1:cut,retry-after=1|retry-after does not go with 'cut'; it goes with code
	END
	# Nothing of it can spoil a terminal.
	try tp-sandbox --fault $'1:\e[31m'
	expect 2 '' "tp-sandbox: --fault 1:\\\\x1B[31m: there is no fault '\\\\x1B[31m'; there are: $kinds\n"
}

@test "fault code: that status, nothing done, for the calls it names" {
	sandbox_start --fault 2:code=503 --fault 3-4:code=429 \
		--fault '5:code=503,retry-after=Wed, 21 Oct 2026 07:28:00 GMT' \
		--fault 7-:code=500 --log log
	[ "$(update)" = '0 200' ]
	[ "$(update -D headers)" = '0 503' ]
	[ "$(grep -ci '^retry-after' headers)" = 0 ]
	[ "$(update)" = '0 429' ]
	[ "$(update)" = '0 429' ]
	[ "$(update -D headers)" = '0 503' ]
	tr -d '\r' <headers | grep -qix 'retry-after: Wed, 21 Oct 2026 07:28:00 GMT'
	[ "$(update)" = '0 200' ]
	[ "$(update)" = '0 500' ]
	[ "$(update)" = '0 500' ]
	[ "$(jq -c '[.call, .state, .fault]' log | sed -n '2p;6p' | xargs)" = \
		'[2,faulted,code] [6,accepted,null]' ]
}

@test "fault redirect: 301 to anywhere" {
	sandbox_start --fault '*:redirect=http://192.0.2.1/x?a:b=c,d'
	[ "$(update -D headers)" = '0 301' ]
	tr -d '\r' <headers | grep -qix 'location: http://192.0.2.1/x?a:b=c,d'
}

@test "fault false: success is false, with any message" {
	sandbox_start --fault 1:false --fault '2:false=No <such> & batch'
	[ "$(update)" = '0 200' ]
	[ "$(element success <answer)" = false ]
	[ "$(element message <answer)" = 'Unexpected error' ]
	[ "$(update)" = '0 200' ]
	[ "$(element message <answer)" = 'No &lt;such&gt; &amp; batch' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo")" = '0 404' ]
}

@test "faults reset: before, amid and after the body, and amid the answer" {
	sandbox_start --fault 1:reset-before --fault 2:reset-mid \
		--fault 3:reset-after --fault 4:reset-answer --log log
	profile="$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo"
	# A client that asks first learns it before its body leaves.
	[ "$(update -H 'Expect: 100-continue')" = '56 000' ]
	printf 'batch=thirdPartyId,x\n' >b
	seq -f 'id%.0f,1' 200000 >>b
	[ "$(outcome --data-binary @b "$sandbox/m2/demo/v2/profile/batchUpdate")" != '0 200' ]
	[ "$(outcome "$profile")" = '0 404' ]
	[ "$(update)" = '56 000' ]
	[ "$(outcome "$profile")" = '0 200' ]
	[ "$(update)" = '56 200' ]
	grep -q '<success>' answer
	[ "$(grep -c '</response>' answer)" = 0 ]
	[ "$(update)" = '0 200' ]
	jq -c 'select(.method == "POST") | [.call, .state, .status, .fault]' log >said
	cat >expected <<'END'
[1,"faulted",0,"reset-before"]
[2,"faulted",0,"reset-mid"]
[3,"accepted",0,"reset-after"]
[4,"accepted",200,"reset-answer"]
[5,"accepted",200,null]
END
	assert_same expected said
	# Half of the body, not more than a buffer over it, and nothing before.
	[ "$(jq 'select(.call == 1) | .bytes' log)" = 0 ]
	half=$(($(stat -c %s b) / 2))
	bytes=$(jq 'select(.call == 2) | .bytes' log)
	[ "$bytes" -ge "$half" ]
	[ "$bytes" -lt $((half + 300000)) ]
}

@test "faults of the answer: what was asked for is done, and then spoilt" {
	sandbox_start --fault 1:cut --fault 2:malformed --fault 3:huge \
		--fault 4:huge=1M --fault 5:empty --fault 6:html \
		--fault 7:ampersand --log log
	[ "$(update)" = '18 200' ]
	grep -q '<success>' answer
	[ "$(grep -c '</response>' answer)" = 0 ]
	[ "$(update)" = '0 200' ]
	[ "$(cat answer)" = '<response><success>tr' ]
	[ "$(update)" = '0 200' ]
	[ "$(stat -c %s answer)" = 131072 ]
	[ "$(update)" = '0 200' ]
	[ "$(stat -c %s answer)" = 1048576 ]
	[ "$(update)" = '0 200' ]
	[ ! -s answer ]
	[ "$(update -D headers)" = '0 200' ]
	grep -qi '^content-type: text/html' headers
	grep -q '<html>' answer
	[ "$(update)" = '0 200' ]
	url=$(element batchStatus <answer)
	[ "${url%&m2Node=00}" != "$url" ]
	[ "$(outcome "$url")" = '0 200' ]
	[ "$(jq -c 'select(.call and .method == "POST") | .state' log | uniq)" = '"accepted"' ]
}

@test "Bulk Profile Update API, fault stuck: accepted, but never complete" {
	sandbox_start --fault 2:stuck
	update
	url=$(element batchStatus <answer)
	[ "$(curl -s "$url" | element status)" = complete ]
	update
	[ "$(element success <answer)" = true ]
	url="$(element batchStatus <answer)&showDetails=true"
	[ "$(curl -s "$url" | element status)" = stuck ]
}

@test "fault delay: the answer is late, others are not; it goes with others" {
	# On a busy machine so many seconds may pass before the others are asked.
	for delay in 2 6 16; do
		sandbox_start --fault 1:delay=$delay --fault 2:delay=1 \
			--fault 2:code=500
		SECONDS=0
		update >late &
		for _ in {1..100}; do
			[ "$(values a1)" != '{"x":"new"}' ] || break
			sleep 0.05
		done
		[ "$(values a1)" = '{"x":"new"}' ]
		[ "$(outcome "$sandbox/m2/demo/profile/batchStatus?batchId=x")" = \
			'0 404' ]
		[ -s late ] || break
		sandbox_stop
	done
	[ ! -s late ]
	wait $!
	[ "$(cat late)" = '0 200' ]
	[ "$SECONDS" -ge "$delay" ]
	update -w '%{http_code} %{time_total}' >late
	[ "$(cut -c 1-5 late)" = '0 500' ]
	awk '{ exit !($3 >= 1) }' late
}

@test "faults of a status are counted by themselves" {
	sandbox_start --fault status:1:code=502 --fault status:2:html \
		--fault 'status:3:code=503,retry-after=7' --fault status:4:cut \
		--fault status:5:reset-before --fault status:6:redirect=/x
	[ "$(update)" = '0 200' ]
	url=$(element batchStatus <answer)
	[ "$(outcome "$url")" = '0 502' ]
	[ "$(update)" = '0 200' ]
	[ "$(outcome "$url")" = '0 200' ]
	grep -q '<html>' answer
	[ "$(outcome -D headers "$url")" = '0 503' ]
	tr -d '\r' <headers | grep -qix 'retry-after: 7'
	[ "$(outcome "$url")" = '18 200' ]
	[ "$(outcome "$url")" = '56 000' ]
	[ "$(outcome "$url")" = '0 301' ]
	[ "$(outcome "$url")" = '0 200' ]
}
