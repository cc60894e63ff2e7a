#!/bin/sh
# Checks that each step of syscall_probe makes exactly the expected system calls, in order (rule T7;
# the headers promise the cost).
# usage: check_syscalls.sh STRACE PROBE
set -eu
strace=$1
probe=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Some containers forbid tracing. The check is skipped there.
if ! "$strace" -o "$work/trace" true 2>/dev/null; then
    echo "check_syscalls: skipped: this system does not let strace work"
    exit 77
fi

"$strace" -o "$work/trace" "$probe"

# Some kernels have only ppoll and epoll_pwait, and musl names accept4 and poll differently. They
# count as the same calls. getpid, with which a resolver detects a fork, never waits: it is counted.
awk -v expected="$work/expected" '
    /"\/ferrule-probe\// {
        step = $0
        sub(/.*"\/ferrule-probe\//, "", step)
        sub(/".*/, "", step)
        if (step == "end") { print line (own > 0 ? " " own "*getpid" : ""); inside = 0 }
        else { print step >expected; sub(/:.*/, ":", step); line = step; inside = 1; own = 0 }
        next
    }
    inside {
        call = $0
        sub(/\(.*/, "", call)
        if (call !~ /^[a-z0-9_]+$/) next    # signals, exits
        if (call == "ppoll" || call == "ppoll_time64") call = "poll"
        if (call == "epoll_pwait") call = "epoll_wait"
        if (call == "fcntl64") call = "fcntl"
        if (call == "getpid") own++; else line = line " " call
    }' "$work/trace" >"$work/made"

# Without IPv6 that step ends after socket.
if grep -q '^bind_v6: socket$' "$work/made"; then
    sed -i 's/^bind_v6: .*/bind_v6: socket/' "$work/expected"
fi
if ! diff -u "$work/expected" "$work/made"; then
    echo "check_syscalls: other system calls than promised (- promised, + made)" >&2
    exit 1
fi
echo "check_syscalls: $(wc -l <"$work/made") steps, as promised"
