/* raii_echo.cpp: sends text to itself over TCP and UDP, with raii.hpp: no path needs an explicit
 * close.
 *
 * usage: raii_echo [TEXT] */
#include "raii.hpp"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

namespace
{

const fer_duration timeout = fer_duration_from_secs(5);

/* Echoes until the client's end of file; closing the stream ends our own sending. */
fer_error echo(raii::tcp_stream stream)
{
    char memory[1024];
    fer_copy_buffer buffer = {memory, sizeof memory, 0, 0};
    FER_TRY(stream.set_timeouts(timeout));
    return fer_copy(stream.as_stream(), stream.as_stream(), &buffer, nullptr);
}

fer_error echo_over_tcp(std::string_view text)
{
    auto listener = raii::tcp_listener::bind("127.0.0.1:0");
    if (!listener) {
        return listener.error();
    }
    auto addr = listener->local_addr();
    if (!addr) {
        return addr.error();
    }
    /* The connect completes in the accept queue, before the accept. */
    auto client = raii::tcp_stream::connect(*addr, timeout);
    if (!client) {
        return client.error();
    }
    auto server = listener->accept();
    if (!server) {
        return server.error();
    }
    FER_TRY(client->set_timeouts(timeout));
    FER_TRY(client->write_all(text));
    FER_TRY(client->shutdown(FER_SHUTDOWN_WRITE));
    FER_TRY(echo(std::move(*server))); /* echo closes the stream */
    for (;;) {
        char reply[64];
        auto n = client->read(reply, sizeof reply);
        if (!n) {
            return n.error();
        }
        if (*n == 0) {
            std::printf(" came back over TCP\n");
            return {FER_OK, 0};
        }
        std::printf("%.*s", static_cast<int>(*n), reply);
    }
}

fer_error send_over_udp(std::string_view text)
{
    char buf[64];
    auto sender = raii::udp_socket::bind("127.0.0.1:0");
    auto receiver = raii::udp_socket::bind("127.0.0.1:0");
    if (!sender || !receiver) {
        return sender ? receiver.error() : sender.error();
    }
    auto addr = receiver->local_addr();
    if (!addr) {
        return addr.error();
    }
    /* The socket moves; receiver is closed. */
    raii::udp_socket moved = std::move(*receiver);
    FER_TRY(moved.set_read_timeout(timeout));
    FER_TRY(sender->send_to(text, *addr));
    auto got = moved.recv_from(buf, sizeof buf);
    if (!got) {
        return got.error();
    }
    std::printf("%.*s came over UDP%s\n", static_cast<int>(got->len), buf,
                got->truncated ? ", in part" : "");
    return receiver->send_to(text, *addr).kind == FER_INVALID_INPUT ? fer_error{FER_OK, 0}
                                                                    : fer_error{FER_OTHER, 0};
}

} // namespace

int main(int argc, char **argv)
{
    std::string_view text = argc > 1 ? argv[1] : "hello";
    fer_error error = echo_over_tcp(text);
    if (error.kind == FER_OK) {
        error = send_over_udp(text);
    }
    if (error.kind != FER_OK) {
        char words[FER_ERROR_TEXT_CAP];
        fer_error_format(error, words, sizeof words);
        std::fprintf(stderr, "raii_echo: %s\n", words);
    }
    return error.kind == FER_OK ? 0 : 1;
}
