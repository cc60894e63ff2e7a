#!/usr/bin/env python3
"""Builds the site with MkDocs (docs/mkdocs.yml): the Markdown of the tree, and a reference of the public
headers as Markdown. The pages keep their places in the tree, so their links stay what they are.

usage: site.py ROOT OUT
"""

import os
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files
import headers

SOURCES = ("*.md", "docs/*.md", "*/README.md")
REFERENCE = "include/ferrule/README.md"
DIFFERENCES = "docs/DIFFERENCES.md"
JQUERY = pathlib.Path("/usr/share/javascript/jquery/jquery.min.js")
FENCE = re.compile(r"(^```.*?^```$)", re.M | re.S)
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^()\s#]+)([^()\s]*)(?=\))")
RULE = re.compile(r"(?<![\w/.=#-])([A-Z]\d{1,2}[a-z]?)(?![\w=-]|\.\w)")
# A rule, or a tag of a difference, where it is stated.
PLACE = re.compile(r"^(- \*\*(?=[A-Z]\d)|\| `)(\w+)(?=\*\* |` \| [A-Z]\d)", re.M)
# What has no further link inside: code, links and tags.
CLOSED = re.compile(r"(`[^`]*`|\[(?:[^\[\]]|\[[^\]]*\])*\]\([^()\s]*\)|<[^>]*>)")


def slug(text, used):
    """The anchor that a code host makes of a heading."""
    name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    used[name] = used.get(name, -1) + 1
    return "%s-%d" % (name, used[name]) if used[name] else name


def diagram(mermaid):
    """The SVG of a state diagram in Mermaid, drawn by Graphviz."""
    edges = {}
    for start, end, event in re.findall(r"(\S+) --> (\S+?)(?:: (\w+))?$", mermaid, re.M):
        edges.setdefault((start, end), []).append(event)
    if not edges:
        raise ValueError("a diagram without an edge: " + mermaid)
    out = ["digraph states {", "nodesep=0.5; ranksep=0.55;",
           'node [shape=box style=rounded fontname="sans-serif" fontsize=13 margin="0.15,0.08"];',
           'edge [fontname="sans-serif" fontsize=11 arrowsize=0.7];',
           '"[*]" [shape=circle style=filled label="" width=0.16 height=0.16];']
    out += ['"%s" -> "%s" [label=" %s "];' % (*pair, " \\n ".join(events)) for pair, events in edges.items()]
    return subprocess.run(["dot", "-Tsvg"], input="\n".join(out + ["}"]), capture_output=True,
                          encoding="utf-8", check=True).stdout


def prototype(code):
    """A prototype that is long has one parameter on each line."""
    if len(code) <= 88:
        return code
    head, _, parameters = code.partition("(")
    return head + "(\n    " + ",\n    ".join(parameters.rstrip(";)").split(", ")) + ");"


def cells_of(line):
    return re.split(r" *(?<!\\)\| *", line)[1:-1]


def with_sources(text):
    """Links the reports and documents that marks name, by the names and addresses of the section Sources."""
    body, title, sources = text.partition("\n## Sources\n")
    names = dict(re.findall(r"\[([^\]]+)\]\((https:[^)\s]+)\)", sources))

    def report(match):
        owned = "/" in match.group(1) and "https://github.com/" + match.group(1)
        base = names.get(match.group(1)) or owned
        return "[%s](%s/issues/%s)" % (match.group(0), base, match.group(2)) if base else match.group(0)

    def document(name):
        function = re.fullmatch(r"(\w+) function", name)
        winsock = function and names["winsock2.h"] + "nf-winsock2-" + function.group(1).lower()
        return "[%s](%s)" % (name, names.get(name) or winsock) if name in names or winsock else name

    body = re.sub(r"(?<=doc: )[^;()|]+", lambda match: ", ".join(map(document, match.group(0).split(", "))), body)
    body = re.sub(r"(?<![\w/.-])([\w.-]+(?:/[\w.-]+)?)#(\d+)\b", report, body)
    for name in re.findall(r"\b\w+\.c\b", "".join(re.findall(r"^\| rule \| macOS.*\n((?:\|.*\n)+)", body, re.M))):
        if name not in sources:
            raise ValueError("the section Sources does not have " + name)
    return body + title + sources


def check_row(systems, row, names):
    """A row of macOS and the BSDs has a row in the table before it, names. Each of its cells says how it is
    known, and one that is the same as another names one with a text."""
    same = [re.fullmatch(r"(?:same|as (%s))(?: \(.*\))?" % "|".join(systems), cell) for cell in row[1:]]
    texts = {system for system, match in zip(systems, same) if not match}
    if row[0] not in names:
        raise ValueError("no table of rules has the row: " + row[0])
    for cell, match in zip(row[1:], same):
        if not re.search(r"\((?:[^()]*; )?(?:run|src|doc|rep|WT|Wine|\?)", cell):
            raise ValueError("the cell does not say how it is known: %s: %s" % (row[0], cell))
        if match and (match.group(1) or "macOS") not in texts:
            raise ValueError("the cell names none with a text: %s: %s" % (row[0], cell))


class Pages:
    """Writes the pages into the folder from which MkDocs builds the site."""

    def __init__(self, root, out):
        self.root = root
        self.out = out
        self.headers = headers.read_all(root / "include")
        # The address of each public name, rule and tag of a difference.
        self.places = {name: "include/ferrule/%s.md#%s" % (header.file, name) for header in self.headers
                       for section in header.sections for entry in section.entries for name in entry.names}
        for _, name in PLACE.findall(files.read(root / DIFFERENCES)):
            self.places[name] = DIFFERENCES + "#" + name

    def write(self, name, text):
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)

    def target(self, source, match):
        """Where a link to a file of the tree leads on the site. A file that is no page is copied."""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match.group(1)))
        file = self.root / path
        if path == "include/ferrule":
            path = REFERENCE
        elif file.parent == self.root / "include/ferrule" and file.suffix == ".h":
            path += ".md"
        elif file.is_dir():
            path += ".txt"
            self.write(path, "".join(sorted(child.name + "\n" for child in file.iterdir())))
        elif not path.endswith(".md") and file.exists():
            path += ".txt"
            self.write(path, files.read(file))
        return posixpath.relpath(path, posixpath.dirname(source) or ".") + match.group(2)

    def linked(self, source, text):
        """Markdown with links from names in code, and from the numbers of rules."""
        def link(label, name):
            place = posixpath.relpath(self.places[name], posixpath.dirname(source) or ".")
            return "[%s](%s)" % (label, place)

        def rule(match):
            return link(match.group(1), match.group(1)) if match.group(1) in self.places else match.group(0)

        parts = CLOSED.split(text)
        for i, part in enumerate(parts):
            name = re.match(r"`(\w+)", part) if i % 2 else None
            if name and name.group(1) in self.places:
                parts[i] = link(part, name.group(1))
            elif i % 2 == 0:
                parts[i] = RULE.sub(rule, part)
        return "".join(parts)

    def page(self, source, text):
        used = {}
        diagrams = 0

        def heading(match):
            return "%s %s {#%s}" % (match.group(1), match.group(2), slug(match.group(2), used))

        out = []
        for part in FENCE.split(text):
            if part.startswith("```mermaid"):
                diagrams += 1
                name = "%s-%d.svg" % (source[:-len(".md")], diagrams)
                self.write(name, diagram(part))
                part = "![States](%s)" % posixpath.basename(name)
            elif not part.startswith("```"):
                part = LINK.sub(lambda match: self.target(source, match), part)
                # A list within a list is indented by four columns for MkDocs.
                part = re.sub(r"^ {2,3}- ", "    - ", part, flags=re.M)
                lines = re.split(r"(^#.*$)", part, flags=re.M)
                lines[::2] = [self.linked(source, line) for line in lines[::2]]
                part = re.sub(r"^(#+) (.*)(?<!\})$", heading, "".join(lines), flags=re.M)
            out.append(part)
        self.write(source, "".join(out))

    @staticmethod
    def differences(text):
        """The page of differences with an anchor for each rule, each tag and each row of a table of rules."""
        used = {}
        before = []

        def table(match):
            nonlocal before
            systems = cells_of(match.group(1))[1:]
            rows = [cells_of(line) for line in match.group(3).splitlines()]
            out = match.group(1) + match.group(2)
            for row, line in zip(rows, match.group(3).splitlines(True)):
                if len(row) != len(systems) + 1:
                    raise ValueError("a row with another number of cells: " + line)
                if systems[0] == "macOS":
                    check_row(systems, row, before)
                name = re.sub(r"[^\w-]+", "-", row[0]).strip("-")
                used[name] = used.get(name, 0) + 1
                name += "-%d" % used[name] if used[name] > 1 else ""
                anchor = ' <a class="headerlink" id="%s" href="#%s">¶</a>' % (name, name)
                out += line.replace(" |", anchor + " |", 1)
            before = [row[0] for row in rows]
            return out

        text = with_sources(text)
        text = re.sub(r"^(\| rule \|.*\n)(\|[-|]+\n)((?:\|.*\n)+)", table, text, flags=re.M)
        return PLACE.sub(lambda match: '%s<a id="%s"></a>%s%s' % (
            match.group(1)[:2], match.group(2), match.group(1)[2:], match.group(2)), text)

    def comment(self, text):
        """Text of a comment as Markdown."""
        parts = re.split(r"(`\w+`|\b(?:fer|FER)_\w+\b)", text)
        for i, part in enumerate(parts):
            if i % 2:
                parts[i] = "`%s`" % part.strip("`")
                continue
            part = re.sub(r"([\\`*_\[\]|#])", r"\\\1", part).replace("<", "&lt;")
            part = re.sub(r"\b(docs/[\w-]+\.md)\b", r"[\1](../../\1)", part)
            parts[i] = re.sub(r"(?<![\w/])(?:ferrule/)?(\w+\.h)\b", lambda match: "[%s](%s.md)" % (
                match.group(0), match.group(1)) if match.group(1) in self.files else match.group(0), part)
        return "".join(parts)

    @property
    def files(self):
        return {header.file for header in self.headers}

    def blocks(self, blocks):
        out = []
        for kind, body in blocks:
            if kind == "p":
                out.append(re.sub(r"^([A-Z][a-z]+(?: [a-z]+)?\.)(?= )", r"**\1**", self.comment(body)))
            elif kind == "code":
                out.append("```c\n%s\n```" % "\n".join(body))
            else:
                out.append("\n".join("- " + ("**%s** %s" % (item[0], self.comment(item[1])) if kind == "rules"
                                             else self.comment(item)) for item in body))
        return out

    def header(self, header):
        out = ["# " + header.file, *self.blocks(header.blocks)]
        for section in header.sections:
            if section.title:
                out += ["## " + section.title, *self.blocks(section.blocks)]
            for entry in section.entries:
                out.append("### %s {#%s}" % (entry.name, entry.name))
                out += ["".join('<a id="%s"></a>' % name for name in entry.names[1:])]
                code = prototype(entry.code) if entry.is_function else re.sub(r" {2,}\\$", r" \\", entry.code, flags=re.M)
                out += ["```c\n%s\n```" % code, *self.blocks(entry.blocks)]
                out += ["%s\n:   %s" % (slot, self.comment(text)) for slot, text in entry.slots.items()]
        self.page("include/ferrule/%s.md" % header.file, "\n\n".join(out) + "\n")

    def reference(self):
        out = ["# Reference", "Each page is one public header. `ferrule.h` includes all of them except `sim.h`.",
               "| header | what it has |\n|---|---|"]
        out[-1] += "".join("\n| [%s](%s.md) | %s |" % (header.file, header.file, self.comment(header.summary))
                           for header in self.headers)
        out += ["## Functions", "| function | what it does | in Rust |\n|---|---|---|"]
        for header in self.headers:
            for entry in header.functions:
                rust = re.split(r"[.;] ", entry.slots["Rust"].rstrip("."))[0]
                out[-1] += "\n| `%s` | %s. | %s |" % (entry.name, self.comment(entry.summary), self.comment(rust))
        self.page(REFERENCE, "\n\n".join(out) + "\n")

    def build(self):
        for path in sorted({path for pattern in SOURCES for path in self.root.glob(pattern)}):
            source = path.relative_to(self.root).as_posix()
            text = files.read(path)
            self.page(source, self.differences(text) if source == DIFFERENCES else text)
        self.reference()
        for header in self.headers:
            self.header(header)
        shutil.copy(pathlib.Path(__file__).parent / "site.css", self.out)
        # Debian's theme loads two scripts that its package does not have. The second adds classes to tables.
        if JQUERY.exists():
            self.write("js/jquery-3.6.0.min.js", files.read(JQUERY))
            self.write("js/theme_extra.js", "")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    root, out = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    version = re.search(r'FER_VERSION_TEXT "(.*)"', files.read(root / "include/ferrule/version.h")).group(1)
    with tempfile.TemporaryDirectory() as folder:
        Pages(root, pathlib.Path(folder)).build()
        subprocess.run(["mkdocs", "build", "--quiet", "--strict", "-f", root / "docs/mkdocs.yml", "-d", out],
                       check=True, env={**os.environ, "PAGES": folder, "NAME": "ferrule " + version})
    # Its addresses are those of a site that is the root of its host.
    (out / "404.html").unlink()


if __name__ == "__main__":
    main()
