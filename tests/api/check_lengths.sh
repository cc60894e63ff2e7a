#!/bin/sh
# Checks lengths: a function has at most 70 lines, a source file 800, a fuzzing harness 150, a
# CMakeLists.txt fewer than 250. Public headers are counted without comments and blank lines.
# rust_address_vectors.h, recorded output of Rust, is not counted.
# usage: check_lengths.sh ROOT
set -eu
cd "$1"

files=
for folder in core platform include fuzz examples tests bench; do
    [ ! -d "$folder" ] || files="$files $(find "$folder" \( -name '*.[ch]' -o -name '*.[ch]pp' \) ! -name rust_address_vectors.h | LC_ALL=C sort | tr '\n' ' ')"
done
[ -n "$(echo "$files" | tr -d ' ')" ] || { echo "check_lengths: nothing to check in $1" >&2; exit 1; }

# shellcheck disable=SC2086 # the list is words
awk '
function complain(line, text) { printf "%s:%d: %s\n", name, line, text; bad = 1 }

function finish_file() {
    if (name ~ /^fuzz\/harnesses\/fuzz_/ && counted > 150) complain(lines, "the harness has " counted " lines, more than 150")
    if (name != "" && counted > 800) complain(lines, "the file has " counted " lines, more than 800")
}

# Removes comments from a line; in_comment carries over to the next line.
function without_comments(text,    at, out) {
    out = ""
    while (text != "") {
        if (in_comment) {
            at = index(text, "*/")
            if (at == 0) return out
            in_comment = 0
            text = substr(text, at + 2)
        } else {
            at = index(text, "/*")
            if (at == 0) return out text
            out = out substr(text, 1, at - 1)
            in_comment = 1
            text = substr(text, at + 2)
        }
    }
    return out
}

FNR == 1 { finish_file(); name = FILENAME; counted = 0; in_comment = 0; in_body = 0; signature = 0; is_public = name ~ /^include\// }
{
    lines = FNR
    code = without_comments($0)
    if (is_public) { if (code ~ /[^ \t]/) counted++ } else counted++
}
in_body {
    if (/^}/) {
        in_body = 0
        if (FNR - signature + 1 > 70) complain(signature, "a function of " (FNR - signature + 1) " lines, more than 70")
        signature = 0
    }
    next
}
/^#/ || code !~ /[^ \t]/ || /;[ \t]*$/ || /^}/ { signature = 0; next }
/^[A-Za-z_]/ && signature == 0 { signature = FNR; is_function = !/^(struct|union|enum|typedef|extern)[ \t].*\{/ && !/^(template <.*> )?class[ \t]/ && !/^namespace/ && !/=/ }
/^\{/ || (/^[A-Za-z_ \t].*\)[ \t]*\{[ \t]*$/ && is_function) { if (signature && is_function) in_body = 1 }
END { finish_file(); exit bad }
' $files

for list in CMakeLists.txt */CMakeLists.txt; do
    [ -f "$list" ] || continue
    count=$(wc -l <"$list" | tr -d ' ')
    if [ "$count" -ge 250 ]; then
        echo "$list:$count: it has $count lines; it must stay under 250"
        exit 1
    fi
done
echo "check_lengths: all within bounds"
