#!/usr/bin/env python3
"""Writes the site: guide, reference, state diagrams, and the page of differences.

usage: site.py ROOT OUT
"""

import html
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
import diagrams
import differences
import files
import headers
import highlight
import markdown
import pages
import reference
import search
import words

# The pages whose names differ from those of their files, and their titles in the footer.
NAMES = {
    "README.md": ("index", "Guide"),
    "docs/README.md": ("documents", "Which page answers which question"),
    "docs/STATE.md": ("states", "States"),
    "tests/README.md": ("tests", "Tests"),
    "fuzz/README.md": ("fuzz", "Folders of fuzz/"),
    "bench/README.md": ("bench", "Benchmarks"),
}
LANGUAGES = {".c": "c", ".h": "c", ".hpp": "cpp", ".cpp": "cpp", ".rs": "rust", ".sh": "sh",
             ".py": "python", ".cmake": "cmake", ".yml": "yaml"}
STATIC = ("style.css", "site.js", "icon.svg")


class Builder:
    def __init__(self, root, out):
        self.root = root
        self.out = out
        version = files.read(root / "include/ferrule/version.h")
        self.site = pages.Site(re.search(r'FER_VERSION_TEXT "(.*)"', version).group(1))
        self.tracked = self.tracked_files()
        self.headers = headers.read_all(root / "include")
        self.sources = self.markdown_files()
        self.written = []

    def tracked_files(self):
        """The files of the tree, and their folders."""
        listed = subprocess.run(["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard"],
                                capture_output=True, text=True, check=False)
        found = set(filter(None, listed.stdout.split("\n")))
        if listed.returncode != 0:
            found = {path.relative_to(self.root).as_posix() for path in self.root.rglob("*")
                     if not re.match(r"\.git/|build", path.relative_to(self.root).as_posix())}
        for name in list(found):
            found.update(str(parent) for parent in pathlib.PurePosixPath(name).parents)
        return found

    def markdown_files(self):
        found = ["README.md"] + sorted(name for name in self.tracked if re.fullmatch(
            r"(?:docs|tests|fuzz|bench)/README\.md|docs/[A-Z-]+\.md|[A-Z]+\.md", name))
        found = list(dict.fromkeys(found))
        for name in found:
            stem = pathlib.PurePosixPath(name).stem.lower()
            self.site.markdown[name] = NAMES.get(name, (stem, ""))[0]
        return found

    def is_file(self, path):
        return path in self.tracked

    def write(self, name, text):
        path = self.out / (name + ".html")
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)
        self.written.append(name)

    def prepare(self):
        site = self.site
        site.names = reference.names_of(self.headers)
        for header in self.headers:
            site.headers["include/ferrule/" + header.file] = header.file
        text = files.read(self.root / "docs/DIFFERENCES.md")
        for name in differences.rules_and_tags(markdown.parse(text)):
            site.rules[name] = "differences.html#" + name
        shown = {target for target, _ in pages.NAV}
        for name in self.sources:
            target = site.markdown[name]
            title = re.search(r"^# (.*)", files.read(self.root / name), re.M).group(1)
            site.titles[target + ".html"] = NAMES.get(name, ("", ""))[1] or title
            if target not in shown:
                site.others.append((target, site.titles[target + ".html"]))
        for name in ("LICENSE-MIT", "LICENSE-APACHE"):
            site.others.append((site.address("README.md", name, self.is_file)[:-5], name))

    def markdown_page(self, source):
        target = self.site.markdown[source]
        text = files.read(self.root / source)
        if target == "differences":
            title, body, rows = differences.write(self.site, source, text, self.is_file,
                                                    words.error_names(self.root))
            self.write(target, pages.page(self.site, target, title, body, kind="wide", description=(
                "How sockets differ between Linux, macOS, the BSDs and Windows: errors, timeouts, "
                "shutdown, reset, accept, UDP, with the sources. %d rows." % rows)))
            return
        blocks = markdown.parse(text)
        writer = pages.Writer(self.site, source, self.is_file, self.drawn(blocks))
        body = writer.blocks(blocks)
        if target == "index":
            body = body.replace("</p>", "</p>" + WAYS, 1)
        self.write(target, pages.page(self.site, target, writer.title, body,
                                      pages.contents_list(writer.contents)))

    @staticmethod
    def drawn(blocks):
        """The diagram for each Mermaid block."""
        found = {}
        title = ""
        for block in blocks:
            if block[0] == "heading":
                title = block[2]
            elif block[0] == "code" and block[1] == "mermaid":
                found["\n".join(block[2])] = diagrams.draw(block[2], "States: " + title)
        return found

    def reference_pages(self):
        self.write("reference", pages.page(self.site, "reference", "Reference",
                                           reference.index_page(
                                       self.site, self.headers, sorted(
                                           name for name in self.tracked if re.fullmatch(
                                               r"include/ferrule/\w+\.hpp", name)),
                                       self.is_file, words.of_functions(self.root))))
        for header in self.headers:
            body, contents = reference.header_page(self.site, header)
            self.write(header.file, pages.page(self.site, header.file, header.file, body, contents,
                                               description=header.summary))

    def source_page(self, path):
        depth = path.count("/") + 1
        up = "../" * depth
        file = self.root / path
        if file.is_dir():
            names = sorted({name[len(path) + 1:].split("/")[0] for name in self.tracked
                            if name.startswith(path + "/")})
            body = "<ul>%s</ul>" % "".join("<li><code>%s</code></li>" % html.escape(name)
                                           for name in names)
        else:
            links = {name: up + href for name, href in self.site.names.items()}
            code = highlight.code(files.read(file), LANGUAGES.get(file.suffix, "text"), links)
            lines = "".join('<span class="line" id="L%d">%s</span>\n' % (i + 1, line)
                            for i, line in enumerate(lines_of(code)))
            body = '<pre class="source-file"><code>%s</code></pre>' % lines
        body = '<h1><code>%s</code></h1>%s' % (html.escape(path), body)
        self.write("src/" + path, pages.page(self.site, "src/" + path, path, body, kind="source",
                                              depth=depth))

    def build(self):
        self.prepare()
        for source in self.sources:
            self.markdown_page(source)
        self.reference_pages()
        for path in sorted(self.site.files):
            self.source_page(path)
        search.write(self.site, self.out, [
            name for name in self.written if not name.startswith("src/") or "LICENSE" in name])
        self.write("search", pages.page(self.site, "search", "Search", search.PAGE,
                                        script="search-index.js"))
        here = pathlib.Path(__file__).parent
        for name in STATIC:
            shutil.copy(here / name, self.out / name)


def lines_of(code):
    """The lines of highlighted code; a comment of several lines is closed and opened again."""
    out = []
    is_open = ""
    for line in code.rstrip("\n").split("\n"):
        line = is_open + line
        opened = re.findall(r'<span class="[a-z]+">|</span>', line)
        depth = sum(1 if tag != "</span>" else -1 for tag in opened)
        is_open = '<span class="comment">' if depth > 0 else ""
        out.append(line + "</span>" * max(depth, 0))
    return out


WAYS = """
<ul class="ways">
<li><a href="differences.html"><strong>Why does my socket do that?</strong> Each system's behaviour, with its
sources, to be searched</a></li>
<li><a href="porting.html"><strong>Port a program</strong> From Rust, Tokio, Go, .NET, BSD sockets,
Winsock or APR</a></li>
<li><a href="simulation.html"><strong>Test without a network</strong> A simulated network with a seed and
faults</a></li>
<li><a href="reference.html"><strong>Reference</strong> Every function: what it does, its errors, its name in
Rust</a></li>
<li><a href="packages.html"><strong>Add it to your build</strong> CMake, Meson, vcpkg, Conan, pkg-config, Debian, or
two files</a></li>
</ul>
"""


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    builder = Builder(pathlib.Path(sys.argv[1]), out)
    builder.build()
    print("site.py: %d pages" % len(builder.written))


if __name__ == "__main__":
    main()
