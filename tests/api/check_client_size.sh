#!/bin/sh
# Checks that the smallest client (size_client.c) over a Release build of the static library has at
# most 14 KB (14336 bytes) of text more than the same client over raw sockets, because the linker
# drops what the client does not call.
# usage: check_client_size.sh ROOT CC SIZE LIBRARY
set -eu
root=$1
cc=$2
size=$3
library=$4
limit=14336
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# text_of NAME FLAG...: builds the client with the flags; prints the size of its text in bytes.
text_of() {
    name=$1
    shift
    "$cc" -std=gnu11 -Os -ffunction-sections -fdata-sections "$@" -I"$root/include" \
        "$root/tests/api/size_client.c" "$library" -pthread -Wl,--gc-sections -o "$work/$name"
    "$size" "$work/$name" | awk 'NR == 2 { print $1 }'
}

raw=$(text_of raw -DRAW)
ours=$(text_of ours)
more=$((ours - raw))
if [ "$more" -le 0 ] || [ "$more" -gt "$limit" ]; then
    echo "check_client_size: $more bytes of text over raw sockets ($ours and $raw), limit $limit"
    exit 1
fi
echo "check_client_size: $more bytes of text over raw sockets ($ours and $raw), limit $limit"
