#!/usr/bin/env python3
"""Checks the pages of a site: all local links and anchors exist, each id is unique, each element is
closed, and nothing is loaded from elsewhere.

usage: check_links.py SITE
"""

import html.parser
import pathlib
import posixpath
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files

VOID = {"meta", "link", "input", "br", "img", "hr", "path", "polygon", "ellipse"}
LOADED = {"script": "src", "link": "href", "img": "src"}


class Reader(html.parser.HTMLParser):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.ids = set()
        self.links = []
        self.open = []
        self.problems = []

    def handle_starttag(self, tag, attrs):
        self.take(tag, dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.take(tag, dict(attrs))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.problems.append("</%s> closes another element, line %d" % (tag, self.getpos()[0]))

    def take(self, tag, attrs):
        if "id" in attrs:
            if attrs["id"] in self.ids:
                self.problems.append("two elements are called " + attrs["id"])
            self.ids.add(attrs["id"])
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
        if tag in LOADED and attrs.get(LOADED[tag]):
            address = attrs[LOADED[tag]]
            self.links.append(address)
            if re.match(r"[a-z]+:|//", address):
                self.problems.append("the page loads " + address)


def read(site):
    pages = {}
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        pages[name] = Reader(name)
        pages[name].feed(files.read(path))
        if pages[name].open:
            pages[name].problems.append("<%s> is not closed" % pages[name].open[-1])
    return pages


def check_link(site, pages, page, address):
    """What is wrong with a link, or None."""
    if re.match(r"[a-z]+:", address):
        return None if re.match(r"https://[\w.-]+\.\w+/", address) else "a strange link: " + address
    target, _, fragment = address.partition("#")
    target = urllib.parse.unquote(target)
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page.name), target)) if target else page.name
    if name in pages:
        if fragment and urllib.parse.unquote(fragment) not in pages[name].ids:
            return "no such anchor: " + address
        return None
    return None if (site / name).is_file() else "no such page: " + address


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    site = pathlib.Path(sys.argv[1])
    pages = read(site)
    if len(pages) < 2:
        sys.exit("check_links.py: no pages in %s" % site)
    count = 0
    external = set()
    for page in pages.values():
        for address in page.links:
            count += 1
            if address.startswith("https:"):
                external.add(address)
            problem = check_link(site, pages, page, address)
            if problem:
                page.problems.append(problem)
    bad = [(page.name, problem) for page in pages.values() for problem in page.problems]
    for name, problem in bad[:50]:
        print("%s: %s" % (name, problem))
    if bad:
        sys.exit("check_links.py: %d failures" % len(bad))
    print("check_links.py: %d pages, %d links, %d of them to other sites (not opened)" % (
        len(pages), count, len(external)))


if __name__ == "__main__":
    main()
