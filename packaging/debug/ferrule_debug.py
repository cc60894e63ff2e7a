"""Shows the handles of ferrule by name, in gdb and in lldb: phase, ends, saved error and flags. In gdb
also addresses, durations, interests, cancel tokens and pollers.

gdb:  (gdb) source ferrule_debug.py
lldb: (lldb) command script import ferrule_debug.py

Then `print stream` of a fer_tcp_stream, or of any other handle, begins with a line such as
    {phase = OPEN, ends = SHUT_WRITE | EOF, saved error = FER_OK, raw = 5}
The layout of the word state_ is that of core/handle/stream_state.h.
"""

import ipaddress

PHASES = ("NEW", "OPENING", "UNCONNECTED", "CONNECTING", "CONNECT_FAILED", "OPEN", "CLOSED")
ENDS = ("SHUT_READ", "SHUT_WRITE", "EOF", "PIPE")
FLAGS = ("V6", "NONBLOCKING", "CLONED", "ADOPTED", "LENT", "READ_TIMEOUT_SET",
         "WRITE_TIMEOUT_SET", "RESETS_AT_CLOSE", "LISTENING",
         "ANY_ADDR", "UNIX", "DATAGRAM", "NO_PORTS", "FOREIGN", "BOUND", "REUSE_ADDRESS_SET",
         "REUSE_PORT_SET", "ONLY_V6_SET", "COALESCING", "SEGMENTS_ON", "SEGMENTS_OFF", "ECN_OFF",
         "TRANSLATED", "BORROWED")
TOKEN_STATES = ("NEW", "OPEN", "CANCELLING", "CANCELLED", "CLOSED")  # core/handle/limits.h
POLLER_STATES = ("NEW", "OPEN", "CLOSED")  # core/wait/poller.c, waker.h
INTERESTS = ("READABLE", "WRITABLE", "PRIORITY", "READ_CLOSED", "WRITE_CLOSED", "FAILED")  # handle.h
DURATION_NONE = 2 ** 64 - 1
LIMITED = 0x80000000


def name_of(names, number):
    return names[number] if number < len(names) else "invalid (%d)" % number


def bits_text(names, number):
    """The names of the bits that are set, or 0. A bit without a name is a number."""
    found = [name_of(names, at) for at in range(number.bit_length()) if number >> at & 1]
    return " | ".join(found) or "0"


def describe(state, flags, os_code, raw, name_of_kind):
    """The text of a handle. name_of_kind maps the number of a fer_error_kind to its name."""
    kind = state >> 16 & 0xff
    parts = ["phase = " + name_of(PHASES, state & 0xf),
             "ends = " + bits_text(ENDS, state >> 4 & 0xf),
             "saved error = " + name_of_kind(kind) + (" (%d)" % os_code if kind != 0 else "")]
    if state & LIMITED:
        parts.append("limited")
    if flags:
        parts.append("flags = " + bits_text(FLAGS, flags))
    return "{" + ", ".join(parts + ["raw = %d" % raw]) + "}"


def octets(value, count):
    return ipaddress.ip_address(bytes(int(value["octets"][at]) for at in range(count)))


def ip_text(value):
    family = int(value["family"])
    if family == 4:
        return str(octets(value["u"]["v4"], 4))
    return str(octets(value["u"]["v6"], 16)) if family == 6 else "invalid (family %d)" % family


def socket_addr_text(value):
    """As fer_socket_addr_format."""
    ip, port, scope = ip_text(value["ip"]), int(value["port"]), int(value["scope_id"])
    if ":" in ip:
        ip = "[%s%s]" % (ip, "%%%d" % scope if scope else "")
    return "%s:%d" % (ip, port)


def duration_text(value):
    nanos = int(value["nanos"])
    seconds = "%d.%09d" % divmod(nanos, 10 ** 9)
    return "FER_DURATION_NONE" if nanos == DURATION_NONE else seconds.rstrip("0").rstrip(".") + " s"


# The text of each type that has no handle, from a value of gdb.
TEXTS = {
    "fer_ipv4_addr": lambda value: str(octets(value, 4)),
    "fer_ipv6_addr": lambda value: str(octets(value, 16)),
    "fer_ip_addr": ip_text,
    "fer_socket_addr": socket_addr_text,
    "fer_duration": duration_text,
    "fer_interest": lambda value: bits_text(INTERESTS, int(value)),
    "fer_cancel_token": lambda value: "{state = %s}" % name_of(TOKEN_STATES, int(value["p_"]["state_"])),
    "fer_poller": lambda value: "{state = %s, notified = %d}" % (
        name_of(POLLER_STATES, int(value["p_"]["state_"])), int(value["p_"]["notified_"])),
    "fer_waker": lambda value: "{state = %s}" % name_of(POLLER_STATES, int(value["p_"]["state_"])),
}


def register_gdb(gdb):
    class Value:
        def __init__(self, text):
            self.to_string = lambda: text

    class Handle:
        def __init__(self, value):
            self.p = value["p_"]

        def to_string(self):
            def kind(number):
                try:
                    return str(gdb.Value(number).cast(gdb.lookup_type("fer_error_kind")))
                except gdb.error:
                    return "kind %d" % number
            return describe(int(self.p["state_"]), int(self.p["flags_"]), int(self.p["saved_os_code_"]),
                            int(self.p["raw_"]), kind)

    def printer_of(value):
        names = (value.type.strip_typedefs().unqualified().name, str(value.type.unqualified()))
        if "fer_handle" in names:
            return Handle(value)
        return next((Value(TEXTS[name](value)) for name in names if name in TEXTS), None)

    gdb.pretty_printers.append(printer_of)


def summary_lldb(value, _):
    """The summary of a fer_handle in lldb."""
    p = value.GetNonSyntheticValue().GetChildMemberWithName("p_")

    def number(member):
        return p.GetChildMemberWithName(member)

    def kind(wanted):
        members = value.GetTarget().FindFirstType("fer_error_kind").GetCanonicalType().GetEnumMembers()
        names = [members.GetTypeEnumMemberAtIndex(at) for at in range(members.GetSize())]
        return next((name.GetName() for name in names if name.GetValueAsUnsigned() == wanted),
                    "kind %d" % wanted)
    return describe(number("state_").GetValueAsUnsigned(), number("flags_").GetValueAsUnsigned(),
                    number("saved_os_code_").GetValueAsSigned(), number("raw_").GetValueAsSigned(), kind)


def __lldb_init_module(debugger, _):
    debugger.HandleCommand("type summary add --python-function %s.summary_lldb fer_handle" % __name__)


try:
    import gdb as debugger_of_gnu
    register_gdb(debugger_of_gnu)
except ImportError:
    pass
