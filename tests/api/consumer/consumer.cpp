// consumer.cpp: the same from C++17: the headers are C++ too, and the functions have C names.
#include <cstdio>
#include <string>

#include <ferrule.hpp>

int main()
{
    fer_tcp_listener listener{};
    fer_tcp_stream client{};
    fer_socket_addr addr{};
    char text[FER_SOCKET_ADDR_TEXT_CAP];

    fer_error err = fer_tcp_listener_bind(&listener, "127.0.0.1:0");
    if (err.kind == FER_OK) {
        err = fer_tcp_listener_local_addr(&listener, &addr);
    }
    if (err.kind == FER_OK) {
        (void)fer_socket_addr_format(&addr, text, sizeof text);
        err = fer_tcp_stream_connect_timeout(&client, &addr, fer_duration_from_secs(5));
    }
    const std::string name = fer_error_kind_name(err.kind);
    const fer_duration never = fer_instant_duration_since(FER_INSTANT_NONE, fer_instant_now());
    fer_tcp_stream_close(&client);
    /* The C++ headers are installed too. */
    const bool has_stream = ferrule::tcp_stream::connect_addr(addr).error().kind == FER_OK;
    fer_tcp_listener_close(&listener);
    std::printf("ferrule %s from C++: %s\n", fer_version(), name.c_str());
    return name == "Ok" && has_stream && never.nanos == FER_DURATION_NONE_NANOS ? 0 : 1;
}
