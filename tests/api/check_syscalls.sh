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

cat >"$work/expected" <<'END'
bind: socket setsockopt bind listen
connect: socket connect
accept: accept4
write: sendto
peek: recvfrom
read: recvfrom
write_all: sendto
read_exact: recvfrom
write_vectored: sendmsg
read_vectored: recvmsg
empty_read:
empty_write:
token_new: eventfd2
set_limits:
read_in_limits: recvfrom
peek_in_limits: recvfrom
read_exact_in_limits: recvfrom
write_in_limits: sendto
read_until_deadline: recvfrom fcntl getsockopt poll
read_after_deadline:
token_cancel: write
token_cancel_again:
read_cancelled:
token_reset: read read
set_no_limits:
token_close: close
try_accept: poll accept4
close_gracefully: shutdown recvfrom close
listener_set_limits: ioctl
accept_in_limits: accept4
try_accept_in_limits: poll
listener_set_limits_again:
accept_until_deadline: accept4 poll
accept_after_deadline:
listener_set_timeout:
accept_expired: accept4 poll
listener_try_clone_again: fcntl
set_read_timeout: setsockopt
set_write_timeout: setsockopt
write_in_time: sendto
read_in_time: recvfrom
read_expired: recvfrom fcntl
copy_expired: recvfrom sendto recvfrom fcntl
try_clone: fcntl
read_expired_on_clone: recvfrom fcntl
set_nonblocking: ioctl
read_would_block: recvfrom
shutdown: shutdown
write_after_shutdown:
read_end: recvfrom
read_end_again:
close: close
connect_timeout: socket ioctl connect poll getsockopt getpeername ioctl
zero_timeout:
zero_connect_timeout:
bind_v6: socket setsockopt setsockopt bind listen
udp_bind: socket bind
udp_send_to: sendto
udp_recv_from: recvfrom
udp_peek_from: recvmsg
udp_recv: recvfrom
udp_connect: connect getpeername
udp_send: sendto
udp_recv_of_peer: recvfrom
udp_recv_expired: recvfrom fcntl
udp_port_0:
udp_send_batch: sendmmsg
udp_recv_batch: recvmmsg
udp_send_segments: getsockopt sendmsg
udp_send_segments_again: sendmsg
udp_send_ecn: getsockopt sendmsg
udp_clone: fcntl
udp_recv_on_clone: recvfrom getpeername
udp_from_raw: getsockopt getsockopt fcntl getsockname getsockopt getpeername getsockopt setsockopt
udp_close: close
unix_bind: socket bind listen
unix_connect: socket connect
unix_accept: accept4
unix_accept_peer: accept4 getpeername
unix_write: sendto
unix_read: recvfrom
unix_write_vectored: sendmsg
unix_pair: socketpair
unix_datagram_bind: socket bind
unix_datagram_unbound: socket
unix_datagram_send_to: sendto
unix_datagram_recv_from: recvmsg
unix_datagram_connect: connect
unix_datagram_send: sendto
unix_close: close
poller_new: epoll_create1 pipe2 epoll_ctl
poller_add: epoll_ctl
poller_add_again: epoll_ctl
poller_wait: epoll_wait
poller_wait_level: epoll_wait
poller_modify: epoll_ctl
poller_wait_oneshot: epoll_wait
poller_wait_zero: epoll_wait
poller_wait_expired: epoll_wait
poller_notify:
poller_notify_folded:
poller_wait_notified: epoll_wait
poller_wait_misused:
poller_delete: epoll_ctl
poller_delete_again: epoll_ctl
poller_close: close close close
take_nothing: 1000*getpid
take_key: 1000*getpid
END

"$strace" -o "$work/trace" "$probe"

# Some kernels have only ppoll and epoll_pwait, and musl names accept4 and poll differently. They
# count as the same calls. getpid, with which a resolver detects a fork, never waits: it is counted.
awk '
    /"\/ferrule-probe\// {
        step = $0
        sub(/.*"\/ferrule-probe\//, "", step)
        sub(/".*/, "", step)
        if (step == "end") { print line (own > 0 ? " " own "*getpid" : ""); inside = 0 }
        else { line = step ":"; inside = 1; own = 0 }
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
