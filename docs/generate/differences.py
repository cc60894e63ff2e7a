"""The page of differences: the rules and rows of docs/DIFFERENCES.md, to be searched and filtered."""

import html
import re

import markdown
import pages
import sources
import words

# The class of a column by the first word of its heading, and its short name on a narrow screen.
COLUMNS = (("rule", "rule"), ("Linux", "linux"), ("macOS", "bsd"), ("Windows", "windows"),
           ("any other", "other"), ("Rust", "rust"), ("ferrule", "ferrule"), ("by,", "cost"),
           ("tag", "tag"), ("bends", "bends"), ("what differs", "what"), ("how to", "sign"),
           ("Wine", "windows"), ("so ferrule", "ferrule"))
SYSTEMS = (("linux", "Linux", r"Linux|POSIX|epoll"),
           ("bsd", "macOS, BSD", r"macOS|BSD|POSIX|kqueue|Darwin"),
           ("windows", "Windows", r"Windows|Wine|AFD|WSA|SOCKET"),
           ("rust", "Rust", r"Rust"))
# How a statement is known: the kind, its name, and the pattern of its marks.
KINDS = (("documented", "documented", r"\bdoc[:)]|\b[Dd]ocumented\b|\bMSDN\b"),
         ("source", "read in published source", r"\bsrc\b"),
         ("reported", "reported from a real machine", r"\brep: |\b[Rr]eported(?=[:*]| of | for )|\w#\d+"),
         ("winetest", "tested by Wine's own tests", r"\bWT\b|Wine's (?:own )?test|of Wine's"),
         ("wine", "seen under Wine", r"\bWine(?: \d+|:|\*|\))|\(Wine\b|under Wine"),
         ("seen", "measured or seen on Linux", r"\b[Ss]een on|\bseen\)|\bseen on Linux"),
         ("assumed", "assumed", r"\(\?|; \?\)"))
GROUP = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
TAGS = re.compile(r"(<a .*?</a>|<[^>]+>)", re.S)


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def kinds_of(text):
    return [kind for kind, _, pattern in KINDS if re.search(pattern, text)]


def outside_tags(page, change):
    """Applies change to the text outside of tags and links."""
    parts = TAGS.split(page)
    return "".join(part if i % 2 else change(part) for i, part in enumerate(parts))


def link(href, text, kind):
    """kind: documented, reported or source, for the colour."""
    if not href:
        return text
    return '<a class="to-%s" href="%s">%s</a>' % (kind, html.escape(href), text)


class Marker:
    """Links the sources in a cell, and marks how its statements are known."""

    def __init__(self, system):
        self.system = system
        self.repository = ""

    def mark(self, page):
        page = re.sub(r"(?<=doc: )([^;()<>]*(?:\(\d\w*\)[^;()<>]*)*)", self.documents, page)
        page = re.sub(r"(?<=src: )(\w+)", self.project, page)
        for change in (self.issues, self.quoted, self.articles):
            page = outside_tags(page, change)
        return GROUP.sub(self.group, page)

    def documents(self, match):
        names = match.group(1).split(", ")
        return ", ".join(link(sources.document(html.unescape(name), self.system), name,
                              "documented") for name in names)

    @staticmethod
    def project(match):
        return link(sources.PROJECTS.get(match.group(1)), match.group(1), "source")

    def issues(self, text):
        def replace(match):
            name = match.group("name") or self.repository
            self.repository = name
            return link(sources.issue(name, match.group("number")), match.group(0), "reported")
        text = re.sub(r"(?P<name>[\w.-]+/[\w.-]+|[\w-]+)?#(?P<number>\d+)", replace, text)
        names = "|".join(sorted(sources.REPOSITORIES, key=len, reverse=True))
        pattern = (r"(?P<name>\b(?:[\w-]+/[\w-]+|%s)),? (?:PR|issue|pull request) (?P<number>\d+)"
                   % names)
        return outside_tags(text, lambda part: re.sub(pattern, replace, part))

    def quoted(self, text):
        def replace(match):
            name = match.group(1)
            known = name in sources.PAGES or re.fullmatch(r"\w+ function", name)
            href = sources.document(name, self.system) if known else None
            return '"%s"' % link(href, name, "documented")
        return re.sub(r'"([^"]+)"', replace, text)

    @staticmethod
    def articles(text):
        text = re.sub(r"\bKB (\d+)", lambda match: link(
            sources.knowledge_base(match.group(1)), match.group(0), "documented"), text)
        return re.sub(r"\bWT\b", link(sources.WINE_TEST, "WT", "source"), text)

    @staticmethod
    def group(match):
        kinds = kinds_of(text_of(match.group(0)))
        if not kinds:
            return match.group(0)
        names = [name for kind, name, _ in KINDS if kind in kinds]
        return '<span class="mark %s" title="%s">%s</span>' % (
            " ".join("is-" + kind for kind in kinds), html.escape(", ".join(names)), match.group(0))


def column_of(heading):
    return next(name for start, name in COLUMNS if heading.startswith(start))


class Page:
    def __init__(self, site, source, is_file, errors):
        self.errors = errors
        self.writer = pages.Writer(site, source, is_file)
        self.ids = set()
        self.rows = 0

    def unique(self, name):
        name = re.sub(r"[^\w-]+", "-", name).strip("-")
        found = name
        number = 2
        while found in self.ids:
            found = "%s-%d" % (name, number)
            number += 1
        self.ids.add(found)
        return found

    def cell(self, text, system):
        return Marker(system).mark(self.writer.inline(text))

    def blocks(self, blocks):
        out = []
        for block in blocks:
            if block[0] == "list":
                out.append(self.entries(block))
            elif block[0] == "table":
                out.append(self.table(block[1], block[2]))
            elif block[0] == "p":
                out.append("<p>%s</p>" % self.cell(block[1], "windows"))
            else:
                out.append(self.writer.block(block))
        return "\n".join(out)

    def entries(self, block):
        """A list of rules, or of remarks."""
        out = ["<ul class=\"rules\">"]
        for item in block[2]:
            match = re.match(r"\*\*([A-Z]\d+[a-z]?)\*\* (.*)", item[0][1])
            inner = "".join(self.entries(part) if part[0] == "list" else self.writer.block(part)
                            for part in item[1:])
            if match:
                number = match.group(1)
                self.ids.add(number)
                hidden = words.of_row(match.group(2), (), (number,), self.errors)
                out.append('<li class="entry rule-text" id="%s" data-rule="%s" data-words="%s">'
                           '<a class="rule-number" href="#%s">%s</a> <div>%s%s</div></li>' % (
                               number, number, hidden, number, number,
                               self.cell(match.group(2), "windows"), inner))
            else:
                out.append("<li>%s%s</li>" % (self.cell(item[0][1], "windows"), inner))
        return "\n".join(out + ["</ul>"])

    def table(self, head, rows):
        if not re.match(r"rule|tag|Wine", head[0]):
            return self.writer.table(head, rows)
        columns = [column_of(heading) for heading in head]
        kind = {"rule": "compare", "tag": "remaining"}.get(columns[0], "wine")
        out = ['<table class="%s"><thead><tr>' % kind]
        for heading, column in zip(head, columns):
            out.append('<th scope="col" class="%s">%s</th>' % (column, html.escape(heading)))
        out.append("</tr></thead><tbody>")
        for row in rows:
            out.append(self.row(kind, head, columns, row))
        return "\n".join(out + ["</tbody></table>"])

    def row(self, kind, head, columns, row):
        self.rows += 1
        name = re.sub(r"[`*]", "", row[0])
        rules = re.findall(r"[A-Z]\d+[a-z]?", row[0] if kind == "compare" else row[1])
        shown = name if kind == "tag" or kind == "remaining" else self.unique(name)[:60]
        if kind == "wine":
            shown = self.unique("wine-" + shown)
        self.ids.add(shown)
        cells = []
        for heading, column, text in zip(head, columns, row):
            cells.append(self.table_cell(kind, heading, column, text, shown))
        text = " ".join(row)
        systems = [key for key, _, pattern in SYSTEMS
                   if (kind == "compare" and key in columns and row[columns.index(key)])
                   or (kind != "compare" and re.search(pattern, text))]
        hidden = words.of_row(text, systems, rules, self.errors)
        return '<tr class="entry row" id="%s" data-rules="%s" data-systems="%s" data-words="%s">%s</tr>' % (
            shown, " ".join(rules), " ".join(systems), hidden, "".join(cells))

    def table_cell(self, kind, heading, column, text, name):
        content = self.cell(text, column if kind == "compare" else "bsd")
        known = kinds_of(text)
        # Linux is measured, unless marked: see the head of the page.
        if column == "linux" and text and known != ["documented"]:
            known.append("seen")
        if column in ("rule", "tag") or (kind == "wine" and heading.startswith("Wine")):
            return ('<th scope="row" class="%s" data-kinds="%s">%s <a class="anchor" href="#%s" '
                    'aria-label="Link to this row">#</a></th>' % (
                        column, " ".join(known), content, name))
        return '<td class="%s" data-label="%s" data-kinds="%s">%s</td>' % (
            column, html.escape(heading), " ".join(known), content)


def sections_of(blocks):
    out = []
    for block in blocks:
        if block[0] == "heading" and block[1] <= 2:
            out.append((block[2], []))
        else:
            out[-1][1].append(block)
    return out


def controls():
    systems = "".join('<label><input type="checkbox" name="system" value="%s" checked> %s</label>\n'
                      % (key, label) for key, label, _ in SYSTEMS)
    kinds = "".join('<option value="%s">%s</option>\n' % (kind, name) for kind, name, _ in KINDS)
    return """<form class="filters" id="filters" hidden>
<label class="search">Search <input type="search" name="q" autocomplete="off" spellcheck="false"
placeholder="10054, SO_REUSEADDR, half-close …"></label>
<fieldset><legend>Systems</legend>
%s</fieldset>
<label>Known because <select name="kind">
<option value="">any source</option>
%s</select></label>
<p class="count" aria-live="polite"><output name="count"></output> <button type="reset">Show all</button></p>
</form>
""" % (systems, kinds)


def rules_and_tags(blocks):
    """The numbers of the rules and the tags of the differences: the anchors of the page."""
    found = []
    for block in blocks:
        if block[0] == "list":
            found += re.findall(r"\*\*([A-Z]\d+[a-z]?)\*\* ", "".join(
                item[0][1][:12] for item in block[2]))
        elif block[0] == "table" and block[1][0] == "tag":
            found += [row[0].strip("`") for row in block[2]]
    return found


def write(site, source, text, is_file, errors):
    """The body of the page, and the list of its sections."""
    page = Page(site, source, is_file, errors)
    sections = sections_of(markdown.parse(text))
    title, intro = sections[0]
    families = "".join('<li><a href="#%s">%s</a></li>\n' % (markdown.slug(name), html.escape(name))
                       for name, _ in sections[1:])
    out = ["<h1>%s</h1>" % html.escape(title), page.blocks(intro[:1]),
           '<details class="legend"><summary>How to read the tables, and how each statement is '
           "known</summary>%s</details>" % page.blocks(intro[1:]),
           controls(), '<ul class="families">%s</ul>' % families,
           '<p class="nothing" id="nothing" hidden>No rule and no row matches.</p>',
           '<p class="nothing" id="closest" role="status" hidden></p>',
           '<div id="differences">']
    for name, blocks in sections[1:]:
        out.append('<section class="family">%s\n%s</section>' % (
            page.writer.heading(2, name), page.blocks(blocks)))
    out.append("</div>")
    return title, "\n".join(out), page.rows
