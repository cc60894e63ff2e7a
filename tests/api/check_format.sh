#!/bin/sh
# Checks that clang-format 14 leaves every C and C++ source unchanged. Other versions format some lines differently; without
# version 14 the check is skipped.
# usage: check_format.sh ROOT
set -eu
cd "$1"

tool=
for name in clang-format-14 clang-format; do
    if "$name" --version 2>/dev/null | grep -q 'version 14\.'; then
        tool=$name
        break
    fi
done
[ -n "$tool" ] || { echo "skipped: there is no clang-format 14"; exit 77; }

# rust_address_vectors.h is recorded output of Rust.
files=$(find core platform include fuzz examples tests bench \( -name '*.[ch]' -o -name '*.hpp' \) ! -name rust_address_vectors.h 2>/dev/null |
    LC_ALL=C sort)
[ -n "$files" ] || { echo "check_format: nothing to check in $1" >&2; exit 1; }
# shellcheck disable=SC2086 # the list is words
"$tool" --dry-run -Werror $files
echo "check_format: $(printf '%s\n' "$files" | wc -l | tr -d ' ') files keep to .clang-format"
