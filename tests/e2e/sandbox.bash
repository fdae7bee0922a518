# For the tests of tp-sandbox by curl: load sandbox
# shellcheck disable=SC2154 # sandbox_start of the helper sets sandbox

# Posts stdin to v2 (or to the path given), and prints the answer.
post() { # [PATH [CURL-OPTION...]]
	local path=${1:-v2/profile/batchUpdate}
	curl -sS -m 150 --data-binary @- "${@:2}" "$sandbox/m2/demo/$path"
}

# What one element of an XML answer on stdin holds.
element() { # NAME
	sed -n "s/.*<$1>\(.*\)<\/$1>.*/\1/p"
}

# The values of a profile, as one line of JSON.
values() { # ID [KIND/]
	curl -sS "$sandbox/rest/v1/profiles/${2-thirdPartyId/}$1?client=demo" |
		jq -Sc '.profileAttributes | map_values(.value)'
}

# How curl ended, with the HTTP status: "0 200".
outcome() { # CURL-OPTION...
	local code status=0
	code=$(curl -s -m 150 -o "$BATS_TEST_TMPDIR/answer" \
		-w '%{http_code}' "$@") || status=$?
	echo "$status $code"
}

update() { # CURL-OPTION...
	outcome --data-binary $'batch=thirdPartyId,x\na1,new\n' "$@" \
		"$sandbox/m2/demo/v2/profile/batchUpdate"
}
