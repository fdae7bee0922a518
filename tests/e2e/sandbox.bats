#!/usr/bin/env bats
# tp-sandbox, spoken to by curl: what the service documents, and the choices
# that tp-sandbox(1) names where it does not.

bats_require_minimum_version 1.5.0
load ../helper
load sandbox

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	sandbox_stop
}

@test "an argument that is out of range: the range is named" {
	while read -r name arg expected; do
		try tp-sandbox "--$name" "$arg"
		expect 2 '' "tp-sandbox: --$name $arg: expected $expected\n"
	done <<-END
		port 65536 a number from 0 to 65535
		rate -1 a number from 0 to 1000000
		keep 0 a number from 1 to 1000000
		status-delay 5x a time from 0s to 86400s
		status-delay 2d a time from 0s to 86400s
	END
}

# ---------------------------------------------------------------- documented
#
# The names of these tests begin with the page of Adobe's documentation, and the
# section of it, that they are of: "Bulk Profile Update API", "Single Profile
# Update API" (sandbox-modes.bats) and "Profile fetch", below Profile APIs;
# "Target limits".

@test "Bulk Profile Update API: v2, the answer, the status and the profile" {
	sandbox_start
	printf 'batch=thirdPartyId,tier,city\na1,gold,Z%%C3%%BCrich\na2,,Bern\n' |
		post >answer
	url=$(element batchStatus <answer)
	[[ $url =~ ^"$sandbox"/m2/demo/profile/batchStatus\?batchId=demo-[0-9]+-[0-9]+$ ]]
	cat >expected <<END
<response>
    <success>true</success>
    <batchStatus>$url</batchStatus>
    <message>Batch submitted for processing</message>
</response>
END
	assert_same expected answer

	id=${url#*=}
	curl -s "$url" >answer
	echo "<response><batchId>$id</batchId><status>complete</status><batchSize>2</batchSize></response>" >expected
	assert_same expected answer
	curl -s "$url&showDetails=true" >answer
	echo "<response><batchId>$id</batchId><status>complete</status><batchSize>2</batchSize><consumedCount>2</consumedCount><successfulUpdates>2</successfulUpdates><profilesNotFound>0</profilesNotFound><failedUpdates>0</failedUpdates></response>" >expected
	assert_same expected answer

	curl -s "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo" >answer
	jq -e '(keys_unsorted == ["client", "visitorId", "modifiedAt",
			"profileAttributes"]) and .client == "demo" and
		.visitorId == "a1" and
		.profileAttributes.city.value == "Zürich" and
		.profileAttributes.tier.value == "gold" and
		(now - (.modifiedAt | fromdate) < 100) and
		.modifiedAt == .profileAttributes.tier.modifiedAt' answer
	[ "$(values a2)" = '{"city":"Bern"}' ]
}

@test "Bulk Profile Update API, Batch file: the sample, by either version" {
	sandbox_start
	cat >sample <<-'END'
	batch=pcId,param1,param2,param3,param4
	123,value1
	124,value1,,,value4
	125,,value2
	126,value1,value2,value3,value4
	END
	# Version 1 makes no profiles.
	url=$(post profile/batchUpdate <sample | element batchStatus)
	curl -s "$url&showDetails=true" >answer
	[ "$(element profilesNotFound <answer)" = 4 ]
	[ "$(outcome "$sandbox/rest/v1/profiles/123?client=demo")" = '0 404' ]
	for path in v2/profile/batchUpdate profile/batchUpdate; do
		url=$(post $path <sample | element batchStatus)
		curl -s "$url&showDetails=true" >answer
		[ "$(element batchSize <answer)" = 4 ]
		[ "$(element successfulUpdates <answer)" = 4 ]
		[ "$(element profilesNotFound <answer)" = 0 ]
		[ "$(values 123 '')" = '{"param1":"value1"}' ]
		[ "$(values 124 '')" = '{"param1":"value1","param4":"value4"}' ]
		[ "$(values 125 '')" = '{"param2":"value2"}' ]
		[ "$(values 126 '')" = \
			'{"param1":"value1","param2":"value2","param3":"value3","param4":"value4"}' ]
	done
	# As the sample for curl has it.
	curl -s -X POST --data-binary @sample \
		"$sandbox/m2/demo/v2/profile/batchUpdate" >answer
	[ "$(element success <answer)" = true ]
	[ "$(element message <answer)" = 'Batch submitted for processing' ]
}

@test "Bulk Profile Update API, Caveats: 500,000 rows are taken, one more is not" {
	sandbox_start
	seq 500000 | sed '1i batch=thirdPartyId,x
s/$/,1/' >rows
	sed -i '1s/,1$//' rows
	post <rows >answer
	[ "$(element success <answer)" = true ]
	url=$(element batchStatus <answer)
	[ "$(curl -s "$url" | element batchSize)" = 500000 ]
	echo more,1 >>rows
	post <rows >answer
	[ "$(element success <answer)" = false ]
	[ "$(values 500000)" = '{"x":"1"}' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/more?client=demo")" = '0 404' ]
}

@test "an encoded NUL does not end a path or an argument" {
	sandbox_start --log log
	[ "$(update)" = '0 200' ]
	id=$(element batchStatus <answer | sed 's/.*=//')
	update="$sandbox/m2/demo/v2/profile/batchUpdate%00x"
	[ "$(outcome --data-binary $'batch=thirdPartyId,x\na1,bad' "$update")" = '0 404' ]
	for path in "m2/demo/profile/batchStatus?batchId=$id%00x" \
		"m2/demo/profile/batchStatus%00?batchId=$id" \
		'rest/v1/profiles/thirdPartyId/a1%00?client=demo' \
		'rest/v1/profiles/thirdPartyId/a1%2500?client=demo'; do
		[ "$(outcome "$sandbox/$path")" = '0 404' ]
	done
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo%00x")" = '0 400' ]
	[ "$(values a1)" = '{"x":"new"}' ]
	[ "$(jq -r .path log | sed -n 2p)" = '/m2/demo/v2/profile/batchUpdate\xFFx' ]
}

@test "an update is for the client that its path names, not its query" {
	sandbox_start
	[ "$(outcome --data-binary $'batch=thirdPartyId,x\na1,1' \
		"$sandbox/m2/demo/v2/profile/batchUpdate?client=other")" = '0 200' ]
	url=$(element batchStatus <answer)
	[ "$(outcome "$url&client=other")" = '0 200' ]
	[ "$(values a1)" = '{"x":"1"}' ]
}

@test "Profile fetch, Error handling: no profile, of either kind" {
	sandbox_start
	printf 'batch=thirdPartyId,x\na1,1\n' | post
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/no?client=demo")" = '0 404' ]
	echo '{"status":404,"message":"No profile found for client demo with third party id=no"}' >expected
	assert_same expected answer
	[ "$(outcome "$sandbox/rest/v1/profiles/a1?client=demo")" = '0 404' ]
	echo '{"status":404,"message":"No profile found for client demo with mboxPC=a1"}' >expected
	assert_same expected answer
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=other")" = '0 404' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1")" = '0 400' ]
}

@test "Bulk Profile Update API: v1 updates what it knows, and counts what it does not" {
	sandbox_start
	printf 'batch=pcId,x\n1.0_1,old\n' | post
	url=$(printf 'batch=pcId,x\n1.0_1,new\n2.0_1,new\n' |
		post profile/batchUpdate | element batchStatus)
	curl -s "$url&showDetails=true" >answer
	[ "$(element successfulUpdates <answer)" = 1 ]
	[ "$(element profilesNotFound <answer)" = 1 ]
	[ "$(element failedUpdates <answer)" = 0 ]
	[ "$(values 1.0_1 '')" = '{"x":"new"}' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/2.0_1?client=demo")" = '0 404' ]
}

@test "Bulk Profile Update API, Batch file: empty cells and cells left out change nothing" {
	sandbox_start
	printf 'batch=thirdPartyId,x,y,z\na1,1,2,3\n' | post
	printf 'batch=thirdPartyId,x,y,z\na1,,new\na1\na9,,\n' | post
	[ "$(values a1)" = '{"x":"1","y":"new","z":"3"}' ]
	printf 'batch=thirdPartyId,x\na8,8\n' | post
	[ "$(values a8)" = '{"x":"8"}' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a9?client=demo")" = '0 404' ]
}

@test "Bulk Profile Update API: + and / in a thirdPartyId fail the row, and v2 lists it" {
	sandbox_start
	printf 'batch=thirdPartyId,x\na%%2Bb,1\na/b,1\n,1\na%%26b,%%FF\nok,1\n' >b
	url=$(post <b | element batchStatus)
	curl -s "$url&showDetails=true" >answer
	[ "$(element failedUpdates <answer)" = 4 ]
	[ "$(element successfulUpdates <answer)" = 1 ]
	grep -o '<profile>.*</profile>' answer >listed
	printf '<profile><id>%s</id><status>failed</status></profile>' \
		a+b a/b '' 'a&amp;b' | sed 's/$/\n/' >expected
	assert_same expected listed
	# v1 counts them, but does not list them.
	url=$(post profile/batchUpdate <b | element batchStatus)
	curl -s "$url&showDetails=true" >answer
	[ "$(element failedUpdates <answer)" = 4 ]
	[ "$(grep -c '<profile>' answer)" = 0 ]
}

@test "Target limits, and Bulk Profile Update API, Batch file: an id of 256 characters is taken, one of 257 and an ECID are not" {
	sandbox_start
	id=$(printf '%%C3%%BC%.0s' {1..256})
	ecid=$(printf '1%.0s' {1..38})
	url=$(printf 'batch=thirdPartyId,x\n%s,1\n%sa,1\n%s,1\n' "$id" "$id" "$ecid" |
		post | element batchStatus)
	[ "$(curl -s "$url&showDetails=true" | element failedUpdates)" = 1 ]
	url=$(printf 'batch=pcId,x\n%s,1\n%s1,1\n' "$ecid" "$ecid" |
		post | element batchStatus)
	curl -s "$url&showDetails=true" | grep -o '<profile>.*</profile>' >listed
	echo "<profile><id>$ecid</id><status>failed</status></profile>" >expected
	assert_same expected listed
}

# ---------------------------------------------------------------- the traps

@test "Bulk Profile Update API, Batch file: a raw % fails the whole batch, with HTTP 200 and no batch id" {
	sandbox_start
	printf 'batch=thirdPartyId,x\na1,fine\na2,50%% off\n' | post >answer
	cat >expected <<'END'
<response>
    <success>false</success>
    <batchStatus></batchStatus>
    <message>Unexpected error</message>
</response>
END
	assert_same expected answer
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo")" = '0 404' ]
}

@test "Bulk Profile Update API, Batch file: a raw & cuts the batch off there, silently" {
	sandbox_start
	printf 'batch=thirdPartyId,x\na1,rock & roll\na2,lost\n' | post >answer
	[ "$(element success <answer)" = true ]
	[ "$(curl -s "$(element batchStatus <answer)" | element batchSize)" = 1 ]
	[ "$(values a1)" = '{"x":"rock "}' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a2?client=demo")" = '0 404' ]
}

@test "Bulk Profile Update API, Batch file: a raw + becomes a space, a raw = stays" {
	sandbox_start
	printf 'batch=thirdPartyId,x\na1,1+1=2\n' | post
	[ "$(values a1)" = '{"x":"1 1=2"}' ]
	printf 'batch=thirdPartyId,x\na1,1%%2B1%%3D2%%25%%26\n' | post
	[ "$(values a1)" = '{"x":"1+1=2%&"}' ]
}

@test "Bulk Profile Update API, Batch file: an empty batch, and a header that names no identifier" {
	sandbox_start
	for body in '' batch= 'batch=&a' 'batch=thirdPartyId,x' \
		$'batch=thirdPartyId,x\n\n' $'thirdPartyId,x\na1,1\n'; do
		printf %s "$body" | post >answer
		[ "$(element success <answer)" = false ]
		[ "$(element message <answer)" = 'Batch is empty' ]
	done
	for body in $'batch=id,x\na1,1\n' $'batch=x,thirdPartyId\na1,1\n' \
		$'batch=thirdPartyId,a%0Ab\na1,1\n'; do
		printf %s "$body" | post >answer
		[ "$(element success <answer)" = false ]
		[ "$(element message <answer)" = 'Unexpected error' ]
	done
}

@test "encoded commas and line breaks survive, unless the form comes first" {
	printf 'batch=thirdPartyId,x,y\na1,a%%2Cb,c%%0Ad\n' >b
	sandbox_start
	post <b
	[ "$(values a1)" = '{"x":"a,b","y":"c\nd"}' ]
	sandbox_stop
	sandbox_start --decode form-first
	url=$(post <b | element batchStatus)
	[ "$(curl -s "$url" | element batchSize)" = 2 ]
	[ "$(values a1)" = '{"x":"a","y":"b"}' ]
}

@test "Bulk Profile Update API: only the Content-Type of a form is taken, whatever its parameters" {
	sandbox_start --rate 0 --log log
	for type in application/x-www-form-urlencoded \
		'Application/X-WWW-Form-URLencoded' \
		'application/x-www-form-urlencoded; charset=UTF-8' \
		'application/x-www-form-urlencoded ;charset=utf-8'; do
		[ "$(update -H "Content-Type: $type")" = '0 200' ]
	done
	[ "$(values a1)" = '{"x":"new"}' ]
	sandbox_stop
	sandbox_start --rate 0 --log log2
	# The last takes the header away.
	for type in ': text/plain' ': application/json' ': multipart/form-data' \
		': application/x-www-form-urlencoded-x' ': x' ';' :; do
		[ "$(update -H "Content-Type$type")" = '0 415' ]
	done
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo")" = '0 404' ]
	[ "$(jq -c .state log2 | sort | uniq -c | xargs)" = '1 missing 7 refused' ]
}

# ----------------------------------------------------------------- the limits

@test "Bulk Profile Update API, Caveats: 50 MB are refused with 413, one byte less is taken" {
	sandbox_start
	printf 'batch=thirdPartyId,x\na1,' >b
	head -c $((49999999 - $(stat -c %s b))) /dev/zero | tr '\0' x >>b
	[ "$(stat -c %s b)" = 49999999 ]
	url=$sandbox/m2/demo/v2/profile/batchUpdate
	[ "$(outcome --data-binary @b "$url")" = '0 200' ]
	[ "$(curl -s "$(element batchStatus <answer)" | element batchSize)" = 1 ]
	printf x >>b
	[ "$(outcome --data-binary @b "$url")" = '0 413' ]
	[ "$(outcome -H 'Transfer-Encoding: chunked' --data-binary @b "$url")" = '0 413' ]
}

# A value of so many bytes.
long() { # BYTES
	printf "%0$1d" 0
}

@test "Bulk Profile Update API, Batch file, 64 KB: a profile that grows past them loses its oldest attributes" {
	sandbox_start --log log
	printf 'batch=thirdPartyId,old,b\na1,%s,1\n' "$(long 30000)" | post
	printf 'batch=thirdPartyId,mid\na1,%s\n' "$(long 20000)" | post
	# The names count: old, b, mid and new are 10 bytes.
	printf 'batch=thirdPartyId,new\na1,%s\n' "$(long 13989)" | post
	[ "$(values a1 | jq -c 'map_values(length)')" = \
		'{"b":1,"mid":20000,"new":13989,"old":30000}' ]
	printf 'batch=thirdPartyId,new\na1,%s\n' "$(long 13990)" | post
	[ "$(values a1 | jq -c 'map_values(length)')" = \
		'{"b":1,"mid":20000,"new":13990}' ]
	# What was set again is not old.
	printf 'batch=thirdPartyId,b\na1,2\n' | post
	printf 'batch=thirdPartyId,c\na1,%s\n' "$(long 63900)" | post
	[ "$(values a1 | jq -c 'map_values(length)')" = '{"b":1,"c":63900}' ]
	[ "$(jq -c 'select(.method == "POST") | .dropped' log | xargs)" = \
		'null null null 1 null 2' ]
}

@test "64 KB: in one batch, and a value that is too large by itself" {
	sandbox_start --log log
	printf 'batch=thirdPartyId,u,v,w\na1,%s,%s,%s\n' "$(long 40000)" \
		"$(long 30000)" "$(long 20000)" | post
	[ "$(values a1 | jq -c 'map_values(length)')" = '{"v":30000,"w":20000}' ]
	printf 'batch=thirdPartyId,x,y\na2,%s,\na1,%s,1\na3,%s,\n' \
		"$(long 64000)" "$(long 64000)" "$(long 63999)" | post >answer
	[ "$(element success <answer)" = true ]
	url=$(element batchStatus <answer)
	[ "$(curl -s "$url&showDetails=true" | element successfulUpdates)" = 3 ]
	[ "$(values a1 | jq -c 'map_values(length)')" = \
		'{"v":30000,"w":20000,"y":1}' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a2?client=demo")" = \
		'0 404' ]
	[ "$(values a3 | jq .x | wc -c)" = 64002 ]
	[ "$(jq -c 'select(.method == "POST") | .dropped' log | xargs)" = '1 2' ]
}

@test "more columns, or a longer name, than a profile can hold are refused" {
	sandbox_start --log log
	seq -f ',c%.0f' -s '' 32001 | sed 's/^/batch=thirdPartyId/; s/$/\na1/' >b
	post <b >answer
	[ "$(element message <answer)" = 'Unexpected error' ]
	sed -i 's/,c32001$//' b
	[ "$(post <b | element success)" = true ]
	printf 'batch=thirdPartyId,%s\na1,1\n' "$(long 64000)" | post >answer
	[ "$(element message <answer)" = 'Unexpected error' ]
	# A batch that was refused has no id.
	[ "$(jq -c .batchId log | grep -c null)" = 2 ]
}

@test "ids that failed: the first 500 are listed, and of each 1,024 bytes" {
	sandbox_start
	{
		printf 'batch=thirdPartyId,x\n%s,1\n' "$(long 2000)"
		seq -f '/%.0f,1' 600
	} >b
	url=$(post <b | element batchStatus)
	curl -s "$url&showDetails=true" | sed 's/<profile>/\n&/g' >answer
	[ "$(grep -c '^<profile>' answer)" = 500 ]
	[ "$(element failedUpdates <answer)" = 601 ]
	[ "$(element id <answer | head -n 1)" = "$(long 1024)" ]
	[ "$(element id <answer | tail -n 1)" = /499 ]
}

@test "Target limits, --rate: calls past it get 503, statuses count, profiles do not" {
	sandbox_start --rate 3
	[ "$(update)" = '0 200' ]
	url=$(element batchStatus <answer)
	[ "$(outcome "$url")" = '0 200' ]
	[ "$(update)" = '0 200' ]
	[ "$(outcome -D headers "$url")" = '0 503' ]
	[ "$(update)" = '0 503' ]
	[ "$(grep -ci '^retry-after' headers)" = 0 ]
	[ "$(values a1)" = '{"x":"new"}' ]
}

@test "Target limits: the rate is 50, and --retry-after says when there is room" {
	sandbox_start --retry-after
	SECONDS=0
	url="$sandbox/m2/demo/profile/batchStatus?batchId=[1-50]"
	curl -s -o /dev/null -w '%{http_code}\n' "$url" | sort | uniq -c >codes
	[ "$(xargs <codes)" = '50 404' ]
	[ "$(update -D headers)" = '0 503' ]
	after=$(tr -d '\r' <headers | sed -n 's/^[Rr]etry-[Aa]fter: //p')
	# The first of them was at most so long ago.
	[ "$after" -ge $((59 - SECONDS)) ]
	[ "$after" -le 60 ]
}

@test "--token-file: updates need it, in the log it is only that it was sent" {
	echo 'canary-token' >token
	sandbox_start --token-file token --log log
	[ "$(update)" = '0 401' ]
	[ "$(update -H 'Authorization: Bearer wrong')" = '0 401' ]
	[ "$(update -H 'Authorization: Bearer canary-tokens')" = '0 401' ]
	[ "$(update -H 'Authorization: canary-token')" = '0 401' ]
	[ "$(update -H 'Authorization: Bearer canary-token')" = '0 200' ]
	[ "$(outcome "$(element batchStatus <answer)")" = '0 200' ]
	[ "$(values a1)" = '{"x":"new"}' ]
	[ "$(jq -c .token log | xargs)" = 'false true true true true false false' ]
	[ "$(jq -c .state log | xargs)" = 'denied denied denied denied accepted answered answered' ]
	[ "$(grep -c canary log)" = 0 ]
	[ "$(grep -c canary "$BATS_TEST_TMPDIR/sandbox.out.err")" = 0 ]
}

@test "--log to an open descriptor" {
	sandbox_start --log /dev/stderr
	curl -sS "$sandbox/nowhere" >/dev/null
	sandbox_stop
	jq -e '.path == "/nowhere"' "$BATS_TEST_TMPDIR/sandbox.out.err"
}

@test "Profile fetch, Authentication, --token-always: everything else needs it too" {
	echo 'canary-token' >token
	sandbox_start --token-file token --token-always
	auth='Authorization: Bearer canary-token'
	[ "$(update -H "$auth")" = '0 200' ]
	url=$(element batchStatus <answer)
	[ "$(outcome "$url")" = '0 401' ]
	[ "$(outcome -H "$auth" "$url")" = '0 200' ]
	url="$sandbox/rest/v1/profiles/thirdPartyId/a1?client=demo"
	[ "$(outcome "$url")" = '0 401' ]
	[ "$(outcome -H "$auth" "$url")" = '0 200' ]
}

# ------------------------------------------------------------------- statuses

@test "Bulk Profile Update API, --status-delay: incomplete, without details, then complete" {
	# On a busy machine it may be asked about after so many seconds.
	for delay in 2 6 16; do
		sandbox_start --status-delay $delay
		update
		url="$(element batchStatus <answer)&showDetails=true"
		curl -s "$url" >answer
		[ "$(element status <answer)" = complete ] || break
		sandbox_stop
	done
	[ "$(element status <answer)" = incomplete ]
	[ "$(element batchSize <answer)" = 1 ]
	[ "$(grep -c consumedCount answer)" = 0 ]
	for _ in {1..100}; do
		curl -s "$url" >answer
		[ "$(element status <answer)" = incomplete ] || break
		sleep 0.2
	done
	[ "$(element status <answer)" = complete ]
	[ "$(element consumedCount <answer)" = 1 ]
}

@test "--keep: of each client the newest statuses are kept, 10 by default" {
	sandbox_start
	urls=()
	for _ in {1..11}; do
		update
		urls+=("$(element batchStatus <answer)")
	done
	[ "$(outcome "${urls[0]}")" = '0 404' ]
	[ "$(outcome "${urls[1]}")" = '0 200' ]
	sandbox_stop
	sandbox_start --keep 1
	update
	first=$(element batchStatus <answer)
	[ "$(outcome "$first")" = '0 200' ]
	update
	[ "$(outcome "$first")" = '0 404' ]
}

@test "a status: of another client 404, without batchId 400" {
	sandbox_start
	update
	url=$(element batchStatus <answer)
	[ "$(outcome "${url/demo/other}")" = '0 404' ]
	[ "$(outcome "${url%%\?*}")" = '0 400' ]
}

# ------------------------------------------------------ files, TLS and the end

@test "--db: profiles and statuses outlive the process" {
	sandbox_start --db profiles.db
	update
	path=$(element batchStatus <answer)
	path=/${path#http://*/}
	sandbox_stop
	[ "$(sqlite3 profiles.db 'SELECT client, kind, id, name, value FROM profiles')" = \
		'demo|thirdPartyId|a1|x|new' ]
	sandbox_start --db profiles.db
	[ "$(values a1)" = '{"x":"new"}' ]
	[ "$(curl -s "$sandbox$path" | element status)" = complete ]
	printf 'batch=thirdPartyId,x\na1,newer\na2,no\n' | post profile/batchUpdate
	[ "$(values a1)" = '{"x":"newer"}' ]
}

@test "an answer means that it is on disk: killed, it is still there" {
	sandbox_start --db profiles.db
	update
	kill -KILL "$sandbox_pid"
	wait "$sandbox_pid" || true
	sandbox_start --db profiles.db
	[ "$(values a1)" = '{"x":"new"}' ]
}

@test "many at once: all arrive" {
	sandbox_start --rate 0 --log log
	for i in 1 2 3 4; do
		seq -f "c$i-%.0f,$i" 5000 | sed '1i batch=thirdPartyId,x' >"b$i"
		curl -s --data-binary "@b$i" \
			"$sandbox/m2/demo/v2/profile/batchUpdate" >"answer$i" &
		pids[i]=$!
	done
	wait "${pids[@]}"
	[ "$(cat answer? | grep -c '<success>true')" = 4 ]
	[ "$(jq -s 'map(.rows) | add' log)" = 20000 ]
	[ "$(values c4-5000)" = '{"x":"4"}' ]
	[ "$(jq -r '.sha256 // empty' log | sort)" = "$(sha256sum b? | cut -c 1-64 | sort)" ]
}

@test "--tls-cert: https, that a client verifies or refuses" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 \
		-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	sandbox_start --tls-cert cert --tls-key key --fault 2:reset-before \
		--fault 3:cut
	[ "${sandbox%:*}" = https://127.0.0.1 ]
	[ "$(update)" = '60 000' ]
	[ "$(update --cacert cert)" = '0 200' ]
	url=$(element batchStatus <answer)
	[ "${url#"$sandbox"/}" != "$url" ]
	[ "$(outcome --cacert cert "$url")" = '0 200' ]
	[[ $(update --cacert cert) =~ ^(35|56)\ 000$ ]]
	[[ $(update --cacert cert) =~ ^(18|56)\ 200$ ]]
	[ "$(update --cacert cert)" = '0 200' ]
}

@test "--log: one line for each request, also for one that was given up" {
	sandbox_start --log log
	update
	curl -s "$sandbox/nowhere"
	curl -s "$sandbox/m2/demo/profile/batchUpdate"
	printf 'POST /m2/demo/profile/batchUpdate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbatch=' |
		timeout 20 bash -c 'exec 9<>"/dev/tcp/127.0.0.1/'"${sandbox##*:}"'"
			cat >&9; sleep 0.2' || true
	until_lines 4 log
	sandbox_stop
	jq -c '[.method, .path, .call, .state, .status, .bytes, .rows]' log >said
	cat >expected <<'END'
["POST","/m2/demo/v2/profile/batchUpdate",1,"accepted",200,28,1]
["GET","/nowhere",null,"missing",404,0,null]
["GET","/m2/demo/profile/batchUpdate",null,"refused",405,0,null]
["POST","/m2/demo/profile/batchUpdate",2,"aborted",0,6,null]
END
	assert_same expected said
	[ "$(stat -c %a log)" = 600 ]
}

@test "it listens on the loopback address only, and ends with 0" {
	sandbox_start --summary summary
	[[ $(cat sandbox.out) =~ ^http://127\.0\.0\.1:[0-9]+$ ]]
	port=$(printf ':%04X' "${sandbox##*:}")
	[ "$(awk -v p="$port\$" '$4 == "0A" && $2 ~ p { print $2 }' \
		/proc/net/tcp /proc/net/tcp6)" = "0100007F$port" ]
	update
	kill -TERM "$sandbox_pid"
	status=0
	wait "$sandbox_pid" || status=$?
	sandbox_pid=
	[ "$status" = 0 ]
	jq -e '.updates == 1 and .rows == 1 and .accepted == 1 and .exit == 0' summary
}

@test "it ends at once, whatever it is waiting for" {
	sandbox_start --fault 1:delay=600 --log log
	update -m 600 >late &
	late=$!
	until_lines 1 log
	SECONDS=0
	kill "$sandbox_pid"
	wait "$sandbox_pid"
	sandbox_pid=
	[ "$SECONDS" -lt 100 ]
	wait "$late" || true
}

@test "wrong usage: exit 2, and a line that says why" {
	while read -r arguments; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr tp-sandbox $arguments </dev/null
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" = 1 ]
	done <<'END'
--rate x
--port 65536
--keep 0
--decode both
--override some
--repeated all
--lose 1.5
--lose 101%
--lose x
--lifetime 0
--seed -1
--client a/b
--token-lifetime 5
--fault 1:none
--status-delay -1
--nonsense
operand
--token-file /nonexistent
--token-always
--tls-cert /dev/null
--log /nonexistent/log
END
	sandbox_start
	run -2 tp-sandbox --port "${sandbox##*:}"
}

@test "local failures: exit 4" {
	run -4 tp-sandbox --db /nonexistent/db
	run -4 bash -c 'tp-sandbox >/dev/full'
	run -4 bash -c 'tp-sandbox >&-'
	mkfifo log
	sleep 3600 <log 3>&- &
	reader=$!
	sandbox_start --log log
	kill "$reader"
	wait "$reader" || true
	update # its answer may be lost
	status=0
	wait "$sandbox_pid" || status=$?
	[ "$status" = 4 ]
	grep -q '^tp-sandbox: cannot write to log: ' sandbox.out.err
}

# --------------------------------------------------------------- a command

@test "a command has the address and a client, and its exit status counts" {
	unset TP_ENDPOINT TP_CLIENT
	code=0
	tp-sandbox --log log -- sh -c '
		echo "$TP_CLIENT $TP_ENDPOINT"
		printf "batch=thirdPartyId,x\na,1\n" | tp-send >receipts
		exit 7' x --port 3 >out 2>said || code=$?
	[ "$code" = 7 ]
	grep -x 'demo http://127\.0\.0\.1:[0-9]*' out
	[ "$(wc -l <out)" = 1 ]
	[ "$(jq -r .state receipts)" = accepted ]
	[ "$(wc -l <log)" = 1 ]
	TP_CLIENT=mine tp-sandbox -- sh -c 'echo "$TP_CLIENT"' >out
	[ "$(cat out)" = mine ]
}

@test "a command that is killed, or cannot be run; signals are passed on" {
	code=0
	tp-sandbox -- sh -c 'kill -KILL $$' || code=$?
	[ "$code" = 137 ]
	try tp-sandbox -- ./not-there
	expect 2 '' 'tp-sandbox: cannot run ./not-there: No such file or directory\n'
	try tp-sandbox sh
	expect 2 '' "tp-sandbox: a command to run stands behind --; see 'tp-sandbox --help'\n"
	# It does what it wants with them, and SIGPIPE is not ignored.
	tp-sandbox -- sh -c 'trap "exit 9" TERM; yes | head -n 1; echo >begun
		while :; do sleep 0.1; done' >out 3>&- &
	running=$!
	until_true test -s begun
	kill "$running"
	code=0
	wait "$running" || code=$?
	[ "$code" = 9 ]
}

@test "a command, and the log fails: exit 4" {
	code=0
	tp-sandbox --log /dev/full -- sh -c \
		'curl -s "$TP_ENDPOINT/rest/v1/profiles/thirdPartyId/a?client=demo"
		sleep 30' >out 2>said || code=$?
	[ "$code" = 4 ]
}
