"""Code as HTML, with links from the names of the library to the reference."""

import html
import re

C_KEYWORDS = set("""auto bool break case char const continue default do double else enum extern
    false float for if inline int long return short signed sizeof static struct switch true typedef
    union unsigned void volatile while NULL""".split())
RUST_KEYWORDS = set("""as break const continue else enum Err fn for if impl in let loop match mod
    move mut None Ok pub ref return self Some static struct trait true false type unsafe use where
    while""".split())
CPP_KEYWORDS = C_KEYWORDS | set("""class explicit final namespace noexcept nullptr operator private
    public template this throw try catch using""".split())

C_TOKENS = re.compile(r"(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>\"(?:\\.|[^\"\\\n])*\""
                      r"|'(?:\\.|[^'\\\n])+')|(?P<directive>^[ \t]*\#[ \t]*\w+)"
                      r"|(?P<number>\b(?:0x[0-9a-fA-F]+|\d+)[uUlL]*\b)|(?P<word>[A-Za-z_]\w*)",
                      re.S | re.M)
SHELL_TOKENS = re.compile(r"(?P<comment>(?:^|(?<=\s))\#[^\n]*)"
                          r"|(?P<string>\"(?:\\.|[^\"\\])*\"|'[^']*')", re.M)


def name_link(name, links, text=None):
    text = html.escape(text or name)
    href = links.get(name)
    return '<a href="%s">%s</a>' % (html.escape(href), text) if href else text


def code(text, language, links):
    """HTML of a piece of code. links: the address of each name that has one."""
    if language in ("c", "rust", "cpp"):
        return tokens(text, C_TOKENS, {"rust": RUST_KEYWORDS, "cpp": CPP_KEYWORDS}.get(
            language, C_KEYWORDS), links)
    if language in ("sh", "cmake", "console", "python", "yaml"):
        return tokens(text, SHELL_TOKENS, set(), links)
    return html.escape(text)


def tokens(text, pattern, keywords, links):
    out = []
    at = 0
    for match in pattern.finditer(text):
        out.append(html.escape(text[at:match.start()], quote=False))
        at = match.end()
        kind = match.lastgroup
        piece = html.escape(match.group(0), quote=False)
        if kind == "word":
            word = match.group(0)
            if word in keywords:
                piece = '<span class="keyword">%s</span>' % piece
            else:
                piece = name_link(word, links)
        else:
            piece = '<span class="%s">%s</span>' % (kind, piece)
        out.append(piece)
    return "".join(out) + html.escape(text[at:], quote=False)
