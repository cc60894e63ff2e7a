"""Runs a sweep (sweep.c) and compares the kinds that came back with the headers.

usage: check.py SOURCE [--planted [MINIMUM]] PROGRAM [ARGUMENT...]

Fails if the sweep reports a problem, or if a function returned a kind that its Errors: does not
list. --planted removes kinds that came back from the Errors: of functions, one after another, and
expects that the comparison finds each, and that there are more than MINIMUM (80).
"""

import collections
import pathlib
import re
import subprocess
import sys

OF_LOOKUPS = {"FER_HOST_NOT_FOUND", "FER_RESOLVE_TRY_AGAIN", "FER_RESOLVE_FAILED"}

# Linux reports EAGAIN only of a nonblocking connect, or of one with a timeout (unix(7)). These
# calls connect a blocking socket without a timeout.
NEVER = {(function, "FER_WOULD_BLOCK") for function in (
    "fer_unix_datagram_connect", "fer_unix_datagram_connect_addr", "fer_unix_stream_connect",
    "fer_unix_stream_connect_addr")}

# Windows reports WSAEWOULDBLOCK only of a stream's connect (connect function, MSDN).
NEVER |= {(function, "FER_WOULD_BLOCK") for function in (
    "fer_udp_socket_connect", "fer_udp_socket_connect_addr")}


class Documented:
    """The kinds that the Errors: of each function list."""

    def __init__(self, include, headers):
        self.texts = {}
        self.headers = {}
        self.waits = {}
        for header in headers.read_all(include):
            for function in header.functions:
                self.texts[function.name] = function.slots["Errors"]
                self.headers[function.name] = header.file
                self.waits[function.name] = not function.slots["Blocks"].startswith("never")
        error_h = (include / "ferrule" / "error.h").read_text()
        self.names = {int(number): name for name, number in
                      re.findall(r"X\((FER_\w+), (\d+), \"", error_h)}
        of_system = re.search(r"\"Other errors of the\s+\*?\s*OS\"(.*?)\. ", error_h, re.S)
        self.of_system = self.named(of_system.group(1)) if of_system else set()

    def named(self, text):
        return set(re.findall(r"FER_[A-Z_]+", text)) & set(self.names.values())

    def kinds(self, function):
        """Every kind that the text names, and those of the functions that it refers to."""
        text = self.texts[function]
        never = self.named(" ".join(re.findall(r"never ([^.;,]*)", text)))
        kinds = self.named(re.sub(r"never [^.;,]*", "", text))
        for other in re.findall(r"(?:same as|as in|errors of|and as) (fer_\w+)", text):
            if other != function:
                kinds |= self.kinds(other)
        if "of `from`" in text:
            kinds |= self.kinds("fer_tcp_stream_read") | self.kinds("fer_tcp_stream_write")
        if "failure of a read" in text:
            kinds |= self.kinds("fer_tcp_stream_read")
        if "cause of a failed connect" in text:
            of_unix = self.headers[function] == "unix.h"
            kinds |= self.kinds("fer_unix_stream_connect_addr" if of_unix else
                                "fer_tcp_stream_connect_addr")
        if "except those of the name lookup" in text:
            kinds -= OF_LOOKUPS
        if "other errors of the OS" in text:
            kinds |= self.of_system
        if self.waits[function]:
            kinds.add("FER_DEADLOCK")  # on the simulated network (error.h)
        return (kinds - never) | {"FER_OK"}


def undocumented(documented, found):
    return sorted((function, kind) for function, kinds in found.items()
                  for kind in kinds - documented.kinds(function))


def run(program, documented):
    """The kinds that came back, and the exit code."""
    process = subprocess.run(program, stdout=subprocess.PIPE, universal_newlines=True)
    found = collections.defaultdict(set)
    for line in process.stdout.splitlines():
        words = line.split()
        if words and words[0] == "kind":
            found[words[1]].add(documented.names[int(words[2])])
        else:
            print(line)
    return found, process.returncode


def planted(documented, found):
    """The planted differences that the comparison misses, and how many there were."""
    missed = []
    count = 0
    for function, kinds in sorted(found.items()):
        text = documented.texts[function]
        for kind in sorted(kinds & documented.named(text)):
            documented.texts[function] = re.sub(r"\b%s\b" % kind, "", text)
            if kind not in documented.kinds(function):
                count += 1
                if (function, kind) not in undocumented(documented, found):
                    missed.append((function, kind))
        documented.texts[function] = text
    return missed, count


def main():
    source = pathlib.Path(sys.argv[1])
    program = sys.argv[2:]
    plants = program[0] == "--planted"
    minimum = 80
    if plants:
        program.pop(0)
        minimum = int(program.pop(0)) if program[0].isdigit() else minimum
    sys.path.insert(0, str(source / "docs" / "generate"))
    sys.dont_write_bytecode = True
    import headers
    documented = Documented(source / "include", headers)
    found, code = run(program, documented)
    differences = ["%s returned %s, which its Errors: does not list" % difference
                   for difference in undocumented(documented, found)
                   if difference not in NEVER]
    if plants:
        missed, count = planted(documented, found)
        print("%d kinds removed from pages" % count)
        differences += ["%s without %s was not found" % plant for plant in missed]
        differences += [] if count > minimum else ["too few kinds came back"]
    for difference in differences:
        print(difference)
    sys.exit(1 if differences or code else 0)


if __name__ == "__main__":
    main()
