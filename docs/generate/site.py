#!/usr/bin/env python3
"""Builds the site with MkDocs (docs/mkdocs.yml): the Markdown of the tree, and a reference of the public headers as
Markdown. The pages keep their places in the tree, so their links stay what they are.

usage: site.py ROOT OUT
"""

import json
import os
import pathlib
import posixpath
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files
import headers

SOURCES = ("*.md", "docs/*.md", "docs/differences/*.md", "*/README.md")
INCLUDE = "include/ferrule/"
RULES = "docs/RULES.md"
DIFFERENCES = "docs/differences/"
STYLE = """\
/* A wide table scrolls by itself, also on a phone. Outside of tables a long name is broken. */
.rst-content { overflow-wrap: anywhere; }
.rst-content table { display: block; margin-bottom: 1.5em; overflow-wrap: normal; overflow-x: auto; }
.rst-content table td, .rst-content table th { min-width: 7em; padding: 0.3em 0.6em; vertical-align: top; white-space: normal; }
.rst-content code { white-space: normal; }
.rst-content pre code { white-space: pre; }
.rst-content td code { overflow-wrap: anywhere; }
.wy-nav-content { max-width: 80em; }
/* Where a table fits, its first row stays in view. */
@media (min-width: 1200px) {
  .rst-content table.docutils, .rst-content table { display: table; overflow: visible; }
  .rst-content table th { background: #e6e6e6; position: sticky; top: 0; z-index: 1; }
  .rst-content table td, .rst-content table th { font-size: 85%; min-width: 64px; padding: 0.3em 0.4em; }
  .rst-content table td, .rst-content table:has(th:nth-child(11)) th { overflow-wrap: anywhere; }
}
@media (max-width: 768px) { .rst-content pre code, .rst-content pre { overflow-wrap: anywhere; white-space: pre-wrap; } }
"""
# On the page of a family of rules: one system alone, and what it is the same as. Without it all systems are shown.
SCRIPT = """\
document.addEventListener("DOMContentLoaded", () => {
  if (!/\\/differences\\/[A-Z]\\.html$/.test(location.pathname)) return;
  const systems = ["Linux", "Windows", "macOS", "FreeBSD", "NetBSD", "OpenBSD"];
  const select = document.createElement("select");
  select.setAttribute("aria-label", "Systems");
  for (const name of ["all systems", ...systems]) select.add(new Option(name));
  document.querySelector("h1").after(select);
  const show = () => {
    for (const list of document.querySelectorAll(".section ul, [role=main] ul")) {
      const items = new Map();
      for (const item of list.children) {
        const label = item.firstElementChild?.tagName === "STRONG" ? item.firstElementChild.textContent : "";
        const system = systems.find((name) => label.split(":")[0] === name);
        if (system) items.set(system, [item, item.textContent.slice(label.length + 2)]);
      }
      const same = items.get(select.value)?.[1].match(/^(?:same|as (macOS|FreeBSD|NetBSD|OpenBSD))(?= \\(|$)/);
      const other = same ? same[1] ?? "macOS" : "";
      for (const [system, [item]] of items) item.hidden = select.selectedIndex > 0 && ![select.value, other].includes(system);
    }
  };
  select.addEventListener("change", show);
});
"""
JQUERY = pathlib.Path("/usr/share/javascript/jquery/jquery.min.js")
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^()\s#]+)([^()\s]*)(?=\))")
# Code that begins with a name, the number of a rule, and what has no link inside: links and tags.
WORD = re.compile(r"`(\w*)[^`]*`|(?<![\w/.=#-])([A-Z]\d{1,2}[a-z]?)(?![\w=-]|\.\w)"
                  r"|\[(?:[^\[\]]|\[[^\]]*\])*\]\([^()\s]*\)|<[^>]*>")
# In a comment: a name, a page, a header, and what has a meaning in Markdown.
COMMENT = re.compile(r"`?(\b(?:(?:fer|FER)_\w+|(?<=`)\w+(?=`))\b)`?|\b(docs/[\w-]+\.md)\b"
                     r"|(?<![\w/])(?:ferrule/)?(\w+\.h)\b|[\\`*_\[\]|#<]")
# A rule where it is stated.
PLACE = re.compile(r"^- (?=\*\*([A-Z]\d\w*)\*\* )", re.M)


def relative(path, source):
    """The address of a page in a link of the page source."""
    return posixpath.relpath(path, posixpath.dirname(source) or ".")


def unique(name, used):
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


def code_of(entry):
    """A prototype that is long has one parameter on each line. The list of the errors is a table."""
    kinds = re.findall(r'X\((FER_\w+), (\d+), "(\w+)",\s*"([^"]+)"\)', entry.code.replace("\\\n", ""))
    if kinds:
        return "| kind | number | in Rust | text |\n|---|---|---|---|\n" + "\n".join(
            "| `%s` | %s | %s | %s |" % kind for kind in kinds)
    code = re.sub(r" {2,}\\$", r" \\", entry.code, flags=re.M)
    if entry.is_function and len(code) > 88:
        head, _, parameters = code.partition("(")
        code = head + "(\n    " + ",\n    ".join(parameters.rstrip(";)").split(", ")) + ");"
    return "```c\n%s\n```" % code


def with_sources(text, names):
    """Links the reports and documents that marks name, by the names and addresses of the page of sources."""
    def report(match):
        base = names.get(match.group(1)) or "/" in match.group(1) and "https://github.com/" + match.group(1)
        return "[%s](%s/issues/%s)" % (match.group(0), base, match.group(2)) if base else match.group(0)

    def document(text):
        name = " ".join(text.split())
        winsock = names["winsock2.h"] + "nf-winsock2-" + name.lower()[:-9] if name.endswith(" function") else None
        address = names.get(name, winsock)
        return "[%s](%s)" % (text, address) if address else text

    text = re.sub(r"(?<=doc: )[^;()|]+", lambda match: ", ".join(map(document, match.group(0).split(", "))), text)
    return re.sub(r"(?<![\w/.-])([\w.-]+(?:/[\w.-]+)?)#(\d+)\b", report, text)


def with_places(text):
    """A page with an anchor for each rule."""
    return PLACE.sub(r'- <a id="\1"></a>', text)


class Pages:
    """Writes the pages into the folder from which MkDocs builds the site."""

    def __init__(self, root, out):
        self.root = root
        self.out = out
        self.headers = {header.file: header for header in headers.read_all(root / "include")}
        # The address of each public name, rule and tag of a difference.
        self.places = {name: INCLUDE + "%s.md#%s" % (file, name) for file, header in self.headers.items()
                       for section in header.sections for entry in section.entries for name in entry.names}
        rows = re.findall(r"^## (\w+)$", files.read(root / (DIFFERENCES + "not_reconciled.md")), re.M)
        self.places.update((name, DIFFERENCES + "not_reconciled.md#" + name) for name in rows)
        self.places.update((name, RULES + "#" + name) for name in PLACE.findall(files.read(root / RULES)))
        # The addresses of the sources.
        self.sources = dict(re.findall(r"\[([^\]]+)\]\((https:[^)\s]+)\)", files.read(root / (DIFFERENCES + "sources.md"))))

    def write(self, name, text):
        (self.out / name).parent.mkdir(parents=True, exist_ok=True)
        files.write(self.out / name, text)

    def page(self, source, text):
        used = {}

        def target(match):
            """Where a link to a file of the tree leads. A file that is no page is copied, as text if it is no
            image."""
            path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match.group(1)))
            file = self.root / path
            if path + "/" == INCLUDE:
                path += "/README.md"
            elif path.startswith(INCLUDE) and file.name in self.headers:
                path += ".md"
            elif not path.endswith(".md") and file.exists():
                path += "" if path.endswith(".svg") else ".txt"
                self.write(path, "".join(sorted(child.name + "\n" for child in file.iterdir())) if file.is_dir()
                           else files.read(file))
            return relative(path, source) + match.group(2)

        def link(match):
            place = self.places.get(match.group(1) or match.group(2))
            return "[%s](%s)" % (match.group(0), relative(place, source)) if place else match.group(0)

        def heading(line):
            """The anchor is that of a code host."""
            text = line.lstrip("# ")
            name = text if text in self.places else re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            return "%s {#%s}" % (line, unique(name, used))

        parts = re.split(r"(^```.*?^```$|^#[^\n]*$)", text, flags=re.M | re.S)
        for i, part in enumerate(parts):
            if part.startswith("```mermaid"):
                name = "%s-%d.svg" % (source[:-len(".md")], i)
                self.write(name, diagram(part))
                parts[i] = "![States](%s)" % posixpath.basename(name)
            elif part.startswith("#"):
                parts[i] = heading(part)
            elif not part.startswith("```"):
                # A list within a list is indented by four columns for MkDocs.
                part = re.sub(r"^ {2,3}- ", "    - ", LINK.sub(target, part), flags=re.M)
                parts[i] = WORD.sub(link, part)
        self.write(source, "".join(parts))

    def comment(self, text):
        """Text of a comment as Markdown."""
        def word(match):
            name, page, header = match.groups()
            if name or page:
                return "`%s`" % name if name else "[%s](../../%s)" % (page, page)
            if header:
                return "[%s](%s.md)" % (header, header) if header in self.headers else header
            return "&lt;" if match.group(0) == "<" else "\\" + match.group(0)
        return COMMENT.sub(word, text)

    def blocks(self, blocks):
        for kind, body in blocks:
            if kind == "p":
                yield re.sub(r"^([A-Z][a-z]+(?: [a-z]+)?\.)(?= )", r"**\1**", self.comment(body))
            elif kind == "code":
                yield "```c\n%s\n```" % "\n".join(body)
            else:
                items = [("**%s** " % item[0], item[1]) if kind == "rules" else ("", item) for item in body]
                yield "\n".join("- " + number + self.comment(item) for number, item in items)

    def header(self, header):
        first = header.blocks[0][1]
        out = ["# " + header.file, self.comment(first[0].upper() + first[1:]), *self.blocks(header.blocks[1:])]
        for section in header.sections:
            out += ["## " + section.title] if section.title else []
            out += self.blocks(section.blocks)
            for entry in section.entries:
                out += ["### " + entry.name, "".join('<a id="%s"></a>' % name for name in entry.names[1:]),
                        code_of(entry), *self.blocks(entry.blocks)]
                out += ["%s\n:   %s" % (slot, self.comment(text)) for slot, text in entry.slots.items()]
        self.page(INCLUDE + header.file + ".md", "\n\n".join(out) + "\n")

    def reference(self):
        out = ["# Reference\n\nEach page is one public header. `ferrule.h` includes all of them except `sim.h`.\n",
               "| header | what it has |\n|---|---|"]
        out += ["| [%s](%s.md) | %s |" % (file, file, self.comment(header.summary))
                for file, header in self.headers.items()]
        out += ["\n## Functions\n\n| function | what it does | in Rust |\n|---|---|---|"]
        for header in self.headers.values():
            for entry in header.functions:
                rust = re.split(r"[.;] ", entry.slots["Rust"].rstrip("."))[0]
                out.append("| `%s` | %s. | %s |" % (entry.name, self.comment(entry.summary), self.comment(rust)))
        self.page(INCLUDE + "README.md", "\n".join(out) + "\n")

    def build(self):
        for path in sorted({path for pattern in SOURCES for path in self.root.glob(pattern)}):
            source = path.relative_to(self.root).as_posix()
            text = files.read(path)
            if source == RULES:
                text = with_places(text)
            elif source.startswith(DIFFERENCES) and not source.endswith("sources.md"):
                text = with_sources(text, self.sources)
            self.page(source, text)
        self.reference()
        for header in self.headers.values():
            self.header(header)
        self.write("site.css", STYLE)
        self.write("site.js", SCRIPT)
        # Debian 12's theme loads two scripts that its package does not have. The second adds classes to tables.
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
    # A family of rules is found as one page, not by each of its short sections and once more for each system.
    index = json.loads(files.read(out / "search/search_index.json"))
    index["docs"] = [part for part in index["docs"]
                     if not re.match(DIFFERENCES + r"([A-Z]\.html#|(?!wine)[a-z]+\.html)", part["location"])]
    files.write(out / "search/search_index.json", json.dumps(index))
    # Its addresses are those of a site that is the root of its host.
    (out / "404.html").unlink()


if __name__ == "__main__":
    main()
