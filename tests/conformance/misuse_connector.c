/* misuse_connector.c: rule E4: connectors that are NULL, NEW, OPEN or CLOSED, and bad arguments:
 * MISUSE or INVALID_INPUT with os_code 0, and nothing is started. */
#include "ferrule/connector.h"
#include "support/poller_fixture.h"

static fer_connector connector;

static fer_error start(const fer_connect_options *options, fer_poller *poller)
{
    return fer_connector_start(&connector, "127.0.0.1:0", options, NULL, poller, 1);
}

POLLER_TEST("E4", a_connector_needs_good_arguments)
{
    fer_resolver fresh = {0};
    fer_poller closed = {0};
    fer_cancel_token token = {0};
    memset(&connector, 0, sizeof connector);
    assert_own(fer_connector_start(NULL, "127.0.0.1:9", NULL, NULL, poller, 1), FER_MISUSE);
    assert_own(fer_connector_start_host(NULL, "127.0.0.1", 9, NULL, NULL, poller, 1), FER_MISUSE);
    assert_own(fer_connector_start(&connector, NULL, NULL, NULL, poller, 1), FER_MISUSE);
    for (uintptr_t i = 1; i < sizeof connector; i += sizeof connector - 2) {
        assert_own(fer_connector_start(&connector, "127.0.0.1:9", NULL, NULL, poller,
                                       (uintptr_t)&connector + i),
                   FER_INVALID_INPUT);
    }
    assert_own(fer_connector_start_host(&connector, NULL, 9, NULL, NULL, poller, 1), FER_MISUSE);
    assert_own(fer_connector_start(&connector, "127.0.0.1:9", NULL, &fresh, poller, 1), FER_MISUSE);
    assert_own(fer_connector_start(&connector, "localhost:9", NULL, NULL, poller, 1), FER_MISUSE);
    assert_own(fer_connector_start(&connector, "127.0.0.1", NULL, NULL, poller, 1),
               FER_INVALID_INPUT);
    assert_own(start(NULL, NULL), FER_MISUSE);
    assert_own(start(NULL, &closed), FER_MISUSE);
    assert_own(start(&(fer_connect_options){.failures_cap = 1}, poller), FER_MISUSE);
    assert_own(start(&(fer_connect_options){.limits = {.token = &token}}, poller), FER_MISUSE);
    assert_own(start(&(fer_connect_options){.family = (fer_ip_family)9}, poller),
               FER_INVALID_INPUT);
    assert_int_equal(connector.p_.state_, 0);
}

POLLER_TEST("E4", only_an_open_connector_has_a_result)
{
    fer_tcp_stream stream = {0};
    memset(&connector, 0, sizeof connector);
    assert_own(fer_connector_take(NULL, &stream), FER_MISUSE);
    assert_own(fer_connector_take(&connector, &stream), FER_MISUSE);
    fer_connector_close(NULL);
    fer_connector_close(&connector);
    assert_ok(start(NULL, poller));
    assert_own(start(NULL, poller), FER_MISUSE);
    assert_own(fer_connector_take(&connector, NULL), FER_MISUSE);
    fer_connector_close(&connector);
    assert_own(fer_connector_take(&connector, &stream), FER_MISUSE);
    assert_new(&stream);
}

/* E4: no other connector of the new poller is affected. */
POLLER_TEST("E4", connectors_end_after_their_poller_was_closed_and_made_again)
{
    static fer_connector others[2];
    fer_tcp_stream stream = {0};
    memset(&connector, 0, sizeof connector);
    memset(others, 0, sizeof others);
    for (int takes = 0; takes < 2; takes++) {
        assert_ok(start(NULL, poller));
        assert_ok(fer_connector_start(&others[0], "127.0.0.1:0", NULL, NULL, poller, 2));
        fer_poller_close(poller);
        assert_ok(fer_poller_new(poller));
        assert_ok(fer_connector_start(&others[1], "127.0.0.1:0", NULL, NULL, poller, 3));
        if (takes) {
            assert_true(fer_connector_take(&connector, &stream).kind != FER_MISUSE);
        } else {
            fer_connector_close(&connector);
        }
        fer_connector_close(&others[0]);
        fer_event event;
        size_t count = 0;
        assert_ok(fer_poller_wait(poller, millis(1000), &event, 1, &count, NULL));
        assert_true(count == 1 && event.key == 3);
        fer_connector_close(&others[1]);
    }
}

RULE_TESTS("misuse of connectors")
