/* raii_echo.cpp: sends text to itself over TCP and UDP, with ferrule.hpp: no path needs an explicit
 * close. One deadline holds for all of it.
 *
 * usage: raii_echo [TEXT] */
#include <cstdio>
#include <string_view>
#include <utility>

#include "ferrule.hpp"

namespace
{

/* Echoes until the client's end of file; closing the stream ends our own sending. */
fer_error echo(ferrule::tcp_stream stream)
{
    char memory[1024];
    fer_copy_buffer buffer = {memory, sizeof memory, 0, 0};
    return ferrule::copy(stream.as_stream(), stream.as_stream(), buffer).error();
}

fer_error echo_over_tcp(std::string_view text, const fer_limits &limits)
{
    auto listener = ferrule::tcp_listener::bind("127.0.0.1:0");
    if (!listener) {
        return listener.error();
    }
    auto addr = listener->local_addr();
    if (!addr) {
        return addr.error();
    }
    /* The connect completes in the accept queue, before the accept. */
    auto client = ferrule::tcp_stream::connect_addr(*addr);
    if (!client) {
        return client.error();
    }
    auto server = listener->accept();
    if (!server) {
        return server.error();
    }
    FER_TRY(client->set_limits(limits));
    FER_TRY(server->set_limits(limits));
    FER_TRY(client->write_all(text).error());
    FER_TRY(client->shutdown(FER_SHUTDOWN_WRITE));
    FER_TRY(echo(std::move(*server))); /* echo closes the stream */
    for (;;) {
        char reply[64];
        auto n = client->read(reply);
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

fer_error send_over_udp(std::string_view text, const fer_limits &limits)
{
    char buf[64];
    auto sender = ferrule::udp_socket::bind("127.0.0.1:0");
    auto receiver = ferrule::udp_socket::bind("127.0.0.1:0");
    if (!sender || !receiver) {
        return sender ? receiver.error() : sender.error();
    }
    auto addr = receiver->local_addr();
    if (!addr) {
        return addr.error();
    }
    /* The socket moves; receiver is closed. */
    ferrule::udp_socket moved = std::move(*receiver);
    FER_TRY(moved.set_limits(limits));
    FER_TRY(sender->send_to(text, *addr).error());
    auto got = moved.recv_from(buf);
    if (!got) {
        return got.error();
    }
    std::printf("%.*s came over UDP%s\n", static_cast<int>(got->len), buf,
                got->truncated ? ", in part" : "");
    bool is_misuse = receiver->send_to(text, *addr).error().kind == FER_MISUSE;
    return {is_misuse ? FER_OK : FER_OTHER, 0};
}

} // namespace

int main(int argc, char **argv)
{
    std::string_view text = argc > 1 ? argv[1] : "hello";
    const fer_limits limits = ferrule::limits(fer_instant_after(fer_duration_from_secs(30)));
    fer_error error = echo_over_tcp(text, limits);
    if (error.kind == FER_OK) {
        error = send_over_udp(text, limits);
    }
    if (error.kind != FER_OK) {
        char words[FER_ERROR_TEXT_CAP];
        fer_error_format(error, words, sizeof words);
        std::fprintf(stderr, "raii_echo: %s\n", words);
    }
    return error.kind == FER_OK ? 0 : 1;
}
