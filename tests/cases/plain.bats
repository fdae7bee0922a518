# shellcheck shell=bash disable=SC2154 # try and expect set status
# What tp-validate writes is plain CSV, whatever the export is written in.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit
}

@test "generated exports in many dialects, against a reference" {
	"$root/tests/cases/plain.py" "${TP_TEST_EXPORTS:-400}" 1
}

@test "the same, rows not being cut by an index" {
	TP_SCAN=libcsv "$root/tests/cases/plain.py" "${TP_TEST_EXPORTS:-150}" 2
}

@test "what is judged is what is sent, without options for the next program" {
	printf ' crm ;b;pcId\r\n a1 ;NULL;x\r\n"a;2"; "b,""c" ;\r\n' >export.csv
	tp-validate -q --delimiter ';' --trim --null NULL --keep-empty --id crm \
		export.csv >valid.csv
	assert_same <(printf 'thirdPartyId,b\r\na1,\r\na;2,"b,""c"\r\n') valid.csv
	assert_same <(tp-split -q <valid.csv) \
		<(tp-split -q --delimiter ';' --trim --null NULL --id crm export.csv)
	[ "$(tail -n +2 <(tp-split -q valid.csv))" = 'a1
a%3B2,b%2C%22c' ]
}

@test "long runs of rows, of which some are written anew" {
	python3 - <<-'END'
	with open("in", "w") as export, open("wanted", "w") as wanted:
	    export.write("thirdPartyId,a,b\n")
	    wanted.write("thirdPartyId,a,b\n")
	    for i in range(50000):
	        a = "NULL" if i % 7 == 0 else f"v{i}"
	        b = '"x,y"' if i % 5 == 0 else '"z"' if i % 11 == 0 else "z"
	        export.write(f"i{i},{a},{b}\n")
	        if i % 7 == 0:
	            wanted.write(f'i{i},,{b if "," in b else "z"}\n')
	        else:
	            wanted.write(f"i{i},{a},{b}\n")
	END
	tp-validate -q --null NULL in | cmp wanted -
	# The seal is over what was written.
	tp-validate -q --null NULL --seal in >sealed
	head -n -1 sealed | cmp wanted -
	[ "$(tail -n 1 sealed | grep -o 'sha256=.*')" = \
		"sha256=$(sha256sum <wanted | cut -d' ' -f1)" ]
}

@test "a column that is named like an identifier is left out, and that is said" {
	try_with 'pcId,crm,a,b\n1,x,2,5\n"3",y,4\n' tp-validate --id crm --seal
	[ "$status" = 0 ]
	[ "$(head -n 3 out)" = $'thirdPartyId,a,b\nx,2,5\ny,4' ]
	grep -x "tp-validate: warning: 'pcId': left out, as it is named like an identifier and is not the one that is sent" err
	try_with 'a,pcId,crm,mbox3rdPartyId\n1,2,x,3\n' tp-validate --id crm
	[ "$(cat out)" = $'a,thirdPartyId\n1,x' ]
	grep "'pcId' and 'mbox3rdPartyId': left out" err
	# As it stands in a file of rejects.
	try_with 'pcId,crm,a\n1,x,2\n3,,4\n' tp-validate -q --id crm --rejects bad
	[ "$status" = 1 ]
	assert_same <(printf 'pcId,crm,a\n3,,4\n') bad
}

@test "a record that becomes the header, or a seal, is not taken for one" {
	try_with ' thirdPartyId , a \nx,1\nthirdPartyId,a \n' tp-validate --trim
	expect 0 'thirdPartyId,a\nx,1\n"thirdPartyId","a"\n' ''
	tp-validate <out | cmp out -
	try_with "thirdPartyId;a\n'#tp-seal rows=1';2\n" tp-validate \
		--delimiter ';' --quote "'"
	expect 0 'thirdPartyId,a\n"#tp-seal rows=1",2\n' ''
	tp-validate <out | cmp out -
}

@test "what is left of a record whose first columns go is no seal" {
	try_with 'pcId,a,crm\n1,#tp-seal rows=1 bytes=2,x\n2,#tp-foo,y\n' \
		tp-validate -q --id crm
	expect 0 'a,thirdPartyId\n"#tp-seal rows=1 bytes=2","x"\n#tp-foo,y\n' ''
	tp-validate <out | cmp out -
	# Nor is what is left of the header.
	try_with 'pcId,#tp-seal rows=1,crm\n1,2,x\n' tp-validate -q --id crm
	expect 0 '"#tp-seal rows=1",thirdPartyId\n2,x\n' ''
	tp-validate <out | cmp out -
}

@test "a record that reads like the header that is written is not it" {
	try_with 'crm,a\nx,1\nthirdPartyId,a\n' tp-validate --id crm
	expect 0 'thirdPartyId,a\nx,1\n"thirdPartyId","a"\n' ''
	tp-validate <out | cmp out -
	try_with 'mbox3rdPartyId,a\nthirdPartyId,a\n' tp-validate
	expect 0 'thirdPartyId,a\n"thirdPartyId","a"\n' ''
	try_with 'thirdPartyId,profile.a\nthirdPartyId,a\n' tp-validate \
		--strip-prefix
	expect 0 'thirdPartyId,a\n"thirdPartyId","a"\n' ''
	# A byte order mark in front of it makes no difference to who reads it.
	try_with 'a,thirdPartyId\n \xef\xbb\xbfa,thirdPartyId\n' tp-validate --trim
	expect 0 'a,thirdPartyId\n"\xef\xbb\xbfa","thirdPartyId"\n' ''
	tp-validate <out | cmp out -
	# The header has the quotes already.
	try_with '"pcId","thirdPartyId","a"\n1,"thirdPartyId","a"\n' \
		tp-validate -q --id thirdPartyId
	expect 0 '"thirdPartyId","a"\nthirdPartyId,a\n' ''
	tp-validate <out | cmp out -
}

@test "a value in a column that is left out is none" {
	for scan in '' libcsv; do
		try_with 'pcId,crm,a\n1,x,\n2,y,3\n4,"z",""\n' \
			env ${scan:+TP_SCAN=$scan} tp-validate -q --id crm
		expect 0 'thirdPartyId,a\ny,3\n' ''
	done
	try_with 'crm,pcId\nx,1\n' tp-validate -q --id crm --keep-empty
	expect 0 'thirdPartyId\nx\n' ''
}

@test "surplus fields that --null names are empty, and as many" {
	try_with 'thirdPartyId,a\nx,1,NULL,\ny,2,,\n' tp-validate -q --null NULL
	expect 0 'thirdPartyId,a\nx,1,,\ny,2,,\n' ''
}
