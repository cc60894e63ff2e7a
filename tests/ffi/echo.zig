//! Zig with @cImport: a stream and a listener of one program talk over loopback; a poller waits.

const std = @import("std");
const c = @cImport(@cInclude("ferrule.h"));

fn check(e: c.fer_error) !void {
    if (e.kind == c.FER_OK) return;
    var text: [c.FER_ERROR_TEXT_CAP]u8 = undefined;
    _ = c.fer_error_format(e, &text, text.len);
    std.debug.print("{s}\n", .{std.mem.sliceTo(&text, 0)});
    return error.Ferrule;
}

fn assert(condition: bool) void {
    if (!condition) @panic("a value is not as expected");
}

pub fn main() !void {
    // All zero bytes are a handle that is not open yet, and closing it is harmless.
    var listener = std.mem.zeroes(c.fer_tcp_listener);
    var client = std.mem.zeroes(c.fer_tcp_stream);
    var server = std.mem.zeroes(c.fer_tcp_stream);
    var poller = std.mem.zeroes(c.fer_poller);
    defer c.fer_tcp_listener_close(&listener);
    defer c.fer_tcp_stream_close(&client);
    defer c.fer_tcp_stream_close(&server);
    defer c.fer_poller_close(&poller);

    var addr = std.mem.zeroes(c.fer_socket_addr);
    try check(c.fer_tcp_listener_bind(&listener, "127.0.0.1:0"));
    try check(c.fer_tcp_listener_local_addr(&listener, &addr));
    assert(addr.ip.family == c.FER_IP_V4);
    const localhost = c.fer_ipv4_addr_new(127, 0, 0, 1);
    assert(std.mem.eql(u8, &addr.ip.u.v4.octets, &localhost.octets));
    var host_port: [32]u8 = undefined;
    const text = try std.fmt.bufPrintZ(&host_port, "127.0.0.1:{d}", .{addr.port});
    try check(c.fer_tcp_stream_connect(&client, text.ptr));
    try check(c.fer_tcp_listener_accept(&listener, &server, null));

    var events: [4]c.fer_event = undefined;
    var count: usize = 0;
    const both = c.FER_READABLE | c.FER_WRITABLE;
    const event = c.fer_event{ .key = 7, .interest = both, .reserved_ = 0 };
    const forever = c.fer_duration{ .nanos = c.FER_DURATION_NONE_NANOS };
    try check(c.fer_poller_new(&poller));
    const raw = c.fer_tcp_stream_as_raw(&server);
    try check(c.fer_poller_add(&poller, raw, event, c.FER_POLL_LEVEL));
    try check(c.fer_tcp_stream_write_all(&client, "hello", 5, null));
    var found: c.fer_interest = 0;
    while (found & c.FER_READABLE == 0) {
        try check(c.fer_poller_wait(&poller, forever, &events, events.len, &count, null));
        for (events[0..count]) |one| found |= one.interest;
    }
    var buffer: [16]u8 = undefined;
    try check(c.fer_tcp_stream_read(&server, &buffer, buffer.len, &count));
    assert(std.mem.eql(u8, buffer[0..count], "hello"));

    c.fer_tcp_stream_close(&server);
    assert(c.fer_tcp_stream_as_raw(&server) == c.FER_RAW_SOCKET_NONE);
    assert(c.fer_tcp_stream_connect(&server, "127.0.0.1").kind == c.FER_INVALID_INPUT);
    std.debug.print("zig: ok\n", .{});
}
