"""The frame of a page, and Markdown as HTML."""

import html
import posixpath
import re

import highlight
import markdown

NAV = (("index", "Guide"), ("porting", "Porting"), ("simulation", "Simulation"),
       ("reference", "Reference"), ("differences", "Differences"), ("packages", "Packages"))
RULE = re.compile(r"(?<![\w/.=#-])([A-Z]\d{1,2}[a-z]?)(?![\w=-]|\.\w)")


class Site:
    """What every page needs: where names, rules, files and pages are."""

    def __init__(self, version):
        self.version = version
        self.names = {}     # a name of the library: its address
        self.rules = {}     # the number of a rule, or the tag of a difference: its address
        self.markdown = {}  # a page of Markdown: the name of its page here
        self.titles = {}    # the address of a page: its title
        self.headers = {}   # a header: the name of its page
        self.files = {}     # a file of the tree that a page shows as source: its address
        self.others = []    # the pages that the bar does not have: (address, title)

    def short_title(self, href):
        """The title of the page at this address, or None: that in the bar, if it is there."""
        page = href.partition("#")[0]
        return dict(NAV).get(page[:-len(".html")]) or self.titles.get(page)

    def address(self, source, href, is_file):
        """The address on the site of a link in the file source. is_file: what is a file."""
        if re.match(r"[a-z]+:", href):
            return href
        path, _, fragment = href.partition("#")
        if not path:
            return href
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        tail = "#" + fragment if fragment else ""
        if path in self.markdown:
            return self.markdown[path] + ".html" + tail
        if path in self.headers:
            return self.headers[path] + ".html" + tail
        if path == "include/ferrule":
            return "reference.html"
        if not is_file(path):
            raise ValueError("%s links to %s, which does not exist" % (source, href))
        self.files[path] = "src/%s.html" % path
        return self.files[path] + tail


class Writer:
    """Writes the Markdown of one file as HTML."""

    def __init__(self, site, source, is_file, replace=None):
        self.site = site
        self.source = source
        self.is_file = is_file
        self.replace = replace or {}
        self.contents = []
        self.slugs = {}
        self.title = ""

    def inline(self, text):
        return self.nodes(markdown.inline(text))

    def nodes(self, nodes, in_link=False):
        out = []
        for node in nodes:
            if node[0] == "text":
                text = html.escape(node[1], quote=False)
                out.append(text if in_link else self.rule_links(text))
            elif node[0] == "code":
                out.append(self.inline_code(node[1], in_link))
            elif node[0] in ("strong", "em"):
                out.append("<%s>%s</%s>" % (node[0], self.nodes(node[1], in_link), node[0]))
            else:
                href = self.site.address(self.source, node[2], self.is_file)
                label = self.nodes(node[1], True)
                # The name of a file says nothing here.
                title = self.site.short_title(href)
                if label.endswith(".md") and title:
                    label = html.escape(title)
                out.append('<a href="%s">%s</a>' % (html.escape(href), label))
        return "".join(out)

    def inline_code(self, text, in_link):
        code = html.escape(text, quote=False)
        name = re.match(r"(fer_\w+|FER_\w+|[a-z]\w*_\w+)", text)
        href = name and (self.site.names.get(name.group(1)) or self.site.rules.get(text))
        header = re.fullmatch(r"(?:include/)?(?:ferrule/)?(\w+\.h)", text)
        if header and "include/ferrule/" + header.group(1) in self.site.headers:
            href = header.group(1) + ".html"
        if href and not in_link:
            return '<a href="%s"><code>%s</code></a>' % (html.escape(href), code)
        return "<code>%s</code>" % code

    def rule_links(self, text):
        def link(match):
            href = self.site.rules.get(match.group(1))
            return '<a class="rule" href="%s">%s</a>' % (href, match.group(1)) if href else match.group(0)
        return RULE.sub(link, text)

    def blocks(self, blocks):
        return "\n".join(self.block(block) for block in blocks)

    def block(self, block):
        kind = block[0]
        if kind == "heading":
            return self.heading(block[1], block[2])
        if kind == "p":
            return "<p>%s</p>" % self.inline(block[1])
        if kind == "code":
            return self.code(block[1], block[2])
        if kind == "list":
            tag = "ol" if block[1] else "ul"
            items = "".join("<li>%s</li>\n" % self.item(item) for item in block[2])
            return "<%s>\n%s</%s>" % (tag, items, tag)
        if kind == "table":
            return self.table(block[1], block[2])
        return ""

    def item(self, item):
        """An item of one paragraph has no paragraph of its own."""
        if item and item[0][0] == "p":
            return self.inline(item[0][1]) + self.blocks(item[1:])
        return self.blocks(item)

    def heading(self, level, text):
        anchor = markdown.slug(text)
        self.slugs[anchor] = self.slugs.get(anchor, -1) + 1
        if self.slugs[anchor]:
            anchor += "-%d" % self.slugs[anchor]
        if level == 1:
            self.title = markdown.plain(markdown.inline(text))
        else:
            self.contents.append((level, anchor, markdown.plain(markdown.inline(text))))
        return '<h%d id="%s">%s <a class="anchor" href="#%s" aria-label="Link to this section">#</a></h%d>' % (
            level, anchor, self.nodes(markdown.inline(text), True), anchor, level)

    def code(self, language, lines):
        text = "\n".join(lines)
        if text in self.replace:
            return self.replace[text]
        return '<pre><code class="%s">%s</code></pre>' % (
            language or "text", highlight.code(text, language, self.site.names))

    def table(self, head, rows):
        out = ['<div class="scroll" tabindex="0" role="region" aria-label="Table"><table%s>' % (
            ' class="many"' if len(head) > 6 else "")]
        if any(head):
            out.append("<thead><tr>%s</tr></thead>" % "".join(
                "<th>%s</th>" % self.inline(cell) for cell in head))
        out.append("<tbody>")
        for row in rows:
            out.append("<tr>%s</tr>" % "".join("<td>%s</td>" % self.inline(cell) for cell in row))
        return "\n".join(out + ["</tbody></table></div>"])


def contents_list(contents):
    """The headings of a page, beside it on a wide screen."""
    items = [item for item in contents if item[0] in (2, 3)]
    if len([item for item in items if item[0] == 2]) > 12 or len(items) > 40:
        items = [item for item in items if item[0] == 2]
    if len(items) < 3:
        return ""
    lines = "".join('<li class="level%d"><a href="#%s">%s</a></li>\n' % (
        level, html.escape(anchor), html.escape(text)) for level, anchor, text in items)
    return '<nav class="contents" aria-label="On this page"><h2>On this page</h2><ul>\n%s</ul></nav>' % lines


def folded_contents(contents):
    """The same list under the title, closed, on a narrow screen."""
    match = re.search(r"<ul>.*</ul>", contents, re.S)
    return ('<details class="folded"><summary>On this page</summary>%s</details>' % match.group(0)
            if match else "")


def page(site, name, title, body, contents="", description="", kind="", depth=0, script=""):
    """One whole page. name: without .html; depth: how many folders deep it is; script: a file that
    the page loads before site.js."""
    up = "../" * depth
    nav = "".join('<li><a href="%s%s.html"%s>%s</a></li>' % (
        up, target, ' aria-current="page"' if target == name else "", label) for target, label in NAV)
    others = "".join('<li><a href="%s%s.html">%s</a></li>\n' % (up, target, html.escape(label))
                     for target, label in site.others)
    body = body.replace("</h1>", "</h1>" + folded_contents(contents), 1)
    head_title = title if title == "ferrule" else title + " – ferrule"
    return TEMPLATE % {
        "title": html.escape(head_title), "up": up, "nav": nav, "others": others, "body": body,
        "contents": contents, "kind": kind, "version": site.version,
        "scripts": '<script src="%s" defer></script>\n' % script if script else "",
        "description": html.escape(description or "ferrule: Rust's std::net for C"),
    }


TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%(title)s</title>
<meta name="description" content="%(description)s">
<link rel="icon" href="%(up)sicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="%(up)sstyle.css">
%(scripts)s<script src="%(up)ssite.js" defer></script>
</head>
<body class="%(kind)s">
<a class="skip" href="#content">Skip to the content</a>
<header class="bar">
<a class="brand" href="%(up)sindex.html">ferrule</a>
<nav aria-label="Pages"><ul>%(nav)s</ul></nav>
<form class="find" role="search" action="%(up)ssearch.html" hidden>
<input type="search" name="q" aria-label="Search all pages" placeholder="Search" autocomplete="off" spellcheck="false">
</form>
</header>
<div class="frame">
%(contents)s
<main id="content">
%(body)s
</main>
</div>
<footer>
<ul>
%(others)s</ul>
<p>ferrule %(version)s. MIT or Apache-2.0. These pages are generated from the headers and from docs/.</p>
</footer>
</body>
</html>
"""
