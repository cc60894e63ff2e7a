#!/usr/bin/env python3
"""Tests the pages of a site in headless Chromium: the searches, filters, without JavaScript, the width
of a phone, contrast of colours. Writes screenshots.

usage: check_pages.py SITE SCREENSHOTS
"""

import pathlib
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
import browser

PHONE = 360
DESK = 1280
SHOWN_ROWS = "[...document.querySelectorAll('.entry.row:not([hidden])')]"
SHOWN_RULES = "[...document.querySelectorAll('.entry.rule-text:not([hidden])')]"
ALL_SYSTEMS = ["linux", "macos", "freebsd", "netbsd", "openbsd", "windows", "rust"]
SHOTS = (("index.html", DESK, False), ("index.html", 390, True), ("differences.html", 1440, False),
         ("differences.html", 1440, True), ("differences.html", 390, False),
         ("differences.html?q=10054&systems=windows", DESK, True), ("tcp.h.html", DESK, True),
         ("tcp.h.html", 390, False), ("states.html", DESK, False), ("porting.html", DESK, True),
         ("simulation.html", 390, False), ("reference.html", DESK, False),
         ("search.html?q=unblock+accept", 390, True))


class Failures:
    def __init__(self):
        self.count = 0
        self.checks = 0

    def expect(self, is_true, text):
        self.checks += 1
        if not is_true:
            self.count += 1
            print("FAILED: " + text)


def type_query(page, query, form="filters"):
    page.run("(() => { const form = document.getElementById('%s');"
             "form.elements.q.value = %r;"
             "form.elements.q.dispatchEvent(new Event('input', {bubbles: true})); })()" % (form, query))


def choose(page, systems, kind):
    """Clicks the boxes and sets the list as a reader does."""
    page.run("""(() => { const form = document.getElementById('filters');
        for (const box of form.querySelectorAll('input[name=system]')) {
            if (box.checked !== %s.includes(box.value)) box.click();
        }
        form.elements.kind.value = '%s';
        form.elements.kind.dispatchEvent(new Event('input', {bubbles: true})); })()"""
             % (list(systems), kind))


def check_search(page, check, site):
    page.look(DESK)
    page.open(site / "differences.html")
    total = page.run(SHOWN_ROWS + ".length")
    check.expect(total > 150, "the page of differences has its rows, not %d" % total)
    type_query(page, "10054 Windows")
    texts = page.run(SHOWN_ROWS + ".map((row) => (row.textContent + row.dataset.words).toLowerCase())")
    check.expect(0 < len(texts) < total, "a search shows some rows")
    check.expect(all("10054" in text and "windows" in text for text in texts),
                 "each row that a search shows has all of its words")
    hidden = page.run("[...document.querySelectorAll('.entry.row[hidden]')]"
                      ".filter((row) => /10054/.test(row.textContent) && /windows/i.test(row.textContent)).length")
    check.expect(hidden == 0, "a search hides no row that has its words")
    check.expect("q=10054" in page.run("location.search"), "the search is in the address")
    check.expect(page.run("document.querySelector('output[name=count]').value").startswith(
        "%d of %d rows" % (len(texts), total)), "the number of rows is stated")
    type_query(page, "xyzzy plugh")
    check.expect(page.run(SHOWN_ROWS + ".length") == 0
                 and page.run("!document.getElementById('nothing').hidden"),
                 "a search without a result says so")
    page.run("document.querySelector('#filters button[type=reset]').click()")
    page.run("new Promise((resolve) => setTimeout(resolve))")
    check.expect(page.run(SHOWN_ROWS + ".length") == total, "the button shows all rows again")


def shown_ids(page, query):
    type_query(page, query)
    return page.run(SHOWN_ROWS + ".concat(" + SHOWN_RULES + ").map((entry) => entry.id)")


def check_words(page, check, site):
    """Words that a row does not contain, and searches that no row matches."""
    page.look(DESK)
    page.open(site / "differences.html")
    is_closest = "!document.getElementById('closest').hidden"
    for word, column in (("linux", "td.linux"), ("windows", "td.windows"), ("macos", ".bsds .macos"),
                         ("freebsd", ".bsds .freebsd"), ("netbsd", ".bsds .netbsd"),
                         ("openbsd", ".bsds .openbsd"), ("bsd", ".bsds .netbsd"),
                         ("rust", "td.rust")):
        type_query(page, word)
        missing = page.run("[...document.querySelectorAll('.compare .row[hidden]')].filter((row) =>"
                           "row.querySelector('%s:not(:empty)')).map((row) => row.id)" % column)
        check.expect(not missing, "'%s' hides rows with a cell of it: %s" % (word, missing[:5]))
    for one, other in (("FER_TIMED_OUT", "timed_out"), ("half-close", "halfclose")):
        found = shown_ids(page, one)
        check.expect(found and found == shown_ids(page, other) and not page.run(is_closest),
                     "'%s' finds the same as '%s'" % (one, other))
    for number, name in ((10035, "EWOULDBLOCK"), (10048, "EADDRINUSE"), (10054, "ECONNRESET"),
                         (10060, "ETIMEDOUT"), (10061, "ECONNREFUSED"), (10040, "EMSGSIZE")):
        has = page.run("[...document.querySelectorAll('.entry.row')].filter((row) =>"
                       r"/\b(%d|(WSA)?%s)\b/.test(row.textContent)).map((row) => row.id)" % (number, name))
        for query in (str(number), name, "WSA" + name):
            check.expect(has and set(has) <= set(shown_ids(page, query)) and not page.run(is_closest),
                         "'%s' finds every row of %d and of %s" % (query, number, name))
    for query in ("stop blocked accept", "wake accept thread", "unblock accept"):
        check.expect("K7" in shown_ids(page, query) and not page.run(is_closest),
                     "'%s' finds rule K7" % query)
    found = shown_ids(page, "SIGPIPE xyzzy")
    check.expect(found and found == shown_ids(page, "SIGPIPE"),
                 "without a row that has all words, those with the most are shown")
    type_query(page, "SIGPIPE xyzzy")
    check.expect(page.run(is_closest) and "1 of them" in page.run(
        "document.getElementById('closest').textContent"), "such a result is stated")
    type_query(page, "SIGPIPE")
    check.expect(not page.run(is_closest), "a result with all words is not called an approximate one")


def check_calls(page, check, site):
    """The reference is found by the calls of other libraries."""
    page.look(DESK)
    page.open(site / "reference.html")
    for call, name in (("getaddrinfo", "fer_to_socket_addrs"), ("getaddrinfo", "fer_tcp_stream_connect"),
                       ("setsockopt", "fer_tcp_stream_set_nodelay"), ("sendto", "fer_udp_socket_send_to"),
                       ("recvfrom", "fer_udp_socket_recv_from"), ("closesocket", "fer_tcp_stream_close"),
                       ("WSAPoll", "fer_poller_wait"), ("epoll_ctl", "fer_poller_add")):
        type_query(page, call, "names-filter")
        found = page.run("[...document.querySelectorAll('.functions .entry:not([hidden]) th')]"
                         ".map((cell) => cell.textContent)")
        check.expect(name in found and len(found) < 100, "'%s' finds %s" % (call, name))
        check.expect(page.run("document.getElementById('no-names').hidden"),
                     "a search with a result has no message")
    type_query(page, "10054", "names-filter")
    check.expect(page.run("document.getElementById('no-names').checkVisibility()"),
                 "a search of functions without a result says so")
    check.expect(page.run("document.querySelector('#no-names a').href").endswith("differences.html?q=10054"),
                 "and links the same search of the differences")


# What people search, and an address that must be among the first results.
SEARCHES = (("unblock accept", "differences.html#K7"), ("connect timeout", "tcp.h.html#fer_tcp_stream_connect_timeout"),
            ("WSAECONNRESET", "differences.html#S5-reset"), ("getaddrinfo", "resolve.h.html#fer_to_socket_addrs"),
            ("fer_poller_wait", "poller.h.html#fer_poller_wait"), ("TcpStream::peek", "tcp.h.html#fer_tcp_stream_peek"),
            ("Meson", "packages.html#meson"), ("license", "src/LICENSE-MIT.html"), ("T5", "differences.html#T5"),
            ("fuzzing", "fuzzing.html#fuzzing"), ("half-close", "differences.html#S4"))
RESULTS = "[...document.querySelectorAll('#results a')].map((link) => link.getAttribute('href'))"


def check_search_of_all(page, check, site):
    """The search in the bar of each page, and its page of results."""
    page.look(DESK)
    page.open(site / "src/LICENSE-MIT.html")
    check.expect(page.run("document.querySelector('.find').checkVisibility()"),
                 "every page has the search")
    page.events = []
    page.run("(() => { const form = document.querySelector('.find');"
             "form.elements.q.value = 'connect timeout'; form.requestSubmit(); })()")
    page.wait_for("Page.loadEventFired")
    check.expect(page.run("location.pathname").endswith("/search.html") and page.run(RESULTS),
                 "the search of a page opens the page of results")
    for query, address in SEARCHES:
        type_query(page, query, "search")
        check.expect(address in page.run(RESULTS)[:10], "'%s' finds %s" % (query, address))
    type_query(page, "SIGPIPE xyzzy", "search")
    check.expect(page.run(RESULTS) and "1 of 2 words" in page.run(
        "document.querySelector('output[name=count]').value"), "an approximate result is stated")
    type_query(page, "xyzzy", "search")
    check.expect(page.run(RESULTS) == [] and page.run(
        "document.querySelector('output[name=count]').value") == "0 results", "no result is stated")
    type_query(page, "<img src=x onerror=alert(1)>", "search")
    check.expect(page.run("document.querySelectorAll('#results img').length") == 0,
                 "the query is no HTML")
    targets = page.run("window.ferruleIndex.sections.map((section) =>"
                       "window.ferruleIndex.pages[section[0]][0] + (section[1] ? '#' + section[1] : ''))")
    for address in targets:
        name, _, anchor = address.partition("#")
        text = (site / name).read_text(encoding="utf-8")
        if anchor and 'id="%s"' % anchor not in text:
            check.expect(False, "the index has %s, which does not exist" % address)
    check.expect(len(targets) > 900, "the index has the sections, not %d" % len(targets))


def check_folded(page, check, site):
    """The headings of a page are beside it, or closed under its title."""
    for width, is_folded in ((PHONE, True), (768, True), (DESK, False)):
        page.look(width)
        page.open(site / "porting.html")
        check.expect(page.run("document.querySelector('h1 + .folded').checkVisibility()") == is_folded
                     and page.run("document.querySelector('.contents').checkVisibility()") != is_folded
                     and page.run("!document.querySelector('.folded').open"),
                     "at %d the headings are under the title: %s" % (width, is_folded))
        page.run("document.querySelector('.folded').open = true")
        check.expect(page.run("document.querySelector('.folded a').checkVisibility()") == is_folded,
                     "at %d the list under the title opens: %s" % (width, is_folded))


def check_filters(page, check, site):
    page.look(DESK)
    page.open(site / "differences.html")
    total = page.run(SHOWN_ROWS + ".length")
    choose(page, ["windows"], "")
    check.expect(page.run(SHOWN_ROWS + ".every((row) => row.dataset.systems.split(' ').includes('windows'))"),
                 "the filter of one system shows only rows of it")
    check.expect(0 < page.run(SHOWN_ROWS + ".length") < total, "the filter of a system hides rows")
    for name, is_shown in (("linux", False), ("bsds", False), ("rust", False), ("windows", True)):
        visible = page.run("document.querySelector('.compare .row:not([hidden]) td.%s')"
                           ".checkVisibility()" % name)
        check.expect(visible == is_shown, "the column %s is shown: %s" % (name, is_shown))
    choose(page, ["netbsd"], "")
    check.expect(page.run(SHOWN_ROWS + ".every((row) => row.dataset.systems.split(' ').includes('netbsd'))"),
                 "the filter of one BSD shows only rows of it")
    cells = "[...document.querySelectorAll('.compare .row:not([hidden]) .bsds div')]"
    check.expect(page.run(cells + ".every((group) => group.checkVisibility() === group.classList.contains('netbsd'))"),
                 "and of the BSDs only what it does")
    choose(page, ALL_SYSTEMS, "reported")
    linked = page.run(SHOWN_ROWS + ".filter((row) => row.querySelector('a.to-reported')).length")
    check.expect(linked > 20, "reported rows link their reports: %d" % linked)
    check.expect(page.run(SHOWN_ROWS + ".every((row) => row.querySelector('[data-kinds~=reported]'))"),
                 "the filter of what was reported shows only such rows")
    counts = []
    for kind in page.run("[...document.querySelectorAll('select option')].map((option) => option.value)"):
        choose(page, ALL_SYSTEMS, kind)
        counts.append(page.run(SHOWN_ROWS + ".length"))
    check.expect(all(0 < count < total for count in counts[1:]) and counts[0] == total,
                 "each kind of source has rows: %s" % counts)


def check_addresses(page, check, site):
    page.look(DESK)
    page.open(site / "differences.html", "?q=SIGPIPE")
    check.expect(0 < page.run(SHOWN_ROWS + ".length") < 20 and page.run(SHOWN_RULES + ".length") > 0,
                 "an address with a search shows its result")
    page.open(site / "differences.html", "?q=SIGPIPE#early_close_loses")
    check.expect(page.run("document.getElementById('early_close_loses').checkVisibility()"),
                 "a link to a row shows it, whatever the search is")
    page.open(site / "reference.html")
    total = page.run("document.querySelectorAll('.functions .entry:not([hidden])').length")
    type_query(page, "TcpStream::peek", "names-filter")
    found = page.run("[...document.querySelectorAll('.functions .entry:not([hidden]) th')]"
                     ".map((cell) => cell.textContent)")
    check.expect("fer_tcp_stream_peek" in found and len(found) < total,
                 "a function is found by its name in Rust")


def check_without_script(page, check, site):
    page.look(DESK, has_script=False)
    page.open(site / "differences.html")
    check.expect(page.run("!document.getElementById('filters').checkVisibility()"),
                 "without JavaScript there are no controls")
    check.expect(page.run("[...document.querySelectorAll('.entry')].every((entry) => entry.checkVisibility())"),
                 "without JavaScript everything is shown")
    page.open(site / "search.html")
    check.expect(page.run("document.querySelector('noscript').checkVisibility()")
                 and not page.run("document.querySelector('#search').checkVisibility()"),
                 "without JavaScript the search says that it needs it")


def check_widths(page, check, site, names):
    for width in (PHONE, 768, DESK):
        page.look(width, has_script=True)
        for name in names:
            page.open(site / name)
            wide = page.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            check.expect(wide <= 0, "%s is %d pixels too wide at %d" % (name, wide, width))


# The contrast of two colours (WCAG 2.2, "Contrast (Minimum)").
CONTRAST = """((front, back) => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const light = (name) => {
        canvas.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => {
            const part = value / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [a, b] = [light(front), light(back)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
})('--%s', '--%s')"""


def check_contrast(page, check, site):
    fronts = ("ink", "faint", "link", "doc", "rep", "seen", "assumed", "keyword", "string", "comment",
              "number")
    for is_dark in (False, True):
        page.look(DESK, is_dark=is_dark)
        page.open(site / "index.html")
        for front in fronts:
            for back in ("paper", "code", "panel", "target"):
                ratio = page.run(CONTRAST % (front, back))
                check.expect(ratio >= 4.5, "contrast of %s on %s, %s: %.2f" % (
                    front, back, "dark" if is_dark else "light", ratio))


def take_screenshots(page, site, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, width, is_dark) in enumerate(SHOTS):
        page.look(width, 1000, is_dark)
        file, _, query = name.partition("?")
        page.open(site / file, "?" + query if query else "")
        page.screenshot(folder / ("%02d-%s-%d-%s.png" % (
            number, file[:-5], width, "dark" if is_dark else "light")))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    site = pathlib.Path(sys.argv[1])
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    check = Failures()
    try:
        with browser.Browser() as page:
            check_search(page, check, site)
            check_words(page, check, site)
            check_calls(page, check, site)
            check_search_of_all(page, check, site)
            check_folded(page, check, site)
            check_filters(page, check, site)
            check_addresses(page, check, site)
            check_without_script(page, check, site)
            check_widths(page, check, site, names)
            check_contrast(page, check, site)
            take_screenshots(page, site, pathlib.Path(sys.argv[2]))
    except browser.BrowserError as error:
        sys.exit("check_pages.py: %s" % error)
    if check.count:
        sys.exit("check_pages.py: %d of %d checks failed" % (check.count, check.checks))
    print("check_pages.py: %d checks of %d pages; screenshots in %s" % (
        check.checks, len(names), sys.argv[2]))


if __name__ == "__main__":
    main()
