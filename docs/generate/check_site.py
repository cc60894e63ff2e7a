#!/usr/bin/env python3
"""Checks a site: each local link and anchor exists. With SCREENSHOTS it also tests the pages in headless Chromium:
the reference, the differences, the search, without JavaScript, the width of a phone, and that nothing is loaded from
elsewhere.

usage: check_site.py SITE [SCREENSHOTS]
"""

import functools
import html.parser
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--enable-logging=stderr")
WAIT_SECONDS = 300  # for all tests, on a busy machine
# The pages of the screenshot, and their widths.
SHOTS = (("index.html", 1100), ("index.html", 390), ("docs/differences/S.html#s5-reset", 1300),
         ("docs/STATE.html#write-half", 1100),
         ("include/ferrule/tcp.h.html#fer_tcp_stream_connect", 1100),
         ("include/ferrule/tcp.h.html#fer_tcp_stream_connect", 390), ("search.html?q=fer_poller_wait", 1100))
# The page of the tests, which opens the others in a frame.
TESTS = r"""<!DOCTYPE html><title>tests</title><body><script>
const failures = [];
let count = 0;
function expect(isTrue, text) {
    count++;
    if (!isTrue) failures.push(text);
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function open(address, width, hasScript) {
    const frame = document.createElement("iframe");
    Object.assign(frame, {width, height: 800, src: "/" + address});
    if (!hasScript) frame.sandbox = "allow-same-origin";
    document.body.replaceChildren(frame);
    await new Promise((resolve) => { frame.onload = resolve; });
    return frame;
}
const all = (frame, selector) => [...frame.contentDocument.querySelectorAll(selector)];

async function testPage(page, hasScript) {
    const frame = await open(page, 360, hasScript);
    const loaded = frame.contentWindow.performance.getEntriesByType("resource").map((entry) => entry.name);
    expect(loaded.every((name) => name.startsWith(location.origin)), `${page} loads ${loaded}`);
    const hidden = all(frame, "[role=main] :is(h1, h2, h3, p, li, td, dd)").find((element) => !element.checkVisibility());
    expect(!hidden, `${page} hides ${hidden && hidden.textContent}, script: ${hasScript}`);
    const narrow = all(frame, "td").find((cell) => cell.offsetWidth < 60);
    expect(!narrow, `${page} has a narrow cell: ${narrow && narrow.textContent}, script: ${hasScript}`);
    for (const width of [360, 768, 1280]) {
        frame.width = width;
        const wide = frame.contentDocument.documentElement.scrollWidth;
        expect(wide <= width, `${page} is ${wide} pixels wide at ${width}, script: ${hasScript}`);
        const cut = all(frame, width === 360 ? "pre" : width === 1280 ? "table" : "none")
            .find((element) => element.scrollWidth > element.clientWidth + 1 || element.getBoundingClientRect().right > width);
        expect(!cut, `${page} at ${width} cuts ${cut && cut.textContent.slice(0, 60)}`);
    }
}

/* Each function of the table has its entry, with all slots. */
async function testReference() {
    const functions = all(await open("include/ferrule/index.html", 1280, false), "td:first-child code")
        .map((code) => code.parentElement.getAttribute("href"));
    expect(functions.length > 300, `the reference has all functions, not ${functions.length}`);
    let frame, shown = "";
    for (const [page, name] of functions.map((address) => address.split("#"))) {
        if (page !== shown) frame = await open("include/ferrule/" + (shown = page), 1280, false);
        let element = frame.contentDocument.getElementById(name);
        while (element && element.tagName !== "DL") element = element.nextElementSibling;
        const slots = element ? [...element.querySelectorAll("dd")].filter((slot) => slot.textContent.trim())
            .map((slot) => slot.previousElementSibling.textContent) : [];
        expect(String(slots) === "Blocks,Owns,Errors,Rust,Threads", `${name} has all slots, not ${slots}`);
    }
}

async function testDifferences() {
    for (const [page, anchor] of [["RULES", "K7"], ["differences/S", "s5-reset"],
                                  ["differences/not_reconciled", "early_close_loses"]]) {
        const frame = await open(`docs/${page}.html#${anchor}`, 1280, true);
        await sleep(100);
        const top = frame.contentDocument.getElementById(anchor).getBoundingClientRect().top;
        expect(top > -100 && top < 700, `the address of ${anchor} shows it, not ${top}`);
        const reports = all(frame, "li a[href*='/issues/']").length;
        expect(!page.endsWith("reconciled") || reports > 50, "reports are links");
    }
    const frame = await open("docs/differences/S.html", 1280, true);
    const select = all(frame, "select")[0];
    for (const [name, shown] of [["Windows", "Windows"], ["FreeBSD", "macOS,FreeBSD"],
                                 ["all systems", "Linux,Windows,macOS,FreeBSD,NetBSD,OpenBSD"]]) {
        select.value = name;
        select.dispatchEvent(new Event("change"));
        let list = frame.contentDocument.getElementById("s2-read-after-own-shutdown");
        while (list.tagName !== "UL") list = list.nextElementSibling;
        const names = [...list.children].filter((item) => item.checkVisibility())
            .map((item) => item.firstElementChild.textContent).filter((label) => !/ferrule|cost|Rust/.test(label));
        expect(String(names) === shown, `the choice of ${name} shows ${shown}, not ${names}`);
    }
}

async function testSearch(searches) {
    const frame = await open("search.html?q=" + searches[0][0], 1280, true);
    const results = () => all(frame, "#mkdocs-search-results a").map((link) => link.getAttribute("href"));
    for (const [query, address] of searches) {
        const input = frame.contentDocument.getElementById("mkdocs-search-query");
        if (input.value !== query) {
            input.value = query;
            input.dispatchEvent(new Event("keyup"));
        }
        const isFound = () => results().slice(0, 10).some((result) => result.endsWith(address));
        for (let i = 0; i < 300 && !isFound(); i++) await sleep(50);
        expect(isFound(), `'${query}' finds ${address}, not ${results().slice(0, 10)}`);
    }
}

async function testMenu() {
    const frame = await open("index.html", 360, true);
    await sleep(500);  // The theme's script begins after the load.
    all(frame, "[data-toggle=wy-nav-top]").find((button) => button.checkVisibility()).click();
    await sleep(500);
    const box = all(frame, "input[name=q]")[0].getBoundingClientRect();
    expect(box.left >= 0 && box.right <= 360, `on a phone a button shows the menu, at ${box.left} to ${box.right}`);
}

onload = async () => {
    try {
        const [pages, searches] = INPUT;
        for (const page of pages) {
            for (const hasScript of [true, false]) await testPage(page, hasScript);
        }
        await testReference();
        await testDifferences();
        await testSearch(searches);
        await testMenu();
    } catch (error) {
        failures.push(String(error));
    }
    await fetch("/result", {method: "POST", body: JSON.stringify({count, failures})});
};
</script>"""
# What people search, and an address that must be among the first ten results.
SEARCHES = (("fer_poller_wait", "poller.h.html#fer_poller_wait"), ("Meson", "docs/PACKAGES.html#meson"),
            ("connect timeout", "tcp.h.html#fer_tcp_stream_connect_timeout"),
            ("TcpStream peek", "tcp.h.html#fer_tcp_stream_peek"), ("getaddrinfo", "docs/PORTING.html#from-bsd-sockets"),
            ("10054", "docs/differences/S.html"), ("fuzzing", "docs/FUZZING.html#fuzzing"),
            ("getting started", "docs/index.html#getting-started"), ("ownership", "docs/index.html#ownership"),
            ("timeouts", "docs/index.html#timeouts-and-deadlines"), ("thread safety", "docs/index.html#thread-safety"),
            ("cancel", "docs/index.html#cancel-a-call-stop-a-thread"), ("errors", "docs/index.html#errors"))


class Reader(html.parser.HTMLParser):
    """The anchors of a page, and the addresses that it links or loads."""

    def __init__(self, text):
        super().__init__()
        self.ids = []
        self.links = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name in ("href", "src")]


def check_links(site, pages):
    """The number of links, and what is wrong."""
    problems = ["%s: two elements are called %s" % (path, name) for path, page in pages.items()
                for name in set(page.ids) if page.ids.count(name) > 1]
    for path, page in pages.items():
        for address in page.links:
            if re.match(r"https://[\w.-]+\.\w+(?:/|$)", address):
                continue
            target, _, fragment = map(urllib.parse.unquote, address.partition("#"))
            file = (path.parent / target).resolve() if target else path
            if not file.is_file() or fragment and fragment not in pages[file].ids:
                problems.append("%s: no such page or anchor: %s" % (path.relative_to(site), address))
    return sum(len(page.links) for page in pages.values()), problems


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the site, and the tests with what they need."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path not in self.server.given:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.given[self.path].encode())

    def do_POST(self):
        self.server.result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.done.set()


def check_pages(site, names, screenshots):
    """The number of tests, and what is wrong."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        sys.exit("check_site.py: there is no Chromium")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site)))
    server.given = {"/tests": TESTS.replace("INPUT", json.dumps([names, SEARCHES])), "/shots": "".join(
        '<iframe src="%s" width="%d" height="900"></iframe>' % shot for shot in SHOTS)}
    server.done = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = "http://127.0.0.1:%d" % server.server_port
    screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(folder + "/log", "w+b") as log:
        command = [program, *FLAGS, "--user-data-dir=" + folder]
        with subprocess.Popen([*command, "--remote-debugging-port=0", address + "/tests"], stderr=log) as process:
            is_done = server.done.wait(WAIT_SECONDS)
            process.terminate()
        log.seek(0)
        problems = re.findall(r"CONSOLE.*(?:Uncaught|Failed|Error).*", log.read().decode(errors="replace"))
        subprocess.run([*command, "--window-size=2640,2760", "--virtual-time-budget=9000", address + "/shots",
                        "--screenshot=%s/site.png" % screenshots], stderr=log, check=True)
    if not is_done:
        sys.exit("check_site.py: the tests in Chromium did not end")
    return server.result["count"], server.result["failures"] + problems


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    site = pathlib.Path(sys.argv[1]).resolve()
    pages = {path: Reader(files.read(path)) for path in sorted(site.rglob("*.html"))}
    count, problems = check_links(site, pages)
    text = "%d pages, %d links" % (len(pages), count)
    if not problems and len(sys.argv) == 3:
        names = [path.relative_to(site).as_posix() for path in pages]
        count, problems = check_pages(site, names, pathlib.Path(sys.argv[2]).resolve())
        text += ", %d tests in Chromium" % count
    if problems or not count:
        sys.exit("\n".join([*problems[:50], "check_site.py: %d failures" % len(problems)]))
    print("check_site.py: " + text)


if __name__ == "__main__":
    main()
