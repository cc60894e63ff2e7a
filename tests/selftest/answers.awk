# answers.awk: the rows that state something of a system that nobody knows, marked (?), with what the
# probes that ask them answered in the report of a self-test.
# usage: awk -v of=Windows -f answers.awk docs/differences/unknown.md REPORT
# The last line has the counts.

{ sub(/\r$/, "") }

FILENAME ~ /unknown\.md$/ {
    if (/^## /) is_of = $0 == "## " of
    if (!is_of) next
    if (/^- /) row[++rows] = substr($0, 3)
    else if (/^  /) row[rows] = row[rows] substr($0, 2)
    else if (/ rows are marked /) counts = $0
    next
}

/^  (same|DIFFERS|seen|absent|FAILED) / { probe = $NF; answer[probe] = $1 ":"; next }
/^          / && probe != "" { sub(/^ +/, ""); answer[probe] = answer[probe] " " $0; next }
{ probe = "" }

END {
    for (i = 1; i <= rows; i++) {
        count = split(row[i], probes, /\. Asked by /)
        print probes[1]
        if (count > 1) count = split(probes[2], probes, /`(, `)?/)
        for (j = 2; j < count; j++) printf "    %s %s\n", probes[j], answer[probes[j]]
    }
    print counts
}
