#!/usr/bin/env python3
"""Checks a site: each local link and anchor exists, and no page loads anything from elsewhere. With
SCREENSHOTS it also tests the pages in headless Chromium: the search, the reference, the page of
differences, without JavaScript, and at the width of a phone.

usage: check_site.py SITE [SCREENSHOTS]
"""

import functools
import html.parser
import http.server
import json
import pathlib
import posixpath
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
SHOTS = (("index.html", 1100), ("index.html", 390), ("docs/DIFFERENCES.html", 1300), ("docs/STATE.html", 1100),
         ("include/ferrule/tcp.h.html#fer_tcp_stream_connect", 1100),
         ("include/ferrule/tcp.h.html#fer_tcp_stream_connect", 390), ("search.html?q=fer_poller_wait", 1100))


class Reader(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids = []
        self.links = []
        self.loaded = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if tag == "a" and "href" in attrs else []
        self.loaded += [attrs[name] for name, tags in (("src", ("script", "img")), ("href", ("link",)))
                        if tag in tags and name in attrs]


def check_links(site, pages):
    """The number of links, and what is wrong."""
    problems = []
    for name, page in pages.items():
        problems += ["%s: two elements are called %s" % (name, anchor) for anchor in {
            anchor for anchor in page.ids if page.ids.count(anchor) > 1}]
        for address in page.links + page.loaded:
            if re.match(r"https://[\w.-]+\.\w+(?:/|$)", address) and address not in page.loaded:
                continue
            path, _, fragment = map(urllib.parse.unquote, address.partition("#"))
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            is_anchor = fragment == "" or path in pages and fragment in pages[path].ids
            if not (site / path).is_file() or not is_anchor:
                problems.append("%s: no such page or anchor: %s" % (name, address))
    return sum(len(page.links) for page in pages.values()), problems


TESTS = r"""<!DOCTYPE html><title>tests</title><body><script>
const failures = [];
let count = 0;
function expect(isTrue, text) {
    count++;
    if (!isTrue) failures.push(text);
}
async function open(address, width, hasScript) {
    const frame = document.createElement("iframe");
    frame.width = width;
    frame.height = 800;
    if (!hasScript) frame.sandbox = "allow-same-origin";
    frame.src = "/" + address;
    document.body.replaceChildren(frame);
    await new Promise((resolve) => { frame.onload = resolve; });
    return frame;
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const all = (frame, selector) => [...frame.contentDocument.querySelectorAll(selector)];
const text = (element) => element.textContent.trim();

async function testWidths(pages) {
    for (const page of pages) {
        for (const hasScript of [true, false]) {
            const frame = await open(page, 360, hasScript);
            const others = frame.contentWindow.performance.getEntriesByType("resource")
                .filter((entry) => !entry.name.startsWith(location.origin));
            expect(others.length === 0, `${page} loads ${others.map((entry) => entry.name)}`);
            for (const width of [360, 768, 1280]) {
                frame.width = width;
                const wide = frame.contentDocument.documentElement.scrollWidth;
                expect(wide <= width, `${page} is ${wide} pixels wide at ${width}, script: ${hasScript}`);
            }
        }
    }
}

async function testReference(pages, slots) {
    const index = await open("include/ferrule/index.html", 1280, false);
    const functions = all(index, "td:first-child a").map((link) => link.getAttribute("href"))
        .filter((address) => address.includes("#"));
    expect(functions.length > 300, `the reference has all functions, not ${functions.length}`);
    for (const page of pages.filter((page) => page.endsWith(".h.html"))) {
        const frame = await open(page, 360, false);
        for (const address of functions.filter((address) => page.endsWith("/" + address.split("#")[0]))) {
            let element = frame.contentDocument.getElementById(address.split("#")[1]);
            const texts = new Map();
            for (; element && element.tagName !== "DL"; element = element.nextElementSibling);
            for (const term of element ? element.querySelectorAll("dt") : []) {
                if (term.checkVisibility()) texts.set(text(term), text(term.nextElementSibling));
            }
            expect(slots.every((slot) => texts.get(slot)), `${address} has ${slots}, not ${[...texts.keys()]}`);
        }
    }
}

async function testDifferences() {
    const page = "docs/DIFFERENCES.html";
    for (const anchor of ["K7", "S5-reset", "early_close_loses"]) {
        for (const hasScript of [true, false]) {
            const frame = await open(page + "#" + anchor, 1280, hasScript);
            await sleep(100);
            const top = frame.contentDocument.getElementById(anchor).getBoundingClientRect().top;
            expect(top > -100 && top < 700, `the address of ${anchor} shows it, not ${top}`);
        }
    }
    const rows = all(await open(page, 360, false), "td");
    expect(rows.length > 1000 && rows.every((cell) => cell.checkVisibility()),
        "without JavaScript everything is shown");
}

async function testSearch(searches) {
    for (const [query, address] of searches) {
        const frame = await open("search.html?q=" + encodeURIComponent(query), 1280, true);
        let results = [];
        for (let i = 0; i < 200 && results.length === 0; i++) {
            await sleep(50);
            results = all(frame, "#mkdocs-search-results a").map((link) => link.getAttribute("href"));
        }
        expect(results.slice(0, 10).some((result) => result.endsWith(address)),
            `'${query}' finds ${address}, not ${results.slice(0, 10)}`);
    }
    const frame = await open("index.html", 360, true);
    await sleep(500);  // The theme's script begins after the load.
    all(frame, "[data-toggle=wy-nav-top]").find((button) => button.checkVisibility()).click();
    await sleep(500);
    const box = all(frame, "input[name=q]")[0].getBoundingClientRect();
    expect(box.left >= 0 && box.right <= 360, `on a phone a button shows the search and the pages, at ${box.left} to ${box.right}`);
}

onload = async () => {
    try {
        const {pages, slots, searches} = await (await fetch("/input")).json();
        await testWidths(pages);
        await testReference(pages, slots);
        await testDifferences();
        await testSearch(searches);
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
            ("10054", "docs/DIFFERENCES.html#s-shutdown-end-of-file-reset"), ("fuzzing", "docs/FUZZING.html#fuzzing"))
SLOTS = ("Blocks", "Owns", "Errors", "Rust", "Threads")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the site, and the tests with what they need."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        shots = "".join('<iframe src="%s" width="%d" height="900"></iframe>' % shot for shot in SHOTS)
        given = {"/tests": TESTS, "/input": json.dumps(self.server.input), "/shots": shots}.get(self.path)
        if given is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(given.encode())

    def do_POST(self):
        self.server.result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.done.set()


def check_pages(site, pages, screenshots):
    """The number of tests, and what is wrong."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        sys.exit("check_site.py: there is no Chromium")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site)))
    server.input = {"pages": list(pages), "slots": SLOTS, "searches": SEARCHES}
    server.done = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = "http://127.0.0.1:%d/" % server.server_port
    screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, open(folder + "/log", "w+", encoding="utf-8") as log:
        command = [program, *FLAGS, "--user-data-dir=" + folder]
        with subprocess.Popen([*command, address + "tests", "--remote-debugging-port=0"], stdout=log, stderr=log) as process:
            is_done = server.done.wait(WAIT_SECONDS)
            process.terminate()
        log.seek(0)
        problems = [line for line in re.findall(r"CONSOLE.*", log.read()) if not re.search(
            r"Blocked script execution|[Ss]earch|script: lunr", line)]
        subprocess.run([*command, "--window-size=2640,2760", "--virtual-time-budget=9000", address + "shots",
                        "--screenshot=%s/site.png" % screenshots], stderr=log, stdout=log, check=True)
    if not is_done:
        sys.exit("check_site.py: the tests in Chromium did not end")
    return server.result["count"], server.result["failures"] + problems


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    site = pathlib.Path(sys.argv[1])
    pages = {path.relative_to(site).as_posix(): Reader(files.read(path)) for path in sorted(site.rglob("*.html"))}
    count, problems = check_links(site, pages)
    text = "%d pages, %d links" % (len(pages), count)
    if not problems and len(sys.argv) == 3:
        count, problems = check_pages(site, pages, pathlib.Path(sys.argv[2]).resolve())
        text += ", %d tests in Chromium" % count
    print("\n".join(problems[:50]))
    if problems or not count:
        sys.exit("check_site.py: %d failures" % len(problems))
    print("check_site.py: " + text)


if __name__ == "__main__":
    main()
