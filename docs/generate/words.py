"""Words by which a reader may search for a row, a rule or a function that does not contain them."""

import re

import files
import markdown

# Calls of other libraries that a function stands for and that no table of PORTING.md has.
CALLS = {"fer_to_socket_addrs": "getaddrinfo gethostbyname",
         "fer_lookup_host": "getaddrinfo gethostbyname",
         "fer_to_socket_addrs_with": "getaddrinfo",
         "fer_tcp_stream_connect_with": "source address happy eyeballs",
         "fer_socket_bind": "source address",
         "fer_poller_notify": "async-signal-safe handler",
         "fer_cancel_token_cancel": "async-signal-safe handler",
         "fer_cancel_token_is_cancelled": "async-signal-safe handler",
         "fer_udp_socket_recv": "recv",
         "fer_udp_socket_send": "send"}
# The rules by which one thread ends the call of another, and those of a half that has ended, and
# the words for them.
WAKING = ("K2", "K4", "K7", "P6", "S6")
HALVES = ("S3", "S4")
RESETS = ("S5", "S7")
HANDLERS = ("I1", "I2", "P9", "K4")
RULE_WORDS = ((WAKING, "stop wake woken wakeup blocked unblock interrupt abort another thread"),
              (HALVES, "half-close eof fin"),
              (RESETS, "rst unread input discarded write after close"),
              (HANDLERS, "async-signal-safe"))
# Windows' names of errors whose POSIX name is not the same without WSA.
ALIASES = {"EWOULDBLOCK": "EAGAIN"}
SYSTEM_WORDS = {"linux": "linux", "macos": "macos", "freebsd": "freebsd bsd", "netbsd": "netbsd bsd",
                "openbsd": "openbsd bsd", "windows": "windows", "rust": "rust"}


def error_names(root):
    """A list of sets: the names and the number of one error: 10054, WSAECONNRESET, ECONNRESET."""
    text = files.read(root / "platform/winsock/errors_winsock.h")
    found = []
    for number, name in re.findall(r"X\((10\d{3}), WSA(E\w+),", text):
        names = {number, "WSA" + name, name}
        if name in ALIASES:
            names.add(ALIASES[name])
        found.append(names)
    return found


def of_row(text, systems, rules, errors):
    """The words of a row or of a rule of DIFFERENCES.md. errors: from error_names."""
    known = set(re.findall(r"\w+", text))
    out = [SYSTEM_WORDS[system] for system in systems]
    for names in errors:
        if names & known:
            out += sorted(names - known)
    out += [words for group, words in RULE_WORDS if any(rule in group for rule in rules)]
    return " ".join(out).lower()


def of_functions(root):
    """The words of each function: the calls beside it in the tables of PORTING.md."""
    found = {name: set(words.split()) for name, words in CALLS.items()}
    for block in markdown.parse(files.read(root / "docs/PORTING.md")):
        if block[0] != "table":
            continue
        for row in block[2]:
            calls = set()
            for code in re.findall(r"`([^`]*)`", row[0]):
                calls.update(word.lower() for word in re.findall(r"[A-Za-z]\w{2,}", code))
            for name in re.findall(r"\bfer_\w+", row[1]):
                found.setdefault(name, set()).update(calls)
    return found


def of_function(name, found):
    words = set(found.get(name, ()))
    if re.search(r"_set_(?!limits|nonblocking)", name):
        words.update(("setsockopt",))
    return " ".join(sorted(words))
