/* test_posix_resolve.c: platform/posix/resolve.c over a getaddrinfo that answers as musl's: an
 * error for one family is the error of both. platform/posix/thread.c over a pthread_create that
 * creates no thread. Linux only. Rules A1 and N8. */
#include "platform/posix/posix.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "support/group.h"

#define FERP_POSIX_LOOKUP_HIDES_IPV4 true

static int code_of_both;
static int code_of_ipv4;
static int families[2];
static int lookups;
static int errno_of_lookup; /* 0: the lookup leaves errno as it is */

static int musl_getaddrinfo(const char *host, const struct addrinfo *hints, struct addrinfo **out)
{
    int code = hints->ai_family == AF_UNSPEC ? code_of_both : code_of_ipv4;
    families[lookups++] = hints->ai_family;
    if (host != NULL) {
        assert_string_equal(host, "name.example");
    }
    struct addrinfo numeric = *hints;
    numeric.ai_flags = AI_NUMERICHOST;
    errno = errno_of_lookup != 0 ? errno_of_lookup : errno;
    return code != 0 ? code : getaddrinfo("192.0.2.7", NULL, &numeric, out);
}

#define getaddrinfo(host, service, hints, out) musl_getaddrinfo(host, hints, out)
#include "platform/posix/resolve.c"
#undef getaddrinfo

static sigset_t mask_of_created;
static int code_of_create;

/* A new thread inherits the mask of the thread that creates it (pthread_create(3)). */
static int create_nothing(pthread_t *created, const pthread_attr_t *attributes,
                          void *(*run)(void *), const void *argument)
{
    assert_true(attributes != NULL && run != NULL && argument != NULL);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask_of_created), 0);
    return code_of_create;
}

#define pthread_create create_nothing
#include "platform/posix/thread.c"
#undef pthread_create

static fer_error look(int both, int ipv4, ferp_lookup *lookup)
{
    code_of_both = both;
    code_of_ipv4 = ipv4;
    lookups = 0;
    return ferp_lookup_run(lookup, "name.example", FERP_ANY_FAMILY);
}

TEST(an_error_for_ipv6_does_not_hide_ipv4)
{
    static const int codes[] = {EAI_AGAIN, EAI_NONAME, EAI_FAIL};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ferp_lookup lookup = {NULL, NULL};
        fer_socket_addr addr;
        assert_int_equal(look(codes[i], 0, &lookup).kind, FER_OK);
        assert_true(ferp_lookup_next(&lookup, &addr));
        assert_int_equal(addr.ip.family, FER_IP_V4);
        assert_int_equal(addr.ip.u.v4.octets[3], 7);
        assert_false(ferp_lookup_next(&lookup, &addr));
        ferp_lookup_end(&lookup);
        assert_int_equal(lookups, 2);
        assert_int_equal(families[1], AF_INET);
    }
}

TEST(a_name_without_any_address_has_the_first_error)
{
    ferp_lookup lookup = {NULL, NULL};
    assert_int_equal(look(EAI_NONAME, EAI_AGAIN, &lookup).kind, FER_HOST_NOT_FOUND);
    assert_int_equal(lookups, 2);
    assert_int_equal(look(EAI_AGAIN, EAI_NONAME, &lookup).kind, FER_RESOLVE_TRY_AGAIN);
}

TEST(a_lookup_that_succeeds_or_lacks_memory_is_one_call)
{
    ferp_lookup lookup = {NULL, NULL};
    assert_int_equal(look(0, EAI_FAIL, &lookup).kind, FER_OK);
    ferp_lookup_end(&lookup);
    assert_int_equal(lookups, 1);
    assert_int_equal(look(EAI_MEMORY, 0, &lookup).kind, FER_RESOLVE_FAILED);
    assert_int_equal(lookups, 1);
}

TEST(entries_that_are_no_complete_address_are_skipped)
{
    enum { ENTRIES = 5 };
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = 80};
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    struct addrinfo entries[ENTRIES] = {
        {.ai_addrlen = sizeof in6},
        {.ai_addr = (struct sockaddr *)&in6, .ai_addrlen = sizeof in6 - 1},
        {.ai_addr = (struct sockaddr *)&in, .ai_addrlen = sizeof in - 1},
        {.ai_addr = (struct sockaddr *)&other, .ai_addrlen = sizeof other},
        {.ai_addr = (struct sockaddr *)&in, .ai_addrlen = sizeof in}};
    for (size_t i = 1; i < ENTRIES; i++) {
        entries[i - 1].ai_next = &entries[i];
    }
    ferp_lookup lookup = {entries, entries};
    fer_socket_addr addr;
    assert_true(ferp_lookup_next(&lookup, &addr));
    assert_int_equal(addr.ip.family, FER_IP_V4);
    assert_int_equal(addr.port, 0);
    assert_false(ferp_lookup_next(&lookup, &addr));
}

/* glibc answers EAI_NONAME for any name if it can open no socket and no file. */
TEST(a_lack_of_descriptors_is_no_missing_host)
{
    static const int causes[] = {EMFILE, ENFILE, ENOMEM};
    ferp_lookup lookup = {NULL, NULL};
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        errno_of_lookup = causes[i];
        fer_error error = look(EAI_NONAME, EAI_NONAME, &lookup);
        assert_int_equal(error.kind, FER_RESOLVE_FAILED);
        assert_int_equal(error.os_code, causes[i]);
        assert_int_equal(look(EAI_AGAIN, EAI_AGAIN, &lookup).kind, FER_RESOLVE_TRY_AGAIN);
    }
    errno_of_lookup = ENOENT;
    fer_error error = look(EAI_NONAME, EAI_NONAME, &lookup);
    assert_int_equal(error.kind, FER_HOST_NOT_FOUND);
    assert_true(error.os_code < 0);
    errno_of_lookup = 0;
    errno = EMFILE; /* of an earlier call */
    assert_int_equal(look(EAI_NONAME, EAI_NONAME, &lookup).kind, FER_HOST_NOT_FOUND);
}

static fer_error find_service(int code)
{
    uint16_t port = 77;
    code_of_ipv4 = code;
    lookups = 0;
    fer_error error = ferp_service_port("http", FER_TYPE_STREAM, &port);
    assert_int_equal(lookups, 1);
    assert_int_equal(families[0], AF_INET);
    assert_int_equal(port, 77);
    return error;
}

/* glibc and the BSDs report EAI_SERVICE, macOS EAI_NONAME; glibc also without a descriptor. */
TEST(an_unknown_service_has_no_code_and_a_lack_of_descriptors_is_none)
{
    static const int codes[] = {EAI_SERVICE, EAI_NONAME, EAI_NODATA};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fer_error error = find_service(codes[i]);
        assert_int_equal(error.kind, FER_NOT_FOUND);
        assert_int_equal(error.os_code, 0);
    }
    assert_int_equal(find_service(EAI_AGAIN).kind, FER_RESOLVE_TRY_AGAIN);
    errno_of_lookup = EMFILE;
    fer_error error = find_service(EAI_SERVICE);
    errno_of_lookup = 0;
    assert_int_equal(error.kind, FER_RESOLVE_FAILED);
    assert_int_equal(error.os_code, EMFILE);
}

/* N8: "They handle no signal", not even one that arrives before their first instruction. */
TEST(a_thread_is_created_with_all_signals_blocked)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGPIPE, SIGALRM, SIGCHLD, SIGHUP};
    ferp_thread nothing = {NULL, NULL, 0};
    for (code_of_create = 0; code_of_create <= EAGAIN; code_of_create += EAGAIN) {
        sigset_t after;
        fer_error error = ferp_thread_start(&nothing);
        assert_int_equal(error.kind, code_of_create == 0 ? FER_OK : FER_OUT_OF_MEMORY);
        assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
        for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
            assert_int_equal(sigismember(&mask_of_created, signals[i]), 1);
            assert_int_equal(sigismember(&after, signals[i]), 0);
        }
    }
}

TEST_MAIN("posix_resolve")
