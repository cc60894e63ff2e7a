"""The reference: a page for each public header, and an index of all functions."""

import html
import re

import headers
import highlight
import pages
import words


WORDS = re.compile(r"\b(?:fer|FER)_\w+|(?<![\w/])(?:ferrule/)?(?P<header>\w+\.h)\b"
                   r"|\bdocs/\w[\w-]*\.md\b|" + pages.RULE.pattern)


class Writer:
    def __init__(self, site):
        self.site = site

    def prose(self, text):
        """Text of a comment, with links from names, headers, pages and rules."""
        out = WORDS.sub(self.word_link, html.escape(text, quote=False))
        out = re.sub(r"`(\w+)`", r"<code>\1</code>", out)
        return re.sub(r"^([A-Z][a-z]+(?: [a-z]+)?\.)(?= )", r"<strong>\1</strong>", out)

    def word_link(self, match):
        word = match.group(0)
        if match.group("header"):
            target = self.site.headers.get("include/ferrule/" + match.group("header"))
        else:
            target = self.site.markdown.get(word)
        href = target + ".html" if target else self.site.names.get(word) or self.site.rules.get(word)
        kind = ' class="rule"' if word in self.site.rules else ""
        label = html.escape(self.site.short_title(href)) if word.endswith(".md") and href else word
        return '<a%s href="%s">%s</a>' % (kind, href, label) if href else word

    def code(self, text):
        return '<pre><code class="c">%s</code></pre>' % highlight.code(text, "c", self.site.names)

    def blocks(self, blocks):
        out = []
        for kind, body in blocks:
            if kind == "p":
                out.append("<p>%s</p>" % self.prose(body))
            elif kind == "code":
                out.append(self.code("\n".join(body)))
            elif kind == "list":
                out.append("<ul>%s</ul>" % "".join("<li>%s</li>" % self.prose(item) for item in body))
            else:
                out.append('<ul class="rules">%s</ul>' % "".join(
                    '<li class="rule-text"><a class="rule-number" href="%s">%s</a> <div>%s</div></li>' % (
                        self.site.rules.get(number, "differences.html"), number, self.prose(text))
                    for number, text in body))
        return "\n".join(out)

    def function(self, entry):
        slots = "".join('<dt>%s</dt><dd>%s</dd>\n' % (slot, self.prose(entry.slots[slot]))
                        for slot in headers.SLOTS)
        return ('<section class="function" id="%s"><h3>%s <a class="anchor" href="#%s" '
                'aria-label="Link to this function">#</a></h3>\n%s\n%s\n<dl class="slots">%s</dl></section>' % (
                    entry.name, entry.name, entry.name, self.code(prototype(entry.code)),
                    self.blocks(entry.blocks), slots))

    def types(self, entry):
        marks = "".join('<span id="%s"></span>' % name for name in entry.names[1:])
        code = re.sub(r" {2,}\\$", r" \\", entry.code, flags=re.M)
        hidden = " ".join(name[4:].lower() for name in entry.names[1:])
        return '<section class="type" id="%s" data-words="%s">%s%s\n%s</section>' % (
            entry.names[0], hidden, marks, self.code(code), self.blocks(entry.blocks))


def prototype(code):
    """A prototype that is long has one parameter on each line."""
    if len(code) <= 88:
        return code
    head, _, parameters = code.partition("(")
    lines = [parameter.strip() for parameter in parameters.rstrip(";)").split(",")]
    return head + "(\n    " + ",\n    ".join(lines) + ");"


def anchor_of(section):
    return "section-" + re.sub(r"\W+", "-", section.title.lower()).strip("-")


def header_page(site, header):
    writer = Writer(site)
    blocks = [("p", header.blocks[0][1][0].upper() + header.blocks[0][1][1:])] + header.blocks[1:]
    out = ["<h1><code>ferrule/%s</code></h1>" % header.file, writer.blocks(blocks)]
    contents = []
    for section in header.sections:
        if section.title:
            contents.append((2, anchor_of(section), section.title))
            out.append('<h2 id="%s">%s</h2>' % (anchor_of(section), html.escape(section.title)))
            out.append(writer.blocks(section.blocks))
        for entry in section.entries:
            if entry.is_function:
                contents.append((3, entry.name, entry.name))
            out.append(writer.function(entry) if entry.is_function else writer.types(entry))
    return "\n".join(out), contents_list(contents)


def contents_list(contents):
    if not contents:
        return ""
    lines = "".join('<li class="level%d"><a href="#%s">%s</a></li>\n' % (
        level, anchor, html.escape(text)) for level, anchor, text in contents)
    return ('<nav class="contents names" aria-label="On this page"><h2>On this page</h2><ul>\n%s</ul></nav>'
            % lines)


def index_page(site, all_headers, cxx_headers, is_file, calls):
    """cxx_headers: the paths of those for C++. calls: the words of functions, from
    words.of_functions."""
    writer = Writer(site)
    out = ["<h1>Reference</h1>", "<p>Each page is one public header. <code>ferrule.h</code> includes "
           "all of them except <code>sim.h</code>. The table below has every function.</p>",
           '<div class="scroll" tabindex="0" role="region" aria-label="Headers"><table><tbody>']
    for header in all_headers:
        out.append('<tr><td><a href="%s.html"><code>%s</code></a></td><td>%s</td></tr>' % (
            header.file, header.file, writer.prose(header.summary)))
    out.append("</tbody></table></div>")
    out.append('<p>C++17: <a href="%s">ferrule.hpp</a> includes the headers %s. Their types own the handles of C, are '
               "move-only, and throw no exceptions.</p>" % (
                   site.address("", "include/ferrule.hpp", is_file), ", ".join(
                       '<a href="%s">%s</a>' % (site.address("", path, is_file), path.rpartition("/")[2])
                       for path in cxx_headers)))
    out.append("<h2 id=\"functions\">Functions</h2>")
    out.append("""<form class="filters" id="names-filter" hidden>
<label class="search">Search <input type="search" name="q" autocomplete="off" spellcheck="false"
placeholder="connect, TcpStream::read, poller …"></label>
<p class="count" aria-live="polite"><output name="count"></output></p>
</form>
<p class="nothing" id="no-names" hidden>No function matches. The behaviour of systems and their error codes are in
<a href="differences.html">Differences</a>.</p>""")
    out.append('<table class="functions"><thead><tr><th>function</th><th>what it does</th>'
               "<th>in Rust</th></tr></thead><tbody>")
    for header in all_headers:
        for entry in header.functions:
            rust = re.split(r"[.;] ", entry.slots["Rust"].rstrip("."))[0]
            out.append('<tr class="entry" data-words="%s"><th scope="row"><a href="%s.html#%s">%s</a></th><td>%s.</td>'
                       '<td data-label="in Rust">%s</td></tr>' % (
                           words.of_function(entry.name, calls), header.file, entry.name,
                           html.escape(entry.name), writer.prose(entry.summary), "" if rust == "none" else html.escape(rust)))
    out.append("</tbody></table>")
    return "\n".join(out)


def names_of(all_headers):
    """The address of each public name."""
    names = {}
    for header in all_headers:
        for section in header.sections:
            for entry in section.entries:
                for name in entry.names:
                    names[name] = "%s.html#%s" % (header.file, name)
    return names
