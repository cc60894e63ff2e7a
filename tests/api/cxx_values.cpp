/* cxx_values.cpp: a test of the C++17 headers: ownership, results, views of memory, and calls of
 * each class. cxx_headers.sh compiles it as C++17 and C++20. */
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#if __cplusplus >= 202002L
#include <span>
#endif

#include "ferrule.hpp"

namespace
{

int failures = 0;

void check(bool is_right, const char *sentence)
{
    if (!is_right) {
        std::printf("WRONG %s\n", sentence);
        failures++;
    }
}

bool is_ok(fer_error error)
{
    return error.kind == FER_OK;
}

fer_limits soon()
{
    return ferrule::limits(fer_instant_after(fer_duration_from_secs(60)));
}

/* The sizes that the headers promise, on every platform. */
#define HAS_SIZE_OF_A_HANDLE(type) static_assert(sizeof(type) == 96, "a promise of handle.h")
HAS_SIZE_OF_A_HANDLE(fer_tcp_stream);
HAS_SIZE_OF_A_HANDLE(fer_tcp_listener);
HAS_SIZE_OF_A_HANDLE(fer_udp_socket);
HAS_SIZE_OF_A_HANDLE(fer_unix_stream);
HAS_SIZE_OF_A_HANDLE(fer_unix_listener);
HAS_SIZE_OF_A_HANDLE(fer_unix_datagram);
HAS_SIZE_OF_A_HANDLE(fer_socket);
static_assert(sizeof(fer_event) == 16 && sizeof(fer_poller) == 64, "promises of poller.h");

struct connection {
    ferrule::tcp_stream client;
    ferrule::tcp_stream server;
};

connection connect()
{
    connection both;
    auto listener = ferrule::tcp_listener::bind("127.0.0.1:0");
    check(listener && is_ok(listener->set_limits(soon())), "a listener is bound");
    both.client = *ferrule::tcp_stream::connect_addr(*listener->local_addr());
    both.server = *listener->accept();
    check(is_ok(both.client.set_limits(soon())) && is_ok(both.server.set_limits(soon())),
          "two streams are connected");
    return both;
}

bool is_closed(const ferrule::tcp_stream &stream)
{
    return stream.as_raw() == FER_RAW_SOCKET_NONE;
}

/* True if the peer of this stream is closed: the next read is the end of file. */
bool sees_end(ferrule::tcp_stream &stream)
{
    char byte[1];
    auto n = stream.read(byte);
    return n && *n == 0;
}

void test_moves()
{
    connection one = connect();
    fer_raw_socket raw = one.client.as_raw();
    ferrule::tcp_stream moved(std::move(one.client));
    check(moved.as_raw() == raw && is_closed(one.client), "a move construction moves the handle");
    check(one.client.write(std::string_view("x")).error().kind == FER_NOT_CONNECTED,
          "a moved handle is NEW");

    connection other = connect();
    other.client = std::move(moved);
    check(other.client.as_raw() == raw && is_closed(moved), "a move assignment moves the handle");
    check(sees_end(other.server), "a move assignment closes the old handle");

    ferrule::tcp_stream &same = other.client;
    other.client = std::move(same);
    check(other.client.as_raw() == raw, "a move to itself changes nothing");
    check(is_ok(other.client.write_all(std::string_view("x")).error()), "... and closes nothing");
}

void test_closing()
{
    connection one = connect();
    {
        ferrule::tcp_stream scoped(std::move(one.client));
    }
    check(sees_end(one.server), "the destructor closes the handle");

    connection other = connect();
    other.client.close();
    other.client.close();
    check(is_closed(other.client) && sees_end(other.server), "close may be called twice");
    check(is_ok(other.server.close_gracefully(fer_duration_from_secs(60))),
          "a stream is closed with a linger");
}

void test_releases()
{
    connection one = connect();
    fer_raw_socket raw = one.client.as_raw();
    fer_tcp_stream handle = one.client.release();
    check(fer_tcp_stream_as_raw(&handle) == raw && is_closed(one.client),
          "a release returns the handle of C");
    ferrule::tcp_stream again(handle);
    check(again.as_raw() == raw, "a handle of C is adopted");

    raw = again.into_raw();
    check(raw != FER_RAW_SOCKET_NONE && is_closed(again), "into_raw releases the socket");
    auto adopted = ferrule::tcp_stream::from_raw(raw);
    check(adopted && adopted->as_raw() == raw, "from_raw adopts the socket");
    check(is_ok(adopted->write_all(std::string_view("x")).error()), "... which is still connected");
}

void test_results()
{
    auto refused = ferrule::tcp_stream::connect("no port");
    check(!refused && refused.error().kind == FER_INVALID_INPUT, "a failed connect has an error");
    char buf[8];
    check(refused->read(buf).error().kind == FER_NOT_CONNECTED, "... and a value that is NEW");

    connection one = connect();
    check(*one.client.write_all(std::string_view("abc")) == 3, "write_all returns a count");
    one.client.close();
    auto n = one.server.read_exact(buf);
    check(n.error().kind == FER_UNEXPECTED_EOF && *n == 3, "a count is returned after an error");
    const auto &constant = n;
    check(*constant == 3 && !constant, "a result may be const");
}

void test_memory()
{
    connection one = connect();
    const std::array<unsigned char, 2> array = {'a', 'b'};
    const std::vector<char> vector = {'c', 'd'};
    char chars[2] = {'e', 'f'};
    check(*one.client.write_all(array) == 2 && *one.client.write_all(vector) == 2 &&
              *one.client.write_all(chars) == 2 && *one.client.write_all({"gh", 2}) == 2,
          "bytes are sent from arrays, containers and pointers");
    std::size_t sent = 8;
#if __cplusplus >= 202002L
    check(*one.client.write_all(std::as_bytes(std::span(chars))) == 2, "... and from a span");
    sent += 2;
#endif
    std::vector<std::uint16_t> words(1);
    check(*one.server.read_exact(words) == 2 && std::memcmp(words.data(), "ab", 2) == 0,
          "the size of a buffer is in bytes");
    char rest[8];
    check(*one.server.read_exact({rest, sent - 2}) == sent - 2 &&
              std::memcmp(rest, "cdefgh", 6) == 0,
          "bytes are received at a pointer");

    const fer_io_slice out[] = {{"ij", 2}, {"k", 1}};
    check(*one.client.write_vectored(out) == 3, "slices are an array");
    char first[1];
    char second[4];
    const fer_io_slice_mut in[] = {{first, 1}, {second, 4}};
    auto n = one.server.read_vectored(in);
    check(n && *n >= 1 && first[0] == 'i', "... in both directions");
}

void test_limits()
{
    ferrule::cancel_token stop;
    connection one = connect();
    char buf[4];
    check(one.server.try_read(buf).error().kind == FER_WOULD_BLOCK, "a try call never waits");
    check(is_ok(stop.open()) && !stop.is_cancelled(), "a token is made");
    check(is_ok(one.server.set_limits(ferrule::limits(FER_INSTANT_NONE, stop.get()))) &&
              is_ok(stop.cancel()),
          "it is cancelled");
    check(stop.is_cancelled() && one.server.read(buf).error().kind == FER_CANCELLED,
          "a cancel ends a read");
    check(is_ok(stop.reset()) && is_ok(one.server.set_limits(ferrule::limits(fer_instant_now()))),
          "limits are replaced");
    check(one.server.read(buf).error().kind == FER_TIMED_OUT, "a deadline ends a read");
    check(is_ok(one.server.set_limits({})) &&
              is_ok(one.server.set_read_timeout(fer_duration_from_millis(1))),
          "limits are removed");
    check(one.server.read(buf).error().kind == FER_TIMED_OUT, "a timeout ends a read");
    check(*one.server.ready(FER_WRITABLE, FER_DURATION_NONE) == FER_WRITABLE, "a stream is ready");
}

void test_listeners()
{
    auto listener = *ferrule::tcp_listener::bind("127.0.0.1:0");
    auto addr = *listener.local_addr();
    check(listener.try_accept().error().kind == FER_WOULD_BLOCK, "no connection is queued");
    fer_connect_options options{};
    options.limits = soon();
    const fer_socket_addr addrs[] = {addr};
    std::size_t failed = 1;
    options.failures_count = &failed;
    auto client = ferrule::tcp_stream::connect_addrs(addrs, options);
    check(client && failed == 0, "a stream connects within limits");
    fer_socket_addr peer{};
    auto server = listener.accept(&peer);
    auto local = client->local_addr();
    check(server && fer_socket_addr_eq(&peer, &*local), "accept returns the peer");
    auto clone = server->try_clone();
    check(clone && is_ok(server->set_nodelay(true)) && *clone->nodelay(),
          "a clone has the same socket");
    check(is_ok(client->shutdown(FER_SHUTDOWN_WRITE)), "a half is shut down");
    char memory[16];
    fer_copy_buffer buffer = {memory, sizeof memory, 0, 0};
    auto copied = ferrule::copy(server->as_stream(), server->as_stream(), buffer);
    check(copied && *copied == 0, "a stream is copied to its end");
    auto end = ferrule::read(server->as_stream(), memory);
    check(end && *end == 0 && ferrule::write_all(server->as_stream(), std::string_view("x")),
          "... and read and written as one of any type");
    check(is_ok(ferrule::set_limits(server->as_stream(), soon())) &&
              ferrule::ready(server->as_stream(), FER_READABLE, FER_DURATION_NONE),
          "... within limits");
    const fer_io_slice word = {"ab", 2};
    fer_io_slice_mut into = {memory, 1};
    fer_stream both = client->as_stream();
    check(client && ferrule::write_vectored(server->as_stream(), {&word, 1}) &&
              ferrule::peek(both, memory) && ferrule::try_peek(both, memory),
          "a stream of any type is peeked");
    check(*ferrule::read_vectored(both, {&into, 1}) == 1 && memory[0] == 'x' &&
              *ferrule::try_read_vectored(both, {&into, 1}) == 1 && memory[0] == 'a',
          "... and read into several buffers");
    check(is_ok(ferrule::set_read_timeout(both, fer_duration_from_secs(7))) &&
              ferrule::read_timeout(both)->nanos == UINT64_C(7000000000) &&
              is_ok(ferrule::set_write_timeout(both, FER_DURATION_NONE)) &&
              ferrule::write_timeout(both)->nanos == FER_DURATION_NONE_NANOS,
          "... and has timeouts");
    check(is_ok(ferrule::set_nonblocking(both, true)) &&
              ferrule::take_error(both)->kind == FER_OK &&
              ferrule::as_raw(both) == client->as_raw() &&
              fer_socket_as_raw(ferrule::as_socket(both)) == client->as_raw(),
          "... and a mode, errors and a raw socket");
    server->close();
    clone->close();
    check(is_ok(ferrule::set_nonblocking(both, false)) && *ferrule::read_to_end(both, memory) == 1,
          "... and is read to its end");
}

void test_sockets_of_one_type()
{
    fer_socket_addr any{};
    check(is_ok(fer_socket_addr_parse(&any, "127.0.0.1:0")), "an address is parsed");
    auto listener = ferrule::socket::open(FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT);
    auto client = ferrule::socket::open(FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT);
    check(is_ok(listener->bind(any)) && is_ok(listener->listen(1)), "a socket listens");
    check(listener->try_accept().error().kind == FER_WOULD_BLOCK, "... and nothing is queued");
    check(is_ok(client->connect(*listener->local_addr())), "a socket is connected");
    fer_socket_addr peer{};
    auto accepted = listener->accept(&peer);
    auto local = client->local_addr();
    check(accepted && fer_socket_addr_eq(&peer, &*local), "... and accepted");
    char memory[4];
    check(ferrule::write_all(client->as_stream(), std::string_view("word")) &&
              *ferrule::read_exact(accepted->as_stream(), memory) == 4 && memory[3] == 'd',
          "... and both are streams");
    check(accepted->peer_addr_unix().error().kind == FER_UNSUPPORTED, "... of no Unix address");
    auto lent = ferrule::socket::borrow_raw(client->as_raw());
    check(lent && ferrule::write_all(lent->as_stream(), std::string_view("lent")),
          "a raw socket is lent");
    lent->close();
    check(*ferrule::read_exact(accepted->as_stream(), memory) == 4 &&
              ferrule::write_all(client->as_stream(), std::string_view("on")),
          "... and stays open");
}

void test_datagrams()
{
    auto receiver = *ferrule::udp_socket::bind("127.0.0.1:0");
    auto sender = *ferrule::udp_socket::bind("127.0.0.1:0");
    check(is_ok(sender.disconnect()), "a socket without a peer is disconnected");
    check(is_ok(receiver.set_limits(soon())), "a datagram socket has limits");
    check(*sender.send_to(std::string_view("abc"), *receiver.local_addr()) == 3, "it sends");
    char buf[2];
    auto got = receiver.recv_from(buf);
    check(got && got->len == 2 && got->truncated, "a datagram is received");
    check(receiver.try_recv_from(buf).error().kind == FER_WOULD_BLOCK, "... once");
    fer_socket_addr to = *receiver.local_addr();
    fer_datagram_send batch[2]{};
    batch[0].to = batch[1].to = &to;
    check(*sender.send_batch(batch) == 2, "it sends a batch");
    std::array<fer_datagram_recv, 2> received{};
    check(*receiver.recv_batch(received) >= 1 && received[0].len == 0, "... which is received");
    while (receiver.try_recv_batch(received)) {
    }
    check(is_ok(sender.connect_addr(*receiver.local_addr())) && sender.peer_addr(),
          "it has a peer");
}

void test_built_sockets()
{
    fer_socket_addr addr{};
    check(is_ok(fer_socket_addr_parse(&addr, "127.0.0.1:0")), "an address is parsed");
    auto built = *ferrule::socket::open(FER_DOMAIN_IPV4, FER_TYPE_STREAM, FER_PROTOCOL_DEFAULT);
    check(is_ok(built.set_reuse_address(true)) && is_ok(built.bind(addr)) && is_ok(built.listen(8)),
          "a built socket listens");
    auto listener = built.into_tcp_listener();
    check(listener && built.as_raw() == FER_RAW_SOCKET_NONE, "it becomes a listener");
    auto client = ferrule::tcp_stream::connect_addr(*listener->local_addr());
    fer_socket *lent = ferrule::as_socket(*client);
    check(fer_socket_as_raw(lent) == client->as_raw(), "a stream is lent as a socket");
}

void test_pollers_and_lookups()
{
    auto poller = *ferrule::poller::open();
    auto listener = *ferrule::tcp_listener::bind("127.0.0.1:0");
    check(is_ok(poller.add(listener.as_raw(), {7, true, false}, FER_POLL_LEVEL)), "it registers");
    auto client = ferrule::tcp_stream::connect_addr(*listener.local_addr());
    std::array<fer_event, 4> events{};
    auto count = poller.wait(fer_duration_from_secs(60), events);
    check(client && count && *count == 1 && events[0].key == 7, "a poller reports an event");
    fer_poll_entry entry = {listener.as_raw(), FER_READABLE, 0};
    auto ready = ferrule::poll({&entry, 1}, FER_DURATION_NONE);
    check(ready && *ready == 1 && entry.ready == FER_READABLE, "an array is polled");
    check(is_ok(poller.remove(listener.as_raw())) && is_ok(poller.notify()), "it is notified");
    auto wake = poller.wait_notified(FER_DURATION_NONE, events);
    check(wake && wake->notified && wake->count == 0, "... and returns that");

    fer_socket_addr addrs[2];
    check(*ferrule::to_socket_addrs("127.0.0.1:80", addrs) == 1, "an address text is converted");
    check(*ferrule::lookup_host("::1", 80, addrs) == 1, "... and a host");
    fer_lookup_options within{};
    within.limits = soon();
    check(*ferrule::to_socket_addrs_with("127.0.0.1:80", within, addrs) == 1, "... in time");
    check(*ferrule::lookup_host_with("::1", 80, within, addrs) == 1, "... and a host too");
    fer_resolver_options small{};
    small.threads = 1;
    auto resolver = *ferrule::resolver::open(small);
    auto lookup = resolver.start("127.0.0.1:80", poller, 6);
    check(lookup && *lookup->wait(FER_DURATION_NONE, addrs) == 1, "a lookup is awaited");
    auto keyed = resolver.start_host("127.0.0.1", 80, poller, 7);
    auto alone = resolver.start("127.0.0.1:80", 8);
    std::array<std::uint64_t, 4> keys{};
    check(keyed && *resolver.take_completed(poller, keys) == 2 && keys[1] == 7, "... by its key");
    check(alone && *resolver.take_completed(keys) == 1 && keys[0] == 8, "... and without a poller");
    check(*resolver.take_completed(poller, keys) == 0, "... once");
    check(is_ok(resolver.close_gracefully()), "a resolver is closed, with its threads");
}

void test_wakers()
{
    auto waker = *ferrule::waker::open();
    fer_poll_entry entry = {waker.as_raw(), FER_READABLE, 0};
    check(is_ok(waker.wake()), "a waker wakes");
    check(*ferrule::poll({&entry, 1}, FER_DURATION_NONE) == 1, "... any wait");
    check(is_ok(waker.clear()), "... and is cleared");
    check(*ferrule::poll({&entry, 1}, fer_duration_from_nanos(0)) == 0, "... then");
    auto poller = *ferrule::poller::open();
    entry.raw = poller.as_raw();
    check(is_ok(poller.notify()) && poller.next_timeout()->nanos == 0, "a poller needs a wait");
    check(*ferrule::poll({&entry, 1}, fer_duration_from_nanos(0)) ==
              (entry.raw == FER_RAW_SOCKET_NONE ? 0 : 1),
          "... and another loop reports it");
    auto resolver = *ferrule::resolver::open();
    fer_lookup_options options{};
    options.waker = waker.get();
    auto lookup = resolver.start("127.0.0.1:80", 1, &options);
    entry.raw = waker.as_raw();
    check(lookup && *ferrule::poll({&entry, 1}, FER_DURATION_NONE) == 1, "a lookup wakes it");
}

void test_connectors()
{
    auto listener = *ferrule::tcp_listener::bind("127.0.0.1:0");
    fer_socket_addr addr = *listener.local_addr();
    auto poller = *ferrule::poller::open();
    auto names = *ferrule::resolver::open();
    ferrule::connector connector;
    check(connector.take().error().kind == FER_MISUSE, "a connector must be started");
    check(is_ok(connector.start_host("127.0.0.1", addr.port, names, poller, 5)), "it is started");
    std::array<fer_event, 4> events{};
    auto count = poller.wait(FER_DURATION_NONE, events);
    check(count && *count == 1 && events[0].key == 5, "a wait reports that it is done");
    auto client = connector.take();
    auto server = listener.accept();
    check(client && server && *server->write_all(std::string_view("x")) == 1, "it is connected");
    char byte[2];
    check(client->ready(FER_READABLE, FER_DURATION_NONE) && *client->read(byte) == 1 &&
              client->read(byte).error().kind == FER_WOULD_BLOCK,
          "... in nonblocking mode");
}

void test_unix_sockets()
{
    auto pair = ferrule::unix_stream::pair();
    if (pair.error().kind == FER_UNSUPPORTED) {
        return; /* Windows */
    }
    check(*pair->first.write_all(std::string_view("abc")) == 3, "a pair is connected");
    pair->first.close();
    char buf[4];
    check(*pair->second.read_to_end(buf) == 3, "... in this direction");
    auto datagrams = ferrule::unix_datagram::pair();
    check(*datagrams->second.send(std::string_view("ab")) == 2, "a datagram is sent");
    auto got = datagrams->first.recv(buf);
    check(got && got->len == 2, "... and received");
    check(ferrule::unix_listener::bind("").error().kind == FER_INVALID_INPUT, "a path is refused");
}

} // namespace

int main()
{
    test_moves();
    test_closing();
    test_releases();
    test_results();
    test_memory();
    test_limits();
    test_listeners();
    test_sockets_of_one_type();
    test_datagrams();
    test_built_sockets();
    test_pollers_and_lookups();
    test_wakers();
    test_connectors();
    test_unix_sockets();
    if (failures == 0) {
        std::printf("all as it should be\n");
    }
    return failures == 0 ? 0 : 1;
}
