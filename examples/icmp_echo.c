/* icmp_echo.c: sends an ICMP echo request (RFC 792; RFC 4443, section 4) through a raw socket and
 * prints the reply as ping does.
 *
 * usage: icmp_echo [-6] [ADDRESS]  an IP address; the default is loopback, of IPv6 with -6
 *
 * Raw sockets need a privilege. Without it the program reports the error and uses a datagram socket
 * of the same protocol, which Linux (net.ipv4.ping_group_range) and macOS may allow to every user.
 * If neither is allowed, the exit code is 77. */
#include "example_os.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ferrule.h"

enum {
    HEADER = 8,
    TEXT = 32,
    WAIT_SECONDS = 2,
    PACKETS_MAX = 1000,
    SEQUENCE = 1,
    EXIT_NOT_ALLOWED = 77
};
enum { ECHO_REPLY_V4 = 0, ECHO_REQUEST_V4 = 8, ECHO_REQUEST_V6 = 128, ECHO_REPLY_V6 = 129 };

struct echo {
    fer_socket socket;
    fer_socket_addr to;
    bool is_v6;
    bool is_raw;
    uint16_t id;
    uint8_t packet[HEADER + TEXT];
};

static void put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint16_t get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* RFC 1071. The sum over a packet with a correct checksum is 0. */
static uint16_t checksum(const uint8_t *bytes, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    }
    while (sum > 0xFFFF) {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

/* The checksum of ICMPv6 also covers addresses that only the system has, so the system writes and
 * checks it (RFC 3542, section 3.1). */
static void fill_request(struct echo *echo)
{
    static const char text[] = "ICMP echo request 0123456789abcd";
    uint8_t *packet = echo->packet;
    packet[0] = echo->is_v6 ? ECHO_REQUEST_V6 : ECHO_REQUEST_V4;
    put_u16(packet + 4, echo->id);
    put_u16(packet + 6, SEQUENCE);
    memcpy(packet + HEADER, text, TEXT);
    put_u16(packet + 2, echo->is_v6 ? 0 : checksum(packet, sizeof echo->packet));
}

static void print_error(const char *what, fer_error error)
{
    char text[FER_ERROR_TEXT_CAP];
    fer_error_format(error, text, sizeof text);
    fprintf(stderr, "icmp_echo: %s: %s\n", what, text);
}

static fer_error open_socket(struct echo *echo)
{
    fer_domain domain = echo->is_v6 ? FER_DOMAIN_IPV6 : FER_DOMAIN_IPV4;
    int protocol = echo->is_v6 ? FER_PROTOCOL_ICMPV6 : FER_PROTOCOL_ICMP;
    fer_error error = fer_socket_new(&echo->socket, domain, FER_TYPE_RAW, protocol);
    echo->is_raw = error.kind == FER_OK;
    if (error.kind != FER_PERMISSION_DENIED) {
        return error;
    }
    print_error("raw socket", error);
    return fer_socket_new(&echo->socket, domain, FER_TYPE_DGRAM, protocol);
}

/* An IPv4 raw socket also returns the IP header. Its length is 4 bytes times the low four bits of
 * the first byte. No ICMP type that is expected here begins like an IPv4 header. */
static const uint8_t *skip_ip_header(const uint8_t *bytes, size_t *len, int *ttl)
{
    size_t header = (size_t)(bytes[0] & 0xF) * 4;
    if (*len < 20 || bytes[0] >> 4 != 4 || header > *len) {
        return bytes;
    }
    *ttl = bytes[8];
    *len -= header;
    return bytes + header;
}

/* Whether the packet is the reply. On loopback a raw socket also receives its own request, and
 * every raw socket receives all packets. The system chooses a datagram socket's id, and delivers
 * only the replies with this id. */
static bool is_reply(const struct echo *echo, const uint8_t *packet, size_t len)
{
    if (len != sizeof echo->packet || packet[0] != (echo->is_v6 ? ECHO_REPLY_V6 : ECHO_REPLY_V4) ||
        packet[1] != 0) {
        return false;
    }
    bool is_ours =
        get_u16(packet + 6) == SEQUENCE && (!echo->is_raw || get_u16(packet + 4) == echo->id);
    return is_ours && memcmp(packet + HEADER, echo->packet + HEADER, TEXT) == 0 &&
           (echo->is_v6 || checksum(packet, len) == 0);
}

static void print_reply(const fer_udp_received *got, size_t len, int ttl)
{
    char text[FER_SOCKET_ADDR_TEXT_CAP];
    fer_ip_addr_format(got->from.ip, text, sizeof text);
    printf("%u bytes from %s: icmp_seq=%d", (unsigned)len, text, SEQUENCE);
    if (ttl > 0) {
        printf(" ttl=%d", ttl);
    }
    printf("\n");
}

static fer_error send_and_wait(struct echo *echo)
{
    uint8_t buf[1500];
    fer_udp_received got;
    FER_TRY(fer_socket_set_read_timeout(&echo->socket, fer_duration_from_secs(WAIT_SECONDS)));
    FER_TRY(fer_socket_send_to(&echo->socket, echo->packet, sizeof echo->packet, &echo->to, NULL));
    for (int i = 0; i < PACKETS_MAX; i++) {
        int ttl = 0;
        FER_TRY(fer_socket_recv_from(&echo->socket, buf, sizeof buf, &got));
        size_t len = got.len;
        const uint8_t *packet = echo->is_v6 || len == 0 ? buf : skip_ip_header(buf, &len, &ttl);
        if (is_reply(echo, packet, len)) {
            print_reply(&got, len, ttl);
            return FER_ERROR_OK;
        }
    }
    return (fer_error){FER_TIMED_OUT, 0};
}

static bool parse_arguments(struct echo *echo, int argc, char **argv)
{
    fer_ip_addr ip;
    int at = 1;
    if (at < argc && strcmp(argv[at], "-6") == 0) {
        echo->is_v6 = true;
        at++;
    }
    const char *text = at < argc ? argv[at] : echo->is_v6 ? "::1" : "127.0.0.1";
    if (at + 1 < argc || fer_ip_addr_parse(&ip, text).kind != FER_OK ||
        (ip.family == FER_IP_V6) != echo->is_v6) {
        return false;
    }
    echo->to = fer_socket_addr_new(ip, 0); /* ICMP has no ports */
    return true;
}

int main(int argc, char **argv)
{
    struct echo echo = {.id = 0};
    if (!parse_arguments(&echo, argc, argv)) {
        fprintf(stderr, "usage: icmp_echo [-6] [ADDRESS]\n");
        return 2;
    }
    if (!example_random(&echo.id)) { /* distinguishes concurrent programs */
        fprintf(stderr, "icmp_echo: cannot get a random number\n");
        return 1;
    }
    fill_request(&echo);
    fer_error error = open_socket(&echo);
    if (error.kind != FER_OK) {
        print_error("socket", error);
        return error.kind == FER_PERMISSION_DENIED || error.kind == FER_UNSUPPORTED
                   ? EXIT_NOT_ALLOWED
                   : 1;
    }
    error = send_and_wait(&echo);
    fer_socket_close(&echo.socket);
    if (error.kind != FER_OK) {
        print_error("echo", error);
        return 1;
    }
    return 0;
}
