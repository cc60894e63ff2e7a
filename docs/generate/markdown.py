"""Reads the Markdown of this project: a subset that has one tree for each page.

Blocks: ("heading", level, text), ("p", text), ("code", language, lines), ("comment", text),
("list", is_ordered, [blocks of each item]), ("table", head cells, rows of cells).
Inline: ("text", s), ("code", s), ("strong", nodes), ("em", nodes), ("link", nodes, address).
"""

import re

INLINE = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)"
                    r"|\[(?P<label>(?:[^\[\]`]|`[^`]*`|\[[^\]]*\])+)\]\((?P<href>[^()\s]+)\)"
                    r"|<(?P<auto>https?://[^>]+)>"
                    r"|\*\*(?=\S)(?P<strong>.+?)(?<=\S)\*\*"
                    r"|(?<![\w*])\*(?=[^\s*])(?P<em>[^*`]+?)(?<=\S)\*(?![\w*])", re.S)
ITEM = re.compile(r"( *)(-|\d+\.) +(.*)")


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
        elif match.group("strong") is not None:
            nodes.append(("strong", inline(match.group("strong"))))
        else:
            nodes.append(("em", inline(match.group("em"))))
    if at < len(text):
        nodes.append(("text", text[at:]))
    return nodes


def plain(nodes):
    """The text of inline nodes, without their marks."""
    return "".join(node[1] if node[0] in ("text", "code") else plain(node[1]) for node in nodes)


def slug(text):
    """The anchor that GitHub makes of a heading."""
    text = plain(inline(text)).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def cells_of(line):
    """The cells of a row. A | within code does not end a cell."""
    line = line.strip().strip("|") if not line.strip().endswith("\\|") else line.strip()[1:]
    cells = [""]
    in_code = False
    for part in re.split(r"(`|\\\||\|)", line):
        if part == "`":
            in_code = not in_code
        if part == "|" and not in_code:
            cells.append("")
        else:
            cells[-1] += "|" if part == "\\|" else part
    return [cell.strip() for cell in cells]


class Parser:
    def __init__(self, text):
        self.lines = text.split("\n")
        self.at = 0

    def blocks(self):
        blocks = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                self.at += 1
            elif line.startswith("<!--"):
                blocks.append(self._comment())
            elif re.match(r" {0,3}```", line):
                blocks.append(self._code())
            elif re.match(r"#{1,6} ", line):
                marks, text = line.split(" ", 1)
                blocks.append(("heading", len(marks), text.strip()))
                self.at += 1
            elif line.startswith("|"):
                blocks.append(self._table())
            elif ITEM.match(line):
                blocks.append(self._list())
            else:
                blocks.append(self._paragraph())
        return blocks

    def _comment(self):
        text = ""
        while True:
            text += self.lines[self.at] + "\n"
            self.at += 1
            if "-->" in text:
                return ("comment", text[4:text.index("-->")].strip())

    def _code(self):
        indent = len(self.lines[self.at]) - len(self.lines[self.at].lstrip())
        language = self.lines[self.at].strip()[3:]
        self.at += 1
        lines = []
        while not self.lines[self.at].strip().startswith("```"):
            lines.append(self.lines[self.at][indent:])
            self.at += 1
        self.at += 1
        return ("code", language, lines)

    def _table(self):
        rows = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("|"):
            rows.append(self.lines[self.at])
            self.at += 1
        head = cells_of(rows[0])
        body = [cells_of(row) for row in rows[2:]]
        wrong = [row for row in body if len(row) != len(head)]
        if wrong or not re.fullmatch(r"[|\-: ]+", rows[1]):
            raise ValueError("a table whose rows differ: %s" % (wrong or rows[:2])[0])
        return ("table", head, body)

    def _list(self):
        first = ITEM.match(self.lines[self.at])
        indent = len(first.group(1))
        is_ordered = first.group(2) != "-"
        items = []
        while self.at < len(self.lines):
            match = ITEM.match(self.lines[self.at])
            if not match or len(match.group(1)) != indent or (match.group(2) != "-") != is_ordered:
                break
            body = [match.group(3)]
            inner = match.start(3)
            self.at += 1
            while self.at < len(self.lines):
                line = self.lines[self.at]
                depth = len(line) - len(line.lstrip())
                if not line.strip():
                    following = self._next_indent()
                    if following < inner:
                        break
                elif depth < inner and (ITEM.match(line) or self._begins_block(line) or not body[-1]):
                    break
                body.append(line[min(inner, depth):])
                self.at += 1
            items.append(Parser("\n".join(body)).blocks())
            while self.at < len(self.lines) and not self.lines[self.at].strip():
                self.at += 1
        return ("list", is_ordered, items)

    def _next_indent(self):
        for line in self.lines[self.at:]:
            if line.strip():
                return len(line) - len(line.lstrip())
        return 0

    @staticmethod
    def _begins_block(line):
        return re.match(r"#{1,6} |\||```|<!--", line) is not None

    def _paragraph(self):
        lines = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip() or lines and (self._begins_block(line) or ITEM.match(line)):
                break
            lines.append(line.strip())
            self.at += 1
        return ("p", " ".join(lines))


def parse(text):
    return Parser(text).blocks()
