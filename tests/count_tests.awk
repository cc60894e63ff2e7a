# Counts single tests: each cmocka test of a program, and each other ctest test. Reads ctest's
# output and its LastTest.log. Prints `PASSED FAILED SKIPPED`, then a line for each skipped or
# failed test; a reason, if there is one, follows after a tab.
#   awk [-v only=EXPRESSION] -f count_tests.awk CTEST-OUTPUT LastTest.log
# With an expression only the ctest tests whose names match it are counted.

function count(result, name, reason) {
    if (only != "" && name !~ only) return
    total[result]++
    if (result != "passed") lines[++line_count] = result ": " name (reason == "" ? "" : "\t" reason)
}

function finish_block() {
    if (block == "") return
    if (current != "") { count("failed", block "/" current " (not finished)"); block_failures++ }
    if (block in ctest_skipped) { if (!block_tests) count("skipped", block, reason) }
    else if (!block_tests && !(block in ctest_failed)) count("passed", block)
    if ((block in ctest_failed) && !block_failures)
        count("failed", block " (" ctest_failed[block] ")")
    delete ctest_failed[block]
    block = ""
}

{ sub(/\r$/, "") }

# ---- ctest's output: `<tab> 3 - name (Failed)`, `(Not Run)`, `(Timeout)`, `(Skipped)`, ...
FNR == NR {
    if (/^[ \t]+[0-9]+ - [^ ]+ \(.*\)/) {
        name = $3
        why = $0
        sub(/^[^(]*\(/, "", why)
        sub(/\).*$/, "", why)
        if (why == "Skipped" || why == "Disabled") ctest_skipped[name] = why
        else ctest_failed[name] = why
    }
    next
}

# ---- LastTest.log
/^[0-9]+\/[0-9]+ Testing: / {
    finish_block()
    block = $3
    block_tests = block_failures = 0
    current = reason = ""
    next
}
/^\[ RUN      \] / { current = substr($0, 14); reason = ""; next }
/^\[  REASON  \] / { reason = substr($0, 14); next }
current != "" && /^\[       OK \] / && substr($0, 14) == current {
    count("passed", block "/" current)
    block_tests++
    current = ""
    next
}
current != "" && /^\[  SKIPPED \] / && substr($0, 14) == current {
    count("skipped", block "/" current, reason)
    block_tests++
    current = ""
    next
}
current != "" && /^\[  FAILED  \] / && substr($0, 14) == current {
    count("failed", block "/" current)
    block_tests++
    block_failures++
    current = ""
    next
}
# Without a REASON line the reason is the last line of output, without a prefix `NAME: skipped: `.
/^[^\[]/ && !/^(Command:|Directory:|Output:|<end of output>|Test |Skip |---)/ &&
!/(start|end) time: |time elapsed: / {
    reason = $0
    sub(/^([^ ]*: )?skipped: /, "", reason)
}

END {
    finish_block()
    for (name in ctest_failed) count("failed", name " (" ctest_failed[name] ")")
    printf "%d %d %d\n", total["passed"], total["failed"], total["skipped"]
    for (i = 1; i <= line_count; i++) print lines[i]
}
