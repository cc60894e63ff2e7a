/* test_posix_resolve.c: platform/posix/resolve.c over a getaddrinfo that answers as musl's: an
 * error for one family is the error of both. Linux only. Rule A1. */
#include "platform/posix/posix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <netdb.h>
#include <string.h>

#define FERP_POSIX_LOOKUP_HIDES_IPV4 true

static int code_of_both;
static int code_of_ipv4;
static int families[2];
static int lookups;

static int musl_getaddrinfo(const char *host, const struct addrinfo *hints, struct addrinfo **out)
{
    int code = hints->ai_family == AF_UNSPEC ? code_of_both : code_of_ipv4;
    families[lookups++] = hints->ai_family;
    assert_string_equal(host, "name.example");
    struct addrinfo numeric = *hints;
    numeric.ai_flags = AI_NUMERICHOST;
    return code != 0 ? code : getaddrinfo("192.0.2.7", NULL, &numeric, out);
}

#define getaddrinfo(host, service, hints, out) musl_getaddrinfo(host, hints, out)
#include "platform/posix/resolve.c"
#undef getaddrinfo

static fer_error look(int both, int ipv4, ferp_lookup *lookup)
{
    code_of_both = both;
    code_of_ipv4 = ipv4;
    lookups = 0;
    return ferp_lookup_begin(lookup, "name.example");
}

static void an_error_for_ipv6_does_not_hide_ipv4(void **state)
{
    static const int codes[] = {EAI_AGAIN, EAI_NONAME, EAI_FAIL};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ferp_lookup lookup;
        fer_socket_addr addr;
        assert_int_equal(look(codes[i], 0, &lookup).kind, FER_OK);
        assert_true(ferp_lookup_next(&lookup, &addr));
        assert_int_equal(addr.ip.family, FER_IP_V4);
        assert_int_equal(addr.ip.v4.octets[3], 7);
        assert_false(ferp_lookup_next(&lookup, &addr));
        ferp_lookup_end(&lookup);
        assert_int_equal(lookups, 2);
        assert_int_equal(families[1], AF_INET);
    }
}

static void a_name_without_any_address_has_the_first_error(void **state)
{
    ferp_lookup lookup;
    (void)state;
    assert_int_equal(look(EAI_NONAME, EAI_AGAIN, &lookup).kind, FER_HOST_NOT_FOUND);
    assert_int_equal(lookups, 2);
    assert_int_equal(look(EAI_AGAIN, EAI_NONAME, &lookup).kind, FER_RESOLVE_TRY_AGAIN);
}

static void a_lookup_that_succeeds_or_lacks_memory_is_one_call(void **state)
{
    ferp_lookup lookup;
    (void)state;
    assert_int_equal(look(0, EAI_FAIL, &lookup).kind, FER_OK);
    ferp_lookup_end(&lookup);
    assert_int_equal(lookups, 1);
    assert_int_equal(look(EAI_MEMORY, 0, &lookup).kind, FER_RESOLVE_FAILED);
    assert_int_equal(lookups, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_for_ipv6_does_not_hide_ipv4),
        cmocka_unit_test(a_name_without_any_address_has_the_first_error),
        cmocka_unit_test(a_lookup_that_succeeds_or_lacks_memory_is_one_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
