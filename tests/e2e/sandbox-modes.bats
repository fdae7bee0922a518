# shellcheck shell=bash disable=SC2154 # sandbox_start sets sandbox
# What the service may do otherwise: tp-sandbox can play each of it.  Sections
# named here are those of Adobe's pages.
load ../helper
load sandbox

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
}

teardown() {
	sandbox_stop
}

# ------------------------------------------------------------ single updates

@test "Single Profile Update API, Format: GET and POST, by both kinds of id" {
	sandbox_start --log log
	printf 'batch=thirdPartyId,x,y\na 1,old,kept\n' | post
	printf 'batch=pcId,x\n1.28_0,old\n' | post
	url=$sandbox/m2/demo/profile/update
	curl -sS "$url?mbox3rdPartyId=a%201&profile.x=50%25+off%20%26%2C&other=1&profile.e=" >said
	[ "$(cat said)" = 'trueRequest successfully submitted' ]
	[ "$(values a%201)" = '{"x":"50% off &,","y":"kept"}' ]
	curl -sS --data-urlencode 'profile.x=a=b
é' -d mboxPC=1.28_0 -d profile.z=1 "$url" >said
	[ "$(cat said)" = 'trueRequest successfully submitted' ]
	[ "$(values 1.28_0 '')" = '{"x":"a=b\né","z":"1"}' ]
	# The id may stand in the query of a POST.
	curl -sS -d profile.z=2 "$url?mboxPC=1.28_0" >said
	[ "$(values 1.28_0 '' | jq -r .z)" = 2 ]
	sandbox_stop
	[ "$(jq -r .state log | xargs)" = \
		'accepted accepted accepted answered accepted answered accepted answered' ]
}

@test "Single Profile Update API: only profiles that there are; wrong ones get 400" {
	sandbox_start
	url=$sandbox/m2/demo/profile/update
	[ "$(outcome "$url?mboxPC=nobody&profile.x=1")" = '0 200' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/nobody?client=demo")" = '0 404' ]
	[ "$(outcome "$url?profile.x=1")" = '0 400' ]
	[ "$(outcome "$url?mboxPC=&profile.x=1")" = '0 400' ]
	[ "$(outcome "$url?mboxPC=1&profile.x=5%")" = '0 400' ]
	[ "$(outcome "$url?mboxPC=1&profile.x=%FF")" = '0 400' ]
	[ "$(outcome -X PUT "$url?mboxPC=1")" = '0 405' ]
}

@test "Single Profile Update API: 8 KB by GET, 60 KB by POST, and no limit of calls" {
	sandbox_start --rate 1
	url=$sandbox/m2/demo/profile/update
	fill() { head -c "$1" /dev/zero | tr '\0' x; }
	path='/m2/demo/profile/update?mboxPC=1&profile.x='
	[ "$(outcome "$sandbox$path$(fill $((8000 - ${#path})))")" = '0 200' ]
	[ "$(outcome "$sandbox$path$(fill $((8001 - ${#path})))")" = '0 414' ]
	body='mboxPC=1&profile.x='
	echo "$body$(fill $((60000 - ${#body})))" | tr -d '\n' >body
	[ "$(outcome --data-binary @body "$url")" = '0 200' ]
	echo "$body$(fill $((60001 - ${#body})))" | tr -d '\n' >body
	[ "$(outcome --data-binary @body "$url")" = '0 413' ]
	[ "$(update)" = '0 200' ]
	[ "$(update)" = '0 503' ]
}

@test "Profile fetch, Authentication: a single update needs the token, too" {
	echo secret >token
	sandbox_start --token-file token
	url="$sandbox/m2/demo/profile/update?mboxPC=1&profile.x=1"
	[ "$(outcome "$url")" = '0 401' ]
	[ "$(outcome -H 'Authorization: Bearer secret' "$url")" = '0 200' ]
}

# ------------------------------------------------- override, repeats, lifetime

@test "Bulk Profile Update API, Caveats, --override names: an update leaves other names alone" {
	sandbox_start --override names
	printf 'batch=thirdPartyId,x,y\na,1,1\n' | post
	printf 'batch=thirdPartyId,y,z\na,2,2\n' | post
	[ "$(values a)" = '{"x":"1","y":"2","z":"2"}' ]
}

@test "Bulk Profile Update API, Caveats, --override all: the second v2 update drops the first, up to a visit" {
	control_start --override all
	printf 'batch=thirdPartyId,x,y\na,1,1\nb,1,1\n' | post
	printf 'batch=thirdPartyId,y,z\na,2,2\n' | post
	[ "$(values a)" = '{"y":"2","z":"2"}' ]
	[ "$(values b)" = '{"x":"1","y":"1"}' ]
	control visit=a
	printf 'batch=thirdPartyId,w\na,3\n' | post
	[ "$(values a)" = '{"w":"3","y":"2","z":"2"}' ]
	printf 'batch=thirdPartyId,v\na,4\n' | post
	[ "$(values a)" = '{"v":"4","y":"2","z":"2"}' ]
	# Neither a row that sets nothing nor version 1 overrides.
	printf 'batch=thirdPartyId,v\na,\n' | post
	printf 'batch=thirdPartyId,u\na,5\n' | post profile/batchUpdate
	[ "$(values a)" = '{"u":"5","v":"4","y":"2","z":"2"}' ]
	# What version 1 and single updates have set stays.
	curl -sS "$sandbox/m2/demo/profile/update?mbox3rdPartyId=a&profile.t=6"
	printf 'batch=thirdPartyId,x\na,7\n' | post
	[ "$(values a)" = '{"t":"6","u":"5","x":"7","y":"2","z":"2"}' ]
}

@test "--repeated: of an id twice in a batch the last or the first row counts" {
	rows='batch=thirdPartyId,x,y\na,1,\nb,1,1\na,,2\na,3,\n'
	sandbox_start
	printf "$rows" | post >answer
	[ "$(values a)" = '{"x":"3","y":"2"}' ]
	sandbox_stop
	sandbox_start --repeated last --override all
	printf "$rows" | post >answer
	[ "$(values a)" = '{"x":"3"}' ]
	sandbox_stop
	sandbox_start --repeated first
	printf "$rows" | post >answer
	url=$(element batchStatus <answer)
	[ "$(curl -s "$url&showDetails=true" | element successfulUpdates)" = 4 ]
	[ "$(values a)" = '{"x":"1"}' ]
	printf 'batch=thirdPartyId,x\na,4\n' | post
	[ "$(values a)" = '{"x":"4"}' ]
}

@test "Visitor profile lifetime: 14 days without activity, or --lifetime" {
	control_start
	gone() { # SECONDS-BEFORE-THE-END
		control "clock=$1"
		[ "$(values "$2")" = "$3" ]
	}
	printf 'batch=thirdPartyId,x\na,1\nb,1\nc,1\n' | post
	control clock=13d
	control visit=a
	printf 'batch=thirdPartyId,y\nb,1\n' | post
	control clock=2d
	[ "$(values a)" = '{"x":"1"}' ]
	[ "$(values b)" = '{"x":"1","y":"1"}' ]
	url="$sandbox/rest/v1/profiles/thirdPartyId/c?client=demo"
	[ "$(outcome "$url")" = '0 404' ]
	# Version 1 does not find it, and version 2 makes a new one.
	printf 'batch=thirdPartyId,y\nc,2\n' | post profile/batchUpdate
	[ "$(outcome "$url")" = '0 404' ]
	printf 'batch=thirdPartyId,y\nc,2\n' | post
	[ "$(values c)" = '{"y":"2"}' ]
	sandbox_stop
	control_start --lifetime 90d
	printf 'batch=thirdPartyId,x\na,1\n' | post
	control clock=89d
	[ "$(values a)" = '{"x":"1"}' ]
	control clock=1d
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a?client=demo")" = '0 404' ]
}

@test "Profile fetch: a profile says when each attribute was changed" {
	control_start
	printf 'batch=thirdPartyId,x,y\na,1,1\n' | post
	control clock=2h
	printf 'batch=thirdPartyId,y\na,2\n' | post
	curl -s "$sandbox/rest/v1/profiles/thirdPartyId/a?client=demo" >profile
	jq -e '(.profileAttributes | (.y.modifiedAt | fromdate)
		- (.x.modifiedAt | fromdate) | . >= 7200 and . < 7300)
		and .modifiedAt == .profileAttributes.y.modifiedAt' profile
}

# ---------------------------------------------------------- decoding, twice

@test "--decode form-twice: the whole is decoded, and each cell again" {
	sandbox_start --decode form-twice
	printf 'batch=thirdPartyId,x,y\na,1%%252C2,50%%2525%%20%%252b%%26\n' | post
	[ "$(values a)" = '{"x":"1,2","y":"50% +&"}' ]
	printf 'batch=thirdPartyId,x,y\nb,1%%2C2,3\n' | post
	[ "$(values b)" = '{"x":"1","y":"2"}' ]
	printf 'batch=thirdPartyId,x\nc,50%%25\n' | post >answer
	[ "$(element success <answer)" = false ]
	[ "$(element message <answer)" = 'Unexpected error' ]
}

# ----------------------------------------------------------- losses, tokens

@test "Bulk Profile Update API, Caveats, --lose: so many rows count and are not kept; the seed says which" {
	{ echo batch=thirdPartyId,x; seq -f 'id-%.0f,1' 20000; } >batch
	sandbox_start --lose 0.5% --db one.db --log log
	post <batch >answer
	url=$(element batchStatus <answer)
	[ "$(curl -s "$url&showDetails=true" | element successfulUpdates)" = 20000 ]
	sandbox_stop
	lost=$(sqlite3 one.db 'SELECT count(*) FROM lost')
	[ "$lost" -gt 50 ] && [ "$lost" -lt 160 ]
	[ "$(jq 'select(.rows).lost' log)" = "$lost" ]
	[ "$(sqlite3 one.db 'SELECT count(*) FROM profiles')" = $((20000 - lost)) ]
	[ "$(sqlite3 one.db 'SELECT count(*) FROM lost JOIN profiles USING(id)')" = 0 ]
	[ "$(sqlite3 one.db 'SELECT DISTINCT client, kind, batch FROM lost')" = \
		'demo|thirdPartyId|1' ]
	for seed in 0 7; do
		sandbox_start --lose 0.005 --seed $seed --db $seed.db
		post <batch
		sandbox_stop
		sqlite3 $seed.db 'SELECT id FROM lost' >lost.$seed
	done
	sqlite3 one.db 'SELECT id FROM lost' | cmp - lost.0
	never cmp -s lost.0 lost.7
}

@test "--token-lifetime: a token expires, and another in the file is good" {
	echo first >token
	control_start --token-file token --token-lifetime 1h
	good() { update -H "Authorization: Bearer $1"; }
	[ "$(good first)" = '0 200' ]
	control clock=59m
	[ "$(good first)" = '0 200' ]
	control clock=2m
	[ "$(good first)" = '0 401' ]
	echo second >token
	[ "$(good first)" = '0 401' ]
	[ "$(good second)" = '0 200' ]
	# A new one ends the old one at once.
	echo third >token
	[ "$(good second)" = '0 401' ]
	[ "$(good third)" = '0 200' ]
	# No file, as while it is replaced, leaves it as it was.
	rm token
	[ "$(good third)" = '0 200' ]
}

@test "--client: another client code is answered with 400 and XML" {
	sandbox_start --client demo --client second
	[ "$(update)" = '0 200' ]
	[ "$(outcome -d batch=thirdPartyId,x "$sandbox/m2/demon/v2/profile/batchUpdate")" = '0 400' ]
	[ "$(element success <answer)" = false ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=third")" = '0 400' ]
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/a1?client=second")" = '0 404' ]
	[ "$(outcome "$sandbox/m2/third/profile/update?mboxPC=1")" = '0 400' ]
}

@test "a status is kept for 24 hours" {
	control_start
	update
	url=$(element batchStatus <answer)
	control clock=23h
	[ "$(outcome "$url")" = '0 200' ]
	control clock=1h
	[ "$(outcome "$url")" = '0 404' ]
}

# --------------------------------------------------------------- the control

@test "--control: faults, the clock and losses change while it runs" {
	control_start --fault 1:code=500 --log log --status-delay 600
	[ "$(update)" = '0 500' ]
	control fault=2:code=429,retry-after=9 'fault=3-:false=Not & now' >said
	jq -e '.updates == 1 and .lose == 0 and .faulted == 1 and (.now | fromdate) > 0' said
	[ "$(update)" = '0 429' ]
	[ "$(update)" = '0 200' ]
	grep -F '<message>Not &amp; now</message>' answer
	control fault=
	[ "$(update)" = '0 200' ]
	url=$(element batchStatus <answer)
	[ "$(curl -s "$url" | element status)" = incomplete ]
	# By GET, too.
	[ "$(outcome "$control?clock=10m&lose=1")" = '0 200' ]
	jq -e ".lose == 1" answer
	[ "$(curl -s "$url" | element status)" = complete ]
	printf 'batch=thirdPartyId,x\nlost,1\n' | post
	[ "$(outcome "$sandbox/rest/v1/profiles/thirdPartyId/lost?client=demo")" = '0 404' ]
	sandbox_stop
	# The log does not give the path away.
	nowhere "${control##*/}" log
	# The minute of the limit passes with the clock.
	control_start --rate 1
	[ "$(update)" = '0 200' ]
	[ "$(update)" = '0 503' ]
	control clock=60
	[ "$(update)" = '0 200' ]
}

@test "--control: what is wrong is said, and what stood before it is done" {
	control_start
	while read -r wrong; do
		[ "$(outcome --data-urlencode "$wrong" "$control")" = '0 400' ]
		[ -s answer ]
	done <<'END'
fault=1:none
clock=-1
clock=4000d
lose=2
lose=x
client=a/b
kind=mine
faults=1:code=500
END
	[ "$(outcome -d 'clock=%' "$control")" = '0 400' ]
	[ "$(outcome -d visit=nobody "$control")" = '0 404' ]
	printf 'batch=pcId,x\n1,1\n' | curl -sS --data-binary @- \
		"$sandbox/m2/other/v2/profile/batchUpdate"
	[ "$(outcome -d 'client=other&kind=pcId&visit=1' "$control")" = '0 200' ]
	[ "$(outcome -d 'lose=0.5&nothing=1' "$control")" = '0 400' ]
	[ "$(curl -s "$control" | jq .lose)" = 0.5 ]
	[ "$(outcome -X DELETE "$control")" = '0 405' ]
	head -c 60001 /dev/zero | tr '\0' x >body
	[ "$(outcome --data-binary @body "$control")" = '0 413' ]
}

@test "--control: off unless asked for, secret, and not for a browser" {
	sandbox_start
	[ "$(outcome -d clock=1 "$sandbox/control/")" = '0 404' ]
	[ "$(wc -l <sandbox.out)" = 1 ]
	sandbox_stop
	control_start
	[[ $control =~ ^$sandbox/control/[0-9a-f]{32}$ ]]
	[ "$(outcome -d clock=1 "$sandbox/control/")" = '0 404' ]
	[ "$(outcome -d clock=1 "${control%?}")" = '0 404' ]
	[ "$(outcome -d clock=1 "${control}0")" = '0 404' ]
	[ "$(outcome -d clock=1 "$control")" = '0 200' ]
	[ "$(outcome -d clock=1 -H 'Origin: http://example.com' "$control")" = '0 403' ]
	[ "$(outcome -d clock=1 -H 'Origin: null' "$control")" = '0 403' ]
	[ "$(outcome -d clock=1 -H 'Host: example.com' "$control")" = '0 403' ]
	[ "$(outcome -d clock=1 -H 'Host: 127.0.0.1:1' "$control")" = '0 403' ]
	[ "$(outcome -d clock=1 -H "Host: localhost:${sandbox##*:}" "$control")" = '0 200' ]
	old=$control
	sandbox_stop
	control_start
	[ "${old##*/}" != "${control##*/}" ]
}

@test "--control: a command finds it in TP_CONTROL" {
	tp-sandbox --control -- sh -c 'curl -s -d clock=1h "$TP_CONTROL"' >said
	jq -e '(.now | fromdate) - now > 3500' said
	TP_CONTROL=x tp-sandbox -- sh -c 'echo "${TP_CONTROL-none}"' >said
	[ "$(cat said)" = none ]
}

# ---------------------------------------------------------------- a database

@test "a database of another program, or another version, is refused" {
	sqlite3 other.db 'CREATE TABLE profile(id)'
	try tp-sandbox --db other.db
	expect 2 '' 'tp-sandbox: other.db: another version of tp-sandbox made this database, or another program; name a new file\n'
	[ "$(sqlite3 other.db .tables)" = profile ]
}

@test "a profile in the database that was not written here ends it: exit 4" {
	for text in '' '[' '[1]' '[[1,"a",1,0,1]' '[[1,"a",1,0]]' '[[1,"a\",1,0,1]]' \
		'[[0,"a",1,0,1]]' '[[99999999999999999999,"a",1,0,1]]' '[[1,"a"'; do
		rm -f p.db*
		sandbox_start --db p.db
		printf 'batch=thirdPartyId,x\na,1\n' | post
		sandbox_stop
		sqlite3 p.db "UPDATE profile SET attributes = '$text'"
		sandbox_start --db p.db
		# The answer may be lost, as it ends.
		[ "$(outcome -d $'batch=thirdPartyId,x\na,2\n' \
			"$sandbox/m2/demo/v2/profile/batchUpdate")" != '0 200' ]
		status=0
		wait "$sandbox_pid" || status=$?
		[ "$status" = 4 ]
	done
}
