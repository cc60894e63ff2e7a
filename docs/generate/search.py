"""The index of the search: each section, function, type, rule and row of the pages, with its text."""

import html.parser
import json
import re

import pages as frame

HEADINGS = ("h1", "h2", "h3", "h4")
ENDLESS = ("br", "hr", "img", "input", "link", "meta", "wbr")
# What is not text of the page. The table of functions is left out too: its words belong to the
# functions.
BLOCKS = HEADINGS + ("p", "li", "td", "th", "dt", "dd", "pre", "div", "section")
LEFT_OUT = {"nav", "form", "details", "svg", "script", "style"}


class Section:
    def __init__(self, anchor, title=""):
        self.anchor = anchor
        self.title = title
        self.text = []
        self.words = ""


class Reader(html.parser.HTMLParser):
    """Divides the main part of one page into sections. A heading, an entry of a list or a table, and
    a function or type of a header begin one."""

    def __init__(self):
        super().__init__()
        self.sections = []
        self.words = {}      # an address: the words with which the table of functions finds it
        self.is_main = False
        self.skipped = 0     # depth within an element that is left out
        self.heading = None  # the open element whose text is the title
        self.entry_words = None
        self.is_prototype = False

    def begin(self, anchor, title=""):
        self.sections.append(Section(anchor, title))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        classes = (values.get("class") or "").split()
        if tag == "main":
            self.is_main = True
        if not self.is_main or tag in ENDLESS:
            return
        is_anchor = "anchor" in classes
        if self.skipped or tag in LEFT_OUT or is_anchor or "functions" in classes:
            self.listed(tag, values)
            self.skipped += 1
            return
        anchor = values.get("id")
        if tag in HEADINGS and (anchor or tag == "h1"):
            self.begin(anchor or "")
            self.heading = tag
        elif anchor and "entry" in classes:
            self.begin(anchor)
            self.sections[-1].words = values.get("data-words") or ""
            self.heading = "th" if tag == "tr" else None
        elif anchor and ("function" in classes or "type" in classes):
            self.begin(anchor, anchor)
            self.sections[-1].words = values.get("data-words") or ""
            self.is_prototype = "function" in classes
        elif tag in ("h3", "pre") and self.is_prototype:
            # The name and the prototype are not what a reader searches in the text.
            self.skipped += 1
            self.is_prototype = tag == "h3"

    def listed(self, tag, values):
        """Keeps the words of an entry of the table of functions, for the address that it links."""
        if tag == "tr":
            self.entry_words = values.get("data-words")
        elif tag == "a" and self.entry_words:
            self.words.setdefault(values["href"], self.entry_words)
            self.entry_words = None

    def handle_endtag(self, tag):
        if tag == "main":
            self.is_main = False
        if self.skipped and tag not in ENDLESS:
            self.skipped -= 1
        elif tag == self.heading:
            self.heading = None
        if tag in BLOCKS and self.sections:
            self.sections[-1].text.append(" ")

    def handle_data(self, data):
        if not self.is_main or self.skipped or not self.sections:
            return
        if self.heading:
            self.sections[-1].title += data
        else:
            self.sections[-1].text.append(data)


def spaced(text):
    return re.sub(r"\s+", " ", text).strip()


def write(site, out, names):
    """Writes search-index.js, from the pages that stand in out. names: those pages."""
    titles = {**{address[:-5]: title for address, title in site.titles.items()}, **dict(frame.NAV)}
    pages = []
    sections = []
    words = {}
    for name in names:
        reader = Reader()
        reader.feed((out / (name + ".html")).read_text(encoding="utf-8"))
        words.update(reader.words)
        title = spaced(reader.sections[0].title) if reader.sections else name
        for section in reader.sections:
            text = spaced("".join(section.text))
            # A rule has no title but its number.
            shown = spaced(section.title) or section.anchor
            sections.append((len(pages), section.anchor, shown, text, section.words))
        pages.append((name + ".html", titles.get(name, title)))
    rows = [[page, anchor, title, text,
             (hidden + " " + words.get("%s#%s" % (pages[page][0], anchor), "")).strip()]
            for page, anchor, title, text, hidden in sections]
    text = json.dumps({"pages": pages, "sections": rows}, ensure_ascii=False, separators=(",", ":"))
    (out / "search-index.js").write_text("window.ferruleIndex = %s;\n" % text.replace("</", "<\\/"),
                                         encoding="utf-8", newline="\n")
    return len(rows)


PAGE = """<h1>Search</h1>
<noscript><p>The search needs JavaScript. The <a href="reference.html">reference</a> has every function,
and <a href="differences.html">Differences</a> has every rule.</p></noscript>
<form class="filters" id="search" hidden>
<label class="search">Search <input type="search" name="q" autocomplete="off" spellcheck="false"
placeholder="ECONNRESET, deadline, TcpStream::read, CMake …"></label>
<p class="count" aria-live="polite"><output name="count"></output></p>
</form>
<ol class="results" id="results"></ol>
"""
