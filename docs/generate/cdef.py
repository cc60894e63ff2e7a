#!/usr/bin/env python3
"""Writes ferrule.cdef: the declarations of the library as cffi's ffi.cdef() takes them, without
macros, attributes and includes. The constants that are numbers are in it.

usage: cdef.py ROOT [FILE]
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files
import headers

# The simulated network is a static library of its own.
LEFT_OUT = {"sim"}


def headers_in_order(include):
    """Each header after those that it includes."""
    paths = {path.stem: path for path in sorted(include.glob("ferrule/*.h"))}
    order = []

    def add(stem):
        if stem in order:
            return
        for other in re.findall(r'#include "ferrule/(\w+)\.h"', files.read(paths[stem])):
            add(other)
        order.append(stem)

    for stem in paths:
        add(stem)
    return [headers.Header(paths[stem]) for stem in order if stem not in LEFT_OUT]


def constants_of(code):
    """The macros that are one number: cffi needs the number without parentheses."""
    found = re.findall(r"^#define (FER_\w+) \(?(-?(?:0x)?[0-9A-Fa-f]+[uUlL]*)\)?$", code, re.M)
    return "".join("#define %s %s\n" % (name, value) for name, value in found)


def types_of(code):
    """The declarations of a block of types and macros. An X macro becomes its enumerators."""
    code = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    entries = re.findall(r"\bX\((\w+), (\d+),", code)
    enumerators = "".join("    %s = %s,\n" % entry for entry in entries)
    # Continued lines belong to a macro, the other lines of # too.
    code = re.sub(r"^#(?:.*\\\n)*.*\n?", "", code, flags=re.M)
    code = re.sub(r"^ *FER_\w+\(FER_\w+_ENUMERATOR\)\n", lambda match: enumerators, code, flags=re.M)
    code = re.sub(r"^FER_STATIC_ASSERT\(.*?\);\n?", "", code, flags=re.M | re.S)
    # cffi passes no union by value (fer_ip_addr). An IPv4 address is the first 4 octets.
    octets = r"\1struct fer_ip_addr_u {\n\1    uint8_t octets[16];\n\1} u;"
    code = re.sub(r"^( +)union fer_ip_addr_u \{\n.*?\} u;", octets, code, flags=re.M | re.S)
    # The members of a handle are words_ alone: the others may change in any release.
    code = re.sub(r"^    struct \w+ \{\n.*?^    \} p_;\n", "", code, flags=re.M | re.S)
    return re.sub(r"^ *\n", "", code, flags=re.M).strip("\n")


def cdef_of(root):
    out = []
    for header in headers_in_order(root / "include"):
        for section in header.sections:
            for entry in section.entries:
                if entry.is_function:
                    out.append(entry.code)
                    continue
                # The constants are first: one of them may be the size of an array.
                parts = (constants_of(entry.code).rstrip("\n"), types_of(entry.code))
                out += [text for text in parts if text]
    text = "\n".join(out) + "\n"
    left = re.findall(r"\bFER_(?:API|MUST_USE|NULLABLE|INOUT|NOT_NEGATIVE|\w+_DECLS)\b|__attribute__", text)
    if left:
        raise headers.HeaderError("%s is left in the declarations" % left[0])
    return text


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    text = cdef_of(pathlib.Path(sys.argv[1]))
    if len(sys.argv) == 2:
        sys.stdout.write(text)
    else:
        pathlib.Path(sys.argv[2]).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
