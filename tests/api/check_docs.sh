#!/bin/sh
# Checks that each public function has a doc comment with its slots in order. A slot that it lacks is
# a default, in the comment of its section or of its header. Also checks the records of
# docs/differences and the pages that are written from them, the length of the lines of Markdown,
# that a rule has a test, that a rule that is cited is one, that a quote beside its number, in a
# comment of tests/, stands in a record or a header, and that each difference that a harness of
# fuzz/ permits is of a row or a rule.
# usage: check_docs.sh ROOT [--names]     --names prints the public functions' names instead
# (sim.h's left out)
set -eu
generate=$(cd "$(dirname "$0")/../../docs/generate" && pwd)
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

rows=$(sed -n 's/^\[\([a-z0-9_]*\)\]$/\1/p; s/^- \*\*\([A-Z][0-9a-z]*\)\*\* .*/\1/p' docs/RULES.md docs/differences/not_reconciled.toml)
for row in $(find fuzz -name '*not_reconciled.h' -exec sed -n 's/^    X(\([A-Za-z0-9_]*\), .*/\1/p' {} + | LC_ALL=C sort -u); do
    printf '%s\n' "$rows" | grep -qx "$row" ||
        { echo "fuzz/models: $row is no row of docs/differences/not_reconciled.toml and no rule"; exit 1; }
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
untested=$(printf '%s\n' "$rules" "$tested" "$tested" | LC_ALL=C sort | uniq -u)
[ -z "$untested" ] || { echo "docs/RULES.md: in the name of no test:" $untested; exit 1; }

# tomllib is Python's since 3.11.
if python3 -c 'import tomllib' 2>/dev/null; then
    python3 "$generate/differences.py" . --check
else
    echo "check_docs: there is no Python 3.11, so docs/differences is not checked"
fi

long=$(find . -name '*.md' ! -path './build/*' ! -path './.*' -exec awk 'length($0) > 400 { print FILENAME ":" FNR ": a line is longer than 400 columns" }' {} +)
[ -z "$long" ] || { echo "$long"; exit 1; }

# "..." leaves words out. Case, line ends and marks of Markdown or of a comment do not count.
tests=$(find tests -name '*.[ch]' -o -name '*.[ch]pp' | LC_ALL=C sort)
# shellcheck disable=SC2086 # the lists are words
cat docs/RULES.md docs/differences/*.toml $files | LC_ALL=C tr -s '[:space:]`*_|' ' ' | LC_ALL=C tr '[:upper:]' '[:lower:]' |
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
!inside && (at = index($0, "/*")) { inside = 1; comment = ""; $0 = substr($0, at) }
inside { comment = comment " " $0 }
inside && /\*\// { inside = 0; check_quotes(substr(comment, 1, index(comment, "*/"))) }
END { exit bad }' - $tests
