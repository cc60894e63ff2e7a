"""The page of differences: the rules and rows of docs/DIFFERENCES.md, to be searched and filtered."""

import html
import re

import markdown
import pages
import sources
import words

# The class of a column by the first word of its heading, and its short name on a narrow screen.
COLUMNS = (("rule", "rule"), ("Linux", "linux"), ("macOS", "macos"), ("FreeBSD", "freebsd"),
           ("NetBSD", "netbsd"), ("OpenBSD", "openbsd"), ("Windows", "windows"),
           ("any other", "other"), ("Rust", "rust"), ("ferrule", "ferrule"), ("by,", "cost"),
           ("tag", "tag"), ("bends", "bends"), ("what differs", "what"), ("how to", "sign"),
           ("Wine", "windows"), ("so ferrule", "ferrule"))
SYSTEMS = (("linux", "Linux", r"Linux|POSIX|epoll"),
           ("macos", "macOS", r"macOS|POSIX|kqueue|Darwin|XNU"),
           ("freebsd", "FreeBSD", r"FreeBSD|\bBSDs?\b|POSIX|kqueue"),
           ("netbsd", "NetBSD", r"NetBSD|\bBSDs?\b|POSIX"),
           ("openbsd", "OpenBSD", r"OpenBSD|\bBSDs?\b|POSIX"),
           ("windows", "Windows", r"Windows|Wine|AFD|WSA|SOCKET"),
           ("rust", "Rust", r"Rust"))
# macOS and the BSDs have a table of their own behind each table of rules. On the page each of its
# rows is one cell of the row with the same name.
BSDS = {"macOS": "macos", "FreeBSD": "freebsd", "NetBSD": "netbsd", "OpenBSD": "openbsd"}
BSD_HEADING = "macOS, FreeBSD, NetBSD, OpenBSD"
# "same": as macOS.
SAME = re.compile(r"(?:same|as (%s))(?: (\(.*\)))?" % "|".join(BSDS))
# How a statement is known: the kind, its name, and the pattern of its marks.
KINDS = (("run", "run on the system's own kernel", r"\brun(?=[;)])"),
         ("documented", "documented", r"\bdoc[:)]|\b[Dd]ocumented\b|\bMSDN\b"),
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
        page = re.sub(r"(?<=src: )(\w+)(?!\w*\.c)", self.project, page)
        page = outside_tags(page, self.kernel_files)
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

    def kernel_files(self, text):
        """The files of the system's kernel."""
        if self.system not in sources.KERNELS:
            return text
        return re.sub(r"\b\w+\.c\b", lambda match: link(
            sources.kernel_file(self.system, match.group(0)), match.group(0), "source"), text)

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


def grouped(heads, row):
    """The cells of macOS and the BSDs, those that are the same together: [[(system, mark)], text]."""
    groups = {}
    for system, text in zip(heads, row):
        same = SAME.fullmatch(text)
        if not same:
            groups[system] = ([(system, "")], text)
    for system, text in zip(heads, row):
        same = SAME.fullmatch(text)
        if same:
            of = same.group(1) or "macOS"
            if of not in groups:
                raise ValueError("'%s' names no cell with a text: %s" % (text, row))
            groups[of][0].append((system, same.group(2) or ""))
    return list(groups.values())


def column_of(heading):
    return next(name for start, name in COLUMNS if heading.startswith(start))


def is_of_bsds(block):
    return block[0] == "table" and block[1][0] == "rule" and block[1][1].startswith("macOS")


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
        for block, following in zip(blocks, blocks[1:] + [("end",)]):
            if block[0] == "list":
                out.append(self.entries(block))
            elif is_of_bsds(block):
                pass  # Its rows are in the table before it.
            elif block[0] == "table":
                out.append(self.table(block[1], block[2],
                                      following if is_of_bsds(following) else None))
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

    def table(self, head, rows, bsds=None):
        """bsds: the table of macOS and the BSDs that belongs to it."""
        if not re.match(r"rule|tag|Wine", head[0]):
            return self.writer.table(head, rows)
        columns = [column_of(heading) for heading in head]
        kind = {"rule": "compare", "tag": "remaining"}.get(columns[0], "wine")
        if bsds:
            head, columns, rows = self.joined(head, columns, rows, bsds)
        out = ['<table class="%s"><thead><tr>' % kind]
        for heading, column in zip(head, columns):
            out.append('<th scope="col" class="%s">%s</th>' % (column, html.escape(heading)))
        out.append("</tr></thead><tbody>")
        for row in rows:
            out.append(self.row(kind, head, columns, row))
        return "\n".join(out + ["</tbody></table>"])

    @staticmethod
    def joined(head, columns, rows, bsds):
        """The table with one column more, behind Linux: of macOS and the BSDs."""
        left = {row[0]: row[1:] for row in bsds[2]}
        if len(left) != len(bsds[2]):
            raise ValueError("a table of the BSDs has a row twice: %s" % bsds[2][0])
        heads = [next(name for name in BSDS if heading.startswith(name))
                 for heading in bsds[1][1:]]
        new_rows = []
        for row in bsds[2]:
            for text in row[1:]:
                if not kinds_of(text):
                    raise ValueError("the cell does not say how it is known: %s: %s" % (row[0], text))
        for row in rows:
            cells = left.pop(row[0], None)
            new_rows.append(row[:2] + [grouped(heads, cells) if cells else []] + row[2:])
        if left:
            raise ValueError("a table of the BSDs has rows of its own: %s" % list(left))
        return (head[:2] + [BSD_HEADING] + head[2:], columns[:2] + ["bsds"] + columns[2:], new_rows)

    def bsd_cell(self, groups):
        """The cell of macOS and the BSDs: the systems that do the same, and what they do."""
        out = []
        for systems, text in groups:
            names = ["<span class=\"%s\">%s%s</span>" % (
                BSDS[name], name, " " + self.cell(mark, BSDS[name]) if mark else "")
                for name, mark in systems]
            known = kinds_of(" ".join([text] + [mark for _, mark in systems]))
            out.append('<div class="%s" data-kinds="%s"><dt>%s</dt><dd>%s</dd></div>' % (
                " ".join(BSDS[name] for name, _ in systems), " ".join(known), ", ".join(names),
                self.cell(text, BSDS[systems[0][0]])))
        return '<td class="bsds">%s</td>' % ("<dl>%s</dl>" % "".join(out) if out else "")

    @staticmethod
    def systems_of(kind, columns, row):
        """The systems that a row speaks of, and its text."""
        groups = row[columns.index("bsds")] if "bsds" in columns else []
        text = " ".join(part for part in row if isinstance(part, str))
        text = " ".join([text] + [part for _, part in groups])
        found = {BSDS[name] for systems, _ in groups for name, _ in systems}
        for key, _, pattern in SYSTEMS:
            if kind != "compare" and re.search(pattern, text):
                found.add(key)
            if kind == "compare" and key in columns and row[columns.index(key)]:
                found.add(key)
        return [key for key, _, _ in SYSTEMS if key in found], text

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
            cells.append(self.bsd_cell(text) if column == "bsds"
                         else self.table_cell(kind, heading, column, text, shown))
        systems, text = self.systems_of(kind, columns, row)
        hidden = words.of_row(text, systems, rules, self.errors)
        return '<tr class="entry row" id="%s" data-rules="%s" data-systems="%s" data-words="%s">%s</tr>' % (
            shown, " ".join(rules), " ".join(systems), hidden, "".join(cells))

    def table_cell(self, kind, heading, column, text, name):
        content = self.cell(text, column if kind == "compare" else "")
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
