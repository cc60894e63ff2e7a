/* calls.h: the public functions that reach the OS, each with a call for the sweep. Data only.
 *
 * X(function, setup, flags, arguments), and Y(function, setup, flags, call) if the function returns
 * no error. The setup makes the handles that the call uses, members of the world `w` (sweep.c). A
 * function with several calls has several rows. check.py finds the functions of the headers that
 * have no row. */
#ifndef SWEEP_CALLS_H
#define SWEEP_CALLS_H

/* An option, with its getter. */
#define SWEEP_OPTION(X, P, S, handle, option, value, out) \
    X(P##_set_##option, S, 0, (handle, value))            \
    X(P##_##option, S, 0, (handle, out))

/* ---- Every handle. P: prefix of the functions, S: setup, h, h2: handle and a NEW one. */

#define SWEEP_HANDLE(X, Y, P, S, h, h2)                                \
    X(P##_try_clone, S, 0, (&w->h, &w->h2))                            \
    X(P##_set_limits, S, 0, (&w->h, &w->limits))                       \
    X(P##_set_nonblocking, S, 0, (&w->h, true))                        \
    X(P##_take_error, S, 0, (&w->h, &w->error))                        \
    X(P##_ready, S, WAITS, (&w->h, FER_READABLE, w->brief, &w->ready)) \
    Y(P##_close, S, CLOSES, (P##_close(&w->h), OK))                    \
    Y(P##_into_raw, S, CLOSES, (w->raw = P##_into_raw(&w->h), OK))

#define SWEEP_TIMEOUTS(X, P, S, h)                                     \
    SWEEP_OPTION(X, P, S, &w->h, read_timeout, w->brief, &w->duration) \
    SWEEP_OPTION(X, P, S, &w->h, write_timeout, w->brief, &w->duration)

/* ---- Streams. name: the type of their addresses. */

#define SWEEP_STREAM(X, Y, P, S, h, h2, name)                                     \
    SWEEP_HANDLE(X, Y, P, S, h, h2)                                               \
    SWEEP_TIMEOUTS(X, P, S, h)                                                    \
    X(P##_peer_addr, S, 0, (&w->h, &w->name))                                     \
    X(P##_local_addr, S, 0, (&w->h, &w->name))                                    \
    X(P##_shutdown, S, 0, (&w->h, FER_SHUTDOWN_WRITE))                            \
    X(P##_shutdown, S, 0, (&w->h, FER_SHUTDOWN_BOTH))                             \
    X(P##_read, S, IN, (&w->h, w->buf, BYTES, &w->n))                             \
    X(P##_peek, S, PEEK, (&w->h, w->buf, BYTES, &w->n))                           \
    X(P##_try_read, S, IN, (&w->h, w->buf, BYTES, &w->n))                         \
    X(P##_read_vectored, S, IN, (&w->h, w->to_read, 2, &w->n))                    \
    X(P##_try_read_vectored, S, IN, (&w->h, w->to_read, 2, &w->n))                \
    X(P##_read_exact, S, IN | ALL, (&w->h, w->buf, BYTES, &w->n))                 \
    X(P##_read_to_end, S, IN | ALL | ENDS, (&w->h, w->buf, sizeof w->buf, &w->n)) \
    X(P##_write, S, OUT, (&w->h, pattern, BYTES, &w->n))                          \
    X(P##_try_write, S, OUT, (&w->h, pattern, BYTES, &w->n))                      \
    X(P##_write_vectored, S, OUT, (&w->h, w->to_write, 2, &w->n))                 \
    X(P##_try_write_vectored, S, OUT, (&w->h, w->to_write, 2, &w->n))             \
    X(P##_write_all, S, OUT | ALL, (&w->h, pattern, BYTES, &w->n))                \
    X(P##_close_gracefully, S, CLOSES | WAITS | ENDS, (&w->h, w->brief))

/* ---- A fer_stream. as: the function that makes it. */

#define SWEEP_ANY_STREAM(X, as, S, h)                                             \
    X(fer_stream_read, S, IN, (as(&w->h), w->buf, BYTES, &w->n))                  \
    X(fer_stream_try_read, S, IN, (as(&w->h), w->buf, BYTES, &w->n))              \
    X(fer_stream_read_exact, S, IN | ALL, (as(&w->h), w->buf, BYTES, &w->n))      \
    X(fer_stream_write, S, OUT, (as(&w->h), pattern, BYTES, &w->n))               \
    X(fer_stream_try_write, S, OUT, (as(&w->h), pattern, BYTES, &w->n))           \
    X(fer_stream_write_all, S, OUT | ALL, (as(&w->h), pattern, BYTES, &w->n))     \
    X(fer_stream_ready, S, WAITS, (as(&w->h), FER_READABLE, w->brief, &w->ready)) \
    X(fer_stream_set_limits, S, 0, (as(&w->h), &w->limits))

/* ---- Listeners */

#define SWEEP_LISTENER(X, Y, P, S, h, h2, out, name)        \
    SWEEP_HANDLE(X, Y, P, S, h, h2)                         \
    X(P##_accept, S, WAITS, (&w->h, &w->out, &w->name))     \
    X(P##_accept, S, WAITS, (&w->h, &w->out, NULL))         \
    X(P##_try_accept, S, WAITS, (&w->h, &w->out, &w->name)) \
    X(P##_local_addr, S, 0, (&w->h, &w->name))

/* ---- Datagram sockets of IP, with the options of a UDP socket. The peer has sent two. */

#define SWEEP_UDP(X, Y)                                                                      \
    SWEEP_HANDLE(X, Y, fer_udp_socket, UDP, udp, udp2)                                       \
    SWEEP_TIMEOUTS(X, fer_udp_socket, UDP, udp)                                              \
    X(fer_udp_socket_bind, NONE, 0, (&w->udp, w->any_port))                                  \
    X(fer_udp_socket_bind_addr, NONE, 0, (&w->udp, &w->local))                               \
    X(fer_udp_socket_connect, UDP, 0, (&w->udp, w->name_of_udp))                             \
    X(fer_udp_socket_connect_addr, UDP, 0, (&w->udp, &w->udp_peer))                          \
    X(fer_udp_socket_connect_addr, UDP_UNCONNECTED, 0, (&w->udp, &w->udp_peer))              \
    X(fer_udp_socket_peer_addr, UDP, 0, (&w->udp, &w->ip))                                   \
    X(fer_udp_socket_local_addr, UDP, 0, (&w->udp, &w->ip))                                  \
    X(fer_udp_socket_send, UDP, GRAM_OUT, (&w->udp, pattern, BYTES, &w->n))                  \
    X(fer_udp_socket_send_to, UDP_UNCONNECTED, GRAM_OUT,                                     \
      (&w->udp, pattern, BYTES, &w->udp_peer, &w->n))                                        \
    X(fer_udp_socket_recv_from, UDP, GRAM_IN, (&w->udp, w->buf, BYTES, &w->gram))            \
    X(fer_udp_socket_recv, UDP, GRAM_IN, (&w->udp, w->buf, BYTES, &w->gram))                 \
    X(fer_udp_socket_peek_from, UDP, GRAM_PEEK, (&w->udp, w->buf, BYTES, &w->gram))          \
    X(fer_udp_socket_peek, UDP, GRAM_PEEK, (&w->udp, w->buf, BYTES, &w->gram))               \
    X(fer_udp_socket_try_send, UDP, GRAM_OUT, (&w->udp, pattern, BYTES, &w->n))              \
    X(fer_udp_socket_try_send_to, UDP_UNCONNECTED, GRAM_OUT,                                 \
      (&w->udp, pattern, BYTES, &w->udp_peer, &w->n))                                        \
    X(fer_udp_socket_try_recv_from, UDP, GRAM_IN, (&w->udp, w->buf, BYTES, &w->gram))        \
    X(fer_udp_socket_try_peek_from, UDP, GRAM_PEEK, (&w->udp, w->buf, BYTES, &w->gram))      \
    SWEEP_OPTION(X, fer_udp_socket, UDP, &w->udp, ttl, 9, &w->number)                        \
    SWEEP_OPTION(X, fer_udp_socket, UDP, &w->udp, broadcast, true, &w->flag)                 \
    SWEEP_OPTION(X, fer_udp_socket, UDP, &w->udp, multicast_loop_v4, true, &w->flag)         \
    SWEEP_OPTION(X, fer_udp_socket, UDP, &w->udp, multicast_ttl_v4, 9, &w->number)           \
    SWEEP_OPTION(X, fer_udp_socket, UDP6, &w->udp, multicast_loop_v6, true, &w->flag)        \
    X(fer_udp_socket_join_multicast_v4, UDP, 0, (&w->udp, w->group_v4, loopback_v4))         \
    X(fer_udp_socket_leave_multicast_v4, UDP_MEMBER, 0, (&w->udp, w->group_v4, loopback_v4)) \
    X(fer_udp_socket_join_multicast_v6, UDP6, 0, (&w->udp, w->group_v6, 1))                  \
    X(fer_udp_socket_leave_multicast_v6, UDP6_MEMBER, 0, (&w->udp, w->group_v6, 1))          \
    X(fer_udp_socket_enable, UDP, 0, (&w->udp, FER_UDP_LOCAL_ADDR | FER_UDP_ECN, NULL))      \
    X(fer_udp_socket_features, UDP, 0, (&w->udp, &w->capabilities))                          \
    Y(fer_udp_socket_send_batch, UDP, GRAM_OUT,                                              \
      sent_batch(w, fer_udp_socket_send_batch(&w->udp, &w->message_out, 1, &w->n)))          \
    Y(fer_udp_socket_try_send_batch, UDP, GRAM_OUT,                                          \
      sent_batch(w, fer_udp_socket_try_send_batch(&w->udp, &w->message_out, 1, &w->n)))      \
    X(fer_udp_socket_recv_batch, UDP, GRAM_IN, (&w->udp, &w->message_in, 1, &w->n))          \
    X(fer_udp_socket_try_recv_batch, UDP, GRAM_IN, (&w->udp, &w->message_in, 1, &w->n))      \
    SWEEP_OPTION(X, fer_udp_socket, UDP, &w->udp, dont_fragment, true, &w->flag)             \
    X(fer_udp_socket_path_mtu, UDP, 0, (&w->udp, &w->number))                                \
    X(fer_udp_socket_from_raw, RAW_UDP, 0, (&w->udp, w->raw))

/* ---- TCP */

#define SWEEP_TCP(X, Y)                                                                            \
    SWEEP_STREAM(X, Y, fer_tcp_stream, TCP, tcp, tcp2, ip)                                         \
    X(fer_tcp_stream_connect, NONE, 0, (&w->tcp, w->name_of_tcp))                                  \
    X(fer_tcp_stream_connect_addr, NONE, 0, (&w->tcp, &w->tcp_peer))                               \
    X(fer_tcp_stream_connect_addrs, NONE, 0, (&w->tcp, w->tcp_peers, 2, NULL))                     \
    X(fer_tcp_stream_connect_timeout, NONE, 0, (&w->tcp, &w->tcp_peer, w->brief))                  \
    X(fer_tcp_stream_connect_host_with, NONE, LIMITED,                                             \
      (&w->tcp, "name.test", w->tcp_peer.port, &w->options))                                       \
    X(fer_tcp_stream_connect_with, NONE, LIMITED, (&w->tcp, w->name_of_tcp, &w->options))          \
    X(fer_tcp_stream_connect_with, RESOLVER, LIMITED, (&w->tcp, w->name_of_tcp, &w->options))      \
    X(fer_tcp_stream_connect_addrs, NONE, LIMITED, (&w->tcp, w->tcp_peers, 2, &w->options))        \
    X(fer_tcp_stream_connect_start, NONE, 0, (&w->tcp, &w->tcp_peer))                              \
    X(fer_tcp_stream_ready, TCP_STARTED, STARTED, (&w->tcp, FER_WRITABLE, w->brief, &w->ready))    \
    X(fer_tcp_stream_peer_addr, TCP_STARTED, STARTED, (&w->tcp, &w->ip))                           \
    X(fer_tcp_stream_take_error, TCP_STARTED, STARTED, (&w->tcp, &w->error))                       \
    X(fer_tcp_stream_write, TCP_STARTED, STARTED, (&w->tcp, pattern, BYTES, &w->n))                \
    X(fer_tcp_stream_read, TCP_STARTED, STARTED, (&w->tcp, w->buf, BYTES, &w->n))                  \
    X(fer_tcp_stream_shutdown, TCP_STARTED, STARTED, (&w->tcp, FER_SHUTDOWN_WRITE))                \
    X(fer_tcp_stream_try_clone, TCP_STARTED, STARTED, (&w->tcp, &w->tcp2))                         \
    SWEEP_OPTION(X, fer_tcp_stream, TCP, &w->tcp, nodelay, true, &w->flag)                         \
    SWEEP_OPTION(X, fer_tcp_stream, TCP, &w->tcp, ttl, 9, &w->number)                              \
    SWEEP_OPTION(X, fer_tcp_stream, TCP, &w->tcp, linger, w->none, &w->duration)                   \
    SWEEP_OPTION(X, fer_tcp_stream, TCP, &w->tcp, keepalive, &w->keepalive, &w->keepalive)         \
    X(fer_tcp_stream_from_raw, RAW_TCP, 0, (&w->tcp, w->raw))                                      \
    X(fer_stream_shutdown, TCP, 0, (fer_tcp_stream_as_stream(&w->tcp), FER_SHUTDOWN_WRITE))        \
    X(fer_copy, TCP_AND_UNIX, COPY | ENDS,                                                         \
      (fer_tcp_stream_as_stream(&w->tcp), fer_unix_stream_as_stream(&w->unix_), &w->copy,          \
       &w->copied))                                                                                \
    Y(fer_copy_bidirectional, TCP_AND_UNIX, COPY | ENDS | ONCE, copy_both(w))                      \
    Y(fer_stream_send_file, TCP, OUT | ALL,                                                        \
      sent_file(w, fer_stream_send_file(fer_tcp_stream_as_stream(&w->tcp), stage.file, 0, BYTES,   \
                                        &w->copy, &w->copied)))                                    \
    Y(fer_tcp_stream_send_file, TCP, OUT | ALL,                                                    \
      sent_file(w, fer_tcp_stream_send_file(&w->tcp, stage.file, 0, BYTES, &w->copy, &w->copied))) \
    SWEEP_ANY_STREAM(X, fer_tcp_stream_as_stream, TCP, tcp)                                        \
    SWEEP_LISTENER(X, Y, fer_tcp_listener, TCP_LISTENER, tcp_listener, tcp_listener2, tcp, ip)     \
    X(fer_tcp_stream_try_peek, TCP, PEEK, (&w->tcp, w->buf, BYTES, &w->n))                         \
    X(fer_tcp_listener_bind, NONE, 0, (&w->tcp_listener, w->any_port))                             \
    X(fer_tcp_listener_bind_addr, NONE, 0, (&w->tcp_listener, &w->local))                          \
    SWEEP_OPTION(X, fer_tcp_listener, TCP_LISTENER, &w->tcp_listener, ttl, 9, &w->number)          \
    X(fer_tcp_listener_from_raw, RAW_TCP_LISTENER, 0, (&w->tcp_listener, w->raw))

/* ---- Unix sockets */

#define SWEEP_UNIX(X, Y)                                                                          \
    SWEEP_STREAM(X, Y, fer_unix_stream, UNIX, unix_, unix2, path_addr)                            \
    SWEEP_ANY_STREAM(X, fer_unix_stream_as_stream, UNIX, unix_)                                   \
    X(fer_unix_stream_peer_cred, UNIX, 0, (&w->unix_, &w->cred))                                  \
    X(fer_unix_stream_connect, NONE, 0, (&w->unix_, w->path))                                     \
    X(fer_unix_stream_connect_addr, NONE, 0, (&w->unix_, &w->unix_peer))                          \
    X(fer_unix_stream_connect_start, NONE, 0, (&w->unix_, &w->unix_peer))                         \
    X(fer_unix_stream_pair, NONE, 0, (&w->unix_, &w->unix2))                                      \
    X(fer_unix_stream_from_raw, RAW_UNIX, 0, (&w->unix_, w->raw))                                 \
    X(fer_unix_stream_send_handles, UNIX, OUT, (&w->unix_, pattern, BYTES, NULL, 0, &w->n))       \
    Y(fer_unix_stream_recv_handles, UNIX, IN, recv_handles(w))                                    \
    SWEEP_LISTENER(X, Y, fer_unix_listener, UNIX_LISTENER, unix_listener, unix_listener2, unix_,  \
                   path_addr)                                                                     \
    X(fer_unix_listener_bind, NONE, 0, (&w->unix_listener, w->free_path))                         \
    X(fer_unix_listener_bind_addr, NONE, 0, (&w->unix_listener, &w->free_addr))                   \
    X(fer_unix_listener_from_raw, RAW_UNIX_LISTENER, 0, (&w->unix_listener, w->raw))              \
    SWEEP_HANDLE(X, Y, fer_unix_datagram, UNIX_GRAM, gram_, gram2)                                \
    SWEEP_TIMEOUTS(X, fer_unix_datagram, UNIX_GRAM, gram_)                                        \
    X(fer_unix_datagram_bind, NONE, 0, (&w->gram_, w->free_path))                                 \
    X(fer_unix_datagram_bind_addr, NONE, 0, (&w->gram_, &w->free_addr))                           \
    X(fer_unix_datagram_unbound, NONE, 0, (&w->gram_))                                            \
    X(fer_unix_datagram_pair, NONE, 0, (&w->gram_, &w->gram2))                                    \
    X(fer_unix_datagram_connect, UNIX_GRAM, 0, (&w->gram_, w->gram_path))                         \
    X(fer_unix_datagram_connect_addr, UNIX_GRAM, 0, (&w->gram_, &w->gram_peer))                   \
    X(fer_unix_datagram_local_addr, UNIX_GRAM, 0, (&w->gram_, &w->path_addr))                     \
    X(fer_unix_datagram_peer_addr, UNIX_GRAM, 0, (&w->gram_, &w->path_addr))                      \
    X(fer_unix_datagram_send, UNIX_GRAM, GRAM_OUT, (&w->gram_, pattern, BYTES, &w->n))            \
    X(fer_unix_datagram_send_to, UNIX_GRAM, GRAM_OUT,                                             \
      (&w->gram_, pattern, BYTES, w->gram_path, &w->n))                                           \
    X(fer_unix_datagram_send_to_addr, UNIX_GRAM, GRAM_OUT,                                        \
      (&w->gram_, pattern, BYTES, &w->gram_peer, &w->n))                                          \
    X(fer_unix_datagram_recv_from, UNIX_GRAM, GRAM_IN, (&w->gram_, w->buf, BYTES, &w->unix_gram)) \
    X(fer_unix_datagram_recv, UNIX_GRAM, GRAM_IN, (&w->gram_, w->buf, BYTES, &w->unix_gram))      \
    X(fer_unix_datagram_try_send, UNIX_GRAM, GRAM_OUT, (&w->gram_, pattern, BYTES, &w->n))        \
    X(fer_unix_datagram_try_send_to_addr, UNIX_GRAM, GRAM_OUT,                                    \
      (&w->gram_, pattern, BYTES, &w->gram_peer, &w->n))                                          \
    X(fer_unix_datagram_try_recv_from, UNIX_GRAM, GRAM_IN,                                        \
      (&w->gram_, w->buf, BYTES, &w->unix_gram))                                                  \
    X(fer_unix_datagram_send_handles, UNIX_GRAM, GRAM_OUT,                                        \
      (&w->gram_, pattern, BYTES, NULL, 0, &w->gram_peer, &w->n))                                 \
    X(fer_unix_datagram_recv_handles, UNIX_GRAM, GRAM_IN,                                         \
      (&w->gram_, w->buf, BYTES, &w->raw, 1, &w->handles))                                        \
    X(fer_unix_datagram_shutdown, UNIX_GRAM, 0, (&w->gram_, FER_SHUTDOWN_WRITE))                  \
    X(fer_unix_datagram_from_raw, RAW_UNIX_GRAM, 0, (&w->gram_, w->raw))

/* ---- Sockets that are built step by step */

#define SWEEP_SOCKET(X, Y)                                                                       \
    X(fer_socket_new, NONE, 0, (&w->socket, FER_DOMAIN_IPV4, FER_TYPE_STREAM, 0))                \
    X(fer_socket_new, NONE, 0, (&w->socket, FER_DOMAIN_IPV6, FER_TYPE_DGRAM, 0))                 \
    X(fer_socket_try_clone, BUILT_UDP, 0, (&w->socket, &w->socket2))                             \
    X(fer_socket_from_raw, RAW_TCP, 0, (&w->socket, w->raw))                                     \
    X(fer_socket_from_raw, RAW_UNIX, 0, (&w->socket, w->raw))                                    \
    X(fer_socket_from_raw, RAW_UDP, 0, (&w->socket, w->raw))                                     \
    Y(fer_socket_into_raw, BUILT_TCP, CLOSES, (w->raw = fer_socket_into_raw(&w->socket), OK))    \
    Y(fer_socket_close, BUILT_TCP, CLOSES, (fer_socket_close(&w->socket), OK))                   \
    X(fer_socket_domain, BUILT_TCP, 0, (&w->socket, &w->domain))                                 \
    X(fer_socket_type, BUILT_TCP, 0, (&w->socket, &w->type))                                     \
    X(fer_socket_protocol, BUILT_TCP, 0, (&w->socket, &w->protocol))                             \
    X(fer_socket_is_listening, BUILT_TCP, 0, (&w->socket, &w->flag))                             \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, tcp_user_timeout, w->brief, &w->duration) \
    SWEEP_OPTION(X, fer_socket, BUILT_UDP, &w->socket, inheritable, false, &w->flag)             \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, reuse_address, true, &w->flag)            \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, reuse_port, true, &w->flag)               \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP6, &w->socket, only_v6, true, &w->flag)                 \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, recv_buffer_size, 8192, &w->n)            \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, send_buffer_size, 8192, &w->n)            \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, keepalive, &w->keepalive, &w->keepalive)  \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, linger, w->none, &w->duration)            \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, nodelay, true, &w->flag)                  \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, ttl, 9, &w->number)                       \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP, &w->socket, tos, 8, &w->number)                       \
    SWEEP_OPTION(X, fer_socket, BUILT_TCP6, &w->socket, tos, 8, &w->number)                      \
    SWEEP_OPTION(X, fer_socket, BUILT_UDP, &w->socket, broadcast, true, &w->flag)                \
    SWEEP_OPTION(X, fer_socket, BUILT_UDP, &w->socket, read_timeout, w->brief, &w->duration)     \
    SWEEP_OPTION(X, fer_socket, BUILT_UDP, &w->socket, write_timeout, w->brief, &w->duration)    \
    X(fer_socket_bind_device, BUILT_UDP, 0, (&w->socket, "lo"))                                  \
    X(fer_interface_index, NONE, 0, (w->name_of_interface, &w->number))                          \
    X(fer_interface_name, NONE, 0, (1, (char *)w->buf, sizeof w->buf))                           \
    X(fer_socket_set_limits, BUILT_UDP, 0, (&w->socket, &w->limits))                             \
    X(fer_socket_set_nonblocking, BUILT_UDP, 0, (&w->socket, true))                              \
    X(fer_socket_bind, BUILT_NEW_UDP, 0, (&w->socket, &w->local))                                \
    X(fer_socket_bind, BUILT_TCP, 0, (&w->socket, &w->local))                                    \
    X(fer_socket_bind_unix, BUILT_UNIX, 0, (&w->socket, &w->free_addr))                          \
    X(fer_socket_listen, BUILT_BOUND, 0, (&w->socket, 8))                                        \
    X(fer_socket_connect, BUILT_TCP, ONCE | STARTS, (&w->socket, &w->tcp_peer))                  \
    X(fer_socket_connect, BUILT_NEW_UDP, 0, (&w->socket, &w->udp_peer))                          \
    X(fer_socket_connect_timeout, BUILT_TCP, ONCE, (&w->socket, &w->tcp_peer, w->brief))         \
    X(fer_socket_connect_unix, BUILT_UNIX, ONCE | STARTS, (&w->socket, &w->unix_peer))           \
    X(fer_socket_local_addr, BUILT_UDP, 0, (&w->socket, &w->ip))                                 \
    X(fer_socket_local_addr_unix, BUILT_UNIX, 0, (&w->socket, &w->path_addr))                    \
    X(fer_socket_peer_addr, BUILT_UDP, 0, (&w->socket, &w->ip))                                  \
    X(fer_socket_take_error, BUILT_UDP, 0, (&w->socket, &w->error))                              \
    X(fer_socket_ready, BUILT_UDP, WAITS, (&w->socket, FER_WRITABLE, w->brief, &w->ready))       \
    X(fer_socket_shutdown, BUILT_UDP, 0, (&w->socket, FER_SHUTDOWN_BOTH))                        \
    X(fer_socket_send, BUILT_UDP, GRAM_OUT, (&w->socket, pattern, BYTES, &w->n))                 \
    X(fer_socket_send_to, BUILT_UNCONNECTED, GRAM_OUT,                                           \
      (&w->socket, pattern, BYTES, &w->udp_peer, &w->n))                                         \
    X(fer_socket_recv_from, BUILT_UDP, GRAM_IN, (&w->socket, w->buf, BYTES, &w->gram))           \
    Y(fer_tcp_stream_as_socket, TCP, 0, ((void)fer_tcp_stream_as_socket(&w->tcp), OK))           \
    Y(fer_tcp_listener_as_socket, TCP_LISTENER, 0,                                               \
      ((void)fer_tcp_listener_as_socket(&w->tcp_listener), OK))                                  \
    Y(fer_udp_socket_as_socket, UDP, 0, ((void)fer_udp_socket_as_socket(&w->udp), OK))           \
    Y(fer_unix_stream_as_socket, UNIX, 0, ((void)fer_unix_stream_as_socket(&w->unix_), OK))      \
    Y(fer_unix_listener_as_socket, UNIX_LISTENER, 0,                                             \
      ((void)fer_unix_listener_as_socket(&w->unix_listener), OK))                                \
    Y(fer_unix_datagram_as_socket, UNIX_GRAM, 0,                                                 \
      ((void)fer_unix_datagram_as_socket(&w->gram_), OK))                                        \
    X(fer_socket_into_tcp_stream, OF_TCP, CLOSES, (&w->socket, &w->tcp))                         \
    X(fer_socket_into_tcp_listener, OF_TCP_LISTENER, CLOSES, (&w->socket, &w->tcp_listener))     \
    X(fer_socket_into_udp_socket, OF_UDP, CLOSES, (&w->socket, &w->udp))                         \
    X(fer_socket_into_unix_stream, OF_UNIX, CLOSES, (&w->socket, &w->unix_))                     \
    X(fer_socket_into_unix_listener, OF_UNIX_LISTENER, CLOSES, (&w->socket, &w->unix_listener))  \
    X(fer_socket_into_unix_datagram, OF_UNIX_GRAM, CLOSES, (&w->socket, &w->gram_))

/* ---- Pollers, tokens, names */

#define SWEEP_OTHERS(X, Y)                                                                         \
    X(fer_poller_new, NONE, 0, (&w->poller))                                                       \
    X(fer_poller_add, POLLER, 0, (&w->poller, w->polled, w->event, FER_POLL_LEVEL))                \
    X(fer_poller_modify, POLLER_ADDED, 0, (&w->poller, w->polled, w->event, FER_POLL_LEVEL))       \
    X(fer_poller_delete, POLLER_ADDED, 0, (&w->poller, w->polled))                                 \
    X(fer_poller_wait, POLLER_ADDED, 0, (&w->poller, w->brief, &w->event, 1, &w->n, NULL))         \
    X(fer_poller_wait, POLLER_ADDED, 0, (&w->poller, w->fine, &w->event, 1, &w->n, NULL))          \
    X(fer_poller_wait, POLLER_ADDED, 0, (&w->poller, w->brief, &w->event, 1, &w->n, &w->flag))     \
    X(fer_poller_notify, POLLER, 0, (&w->poller))                                                  \
    X(fer_poller_set_interruptible, POLLER, 0, (&w->poller, true))                                 \
    Y(fer_poller_close, POLLER_ADDED, 0, (fer_poller_close(&w->poller), OK))                       \
    X(fer_cancel_token_new, NONE, 0, (&w->token))                                                  \
    X(fer_cancel_token_cancel, TOKEN, 0, (&w->token))                                              \
    X(fer_cancel_token_reset, CANCELLED, 0, (&w->token))                                           \
    Y(fer_cancel_token_close, TOKEN, 0, (fer_cancel_token_close(&w->token), OK))                   \
    X(fer_to_socket_addrs, NONE, 0, (w->name_of_tcp, w->found, 4, &w->n))                          \
    X(fer_lookup_host, NONE, 0, ("name.test", 80, w->found, 4, &w->n))                             \
    X(fer_lookup_host_with, NONE, 0, ("name.test", 80, NULL, w->found, 4, &w->n))                  \
    X(fer_to_socket_addrs_with, NONE, LIMITED,                                                     \
      (w->name_of_tcp, &(fer_lookup_options){.limits = w->limits}, w->found, 4, &w->n))            \
    X(fer_to_socket_addrs_with, RESOLVER, LIMITED,                                                 \
      (w->name_of_tcp, &(fer_lookup_options){.limits = w->limits, .resolver = &w->resolver},       \
       w->found, 4, &w->n))                                                                        \
    X(fer_resolver_new, NONE, 0,                                                                   \
      (&w->resolver, &(fer_resolver_options){.threads = 1, .queue_cap = 1}))                       \
    X(fer_resolver_start, RESOLVER, 0, (&w->resolver, w->name_of_tcp, NULL, NULL, 0, &w->lookup))  \
    X(fer_resolver_start_host, RESOLVER, 0,                                                        \
      (&w->resolver, "name.test", 80, NULL, NULL, 7, &w->lookup))                                  \
    X(fer_resolver_take_completed, LOOKUP, 0, (&w->resolver, NULL, w->keys, 2, &w->n))             \
    X(fer_lookup_wait, LOOKUP, ONCE, (&w->lookup, w->brief, w->found, 4, &w->n))                   \
    Y(fer_lookup_close, LOOKUP, 0, (fer_lookup_close(&w->lookup), OK))                             \
    Y(fer_connector_start, CONNECTOR, 0,                                                           \
      fer_connector_start(&w->connector, w->name_of_tcp, NULL, &w->resolver, &w->poller, 7))       \
    Y(fer_connector_start, CONNECTOR, 0,                                                           \
      fer_connector_start(&w->connector, "127.0.0.1:1", NULL, NULL, &w->poller, 7))                \
    Y(fer_connector_start_host, CONNECTOR, 0,                                                      \
      fer_connector_start_host(&w->connector, "name.test", 80, NULL, &w->resolver, &w->poller, 7)) \
    Y(fer_connector_take, CONNECTOR_DONE, ONCE, fer_connector_take(&w->connector, &w->tcp2))       \
    Y(fer_connector_close, CONNECTOR_DONE, 0, (fer_connector_close(&w->connector), OK))            \
    Y(fer_resolver_close, LOOKUP, 0, (fer_resolver_close(&w->resolver), OK))

#define SWEEP_CALLS(X, Y) \
    SWEEP_TCP(X, Y)       \
    SWEEP_UDP(X, Y)       \
    SWEEP_UNIX(X, Y)      \
    SWEEP_SOCKET(X, Y)    \
    SWEEP_OTHERS(X, Y)

#endif
