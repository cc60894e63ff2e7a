#!/usr/bin/env python3
"""Writes programs from the blocks of C in the documentation and in the headers.

A frame, tests/api/blocks/NAME.c, has a comment "BLOCK file number" in each place of a block. Every
block must have a place. "OUTPUT text" is what the program prints. The blocks of docs/PORTING.md are
quotes of consecutive lines of the file whose name is in a comment above the block, or parts of a
program of Rust, NAME.rs, which is written too; the names of ferrule on that page are public.

usage: blocks.py ROOT OUT
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files

QUOTES = "docs/PORTING.md"


def blocks_of(text, pattern, margin=""):
    """The blocks that a pattern finds: (number of the first line, lines without the margin)."""
    return [(text.count("\n", 0, match.start(1)) + 1, [line[len(margin):] for line in match.group(1).splitlines()])
            for match in re.finditer(pattern, text, re.M | re.S)]


def markdown_blocks(text, language):
    return blocks_of(text, r"^``` *%s\n(.*?)^```" % language)


def header_blocks(text):
    """Paragraphs of comments that are indented by four more columns; those of rules are not."""
    return blocks_of(text, r"^ \*\n((?: \*     [^\n]*\n)+)(?= \*\n)", " *     ")


def all_blocks(root):
    found = {}
    pages = {*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("*/README.md")}
    for path in sorted(pages):
        name = path.relative_to(root).as_posix()
        if name != QUOTES:
            for number, block in enumerate(markdown_blocks(files.read(path), "c"), 1):
                found[name, number] = block
    for path in sorted((root / "include/ferrule").glob("*.h")):
        name = path.relative_to(root).as_posix()
        for number, block in enumerate(header_blocks(files.read(path)), 1):
            found[name, number] = block
    return found


def fill(frame, blocks, used):
    """The text of a frame with its blocks; compilers report the lines of the documentation."""
    out = []
    for number, line in enumerate(files.read(frame).split("\n"), 1):
        match = re.fullmatch(r"\s*/\* BLOCK (\S+) (\d+) \*/", line)
        if not match:
            out.append(line)
            continue
        key = match.group(1), int(match.group(2))
        if key not in blocks:
            sys.exit("%s: there is no block %d of C in %s" % (frame.name, key[1], key[0]))
        used.add(key)
        start, lines = blocks[key]
        out += ['#line %d "%s"' % (start, key[0]), *lines, '#line %d "%s"' % (number + 1, frame)]
    return "\n".join(out)


def problems_of_quotes(root, out):
    text = files.read(root / QUOTES)
    programs = {}
    for match in re.finditer(r"^(?:<!-- ([\w/.]+) -->\n)?```(c|cpp|rust)\n(.*?)^```", text, re.M | re.S):
        name, language, block = match.groups()
        if name and language == "rust":
            programs[name] = programs.get(name, "") + block
        elif not name or not (root / name).is_file() or "\n" + block not in "\n" + files.read(root / name):
            yield "%s:%d: no quote of %s" % (QUOTES, text.count("\n", 0, match.start()) + 1, name or "a file")
    for name, program in programs.items():
        files.write(out / name, program)
    declared = {name for path in (root / "include").rglob("*.h") for name in re.findall(r"\w+", files.read(path))}
    for name in sorted(set(re.findall(r"\b(?:fer_[a-z0-9]|FER_[A-Z0-9])\w*", text)) - declared):
        yield "%s: %s is in no public header" % (QUOTES, name)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    root, out = map(pathlib.Path, sys.argv[1:])
    blocks = all_blocks(root)
    used = set()
    for frame in sorted((root / "tests/api/blocks").glob("*.c")):
        text = fill(frame, blocks, used)
        files.write(out / frame.name, text)
        expected = "".join(line + "\n" for line in re.findall(r"/\* OUTPUT (.*) \*/", text))
        files.write(out / (frame.stem + ".expected"), expected)
    problems = list(problems_of_quotes(root, out))
    for name, number in sorted(set(blocks) - used):
        problems.append("%s:%d: no program of tests/api/blocks has this block (%d)" % (
            name, blocks[name, number][0], number))
    for problem in problems:
        print(problem)
    if problems or not used:
        sys.exit(1)
    print(len(used))


if __name__ == "__main__":
    main()
