#!/bin/sh
# Checks that each public function has a doc comment with its slots in order. A slot that it lacks is
# a default, in the comment of its section or of its header. Also checks the rows and the cells of
# DIFFERENCES.md, that a rule has a test, that a rule that is cited is one, that a quote beside its
# number, in a comment of tests/, stands in a page or a header, and that each difference that a
# harness of fuzz/ permits is of a row or a rule.
# usage: check_docs.sh ROOT [--names]     --names prints the public functions' names instead
# (sim.h's left out)
set -eu
cd "$1"
mode=${2:-check}

files=$(find include -name '*.h' | LC_ALL=C sort)
if [ "$mode" = --names ]; then
    files=$(printf '%s\n' "$files" | grep -v '/sim\.h$')
fi

# shellcheck disable=SC2086 # the list is words
awk -v mode="$mode" '
function complain(text) { printf "%s:%d: %s\n", FILENAME, start, text; bad = 1 }

function check_slots(name,    count, slots, i, at, previous) {
    if (doc_end != start - 1) { complain(name " has no doc comment right above it"); return }
    if (doc !~ /^\n\/\*\*(\n \*)? [^ *]/ || doc ~ /^\n\/\*\*(\n \*)? (Blocks|Owns|Errors|Rust|Threads): /) complain(name ": the comment does not begin with a line of what it does")
    count = split("Blocks Owns Errors Rust Threads", slots, " ")
    previous = 0
    for (i = 1; i <= count; i++) {
        at = index(doc, "\n * " slots[i] ": ")
        if (at == 0 && index(of_section of_header, "\n * " slots[i] ": ")) continue
        if (at == 0) complain(name " does not say `" slots[i] ":`")
        else if (at < previous) complain(name ": `" slots[i] ":` is out of order")
        if (at > previous) previous = at
    }
}

function finish_declaration(    name) {
    name = declaration
    if (!match(name, /fer_[a-z0-9_]+[ \t]*\(/)) { complain("cannot read: " declaration); return }
    name = substr(name, RSTART, RLENGTH)
    sub(/[ \t]*\($/, "", name)
    functions++
    if (mode == "--names") print name
    else check_slots(name)
}

FNR == 1 { in_doc = in_top = 0; doc_end = -1; declaration = of_header = of_section = "" }
FNR == 1 && /^\/\*/ { in_top = 1 }
/^\/\* ---- / { in_top = 2; of_section = "" }
in_top == 1 { of_header = of_header "\n" $0 }
in_top == 2 { of_section = of_section "\n" $0 }
in_top { if (/\*\//) in_top = 0; next }
/^\/\*\*/ { in_doc = 1; doc = "" }
in_doc {
    doc = doc "\n" $0
    if (/\*\//) { in_doc = 0; doc_end = FNR }
    next
}
declaration != "" {
    declaration = declaration " " $0
    if (/[;{]/) { finish_declaration(); declaration = "" }
    next
}
/^(FER_(MUST_USE|RETURNS_NONNULL)[ \t]+)?FER_API[ \t]/ || /^static inline[ \t].*fer_[a-z0-9_]+[ \t]*\(/ {
    start = FNR
    declaration = $0
    if (/;/ || /\{/) { finish_declaration(); declaration = "" }
    next
}
/^[a-zA-Z].*[ *]fer_[a-z0-9_]+[ \t]*\(/ && !/^typedef/ {
    start = FNR
    if (mode != "--names") complain("a public function without FER_API: " $0)
}
END {
    if (functions == 0) { print "check_docs: no public function was found"; exit 1 }
    if (bad) exit 1
    if (mode != "--names") printf "check_docs: %d public functions, all with all slots\n", functions
}
' $files
[ "$mode" != --names ] || exit 0

rows=$(sed -n 's/^| `\([a-z0-9_]*\)` |.*/\1/p; s/^- \*\*\([A-Z][0-9a-z]*\)\*\* .*/\1/p' docs/RULES.md docs/DIFFERENCES.md)
for row in $(find fuzz -name '*not_reconciled.h' -exec sed -n 's/^    X(\([A-Za-z0-9_]*\), .*/\1/p' {} + | LC_ALL=C sort -u); do
    printf '%s\n' "$rows" | grep -qx "$row" ||
        { echo "fuzz/models: $row is no row of DIFFERENCES.md and no rule"; exit 1; }
done

# A test's rule, and a "(rule T1)" anywhere, is one rule of RULES.md.
rules=$(sed -n 's/^- \*\*\([A-Z][0-9a-z]*\)\*\* .*/\1/p' docs/RULES.md | LC_ALL=C sort)
cited=$(grep -rhoE '_TEST\("[A-Z][0-9]+[a-z]?|\(rules? [A-Z][0-9]+[a-z]?[^)]*\)' include core platform tests fuzz |
    grep -oE '[A-Z][0-9]+[a-z]?' | LC_ALL=C sort -u)
twice=$(printf '%s\n' "$rules" | uniq -d)
[ -z "$twice" ] || { echo "docs/RULES.md: two rules of this number:" $twice; exit 1; }
wrong=$(printf '%s\n' "$rules" "$rules" "$cited" | LC_ALL=C sort | uniq -u)
[ -z "$wrong" ] || {
    echo "docs/RULES.md: no such rule:" $wrong
    grep -rnE "(_TEST\(\"|\(rules? )([^)]*[ ,])?($(echo $wrong | tr ' ' '|'))[^0-9a-z]" include core platform tests fuzz
    exit 1
}

# Each rule is in the name of a test, or in a comment of the probe that counts system calls.
tested=$(grep -rhoE --exclude-dir=selftest '_TEST\("[A-Z0-9a-z/]+"' tests |
    cat - tests/api/syscall_probe.c | grep -E '^(_TEST|/\* Rule)' |
    grep -oE '[A-Z][0-9]+[a-z]?' | LC_ALL=C sort -u)
# The site links the sources that the cells of the BSDs name.
sources=$(sed -n '/^## Sources/,$p' docs/DIFFERENCES.md)
for name in $(sed -n '/^| rule | macOS/,/^$/p' docs/DIFFERENCES.md | grep -oE '[A-Za-z0-9_]+\.c\b' | sort -u); do
    case $sources in
        *"$name"*) ;;
        *) echo "docs/DIFFERENCES.md: the section Sources does not have $name"; exit 1 ;;
    esac
done

untested=$(printf '%s\n' "$rules" "$tested" "$tested" | LC_ALL=C sort | uniq -u)
[ -z "$untested" ] || { echo "docs/RULES.md: in the name of no test:" $untested; exit 1; }

# The two tables of a family have the same rows, but for those of the first without a cell of Linux.
# In the second each cell says how it is known, and one that is the same as another names one that
# has a text.
LC_ALL=C awk -F ' [|] ' '
function complain(text) { print "docs/DIFFERENCES.md: " text; bad = 1 }
function is_same(cell) { return cell ~ /^(same|as (macOS|FreeBSD|NetBSD|OpenBSD))( \(.*\))?$/ }
/^#/ { table = 0 }
/^\| rule / {
    sub(/ \|$/, "")
    table++
    for (i = 2; i <= NF; i++) column[$i] = i
    next
}
/^\| / && (table == 2 || (table == 1 && $2 != "")) { rows[$1] += table == 1 ? 1 : -1 }
/^\| / && table == 2 {
    sub(/ \|$/, "")
    for (i = 2; i <= NF; i++) {
        if ($i !~ /\(([^()]*; )?(run|src|doc|rep|WT|Wine|\?)/)
            complain("does not say how it is known: " $1 ": " $i)
        if (!is_same($i)) continue
        split($i, words, " ")
        if (is_same($(column[words[1] == "same" ? "macOS" : words[2]])))
            complain("names none with a text: " $1 ": " $i)
    }
}
END {
    for (row in rows) if (rows[row]) complain("in one of two tables: " row)
    exit bad
}
' docs/DIFFERENCES.md

# The number of what nobody knows of Windows; the planted probes answer nothing.
if [ -f tests/selftest/answers.awk ]; then
    unknown=$(awk -v of=Windows -f tests/selftest/answers.awk docs/DIFFERENCES.md tests/selftest/probes_[!p]*.c | tail -n 1)
    grep -qF "$unknown" docs/DIFFERENCES.md ||
        { echo "docs/DIFFERENCES.md: the mark (?) does not say: $unknown"; exit 1; }
fi

# "..." leaves words out. Case, line ends and marks of Markdown or of a comment do not count.
tests=$(find tests -name '*.[ch]' -o -name '*.[ch]pp' | LC_ALL=C sort)
# shellcheck disable=SC2086 # the lists are words
cat docs/RULES.md docs/DIFFERENCES.md $files | LC_ALL=C tr -s '[:space:]`*_|' ' ' | LC_ALL=C tr '[:upper:]' '[:lower:]' |
    LC_ALL=C awk '
function check_quotes(comment,    quotes, parts, i, j) {
    if (comment !~ /[^A-Za-z0-9_][A-Z][0-9]+[a-z]?[^A-Za-z0-9_]/) return
    gsub(/[ \t`*_|]+/, " ", comment)
    for (i = split(tolower(comment), quotes, "\""); i > 0; i--) {
        if (i % 2) continue
        for (j = split(quotes[i], parts, /\.\.\.|…/); j > 0; j--) {
            gsub(/^[ .,;:]+|[ .,;:]+$/, "", parts[j])
            if (index(pages, parts[j])) continue
            printf "%s:%d: stands in no page: %s\n", FILENAME, FNR, parts[j]
            bad = 1
        }
    }
}
NR == 1 { pages = $0; next }
FILENAME == "docs/DIFFERENCES.md" {
    if (!/^\|/) next
    gsub(/^\| | \|$|…/, "")
    for (i = split($0, cells, / \| /); i > 0; i--)
        if (length(cells[i]) > 400) { printf "%s:%d: a cell is longer than 400 columns\n", FILENAME, FNR; bad = 1 }
    next
}
!inside && (at = index($0, "/*")) { inside = 1; comment = ""; $0 = substr($0, at) }
inside { comment = comment " " $0 }
inside && /\*\// { inside = 0; check_quotes(substr(comment, 1, index(comment, "*/"))) }
END { exit bad }' - docs/DIFFERENCES.md $tests
