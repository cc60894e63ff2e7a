"""Reads the Markdown of this project: a subset that has one tree for each page.

Blocks: ("heading", level, text), ("p", text), ("code", language, lines), ("list", is_ordered, [blocks of each
item]), ("table", head cells, rows of cells). Comments are left out.
Inline: ("text", s), ("code", s), ("strong", nodes), ("em", nodes), ("link", nodes, address).
"""

import re

INLINE = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)"
                    r"|\[(?P<label>(?:[^\[\]`]|`[^`]*`|\[[^\]]*\])+)\]\((?P<href>[^()\s]+)\)"
                    r"|<(?P<auto>https?://[^>]+)>"
                    r"|\*\*(?=\S)(?P<strong>.+?)(?<=\S)\*\*"
                    r"|(?<![\w*])\*(?=[^\s*])(?P<em>[^*`]+?)(?<=\S)\*(?![\w*])", re.S)
ITEM = re.compile(r"(?:-|\d+\.) +")
# What begins a block, and ends a paragraph.
BEGIN = re.compile(r"#{1,6} |\||```|<!--|(?:-|\d+\.) +")


def inline(text):
    nodes = []
    at = 0
    for match in INLINE.finditer(text):
        if match.start() > at:
            nodes.append(("text", text[at:match.start()]))
        at = match.end()
        if match.group("code") is not None:
            code = match.group("code")
            nodes.append(("code", code.strip() if "`" in code else code))
        elif match.group("label") is not None:
            nodes.append(("link", inline(match.group("label")), match.group("href")))
        elif match.group("auto") is not None:
            nodes.append(("link", [("text", match.group("auto"))], match.group("auto")))
        else:
            kind = match.lastgroup
            nodes.append((kind, inline(match.group(kind))))
    if at < len(text):
        nodes.append(("text", text[at:]))
    return nodes


def plain(nodes):
    """The text of inline nodes, without their marks."""
    return "".join(node[1] if node[0] in ("text", "code") else plain(node[1]) for node in nodes)


def cells_of(line):
    """The cells of a row. A | within code, or behind a backslash, does not end a cell."""
    cells = re.findall(r"\|((?:`[^`]*`|\\\||[^|`])*)(?=\|)", line)
    return [cell.replace("\\|", "|").strip() for cell in cells]


def table(lines):
    head, _, *rows = map(cells_of, lines)
    wrong = [row for row in rows if len(row) != len(head)]
    if wrong or not re.fullmatch(r"[|\-: ]+", lines[1]):
        raise ValueError("a table whose rows differ: %s" % (wrong or lines)[0])
    return ("table", head, rows)


def parse(text):
    blocks = []
    lines = text.split("\n")

    def take(is_inside):
        """The next lines, as long as they are inside."""
        taken = []
        while lines and is_inside(lines[0]):
            taken.append(lines.pop(0))
        return taken

    while lines:
        line = lines[0]
        if not line.strip():
            lines.pop(0)
        elif line.startswith("<!--"):
            take(lambda line: "-->" not in line)
            lines.pop(0)
        elif line.startswith("```"):
            lines.pop(0)
            blocks.append(("code", line[3:], take(lambda line: not line.startswith("```"))))
            lines.pop(0)
        elif line.startswith("#"):
            marks, heading = lines.pop(0).split(" ", 1)
            blocks.append(("heading", len(marks), heading.strip()))
        elif line.startswith("|"):
            blocks.append(table(take(lambda line: line.startswith("|"))))
        elif ITEM.match(line):
            items = []
            is_ordered = not line.startswith("-")
            while lines and ITEM.match(lines[0]):
                indent = ITEM.match(lines[0]).end()
                item = [lines.pop(0)[indent:]] + take(lambda line: not line.strip() or line.startswith("  "))
                items.append(parse("\n".join(re.sub("^ {1,%d}" % indent, "", line) for line in item)))
            blocks.append(("list", is_ordered, items))
        else:
            first = lines.pop(0).strip()
            rest = take(lambda line: line.strip() and not BEGIN.match(line))
            blocks.append(("p", " ".join([first] + [line.strip() for line in rest])))
    return blocks
