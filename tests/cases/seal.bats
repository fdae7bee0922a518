# --seal and --sealed: a later program knows that an earlier one finished.

bats_require_minimum_version 1.5.0

setup() {
	load ../helper
	cd "$BATS_TEST_TMPDIR" || return
	printf 'thirdPartyId,tier\na1,gold\nb2,"x ""y"""\n' >in.csv
}

digest() {
	sha256sum | cut -d ' ' -f 1
}

@test "a seal is over what stands before it" {
	tp-validate --seal in.csv >out
	sed '$d' out | cmp - in.csv
	[ "$(tail -n 1 out)" = "#tp-seal rows=2 bytes=$(wc -c <in.csv) sha256=$(digest <in.csv)" ]
	tp-split --seal out >batches
	sed '$d' batches >plain
	tp-split in.csv | cmp - plain
	[ "$(tail -n 1 batches)" = "#tp-seal rows=2 bytes=$(wc -c <plain) sha256=$(digest <plain)" ]
}

@test "without --seal there is none" {
	tp-validate in.csv | cmp - in.csv
	TP_SEAL=0 tp-validate in.csv | cmp - in.csv
}

@test "a seal is taken away, demanded or not, also behind gzip" {
	tp-validate --seal in.csv >out
	tp-split in.csv >plain
	tp-split out | cmp - plain
	tp-split --sealed out | cmp - plain
	gzip -c out | tp-split --sealed | cmp - plain
	tp-validate out | cmp - in.csv
}

@test "--sealed without a seal: exit 3, and no seal of its own" {
	run -3 --separate-stderr tp-split --seal --sealed in.csv
	[[ $output != *tp-seal* ]]
	[[ $stderr == *"there is no seal at the end"* ]]
}

@test "each byte that is changed, lost or added breaks the seal" {
	tp-validate --seal in.csv >out
	size=$(wc -c <out)
	for i in $(seq 18 "$((size - 1))"); do
		{
			head -c "$i" out
			printf '~'
			tail -c "+$((i + 2))" out
		} >changed
		run -3 tp-split --seal --sealed changed
		[[ $output != *'#tp-seal'* ]]
		head -c "$i" out >cut
		run -3 tp-split --sealed cut
	done
}

@test "a seal over another number of bytes is refused without --sealed too" {
	tp-validate --seal in.csv | sed 2d >changed
	run -3 --separate-stderr tp-split changed
	[[ $stderr == *"another number of bytes"* ]]
}

@test "a line like a seal within the data is data" {
	printf 'thirdPartyId,n\na,"x\n#tp-seal rows=1 bytes=1 sha256=0\ny"\n' |
		tp-validate -q >out
	[ "$(grep -c tp-seal out)" = 1 ]
}

@test "a seal that was cut short is no visitor" {
	tp-validate --seal in.csv >out
	seal=$(tail -n 1 out | wc -c)
	size=$(wc -c <out)
	# From "#tp-" on, its last byte or more missing; its LF given back too.
	for left in 4 8 9 13 14 15 40 "$((seal - 2))" "$((seal - 1))"; do
		head -c "$((size - seal + left))" out >cut
		for kernel in avx512 avx2 portable libcsv; do
			export TP_SCAN=$kernel
			tp-split --version | grep -q "kernel: $kernel" || continue
			run -3 --separate-stderr tp-split --seal cut
			[[ $output != *tp-seal* ]]
			[[ $stderr == "tp-split: cut:4: "*"what wrote this did not finish"* ]]
			run -3 tp-validate --seal -q --keep-empty cut
			[[ $output != *tp-seal* ]]
			[ "$left" = "$((seal - 1))" ] || {
				echo >>cut
				run -3 tp-split cut
			}
		done
	done
}

@test "a seal that is not at the end ends the run" {
	tp-validate --seal in.csv >sealed
	for kernel in avx512 avx2 portable libcsv; do
		export TP_SCAN=$kernel
		tp-split --version | grep -q "kernel: $kernel" || continue
		for program in tp-split 'tp-validate --keep-empty'; do
			{ cat sealed && echo z,1; } >joined
			# shellcheck disable=SC2086 # options are words
			run -3 --separate-stderr $program --seal joined
			[[ $output != *tp-seal* ]]
			[[ $stderr == *" joined:4: "*"not the last line"* ]]
			cat sealed sealed >joined
			# shellcheck disable=SC2086
			run -3 $program joined
			# Whatever else its line may be, with this delimiter.
			printf 'a thirdPartyId b c\n1 x y z\n2 x y z\n' >in
			tail -n 1 sealed >>in
			echo 3 x y z >>in
			# shellcheck disable=SC2086
			run -3 $program --delimiter ' ' in
		done
	done
}

@test "what is not quite like a seal is data" {
	printf '%s\n' thirdPartyId,v '#,1' '#tp-,2' '#tp-seal,3' '#tp-sealant' \
		'#tp-seal bytes=' 'x#tp-seal rows=,4' '"#tp-seal rows=1",5' \
		'#tp-seal rows=1,6' '#tp-seal rows=,7' '#tp-seal rows=1 by,8' >in
	for kernel in avx512 avx2 portable libcsv; do
		export TP_SCAN=$kernel
		tp-split --version | grep -q "kernel: $kernel" || continue
		tp-validate -q --keep-empty in | cmp in -
		[ "$(tp-split in | grep -c tp-)" = 9 ]
	done
}

@test "what ends early writes no seal" {
	run -3 tp-validate --seal --expect-rows 3 in.csv
	[[ $output != *tp-seal* ]]
	printf '+,1\n+,2\n' >>in.csv
	run -3 tp-validate --seal --max-rejects 1 in.csv
	[[ $output != *tp-seal* ]]
	run -1 tp-validate --seal in.csv
	[[ $output == *"#tp-seal rows=2 "* ]]
}

@test "a rejects file that cannot be finished leaves no seal" {
	printf '+,1\n' >>in.csv
	run -4 tp-validate --seal --rejects /dev/full in.csv
	[[ $output != *tp-seal* ]]
}

@test "TP_SEAL=1 seals, and demands from the second program on" {
	export TP_SEAL=1
	tp-validate in.csv | tp-split >out
	[[ $(tail -n 1 out) == "#tp-seal rows=2 "* ]]
	run -3 tp-split in.csv
	TP_SEAL=yes run -2 tp-validate in.csv
	[[ $output == *TP_SEAL* ]]
}

@test "a pipeline whose first program was cut off, without pipefail" {
	yes 'a1,gold' | head -n 200000 | sed '1i thirdPartyId,tier' |
		gzip -c >export.csv.gz
	head -c 300 export.csv.gz >cut.csv.gz
	export TP_SEAL=1
	run -3 dash -c 'cat cut.csv.gz | tp-validate | tp-split >batches'
	never grep tp-seal batches
	run -0 dash -c 'cat export.csv.gz | tp-validate | tp-split >batches'
	[[ $(tail -n 1 batches) == "#tp-seal rows=200000 "* ]]
}
