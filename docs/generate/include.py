#!/usr/bin/env python3
"""Writes what the public headers repeat, into include/: the declarations and comments that several types have alike, and
the C++ headers (cxx.py).

A row of ALIKE has a type, the type that it follows, and functions. Each gets the declaration of the other one, and its
comment: its text if that is short, else a sentence and "Same as" the other; and the slots that the section of the header
does not have alike. A function that a header lacks comes below the one before it in the row.
clang-format-14 -i lays out a declaration that is new.

usage: include.py ROOT [--check]
--check writes nothing, and prints what differs.
"""

import difflib
import pathlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True  # The source tree stays as it is.
import cxx
import files
import headers

READS = "read peek try_peek try_read read_vectored try_read_vectored read_exact read_to_end"
WRITES = "write try_write write_vectored try_write_vectored write_all"
TIMEOUTS = "set_read_timeout set_write_timeout read_timeout write_timeout"
# The longest text that is taken as a whole, and the functions of which two sentences of a longer one are taken.
WHOLE = 190
TWO_SENTENCES = ["into_raw", "read", "ready", "set_nonblocking", "take_error", "write"]
DATAGRAMS = {"single read": "single receive", "single write": "single send",
             "a read or a write": "a receive or a send"}
# Header, type, name of the parameter, followed type, functions, other words.
ALIKE = [
    ("tcp", "tcp_listener", "listener", "tcp_stream", "as_raw", {}),
    ("udp", "udp_socket", "socket", "tcp_stream", TIMEOUTS + " set_limits set_nonblocking", DATAGRAMS),
    ("unix", "unix_stream", "stream", "tcp_stream",
     "try_clone %s %s %s set_limits set_nonblocking take_error ready close_gracefully into_raw" % (
         READS, WRITES, TIMEOUTS), {}),
    ("unix", "unix_listener", "listener", "tcp_listener",
     "ready try_clone set_limits set_nonblocking take_error", {}),
    ("unix", "unix_listener", "listener", "tcp_stream", "into_raw", {}),
    ("unix", "unix_listener", "listener", "unix_stream", "local_addr as_raw", {}),
    ("unix", "unix_listener", "listener", "unix_stream", "from_raw",
     {"a connected": "a listening", "stream is open": "listener is open"}),
    ("unix", "unix_datagram", "socket", "tcp_stream", TIMEOUTS + " set_limits set_nonblocking", DATAGRAMS),
    ("unix", "unix_datagram", "socket", "udp_socket", "take_error", {}),
    ("unix", "unix_datagram", "socket", "udp_socket", "recv try_send try_recv_from",
     {"fer_udp_socket": "fer_unix_datagram", "fer_udp_received": "fer_unix_received"}),
    ("unix", "unix_datagram", "socket", "unix_stream", "local_addr as_raw", {}),
    ("unix", "unix_datagram", "socket", "unix_listener", "close", {}),
    ("socket", "socket", "socket", "tcp_stream", "read_timeout set_write_timeout write_timeout",
     {"each single write": "each single write or send call"}),
    ("socket", "tcp_listener", "listener", "tcp_stream", "as_socket", {}),
    ("socket", "udp_socket", "socket", "tcp_stream", "as_socket", {}),
    ("socket", "unix_stream", "stream", "tcp_stream", "as_socket", {}),
    ("socket", "unix_listener", "listener", "tcp_stream", "as_socket", {}),
    ("socket", "unix_datagram", "datagram", "tcp_stream", "as_socket", {}),
    ("io", "unix_stream", "stream", "tcp_stream", "as_stream", {"a TCP": "a Unix"}),
    ("io", "stream", "stream", "tcp_stream", "%s %s ready take_error %s set_nonblocking set_limits as_raw" % (
        READS, WRITES, TIMEOUTS), {}),
]
# What Rust has, if that does not follow.
RUST = {
    "fer_unix_stream_peek": "std::os::unix::net::UnixStream::peek (unstable in Rust).",
    "fer_unix_stream_write_vectored": "std::io::Write::write_vectored for UnixStream. Differs: never raises SIGPIPE.",
}
BLOCK = r"/\*\*(?:(?!\*/).)*\*/\n(?:FER_MUST_USE )?FER_API [^;]*?(fer_\w+)\([^;]*;\n"


def words_of(kind):
    return "".join(word.capitalize() for word in kind.split("_"))


def declaration_of(code, kind, parameter, followed):
    """The declaration of the followed type, for this one."""
    code = " ".join(code.split()).replace("( ", "(").replace("fer_" + followed, "fer_" + kind)
    first = r"(const )?fer_%s \*\w+(?=[,)])" % kind
    if kind == "stream":
        return re.sub(first, "fer_stream stream", code, 1).replace(" FER_INOUT(1)", "")
    return re.sub(first, r"\1fer_%s *%s" % (kind, parameter), code, 1)


def rust_of(text, kind, followed):
    if not followed.startswith("unix"):
        text = re.sub(r" Differs: .*", "", text)
    if kind == "stream":
        text = re.sub(r"(Read|Write)(::\w+) for TcpStream", r"\1\2 of an impl \1", text)
        return re.sub(r"^std::net::TcpStream(::\w+)\.", r"none for both types at once; std::net::TcpStream\1 or "
                      r"std::os::unix::net::UnixStream\1.", text)
    if kind == "socket":
        return text.replace("std::net::TcpStream", "socket2: Socket")
    if kind.startswith("unix"):
        text = text.replace("std::net::", "std::os::unix::net::")
    return text.replace(words_of(followed), words_of(kind))


class Repeated:
    """The headers, of which the functions that follow another one are written."""

    def __init__(self, include):
        self.headers = {header.stem: header for header in headers.read_all(include)}
        self.functions = {entry.name: entry for header in self.headers.values() for entry in header.functions}
        self.texts = {stem: files.read(include / "ferrule" / (stem + ".h")) for stem in self.headers}
        self.blocks = {match.group(1): match.group() for text in self.texts.values()
                       for match in re.finditer(BLOCK, text, re.S)}

    def slot(self, name, slot, default, own):
        """The text of a slot, if the comment of the function has this one, or none."""
        text = headers.merge_slots(default, {slot: own} if own else {}).get(slot, "")
        kind, method = name
        for word, value in (("TYPE", words_of(kind)), ("NAME", method)):
            text = re.sub(r"(?<![A-Z])(?<![A-Z]_)%s\b" % word, value, text)
        match = re.fullmatch(r"same as (fer_\w+)\.(.*)", text)
        return self.functions[match.group(1)].slots[slot] + match.group(2) if match else text

    def block(self, kind, parameter, followed, method, words, section):
        name, other = "fer_%s_%s" % (kind, method), "fer_%s_%s" % (followed, method)
        comment, code = re.fullmatch(r"(/\*\*.*\*/)\n(.*?;)\n", self.blocks[other], re.S).groups()
        text, own = headers.take_slots(headers.comment_text(comment))
        text = self.changed(" ".join(text.split()), kind, followed, words)
        if len(text) <= WHOLE:
            text = text.replace("fer_" + followed, "fer_" + kind)
        else:
            sentences = re.findall(r"\S.*?\.(?= |$)", text)[:2 if method in TWO_SENTENCES else 1]
            text = "%s Same as %s." % (" ".join(sentences), other)
        lines = [text]
        defaults = dict(section.defaults)
        if not self.functions[other].code.startswith("fer_error "):
            defaults["Errors"] = "none."
        for slot in headers.SLOTS:
            wanted = self.functions[other].slots[slot]
            if words or slot in ("Owns", "Rust"):
                wanted = self.changed(wanted, kind, followed, words)
            if slot == "Rust":
                wanted = RUST.get(name) or rust_of(wanted, kind, followed)
            raw = self.changed(own.get(slot, ""), kind, followed, words)
            if raw.startswith("same as fer_%s_" % kind):
                wanted = self.slot((kind, method), slot, {}, raw)
            for candidate in ["", *[text for text in (raw, wanted) if len(text) <= 80], "same as %s." % other, wanted]:
                if self.slot((kind, method), slot, defaults, candidate) == wanted:
                    break
            if candidate:
                lines.append("%s: %s" % (slot, candidate))
        code = self.changed(code, kind, followed, words)
        return self.laid_out(lines) + self.declaration(name, declaration_of(code, kind, parameter, followed))

    def changed(self, text, kind, followed, words):
        for word, other in words.items():
            text = text.replace(word, other)
        return re.sub(r"\bfer_%s(?=_close\b| )" % followed, "fer_" + kind, text)

    def declaration(self, name, code):
        """As it is laid out in the header, if it is the same."""
        old = self.blocks.get(name, "").partition("*/\n")[2]
        return old if " ".join(old.split()).replace("( ", "(") == code else code + "\n"

    def laid_out(self, lines):
        out = []
        for number, line in enumerate(lines):
            line += "\u00a0*/" if number == len(lines) - 1 else ""
            out += textwrap.wrap(line, 100, initial_indent=" * " if number else "/** ", subsequent_indent=" * ",
                                 break_long_words=False, break_on_hyphens=False)
        return "\n".join(out).replace("\u00a0", " ") + "\n"

    def write(self):
        """The texts of all headers."""
        for stem, kind, parameter, followed, methods, words in ALIKE:
            before = None
            for method in methods.split():
                name = "fer_%s_%s" % (kind, method)
                place = name if name in self.blocks else before
                if not place:
                    raise headers.HeaderError("%s is not in %s.h, and no function of its row is above it" % (name, stem))
                if name in self.functions:
                    section = next(section for section in self.headers[stem].sections for entry in section.entries
                                   if entry.name == name)
                text = self.block(kind, parameter, followed, method, words, section)
                old = self.blocks[place]
                self.texts[stem] = self.texts[stem].replace(old, text if place == name else old + "\n" + text)
                self.blocks[name] = text
                before = name
        return self.texts


def differs(path, text, is_check):
    """Whether the file has another text: this is printed, or written into the file."""
    old = files.read(path)
    if is_check:
        print("\n".join(difflib.unified_diff(old.split("\n"), text.split("\n"), path.name, "docs/generate/include.py",
                                             lineterm="")), end="\n" if text != old else "")
    elif text != old:
        files.write(path, text)
    return text != old


def main():
    is_check = sys.argv[2:] == ["--check"]
    if len(sys.argv) != 2 + is_check:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]) / "include/ferrule"
    stale = [differs(folder / (stem + ".h"), text, is_check)
             for stem, text in Repeated(folder.parent).write().items()]
    api = cxx.Api(folder.parent)
    stale += [differs(folder / (stem + ".hpp"), api.text(stem), is_check) for stem in cxx.HEADERS]
    if is_check and any(stale):
        sys.exit("the headers are stale; write them again: python3 docs/generate/include.py .")


if __name__ == "__main__":
    main()
