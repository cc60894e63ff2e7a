"""Checks the public headers against the rules of signatures in CONTRIBUTING.md ("a public function").

usage: signatures.py ROOT
Prints each violation with the number of its rule.
"""

import pathlib
import re
import sys

import headers

BY_VALUE = {"fer_error", "fer_duration", "fer_instant", "fer_event", "fer_stream", "fer_ipv4_addr",
            "fer_ipv6_addr", "fer_ip_addr", "fer_raw_socket", "fer_interest", "fer_shutdown"}
# The types whose functions take the object first.
OBJECTS = ("tcp_stream", "tcp_listener", "udp_socket", "unix_stream", "unix_listener",
           "unix_datagram", "socket", "poller", "resolver", "lookup", "cancel_token", "connector",
           "waker")
# Enumerators without the name of their type, for the sake of programs that are ported: rule 10.
FREE_ENUMS = {"fer_error_kind", "fer_interest"}
# The parameters that may be NULL, in every function that has them; a buffer if its size is 0.
NULLABLE = {"n", "options", "limits", "notified", "peer", "failures", "buf", "slices", "name",
            "context", "handler", "from", "config", "report", "n_a_to_b", "n_b_to_a", "handles",
            "receiver", "messages", "enabled", "steps", "entries"}
# Arrays of which the call reads and writes each element. FER_INOUT names the first one.
INOUT_ARRAYS = {"messages", "entries"}
# The parameters whose unit tells that a negative number is a mistake.
AMOUNTS = {"secs", "millis", "micros", "nanos"}
# Those that may be NULL where they are not the object.
NULLABLE_INPUTS = {"poller", "resolver", "addrs"}
# An object that always has one of them.
HAS_POLLER = "fer_connector"
PREFIXES = {"fer_ip_family": "FER_IP_", "fer_poll_mode": "FER_POLL_"}


class Parameter:
    def __init__(self, text):
        match = re.match(r"(.*?)(\w+)(\[\d*\])?$", text.strip())
        self.type = match.group(1).strip()
        self.name = match.group(2)
        self.is_pointer = "*" in self.type or match.group(3) is not None
        self.is_const = self.type.startswith("const ")
        self.base = re.sub(r"\bconst\b|\*|\bstruct\b", "", self.type).strip()

    @property
    def is_output(self):
        used = self.base[4:] in OBJECTS and self.name != "out"
        return self.is_pointer and not self.is_const and not used and self.name != "context"


def parameters_of(entry):
    inside = re.search(r"\((.*)\)", entry.code).group(1)
    inside = re.sub(r"\s+", " ", inside)
    return [] if inside == "void" else [Parameter(text) for text in inside.split(",")]


def check_function(entry, say):
    parameters = parameters_of(entry)
    name = entry.name
    for kind in OBJECTS:
        method = re.match(r"fer_%s_(?!addr_|host$|host_with$)(\w+)$" % kind, name)
        if method and (not parameters or parameters[0].base != "fer_" + kind):
            say(1, name, "the object is not first")
    outputs = False
    for at, parameter in enumerate(parameters):
        size = parameter.name in ("len", "cap") and parameters[at - 1].is_pointer
        if at > 0 and outputs and not parameter.is_output and not size:
            say(2, name, "%s comes after an output" % parameter.name)
        outputs = outputs or (at > 0 and parameter.is_output and
                              parameter.name not in INOUT_ARRAYS and
                              not parameter.base.endswith("copy_buffer"))
        if parameter.base in BY_VALUE and parameter.is_pointer and parameter.is_const and \
                parameter.name not in NULLABLE:
            following = parameters[at + 1].name if at + 1 < len(parameters) else ""
            if following not in ("count", "len"):
                say(3, name, "%s is not passed by value" % parameter.name)
        if parameter.base == "size_t" and not parameter.is_pointer and parameter.name not in (
                "len", "cap", "count", "size", "threads") and not parameter.name.endswith("_cap"):
            say(4, name, "%s is no name of a size" % parameter.name)
        if parameter.base in ("void", "char", "uint8_t") and parameter.is_pointer and \
                parameter.name == "buf":
            following = parameters[at + 1].name if at + 1 < len(parameters) else ""
            if following not in ("len", "cap"):
                say(4, name, "no length follows buf")
    if re.search(r"_try_(?!clone\b)|_start\b", name) and any(
            parameter.name in ("timeout", "deadline") for parameter in parameters):
        say(5, name, "it never waits, and has a timeout")


def is_size(parameter):
    return parameter.name in ("len", "cap", "count") and not parameter.is_pointer


def access_of(parameters):
    """The attributes of a declaration: what the call reads and writes through its pointers."""
    found = []
    for at, parameter in enumerate(parameters):
        if parameter.base == "uint64_t" and parameter.name in AMOUNTS:
            found.append("FER_NOT_NEGATIVE(%s)" % parameter.name)
        if not parameter.is_pointer:
            continue
        if parameter.name in INOUT_ARRAYS:
            found.append("FER_INOUT(%d)" % (at + 1))
        elif at + 1 < len(parameters) and is_size(parameters[at + 1]):
            access = "FER_IN_READS" if parameter.is_const else "FER_OUT_WRITES"
            found.append("%s(%d, %d)" % (access, at + 1, at + 2))
        elif parameter.base[4:] in OBJECTS and not parameter.is_const and "**" not in parameter.type:
            found.append("FER_INOUT(%d)" % (at + 1))
    return found


def is_nullable(parameters, at):
    """Whether the parameter may be NULL: what FER_NULLABLE marks."""
    parameter = parameters[at]
    is_pointer = parameter.is_pointer or parameter.name == "handler"  # the type hides the pointer
    return is_pointer and (parameter.name in NULLABLE or at > 0 and (
        parameter.name in NULLABLE_INPUTS and (parameter.name != "addrs" or not parameter.is_const)
        and (parameter.name != "poller" or parameters[0].base != HAS_POLLER)))


def check_attributes(entry, say):
    parameters = parameters_of(entry)
    expected = access_of(parameters)
    if entry.attributes != expected:
        say(11, entry.name, "its attributes are not: %s" % " ".join(expected or ["none"]))
    expected = [p.name for at, p in enumerate(parameters) if is_nullable(parameters, at)]
    if entry.nullable != expected:
        say(11, entry.name, "FER_NULLABLE does not mark exactly: %s" % " ".join(expected or ["none"]))


def check_types(entry, say):
    code = re.sub(r"/\*.*?\*/", "", entry.code, flags=re.S)
    for body, name in re.findall(r"typedef enum \w+ \{(.*?)\} (\w+);", code, re.S):
        prefix = PREFIXES.get(name, name.upper() + "_")
        for enumerator in re.findall(r"\b(FER_\w+)\b\s*(?:=|,|$|\n)", body):
            if name not in FREE_ENUMS and not enumerator.startswith(prefix) and \
                    not re.search(r"FER_SIM_FAULT", enumerator):
                say(10, name, "%s does not begin with %s" % (enumerator, prefix))
    if re.search(r"\}\s*;", re.sub(r"\benum \{[^}]*\};", "", code)) and "union {" in code:
        if re.search(r"(union|struct) \{[^{}]*\}\s*;", code):
            say(3, entry.name, "a union or struct has no name")
    if re.search(r"\bstatic\b|\binline\b", code):
        say(1, entry.name, "a function without a symbol")


def main():
    root = pathlib.Path(sys.argv[1])
    found = []

    def say(rule, name, text):
        found.append("%s: rule %d: %s" % (name, rule, text))

    count = 0
    for header in headers.read_all(root / "include"):
        for section in header.sections:
            for entry in section.entries:
                if entry.is_function:
                    count += 1
                    check_function(entry, say)
                    check_attributes(entry, say)
                else:
                    check_types(entry, say)
    print("\n".join(found))
    print("signatures: %d functions, %d violations" % (count, len(found)))
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
