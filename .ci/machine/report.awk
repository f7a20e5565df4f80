# SPDX-License-Identifier: Apache-2.0
#
# Reads the list of the tests, then what each printed under -test.v=test2json: the texts of the
# tests that failed, the reasons of those that skipped, a table. Exits with 1 if one did not pass.
#
# -test.v=test2json puts a SYN before each line of package testing, so that what tests print,
# other tests' output included, is never taken for it.

function text(line) {
	if (line != "") said[test] = said[test] line "\n"
}

# event takes a line of package testing, such as "=== RUN   TestX" or "--- SKIP: TestX (0.00s)".
function event(line,    word) {
	split(line, word, " ")
	if (word[1] == "===") {
		test = word[3]
		if (word[2] == "RUN") open[test] = 1
	} else if (word[1] == "---") {
		test = word[3]
		delete open[test]
		count[word[2]]++
		if (word[2] == "FAIL:") failed[++fails] = test
		if (word[2] == "SKIP:") skipped[++skips] = test
	} else test = "" # PASS or FAIL of them all
}

# show prints how a text begins: where a program panics or hangs, most of it is stacks. The
# parent of a subtest has nothing to add.
function show(heading, body,    lines, n, i) {
	if (body == "") return
	print heading
	n = split(body, lines, "\n") - 1
	for (i = 1; i <= n && i <= 60; i++) print "    " lines[i]
	if (n > 60) printf "    ... %d more lines: run with -logs\n", n - 60
	print ""
}

# judge reads what one program printed, and how it ended.
function judge(name, package, user,    log_file, line, at, ended, verdict, i) {
	split("", said); split("", open); split("", count); split("", failed); split("", skipped); split("", ended)
	fails = skips = 0
	test = ""
	log_file = dir "/" name "." user ".log"
	while ((getline line < log_file) > 0) {
		at = index(line, "\026")
		text(at ? substr(line, 1, at - 1) : line)
		if (at) event(substr(line, at + 1))
	}
	close(log_file)
	if ((getline line < (dir "/" name "." user ".status")) > 0) {
		split(line, ended, " ")
		verdict = ended[1] == 0 ? "ok" : "failed (" ended[1] ")"
	} else verdict = "did not end"

	for (i = 1; i <= fails; i++) show("--- FAIL: " package " " failed[i] ", as " user, said[failed[i]])
	for (test in open) show("--- ended in: " package " " test ", as " user, said[test])
	if (verdict != "ok") show("--- " package ", as " user ", " verdict, said[""])
	for (i = 1; i <= skips; i++) skipping = skipping sprintf("%s %s, as %s:\n%s", package, skipped[i], user, said[skipped[i]])
	if (verdict != "ok") bad = 1
	table = table sprintf("%-5s %-24s %7d %7d %8d %8s  %s\n", user, package, count["PASS:"], count["FAIL:"], count["SKIP:"], ended[2], verdict)
}

{ name[NR] = $1; package[NR] = $2 }

END {
	number = split(users, who, " ")
	for (w = 1; w <= number; w++)
		for (p = 1; p <= NR; p++) judge(name[p], package[p], who[w])
	if (skipping != "") printf "\nskipped:\n%s", skipping
	printf "\n%-5s %-24s %7s %7s %8s %8s  %s\n%s", "as", "package", "passed", "failed", "skipped", "seconds", "verdict", table
	exit bad
}
