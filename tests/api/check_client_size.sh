#!/bin/sh
# Checks the size of a Release build of the static library:
# - the smallest client (size_client.c) has at most LIMIT bytes of text more than the same client
#   over raw sockets, because the linker drops what the client does not call;
# - no variable without a value is stored as zeros in the archive.
# LIBRARY is the archive, or a toolchain file of CMake with which it is built. The LINK-FLAGs are
# those of the system's libraries.
# usage: check_client_size.sh ROOT CC OBJDUMP LIMIT LIBRARY LINK-FLAG...
set -eu
root=$1
cc=$2
objdump=$3
limit=$4
library=$5
shift 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $library in
    *.cmake)
        if ! cmake -S "$root" -B "$work/build" -DCMAKE_TOOLCHAIN_FILE="$library" -DCMAKE_BUILD_TYPE=Release \
            >"$work/log" 2>&1 || ! cmake --build "$work/build" --target ferrule_static >"$work/log" 2>&1; then
            cat "$work/log"
            exit 1
        fi
        library=$work/build/libferrule.a
        ;;
esac

# Sections of data that are zeros, or have 64 bytes of them. Those with relocations are not zeros in
# a program. objdump -s prints lines of 16 bytes, ` OFFSET HEX HEX HEX HEX  TEXT`.
zeros=$("$objdump" -hs "$library" | awk '
function report() { if (is_wanted && (is_zero || longest >= 4)) print name; is_wanted = 0 }
/^Sections:/ { report(); in_headers = 1; next }
/^Contents of section / {
    report()
    in_headers = 0
    name = $4
    sub(/:$/, "", name)
    is_wanted = name ~ /^\.data/ && name !~ /^\.data\.rel/ && !(name in relocated)
    is_zero = 1
    run = longest = 0
    next
}
in_headers && NF == 7 { header = $2; next }
in_headers { if (/RELOC/) relocated[header] = 1; else delete relocated[header]; next }
is_wanted {
    sub(/^ [0-9a-f]+ /, "")
    run = substr($0, 1, 35) ~ /[1-9a-f]/ ? 0 : run + 1
    if (run == 0) is_zero = 0
    if (run > longest) longest = run
}
END { report() }' | tr '\n' ' ')
if [ -n "$zeros" ]; then
    echo "check_client_size: zeros in $zeros"
    exit 1
fi

# text_of NAME FLAG...: builds the client with the flags; prints the size of its text in bytes.
link_flags=$*
text_of() {
    name=$1
    shift
    # shellcheck disable=SC2086 # the flags are words
    "$cc" -std=gnu11 -Os -ffunction-sections -fdata-sections "$@" -I"$root/include" \
        "$root/tests/api/size_client.c" "$library" $link_flags -Wl,--gc-sections -o "$work/$name"
    "${objdump%objdump}size" "$work/$name" | awk 'NR == 2 { print $1 }'
}

raw=$(text_of raw.exe -DRAW)
ours=$(text_of ours.exe)
more=$((ours - raw))
if [ "$more" -le 0 ] || [ "$more" -gt "$limit" ]; then
    echo "check_client_size: $more bytes of text over raw sockets ($ours and $raw), limit $limit"
    exit 1
fi
echo "check_client_size: $more bytes of text over raw sockets ($ours and $raw), limit $limit; no zeros"
