#!/bin/sh
# Checks that no C or C++ source has a line of more than 100 columns, a character that is not ASCII
# (MSVC reads sources in the code page of the system without /utf-8) or, but for the public headers,
# more than 800 lines, and that clang-format 14 leaves every source unchanged. Other versions format
# some lines differently; without version 14 this part is skipped.
# usage: check_format.sh ROOT
set -eu
cd "$1"

files=$(find core platform include fuzz examples tests bench \( -name '*.[ch]' -o -name '*.[ch]pp' \) 2>/dev/null |
    LC_ALL=C sort)
[ -n "$files" ] || { echo "check_format: nothing to check in $1" >&2; exit 1; }
# shellcheck disable=SC2086 # the list is words
LC_ALL=C awk '
length($0) > 100 { printf "%s:%d: longer than 100 columns\n", FILENAME, FNR; bad = 1 }
/[^ -~]/ { printf "%s:%d: not ASCII\n", FILENAME, FNR; bad = 1 }
FNR == 801 && FILENAME !~ /^include\// { printf "%s: more than 800 lines\n", FILENAME; bad = 1 }
END { exit bad }' $files

tool=
for name in clang-format-14 clang-format; do
    if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then
        tool=$name
        break
    fi
done
[ -n "$tool" ] || { echo "skipped: there is no clang-format 14"; exit 77; }

# shellcheck disable=SC2086 # the list is words
"$tool" --dry-run -Werror $files
echo "check_format: $(printf '%s\n' "$files" | wc -l | tr -d ' ') files keep to .clang-format"
