#!/usr/bin/env bats
# tp-validate: what each option does.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

head='thirdPartyId,a\n'

@test "--max-rejects N: so many are let through, one more ends the run" {
	local text="$head"'+,1\nx,1\n/,2\ny,2\n'

	try_with "$text" tp-validate -q --max-rejects 2
	expect 1 "$head"'x,1\ny,2\n' ''
	try_with "$text" tp-validate -q --max-rejects 1 --rejects bad --summary sum
	expect 3 "$head"'x,1\n' 'tp-validate: more than 1 record rejected '\
'(--max-rejects)\n'
	# What was rejected up to then is kept.
	printf "$head"'+,1\n/,2\n' | cmp - bad
	[ "$(jq -c '[.in, .out, .rejected, .exit]' sum)" = '[3,1,2,3]' ]
	try_with "$text" tp-validate -q --max-rejects 0
	expect 3 "$head"
	try_with "$head"'x,1\n' tp-validate --max-rejects 0
	expect 0 "$head"'x,1\n' ''
}

# GOOD rows, BAD rows, GOOD rows
mixed() { # GOOD BAD GOOD
	printf "$head"
	[ "$1" = 0 ] || yes x,1 | head -n "$1"
	[ "$2" = 0 ] || yes +,1 | head -n "$2"
	[ "$3" = 0 ] || yes y,1 | head -n "$3"
}

@test "--max-rejects N%: judged from record 10,000 on, and at the end" {
	# At the end, however few.
	mixed 98 2 0 >in
	status=0 && tp-validate -q --max-rejects 2% in >out || status=$?
	[ $status = 1 ]
	mixed 97 3 0 >in
	status=0 && tp-validate -q --max-rejects 2% in >out 2>err || status=$?
	[ $status = 3 ]
	[ "$(cat err)" = 'tp-validate: 3 of 100 records rejected, over 2% (--max-rejects)' ]
	# All of it was read: 97 rows and the header.
	[ "$(wc -l <out)" = 98 ]
	# Not before record 10,000, however many.
	mixed 0 9999 490000 >in
	status=0 && tp-validate -q --max-rejects 2% in >out || status=$?
	[ $status = 1 ]
	mixed 0 10000 490000 >in
	status=0 && tp-validate -q --max-rejects 2% in >out 2>err || status=$?
	[ $status = 3 ]
	[ "$(cat err)" = 'tp-validate: 10000 of 10000 records rejected, over 2% (--max-rejects)' ]
	# Exactly the share passes; one record over it does not.
	mixed 9900 100 0 >in
	status=0 && tp-validate -q --max-rejects 1% in >out || status=$?
	[ $status = 1 ]
	mixed 9899 101 100000 >in
	status=0 && tp-validate -q --max-rejects 1% in >out || status=$?
	[ $status = 3 ]
	[ "$(wc -l <out)" = 9900 ]
	mixed 0 5 0 >in
	status=0 && tp-validate -q --max-rejects 100% in >out || status=$?
	[ $status = 1 ]
	mixed 5 0 0 >in
	tp-validate -q --max-rejects 0% in >out
}

@test "--max-rejects: a share of a part of a percent" {
	mixed 995 5 0 >in
	for share in 0.5% 0.500% 1%; do
		status=0 && tp-validate -q --max-rejects $share in >out ||
			status=$?
		[ $status = 1 ]
	done
	mixed 994 6 0 >in
	status=0 && tp-validate -q --max-rejects 0.5% in >out 2>err || status=$?
	[ $status = 3 ]
	[ "$(cat err)" = 'tp-validate: 6 of 1000 records rejected, over 0.5% (--max-rejects)' ]
	mixed 99999 1 0 >in
	status=0 && tp-validate -q --max-rejects 0.001% in >out || status=$?
	[ $status = 1 ]
	mixed 99998 1 0 >in
	status=0 && tp-validate -q --max-rejects 0.001% in >out 2>err || status=$?
	[ $status = 3 ]
	printf 'thirdPartyId,a\n1,x\n,y\n' >in
	status=0 && tp-split -q --max-rejects 49.9% in >out || status=$?
	[ $status = 3 ]
	status=0 && tp-split -q --max-rejects 50.0% in >out || status=$?
	[ $status = 1 ]
}

@test "--expect-rows: a range, open or not" {
	local text="$head"'x,1\ny,1\n+,2\n'

	for range in 3 1-3 3-3 3-9 0- 3-; do
		try_with "$text" tp-validate -q --expect-rows $range
		[ "$status" = 1 ]
	done
	for range in 2 4 0-2 4-9 4-; do
		try_with "$text" tp-validate -q --expect-rows $range
		expect 3 "$head"'x,1\ny,1\n' \
			"tp-validate: 3 records instead of $range (--expect-rows)\n"
	done
}

@test "--allow-empty: a header without records is no failure, with it or without" {
	for program in tp-validate tp-split; do
		for more in '' --allow-empty; do
			# shellcheck disable=SC2086
			try_with "$head" $program $more
			[ "$status" = 0 ]
			# shellcheck disable=SC2086
			try_with '' $program $more
			[ "$status" = 3 ]
		done
	done
}

@test "--expect-rows counts every record that was read" {
	local text="$head"'x,1\n+,2\ny,\n\nz,"\n'

	try_with "$text" tp-validate -q --expect-rows 4
	expect 1 "$head"'x,1\n' ''
	for n in 0 3 5 18446744073709551615; do
		try_with "$text" tp-validate -q --expect-rows $n
		expect 3 "$head"'x,1\n' "tp-validate: 4 records instead of $n \
(--expect-rows)\n"
	done
	try_with "$head" tp-validate --expect-rows 0
	expect 0 "$head" ''
}

@test "--check judges and writes no records" {
	try_with "$head"'x,1\n' tp-validate --check
	expect 0 '' ''
	try_with "$head"'x,1\n+,1\n' tp-validate --check --rejects bad \
		--summary sum
	expect 1 '' "tp-validate: -:3:1: id-plus-slash: column 'thirdPartyId': \
a thirdPartyId must not hold + or /, not even encoded\n"
	printf "$head"'+,1\n' | cmp - bad
	[ "$(jq -c '[.in, .out, .rejected, .bytesOut]' sum)" = '[2,1,1,0]' ]
	try_with 'a\n1\n' tp-validate --check
	[ "$status" = 3 ]
	[ ! -s out ]
}

@test "--keep-empty passes records without values" {
	try_with "$head"'x,\n,\ny\nNULL,NULL\nz,NULL\n' tp-validate -q \
		--keep-empty --null NULL
	expect 1 "$head"'x,\ny\nz,\n' ''
}

@test "--null names empty cells; it may be given 16 times" {
	local many=()

	try_with "$head"'x,NULL\ny,\\N\nz,"NULL"\nw,null\n' tp-validate \
		--null NULL --null '\N'
	expect 0 "$head"'w,null\n' 'tp-validate: skipped 3 records that hold '\
'no values (--keep-empty passes them)\n'
	for i in {1..16}; do many+=(--null "$i"); done
	try_with "$head"'x,16\ny,17\n' tp-validate -q "${many[@]}"
	expect 0 "$head"'y,17\n' ''
	try_with "$head" tp-validate "${many[@]}" --null 17
	expect 2 '' 'tp-validate: --null may be given at most 16 times\n'
}

@test "--trim: spaces and tabs around fields and quotes are layout" {
	local text='thirdPartyId , "a"\t,b\n x ," 1 "\t, 2 \n\t"y", "1,2" ,3\n'

	try_with "$text" tp-validate -q --trim
	expect 0 'thirdPartyId,a,b\nx," 1 ",2\ny,"1,2",3\n' ''
	try_with "$head"'"x" ,1\nx, "1"\ny,1\n' tp-validate -q
	expect 1 "$head"'y,1\n' ''
	# Values that are all layout are empty.
	try_with "$head"'x, \ny,\t\nz," "\n' tp-validate -q --trim
	expect 0 "$head"'z," "\n' ''
	# What is between fields is no layout.
	try_with 'thirdPartyId\ta\nx\t1\ny\t\n' tp-validate -q --trim \
		--delimiter tab
	expect 0 'thirdPartyId,a\nx,1\n' ''
	try_with 'thirdPartyId a\nx 1\n' tp-validate -q --trim --delimiter ' '
	expect 0 'thirdPartyId,a\nx,1\n' ''
}

@test "--delimiter and --quote" {
	for d in ';' '|' : '\t' tab "$(printf '\t')"; do
		c=$d
		[ "$d" != tab ] || c='\t'
		try_with "thirdPartyId${c}a\nx$c\"1${c}2\"\ny${c}1,2\n" \
			tp-validate -q --delimiter "$d"
		expect 0 "thirdPartyId,a\nx,1${c}2\ny,\"1,2\"\n" ''
	done
	try_with "a,'thirdPartyId'\n'1,''2',x\n1\"2,y\n" tp-validate -q \
		--quote "'"
	expect 0 'a,thirdPartyId\n"1,\0472",x\n"1""2",y\n' ''
	for bad in '' ab é '\n' "$(printf '\001')" "$(printf '\177')"; do
		try tp-validate --delimiter "$bad"
		[ "$status" = 2 ]
		grep -q ': expected one ASCII character, or .tab.$' err
		try tp-validate --quote "$bad"
		[ "$status" = 2 ]
		[ ! -s out ]
	done
	try tp-validate --quote ,
	expect 2 '' 'tp-validate: the delimiter and the quote must differ\n'
	try tp-validate --quote ' ' --trim
	expect 2 '' 'tp-validate: --trim cannot go with a quote that is a space\n'
}

@test "--max-record takes sizes" {
	for n in 1K 1024 2M 1G 1073741824; do
		try_with "$head"'x,1\n' tp-validate --max-record $n
		expect 0 "$head"'x,1\n' ''
	done
	for n in 0 '' -1 +1 1k 1.5K 2G 1073741825 1KB ' 1' 99999999999999999999; do
		try tp-validate "--max-record=$n"
		expect 2 '' "tp-validate: --max-record ${n:-''}: expected a size from \
1 byte to 1G\n"
	done
}

@test "arguments that are no numbers" {
	for n in x -1 '' 1% 1.0 18446744073709551616; do
		try tp-validate "--expect-rows=$n"
		[ "$status" = 2 ]
		[ "$(cat err)" = "tp-validate: --expect-rows ${n:-''}: expected a number, or a range such as 100-200 or 100-" ]
	done
	for n in x -1 '' % 101% 1%% 1.2345% 1.5 18446744073709551616 \
		123456789012345678901234567890; do
		try tp-validate "--max-rejects=$n"
		[ "$status" = 2 ]
		[ "$(cat err)" = "tp-validate: --max-rejects ${n:-''}: expected a number, or a share such as 2% or 0.5%" ]
	done
	try tp-validate --progress sometimes
	expect 2 '' 'tp-validate: --progress sometimes: expected auto, always '\
'or never\n'
}

@test "unknown options and missing arguments: exit 2" {
	local see="see 'tp-validate --help'"

	try tp-validate --nonsense
	expect 2 '' "tp-validate: unknown option or argument '--nonsense'; $see\n"
	try tp-validate -x
	expect 2 '' "tp-validate: unknown option or argument '-x'; $see\n"
	try tp-validate --check=yes
	expect 2 '' "tp-validate: --check takes no argument; $see\n"
	# Those that have a letter too.
	try tp-validate --quiet=3
	expect 2 '' "tp-validate: --quiet takes no argument; $see\n"
	try tp-validate --check -qxv
	expect 2 '' "tp-validate: unknown option or argument '-x'; $see\n"
	try tp-validate -q$'\303\251'
	expect 2 '' "tp-validate: unknown option or argument '-\\\\xC3'; $see\n"
	try tp-validate --rejects
	expect 2 '' "tp-validate: --rejects needs an argument; $see\n"
	try tp-send --client
	expect 2 '' "tp-send: --client needs an argument; see 'tp-send --help'\n"
	try tp-send -vc
	expect 2 '' "tp-send: -c needs an argument; see 'tp-send --help'\n"
	try tp-validate $'--no\e[31msense'
	expect 2 '' "tp-validate: unknown option or argument \
'--no\\\\x1B[31msense'; $see\n"
}

@test "long options are written in full: a later one may begin alike" {
	local short long

	printf "$head"'x,1\n' >in
	while read -r short long; do
		try tp-validate -q $short in
		expect 2 '' "tp-validate: ${short%%[= ]*} is short for $long, \
which must be written in full\n"
		[ ! -e sum ]
	done <<-END
		--summ=sum --summary
		--nul=x --null
		--hel --help
		--vers --version
	END
	try tp-validate --summ sum in
	expect 2 '' 'tp-validate: --summ is short for --summary, which must be '\
'written in full\n'
	# What an argument looks like is its own business.
	try tp-validate --summary --summ in
	expect 0 "$head"'x,1\n' ''
	[ -s ./--summ ]
	# Of several it could be none.
	try tp-validate --s in
	expect 2 '' "tp-validate: unknown option or argument '--s'; see \
'tp-validate --help'\n"
	# The whole name of one is the beginning of another.
	try tp-split --seal --summary=sum in
	[ "$status" = 0 ]
}

@test "--help fits a screen; --version names the libraries" {
	try tp-validate --help
	[ "$status" = 0 ]
	[ ! -s err ]
	[ "$(wc -l <out)" -le 50 ]
	never grep -E '.{81}' out
	mv out long
	try tp-validate -h
	cmp long out
	try tp-validate --version
	[ "$status" = 0 ]
	grep -q '^tp-validate (tp-tools) [0-9]' out
	grep -q '^libcsv [0-9.]*, zlib [0-9.]*, jansson [0-9.]*$' out
	grep -q '^scan kernel: [a-z0-9]*$' out
	TP_SCAN=portable tp-validate -V | grep -qx 'scan kernel: portable'
}

@test "TP_SCAN: a kernel, or exit 2" {
	printf "$head"'x,1\n"y","1""2"\n+,3\n' >in
	for k in portable libcsv; do
		status=0
		TP_SCAN=$k tp-validate in >out 2>err || status=$?
		expect 1 "$head"'x,1\n"y","1""2"\n'
	done
	# Empty is not set, as with every variable.
	TP_SCAN='' tp-split -q in >out
	TP_SCAN='' tp-send -q -c demo --dry-run out >plan
	[ -s plan ]
	[ "$(TP_SCAN='' tp-validate -V)" = \
		"$(env -u TP_SCAN tp-validate -V)" ]
	status=0
	TP_SCAN=$'x\e' tp-validate in >out 2>err || status=$?
	expect 2 '' 'tp-validate: TP_SCAN=x\\x1B: there is no such scan kernel\n'
}

@test "after 20 alike, the rest is only counted" {
	{ printf "$head" && yes '+,1' | head -n 20; } >in
	try tp-validate in
	[ "$(wc -l <err)" = 20 ]
	{ printf "$head" && yes '+,1' | head -n 1000 && echo ',1'; } >in
	try tp-validate in
	[ "$(wc -l <err)" = 22 ]
	[ "$(sed -n 20p err | cut -c 1-35)" = 'tp-validate: in:21:1: id-plus-slash' ]
	[ "$(sed -n 21p err | cut -c 1-31)" = 'tp-validate: in:1002:1: id-empt' ]
	[ "$(tail -n 1 err)" = 'tp-validate: id-plus-slash: 980 more like these' ]
}

@test "-q prints errors only" {
	try_with "$head"'+,1\nx,"1,2"\ny,\n' tp-validate -q
	expect 1 "$head"'x,"1,2"\n' ''
	try_with 'a\n' tp-validate -q
	[ "$status" = 3 ]
	[ "$(wc -l <err)" = 1 ]
}

@test "--progress draws and takes back" {
	slowly() { # ROWS: or until something is drawn
		local i
		printf "$head"
		for ((i = 0; i < $1; i++)); do
			echo "x$i,1"
			[ ! -s err ] || break
			sleep 0.1
		done
	}
	: >err
	slowly 300 | tee in | tp-validate --progress always >out 2>err
	cmp in out
	grep -q $'\r\e\\[K[0-9]* records, [0-9.]* MB, [0-9]* MB/s' err
	[ "$(tail -c 4 err | od -An -tx1)" = ' 0d 1b 5b 4b' ]
	: >err
	slowly 13 | tp-validate --progress never >out 2>err
	[ ! -s err ]
	slowly 13 | tp-validate >out 2>err
	[ ! -s err ]
}

@test "values and ids are not shown, unless --show-values" {
	local text="$head"'s3cr3t+,hidd3n\n s3cr3t,hidd3n\ns3cr3t,hid\001d3n\n'

	text+='s3cr3t,"hidd3n,"\ns3cr3t,hidd3n,hidd3n\ns3cr3t,"hidd3n\n'
	try_with "$text" tp-validate --errors why
	[ "$status" = 1 ]
	never grep -E 's3cr3t|hidd3n' err why
	try_with "$text" tp-validate --show-values --errors why
	grep -qF "(value: 's3cr3t+')" err
	grep -qF "(value: 'hid\\x01d3n')" err
	[ "$(head -n 1 why | jq -r .value)" = 's3cr3t+' ]
}

@test "what comes from data is escaped" {
	local evil='\033[31m\302\233x\342\200\256\342\201\246\313\210\\'

	try_with "thirdPartyId,n$evil\n+,1\n" tp-validate
	[ "$status" = 3 ]
	never grep -q $'\e' err
	try_with "thirdPartyId,a\n+$evil,1\n" tp-validate --show-values
	[ "$status" = 1 ]
	[ "$(grep -o "value: '.*'" err)" = "value: '+\\x1B[31m\\u{009B}x\\u{202E}\\u{2066}"$'\313\210'"\\\\'" ]
	printf "$head"'+,1\n' >$'in\e]0;x\a\n'
	try tp-validate $'in\e]0;x\a\n'
	[ "$(wc -l <err)" = 1 ]
	[ "$(cut -d' ' -f 1-3 err)" = 'tp-validate: in\x1B]0;x\x07\x0A:2:1: id-plus-slash:' ]
	# A column's name.
	try_with 'thirdPartyId,a\\\342\200\256b\nx,\001\n' tp-validate
	grep -qF "column 'a"'\\\u{202E}'"b': a control character" err
}
