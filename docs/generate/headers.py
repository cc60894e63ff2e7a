"""Reads the public headers: their comments, sections, types, macros and functions.

The comment of a header and that of a section may have slots, the defaults of their functions. A
slot of a function replaces the default, that of the section the header's. In a slot, "the default"
is the default that it replaces. In a default, TYPE is Rust's name of the function's type, and NAME
the rest of the function's name. A function that returns no fer_error has no errors by default. A
slot "same as fer_x." is the slot of that function.
"""

import pathlib
import re

import files

SLOTS = ("Blocks", "Owns", "Errors", "Rust", "Threads")


class HeaderError(Exception):
    """A header does not have the regular form."""


class Entry:
    """A function, or a block of types and macros, with its comment."""

    def __init__(self, names, code, comment, is_function, defaults=None, words=None):
        self.names = names
        self.code = code
        self.is_function = is_function
        self.attributes = self.nullable = []
        self.slots = {}
        text = comment
        if is_function:
            text, own = take_slots(comment)
            if defaults and "Errors" in defaults and not code.startswith("fer_error "):
                own.setdefault("Errors", "none.")
            merged = merge_slots(defaults or {}, own)
            missing = [name for name in SLOTS if name not in merged]
            if missing:
                raise HeaderError("%s has no %s:" % (self.names[0], missing[0]))
            self.slots = {slot: re.sub(r"(?<![A-Z])(?<![A-Z]_)(TYPE|NAME)\b", lambda match: words[match.group(1)],
                                       merged[slot]) for slot in SLOTS}
        self.blocks = blocks_of(text)

    @property
    def name(self):
        return self.names[0]

    @property
    def summary(self):
        """The first sentence."""
        return first_sentence(self.blocks[0][1]) if self.blocks else ""


class Section:
    """The entries below one line of dashes; the first section of a header has no title."""

    def __init__(self, title, text="", defaults=None):
        self.title = title
        text, own = take_defaults(text)
        self.defaults = merge_slots(defaults or {}, own)
        self.blocks = blocks_of(text)
        self.entries = []

    @property
    def functions(self):
        return [entry for entry in self.entries if entry.is_function]


# What stands before a declaration, and the attributes after it.
MARKS = r"(?:FER_RETURNS_NONNULL |FER_MUST_USE )*FER_API "
ACCESS = r"FER_(?:(?:INOUT|IN_READS|OUT_WRITES)\([0-9, ]+\)|NOT_NEGATIVE\(\w+\))"


class Header:
    def __init__(self, path):
        self.file = path.name
        self.stem = path.stem
        text = files.read(path)
        included = re.findall(r'#include "ferrule/(\w+\.h)"', text)
        self.types = re.findall(r"^\} (fer_\w+);", "\n".join(
            [text] + [files.read(path.with_name(name)) for name in included]), re.M)
        chunks = list(chunks_of(text))
        if not chunks or not chunks[0][0].startswith(self.file + ": "):
            raise HeaderError("%s does not begin with its name" % path)
        text, self.defaults = take_defaults(chunks[0][0][len(self.file) + 2:])
        self.sections = [Section("", defaults=self.defaults)]
        blocks = blocks_of(text)
        self.summary = first_sentence(blocks[0][1])
        self.blocks = blocks
        for comment, code in chunks[1:]:
            self._add(comment, code)

    def _add(self, comment, code):
        if comment.startswith("---- "):
            title, _, text = comment[5:].partition("\n\n")
            title = " ".join(title.split())
            match = re.match(r"(.*?[^.])\. (.*)", title)
            if match:
                title, text = match.group(1), match.group(2) + "\n\n" + text
            self.sections.append(Section(title, text.strip("\n"), self.defaults))
        if not code:
            return
        nullable = re.findall(r"FER_NULLABLE (\w+)", code)
        code = code.replace("FER_NULLABLE ", "")
        declaration = " ".join(code.split())
        match = re.match(r"%s.*?(fer_\w+)\s*\(" % MARKS, declaration)
        if match:
            code = re.sub(r"^%s| %s" % (MARKS, ACCESS), "", declaration)
            name = match.group(1)
            entry = Entry([name], code, comment, True, self.sections[-1].defaults,
                          self._words_of(name))
            entry.attributes = re.findall(ACCESS, declaration)
            entry.nullable = [name for name in nullable if not name.startswith("fer_")]
        else:
            entry = Entry(names_of(code), code, "" if comment.startswith("---- ") else comment, False)
        entries = self.sections[-1].entries
        if not comment and entries and not entries[-1].is_function:
            entries[-1].names += entry.names
            entries[-1].code += "\n\n" + code
        elif entry.names:
            entries.append(entry)

    def _words_of(self, function):
        """fer_tcp_stream_read is read of TcpStream."""
        kind = max((name for name in self.types if function.startswith(name + "_")), key=len, default="fer")
        return {"TYPE": "".join(word.capitalize() for word in kind.split("_")[1:]),
                "NAME": function[len(kind) + 1:]}

    @property
    def functions(self):
        return [entry for section in self.sections for entry in section.functions]


def read_all(include):
    """The headers of a folder, in the order of their names."""
    headers = [Header(path) for path in sorted(pathlib.Path(include).glob("ferrule/*.h"))]
    if not any(header.functions for header in headers):
        raise HeaderError("no function in %s" % include)
    functions = {entry.name: entry for header in headers for entry in header.functions}
    for entry in functions.values():
        for slot in SLOTS:
            entry.slots[slot] = slot_of(entry.name, slot, functions)
    return headers


def slot_of(name, slot, functions):
    """The text of a slot. "same as" another function is the text of that one."""
    text = functions[name].slots[slot]
    match = re.fullmatch(r"same as (fer_\w+)\.(.*)", text)
    if not match:
        return text
    if match.group(1) not in functions or match.group(1) == name:
        raise HeaderError("%s: there is no other %s" % (name, match.group(1)))
    return slot_of(match.group(1), slot, functions) + match.group(2)


def take_slots(comment):
    """The comment without its slots, and the slots. An empty line ends a slot."""
    text = []
    slots = {}
    slot = None
    for line in comment.split("\n"):
        match = re.match(r"(%s): (.*)" % "|".join(SLOTS), line)
        if match:
            slot = match.group(1)
            slots[slot] = match.group(2)
        elif slot and line.strip():
            slots[slot] += " " + line.strip()
        else:
            slot = None
            text.append(line)
    return "\n".join(text).strip("\n"), slots


def take_defaults(comment):
    """The same of a header or of a section, without the words above the slots in their paragraph."""
    parts = comment.split("\n\n")
    slots = {}
    for part in parts:
        slots.update(take_slots(part)[1])
    return "\n\n".join(part for part in parts if not take_slots(part)[1]), slots


def merge_slots(defaults, own):
    """The defaults, replaced by the slots of a function or of a section."""
    merged = dict(defaults)
    for slot, text in own.items():
        if slot in defaults:
            default = defaults[slot].rstrip(".")
            text = re.sub(r"(?:\band )?\bthe default\b", lambda match: default, text)
        merged[slot] = text
    return merged


def first_sentence(text):
    return re.match(r"(.+?)(?:\.(?= )|\.?$)", text, re.S).group(1)


def chunks_of(text):
    """Each comment with the code below it, without include guards and includes."""
    text = re.sub(r"^FER_(BEGIN|END)_DECLS\n", "", text, flags=re.M)
    # The form of C, if there is one for C++ too.
    text = re.sub(r"#ifdef __cplusplus\n.*?#else\n(.*?)#endif\n", r"\1", text, flags=re.S)
    text = re.sub(r"#include .*\n|#(ifndef|define) FERRULE_\w+_H\n", "", text)
    text = re.sub(r"\n#endif\n*\Z", "\n", text)
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        start = at
        if lines[at].startswith("/*"):
            while not lines[at].endswith("*/"):
                at += 1
            at += 1
        comment = "\n".join(lines[start:at])
        start = at
        depth = 0
        while at < len(lines) and (depth > 0 or lines[at] and not lines[at].startswith("/*")):
            depth += lines[at].count("{") - lines[at].count("}")
            at += 1
        code = "\n".join(lines[start:at])
        if comment or code:
            yield comment_text(comment), code
        if at < len(lines) and not lines[at]:
            at += 1


def comment_text(comment):
    comment = re.sub(r"^/\*+ ?|\*/$", "", comment)
    lines = [re.sub(r"^ \* ?", "", line).rstrip() for line in comment.split("\n")]
    return "\n".join(lines).strip()


def names_of(code):
    """The public names that a declaration defines; a name that ends in _ is private."""
    code = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    names = [name for name in re.findall(r"^#define (FER_\w+)", code, re.M)
             if "#undef " + name not in code]
    names += re.findall(r"\(\*(fer_\w+)\)", code)
    names += re.findall(r"^typedef .*?(fer_\w+);", code, re.M)
    names += re.findall(r"^\}\s*(fer_\w+);", code, re.M)
    names += re.findall(r"(?:\b|[{,] *)(FER_[A-Z0-9_]+) *(?:=[^,}]*)?(?:,|\}|$)",
                        without_macros(code), re.M)
    names += re.findall(r"X\((FER_\w+),", code)
    return [name for name in dict.fromkeys(names) if not name.endswith("_")]


def without_macros(code):
    return re.sub(r"^#(?:.*\\\n)*.*\n?", "", code, flags=re.M)


def blocks_of(text):
    """Paragraphs ("p", text), ("code", lines), ("rules", [(number, text)]), ("list", [text])."""
    blocks = []
    for part in re.split(r"\n\s*\n", text):
        lines = [line for line in part.split("\n") if line.strip()]
        if not lines:
            continue
        if all(line.startswith("    ") for line in lines):
            blocks.append(("code", [line[4:] for line in lines]))
        elif re.match(r"[A-Z]\d+[a-z]? ", lines[0]):
            blocks.append(("rules", rules_of(lines)))
        elif lines[0].startswith("- "):
            items = " ".join(line.strip() if not line.startswith("- ") else "\n" + line[2:]
                             for line in lines)
            blocks.append(("list", [item.strip() for item in items.strip().split("\n")]))
        else:
            blocks.append(("p", " ".join(line.strip() for line in lines)))
    return blocks


def rules_of(lines):
    rules = []
    for line in lines:
        match = re.match(r"([A-Z]\d+[a-z]?) +(.*)", line)
        if match:
            rules.append([match.group(1), match.group(2)])
        else:
            rules[-1][1] += " " + line.strip()
    return [tuple(rule) for rule in rules]
