#!/usr/bin/env python3
"""Writes the manual pages: section 3 from the public headers, section 7 from the documentation,
and fercat(1) from its help.

usage: man.py ROOT OUT
"""

import datetime
import os
import pathlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files
import headers
import markdown

# In text of the program; in prose a quote and a hyphen stay what they are.
PROGRAM_MARKS = {"-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
NAMES = re.compile(r"\b(fer_\w*[a-z0-9]|FER_\w*[A-Z0-9])\b(?!_)")
WIDTH = 76
NOTES = "Notes of the rules"


def escape(text, is_program=False):
    out = ""
    for char in text.replace("\\", "\\e").replace("\u2026", "..."):
        if is_program and char in PROGRAM_MARKS:
            char = PROGRAM_MARKS[char]
        elif ord(char) > 126:
            char = "\\[u%04X]" % ord(char)
        elif char in "^~`":
            char = PROGRAM_MARKS[char]
        out += char
    return out


def lines_of(text):
    """Wraps text for the source of a page: no line is long, none is a request."""
    # A name in bold stays in one piece, because it has no blank.
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return ["\\&" + line if line[:1] in ".'" else line for line in lines]


def prose(text):
    """Text of a comment, with the names of the library in bold."""
    parts = NAMES.split(text)
    return lines_of("".join("\\fB%s\\fP" % part if i % 2 else escape(part)
                            for i, part in enumerate(parts)))


def marked(nodes):
    """Inline nodes of Markdown as one string."""
    out = ""
    for node in nodes:
        if node[0] == "text":
            out += escape(node[1])
        elif node[0] in ("code", "strong"):
            text = node[1] if node[0] == "code" else markdown.plain(node[1])
            out += "\\fB%s\\fP" % escape(text, node[0] == "code")
        elif node[0] == "em":
            out += "\\fI%s\\fP" % escape(markdown.plain(node[1]))
        else:
            out += marked(node[1])
    return out


def program_text(lines):
    """Lines of code as they are. A line that is long continues in the source of the page."""
    out = [".PP", ".RS 4", ".nf"]
    for line in lines:
        # The continuation marks of a macro stand in one column, which is far to the right.
        line = re.sub(r" {2,}\\$", " \\\\", line)
        pieces = [escape(line[i:i + 60], True) for i in range(0, max(len(line), 1), 60)]
        # A line of the source that begins with a dot would be a request.
        pieces = ["\\&" + piece if piece[:1] in ".'" else piece for piece in pieces]
        for piece in pieces[:-1]:
            out.append(piece + "\\c")
        out.append(pieces[-1] if pieces[-1] else "\\&")
    return out + [".fi", ".RE"]


def comment_blocks(blocks):
    """Blocks of a comment of a header."""
    out = []
    for kind, body in blocks:
        if kind == "p":
            out += [".PP"] + prose(body)
        elif kind == "code":
            out += program_text(body)
        else:
            for item in body:
                tag, text = item if kind == "rules" else ("\\(bu", item)
                out += [".TP 5", tag] + prose(text)
    return out


def markdown_blocks(blocks):
    """Blocks of Markdown, without tables."""
    out = []
    for block in blocks:
        if block[0] == "p":
            out += [".PP"] + lines_of(marked(markdown.inline(block[1])))
        elif block[0] == "code":
            out += program_text(block[2])
        elif block[0] == "list":
            for item in block[2]:
                out += list_item(item)
    return out


def list_item(item):
    text = item[0][1]
    tag = "\\(bu"
    rule = re.match(r"\*\*([A-Z]\d+[a-z]?)\*\* (.*)", text)
    if rule:
        tag, text = rule.groups()
    out = [".TP 5", tag] + lines_of(marked(markdown.inline(text)))
    for block in item[1:]:
        if block[0] == "list":
            inner = [line for part in block[2] for line in list_item(part)]
            out += [".RS 5"] + inner + [".RE"]
        else:
            out += [".RS 5"] + markdown_blocks([block]) + [".RE"]
    return out


def prototype(code):
    """A prototype with one piece of code on each line of the source."""
    head, _, arguments = code.partition("(")
    pieces = [piece.strip() for piece in arguments.rstrip(";)").split(",")]
    out = []
    line = head + "("
    for i, piece in enumerate(pieces):
        end = ");" if i == len(pieces) - 1 else ", "
        if len(line) + len(piece) + len(end) > 72 and line.strip() and not line.endswith("("):
            out.append(line.rstrip())
            line = "    "
        line += piece + end
    return out + [line]


class Page:
    def __init__(self, name, section, summary):
        self.name = name
        self.section = section
        self.summary = summary
        self.functions = []
        self.body = []

    def text(self, date, version):
        # A name without a blank is safe in a request.
        head = '.TH %s %s %s "ferrule %s" "ferrule"' % (self.name.upper(), self.section, date,
                                                        version)
        names = [self.name] + [entry.name for entry in self.functions]
        out = ['.\\" Generated by docs/generate/man.py.', head, ".nh", ".ad l", ".SH NAME"]
        out += lines_of(", ".join(names) + " \\- " + escape(self.summary))
        # A heading begins a paragraph.
        out += [line for previous, line in zip(["", *self.body], self.body)
                if line != ".PP" or not re.match(r"\.S[HS] ", previous)]
        return "\n".join(out) + "\n"

    def see_also(self, names):
        entries = ["\\fB%s\\fP(%s)" % (name, section) for name, section in sorted(
            set(names), key=lambda item: (item[1], item[0])) if name != self.name]
        self.body += [".SH SEE ALSO"] + lines_of(", ".join(entries))


def words_of(title):
    """The name of a group from the title of its section."""
    prefix, _, rest = title.partition(": ")
    if rest and re.fullmatch(r"[A-Z][a-z]+[A-Z]\w+", prefix) and not rest.startswith("not "):
        title = prefix + " " + re.split(r"[,:;]", rest)[0]
    title = re.split(r"[,:;.]| between | of | in ", title)[0]
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title)
    return re.sub(r"\W+", "_", title.strip()).lower()


def function_entry(entry):
    out = [".SS " + entry.name, ".nf"]
    out += [escape(line, True) for line in prototype(entry.code)] + [".fi"]
    out += comment_blocks(entry.blocks)
    for slot in headers.SLOTS:
        out += [".TP 9", ".B " + slot] + prose(entry.slots[slot])
    return out


def type_entries(section):
    out = []
    for entry in section.entries:
        if not entry.is_function:
            out += program_text(entry.code.split("\n")) + comment_blocks(entry.blocks)
    return out


def group_page(header, section, name):
    title = section.title or header.summary
    summary = title if not section.title else "%s: %s" % (header.file, title)
    page = Page(name, 3, summary)
    page.functions = section.functions
    include = "ferrule.h" if header.stem != "sim" else "ferrule/sim.h"
    page.body += [".SH SYNOPSIS", ".nf", "#include <%s>" % include, ".fi"]
    # A page says something of each header, or of the section.
    blocks = section.blocks if section.title else header.blocks
    if not section.title:
        blocks = [("p", blocks[0][1][0].upper() + blocks[0][1][1:])] + blocks[1:]
    page.body += [".SH DESCRIPTION"]
    page.body += comment_blocks(blocks) or prose(title + ".")
    types = type_entries(section)
    if types:
        page.body += [".SH TYPES AND CONSTANTS"] + types
    if section.functions:
        page.body += [".SH FUNCTIONS"]
        for entry in section.functions:
            page.body += function_entry(entry)
    return page


def header_pages(header):
    pages = []
    for section in header.sections:
        name = "ferrule_" + header.stem
        if section.title:
            words = words_of(section.title)
            name = "ferrule_" + words if words.startswith(header.stem) else name + "_" + words
        pages.append(group_page(header, section, name))
    names = [(page.name, "3") for page in pages]
    for page in pages:
        page.see_also(names + [("ferrule", "7"), ("ferrule_rules", "7")])
    return pages


def sections_of(blocks):
    """The blocks below each heading."""
    out = []
    for block in blocks:
        if block[0] == "heading":
            out.append((block[2], []))
        elif out:
            out[-1][1].append(block)
    return out


def rules_page(rules, root):
    """The rules, and below each family its notes of the page of differences."""
    page = Page("ferrule_rules", 7, "the promises of ferrule, the same on every system")
    for title, body in sections_of(rules):
        page.body += [".SH " + ("DESCRIPTION" if title == "Rules" else escape(title.upper()))] + markdown_blocks(body)
        if title[1:2] == ":":
            family = dict(sections_of(markdown.parse(files.read(root / ("docs/differences/%s.md" % title[0])))))
            page.body += markdown_blocks([("p", NOTES + ":"), *family[NOTES][:1]] if NOTES in family else [])
    page.see_also([("ferrule", "7"), ("ferrule_differences", "7")])
    return page


def differences_page(index, table):
    page = Page("ferrule_differences", 7, "what remains different between systems")
    (_, (about,)), *rows = sections_of(table)
    known = dict(sections_of(index))["How a statement is known"]
    page.body += [".SH DESCRIPTION"] + markdown_blocks([about, *known])
    for tag, ((_, _, items),) in rows:
        rules, difference, sign = (marked(markdown.inline(item[0][1].partition(": ")[2])) for item in items[:3])
        page.body += [".SS \\fB" + tag + "\\fP"] + lines_of("Rule %s: %s." % (rules, difference))
        page.body += [".TP 5", ".I To be seen as"] + lines_of(sign + ".")
    page.see_also([("ferrule", "7"), ("ferrule_rules", "7")])
    return page


def overview_page(readme, guide, all_headers, pages):
    sections = sections_of(readme) + sections_of(guide)
    page = Page("ferrule", 7, "Rust's std::net for C")
    page.body += [".SH SYNOPSIS", ".nf", "#include <ferrule.h>", ".sp",
                  "cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs ferrule)", ".fi",
                  ".SH DESCRIPTION"]
    page.body += markdown_blocks(sections[0][1][:1])
    for title in ("If you know Rust, you know the names", "Properties",
                  "Test your own program without a network"):
        body = dict(sections)[title]
        page.body += [".SS " + escape(title)] + markdown_blocks(body)
    program = next(block for block in sections[0][1] if block[:2] == ("code", "c"))
    page.body += [".SH EXAMPLE"] + markdown_blocks([program])
    page.body += [".SH ERRORS"] + prose("The kinds of a fer_error, and Rust's names:")
    error = next(header for header in all_headers if header.stem == "error")
    kinds = next(entry for entry in error.sections[0].entries if "FER_ERROR_KINDS" in entry.names)
    found = re.findall(r'X\((FER_\w+), \d+, "(\w+)",\s*"([^"]+)"\)', kinds.code.replace("\\\n", ""))
    for name, rust, phrase in found:
        page.body += [".TP", ".B " + name] + lines_of("%s: %s" % (rust, escape(phrase)))
    page.see_also([(other.name, str(other.section)) for other in pages])
    return page


def fercat_page(source):
    """From the help text of the program."""
    literal = re.search(r"static const char help\[\] =(.*?);\n", source, re.S).group(1)
    text = "".join(part.replace("\\n", "\n") for part in re.findall(r'"(.*)"', literal))
    parts = [part.split("\n") for part in text.strip("\n").split("\n\n")]
    usage, description, options, end, codes = parts
    page = Page("fercat", 1, "connect or listen, and copy standard input and output over TCP")
    page.body += [".SH SYNOPSIS", ".nf"]
    page.body += [escape(line.replace("usage:", "").strip(), True) for line in usage] + [".fi"]
    page.body += [".SH DESCRIPTION"] + prose(" ".join(description))
    page.body += [".PP"] + prose(" ".join(end)) + [".SH OPTIONS"]
    for line in options:
        match = re.match(r"  (-\w(?: [A-Z]+)?) {2,}(.*)", line)
        if match:
            page.body += [".TP", ".B " + escape(match.group(1), True)]
        page.body += prose(match.group(2) if match else line.strip())
    page.body += [".SH EXIT STATUS"]
    for code, meaning in re.findall(r"(\d+) ([^,]+(?:, [^\d,][^,]*)*)",
                                    " ".join(codes).partition(": ")[2]):
        page.body += [".TP 5", ".B " + code] + prose(meaning)
    page.see_also([("ferrule", "7")])
    return page


def date_of(paths):
    """The day of the newest source, or that of SOURCE_DATE_EPOCH."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or max(path.stat().st_mtime for path in paths)
    day = datetime.datetime.fromtimestamp(int(float(seconds)), datetime.timezone.utc)
    return day.strftime("%Y-%m-%d")


def all_pages(root):
    all_headers = headers.read_all(root / "include")
    pages = [page for header in all_headers for page in header_pages(header)]
    rules, index, table = (markdown.parse(files.read(root / name)) for name in
                           ("docs/RULES.md", "docs/DIFFERENCES.md", "docs/differences/not_reconciled.md"))
    pages += [rules_page(rules, root), differences_page(index, table)]
    pages.append(overview_page(markdown.parse(files.read(root / "README.md")),
                               markdown.parse(files.read(root / "docs/GUIDE.md")),
                               all_headers, pages))
    pages.append(fercat_page(files.read(root / "examples/fercat.c")))
    return pages


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2])
    sources = [root / "README.md", root / "docs/GUIDE.md", root / "docs/RULES.md",
               root / "examples/fercat.c", root / "docs/DIFFERENCES.md", *(root / "docs/differences").glob("*.md"),
               *(root / "include/ferrule").glob("*.h")]
    date = date_of(sources)
    version = re.search(r'FER_VERSION_TEXT "(.*)"',
                        files.read(root / "include/ferrule/version.h")).group(1)
    for section in (1, 3, 7):
        (out / ("man%d" % section)).mkdir(parents=True, exist_ok=True)
    pages = all_pages(root)
    if len({page.name for page in pages}) != len(pages):
        sys.exit("man.py: two pages have one name")
    for page in pages:
        path = out / ("man%d/%s.%d" % (page.section, page.name, page.section))
        files.write(path, page.text(date, version))
        for entry in page.functions:
            alias = out / ("man3/%s.3" % entry.name)
            files.write(alias, ".so man3/%s.3\n" % page.name)
    count = sum(len(page.functions) for page in pages)
    print("man.py: %d pages, %d functions" % (len(pages), count))


if __name__ == "__main__":
    main()
