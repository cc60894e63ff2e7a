"""The C++ headers, include/ferrule/*.hpp but owned.hpp, from the declarations of the C headers. include.py writes them.

A class has the functions of its handle, in the order of the C headers, and a free function calls one that has no handle.
The types of the parameters decide the rest: an output becomes the value of a result, a pointer with a size a view, a
struct a reference, and an argument that may be NULL has a default. BY_HAND has the functions that this does not fit.
"""

import re
import textwrap

import headers
import signatures

# The headers with their classes; a class is below those that it uses.
HEADERS = {
    "cancel": ["cancel_token"],
    "connector": ["connector"],
    "io": [],
    "poller": ["poller"],
    "resolve": ["lookup", "resolver"],
    "socket": ["socket"],
    "tcp": ["tcp_stream", "tcp_listener"],
    "udp": ["udp_socket"],
    "unix": ["unix_stream", "unix_listener", "unix_datagram"],
    "waker": ["waker"],
}
HEADER_OF = {name: stem for stem, classes in HEADERS.items() for name in classes}
# The other headers with members of their classes.
FURTHER = {"socket": ["io"], "tcp": ["io"], "udp": ["udp_batch"], "unix": ["io"]}
# The headers of values and of the simulation, which C++ uses as they are.
PLAIN = {"duration", "error", "handle", "ip", "sim", "socket_addr", "time", "version"}
# The functions that open their handle: those of every class, and what begins with the word of a class.
OPENING = r"new|from_raw|borrow_raw|pair|unbound"
OPENING_OF = {"tcp_stream": "connect", "unix_stream": "connect", "tcp_listener": "bind", "unix_listener": "bind",
              "udp_socket": "bind", "unix_datagram": "bind"}
# Keywords of C++.
NAMES = {"new": "open", "delete": "remove"}
REFERENCES = {"fer_ip_addr", "fer_ipv4_addr", "fer_ipv6_addr"}

# The classes that stay at their address, and what the comment of a class says besides.
PINNED = {"cancel_token", "connector"}
REMARKS = {
    "cancel_token": """
        It can be neither copied nor moved, because limits refer to it by its address:

            ferrule::cancel_token stop;
            FER_TRY(stop.open());
            auto deadline = fer_instant_after(fer_duration_from_secs(3));
            FER_TRY(stream.set_limits(ferrule::limits(deadline, stop.get())));

        Declare it before the handles that it limits, so that their destructors run first.""",
    "connector": """
        It can be neither copied nor moved, because its poller refers to it by its address. Declare it after its
        poller and its resolver, so that its destructor runs first.""",
    "poller": "It must stay at its address while a lookup or a connector uses it.",
    "waker": "It must stay at its address while a lookup has it (fer_lookup_options.waker is get()).",
}
# Above the classes of a header.
ABOVE = {
    "cancel": """
        /* Makes limits. */
        inline fer_limits limits(fer_instant deadline, fer_cancel_token *token = nullptr,
                                 bool interruptible = false) noexcept
        { return {deadline, token, interruptible, {}}; }
        """,
    "poller": """
        /* The end of a wait: the number of events, and whether a notification has woken it. */
        struct poller_wake {
            std::size_t count;
            bool notified;
        };
        """,
}
# Below the members of a class.
BELOW = {
    "resolver": """
  private:
    template <typename Function, typename... Arguments>
    result<lookup> started(Function function, Arguments... arguments) noexcept
    {
        lookup made;
        fer_error error = function(get(), arguments..., made.get());
        return {error, std::move(made)};
    }""",
}
BY_HAND = {
    "fer_connector_start": """
        [[nodiscard]] fer_error start(const char *host_port, resolver &names, poller &driver,
                                      uint64_t key,
                                      const fer_connect_options *options = nullptr) noexcept
        { return fer_connector_start(get(), host_port, options, names.get(), driver.get(), key); }
        """,
    "fer_connector_start_host": """
        [[nodiscard]] fer_error start_host(const char *host, uint16_t port, resolver &names,
                                           poller &driver, uint64_t key,
                                           const fer_connect_options *options = nullptr) noexcept
        { return fer_connector_start_host(get(), host, port, options, names.get(), driver.get(), key); }
        """,
    "fer_interface_name": """
        template <size_t N>
        [[nodiscard]] fer_error interface_name(uint32_t index, char (&buf)[N]) noexcept
        { return fer_interface_name(index, buf, N); }
        """,
    "fer_poller_wait": """
        /* Waits until a socket is ready, the poller is notified or the timeout expires. */
        result<std::size_t> wait(fer_duration timeout, view<fer_event> events) noexcept
        {
            auto wake = wait_notified(timeout, events);
            return {wake.error(), wake->count};
        }

        /* Waits as wait does, and returns also whether a notification has woken this wait. */
        result<poller_wake> wait_notified(fer_duration timeout, view<fer_event> events) noexcept
        {
            poller_wake wake{};
            fer_error error = fer_poller_wait(get(), timeout, events.data(), events.size(), &wake.count,
                                              &wake.notified);
            return {error, wake};
        }
        """,
    "fer_resolve_error_text": "",
    "fer_resolver_start": """
        /* Starts a lookup and returns immediately. take_completed returns its key when it is done. With
         * a poller, the end of the lookup also notifies it: the poller stays OPEN and at its address
         * until the lookup is closed. */
        result<lookup> start(const char *host_port, uint64_t key = 0,
                             const fer_lookup_options *options = nullptr) noexcept
        { return started(fer_resolver_start, host_port, options, nullptr, key); }
        result<lookup> start(const char *host_port, poller &notified, uint64_t key,
                             const fer_lookup_options *options = nullptr) noexcept
        { return started(fer_resolver_start, host_port, options, notified.get(), key); }
        """,
    "fer_resolver_start_host": """
        result<lookup> start_host(const char *host, uint16_t port, uint64_t key = 0,
                                  const fer_lookup_options *options = nullptr) noexcept
        { return started(fer_resolver_start_host, host, port, options, nullptr, key); }
        result<lookup> start_host(const char *host, uint16_t port, poller &notified, uint64_t key,
                                  const fer_lookup_options *options = nullptr) noexcept
        { return started(fer_resolver_start_host, host, port, options, notified.get(), key); }
        """,
    "fer_resolver_take_completed": """
        /* Stores the keys of lookups that are done, of those without a poller or of those with this
         * one, and returns their number. If it is the size of the array, there may be more. */
        result<size_t> take_completed(view<uint64_t> keys) noexcept
        { return value(fer_resolver_take_completed, nullptr, keys.data(), keys.size()); }
        result<size_t> take_completed(const poller &notified, view<uint64_t> keys) noexcept
        { return value(fer_resolver_take_completed, notified.get(), keys.data(), keys.size()); }
        """,
}


class Call:
    """The call of a function of C: the parameters of the C++ function, the arguments that it passes on, the outputs.

    defaults has the arguments that may be NULL and are references: their default, or None for a NULL.
    """

    def __init__(self, parameters, nullable, defaults):
        self.declared, self.arguments, self.outputs, self.made = [], [], [], None
        sizes = [at for at in range(1, len(parameters))
                 if signatures.is_size(parameters[at]) and parameters[at - 1].is_pointer]
        for at, parameter in enumerate(parameters):
            name, base = parameter.name, parameter.base
            const = "const " if parameter.is_const else ""
            if at in sizes:
                continue
            if at + 1 in sizes:
                kind = {"void": "bytes" if const else "mutable_bytes"}.get(base, "view<%s%s>" % (const, base))
                self._add("%s %s" % (kind, name), name + ".data()", name + ".size()")
            elif parameter.is_output and name == "out" and class_of(base):
                self.made = class_of(base)
            elif parameter.is_output and not base.endswith("copy_buffer"):
                self.outputs.append(parameter)
            elif defaults.get(name, "") is None:
                self.arguments.append("nullptr")
            elif name in nullable and name not in defaults and base != "char":
                self._add("const %s *%s = nullptr" % (base, name), name)
            elif parameter.is_pointer and base != "char":
                self._add("%s%s &%s%s" % (const, base, name, defaults.get(name, "")), "&" + name)
            elif base in REFERENCES:
                self._add("const %s &%s" % (base, name), name)
            else:
                self._add((parameter.type + " " + name).replace("* ", "*"), name)
        if self.made or len(self.outputs) > 1:
            for parameter in self.outputs:
                self._add("%s *%s = nullptr" % (parameter.base, parameter.name), parameter.name)
            self.outputs = []

    def _add(self, declaration, *arguments):
        self.declared.append(declaration)
        self.arguments += arguments


def class_of(base):
    return base[len("fer_"):] if base[len("fer_"):] in HEADER_OF else None


def owner_of(entry):
    """The class of the first parameter."""
    parameters = signatures.parameters_of(entry)
    return class_of(parameters[0].base) if parameters and parameters[0].is_pointer else None


def functions_for(entry, is_member, names):
    """The C++ functions of a function of C: two if it can be called without its options."""
    owner = owner_of(entry)
    kind = "stream" if entry.name.startswith("fer_stream_") else owner
    method = entry.name[len("fer_%s_" % kind if kind else "fer_"):]
    parameters = signatures.parameters_of(entry)
    is_with = method.endswith("_with")
    defaults = {"options": " = {}" if is_with and entry.name[:-len("_with")] not in names else ""}
    if method == "set_limits":
        defaults["limits"] = ""
    forms = [defaults]
    if "options" in entry.nullable and not is_with:
        forms.insert(0, {"options": None})
    return [line for form in forms for line in definition(
        entry, Call(parameters[1:] if owner else parameters, entry.nullable, form), parameters, is_member, method)]


def definition(entry, call, parameters, is_member, method):
    name, owner = NAMES.get(method, method), owner_of(entry)
    declared, arguments = call.declared, call.arguments
    listed = ", ".join([entry.name] + arguments)
    before = "" if is_member else "inline "
    after = " const" if is_member and parameters[0].is_const else ""
    if is_member and owner not in PINNED and re.fullmatch(
            r"%s|%s\w*" % (OPENING, OPENING_OF.get(owner, "new")), method):
        before, after = "static ", ""
        result, body = owner, "detail::opened<%s>(%s)" % (owner, listed)
        if method == "pair":
            result, declared = "std::pair<%s, %s>" % (owner, owner), []
            body = "detail::opened_pair<%s>(%s)" % (owner, entry.name)
    elif call.made:
        result, body = call.made, "made<%s>(%s)" % (call.made, listed)
    elif call.outputs:
        result, body = call.outputs[0].base, "%s(%s)" % ("value" if is_member else "detail::value_of", listed)
        if is_member and arguments and arguments[0].endswith(".data()"):
            body = "io(%s)" % ", ".join([entry.name, arguments[0][:-len(".data()")]] + arguments[2:])
    else:
        before = "[[nodiscard]] " + before + re.match(r"(.*?)fer_\w+\(", entry.code).group(1)
        if owner and not is_member:
            object_name = parameters[0].name
            declared = ["%s &%s" % (owner, object_name)] + declared
            arguments = [object_name + ".get()"] + arguments
        elif is_member:
            arguments = ["get()"] + arguments
        return layout("%s%s(%s)%s noexcept" % (before, name, ", ".join(declared), after),
                      "{ return %s(%s); }" % (entry.name, ", ".join(arguments)), is_member)
    return layout("%sresult<%s> %s(%s)%s noexcept" % (before, result, name, ", ".join(declared), after),
                  "{ return %s; }" % body, is_member)


def layout(signature, body, is_member):
    """On one line if it fits, else with the body on a line of its own."""
    width = 96 if is_member else 100
    line = signature + " " + body
    return [line] if len(line) <= width else wrapped(signature, width) + wrapped(body, width)


def wrapped(text, width):
    """Lines of which each but the first begins below the first parameter."""
    column = len(re.match(r"(?:[^(]|\(\))*\(?", text).group())
    lines = [""]
    for part in re.findall(r"[^,]+,? ?", text):
        if len((lines[-1] + part).rstrip()) > width and lines[-1].strip():
            lines[-1] = lines[-1].rstrip()
            lines.append(" " * column)
        lines[-1] += part
    return lines


def comment(text):
    """A comment of paragraphs; a block of code keeps its lines."""
    lines = []
    blocks = headers.blocks_of(text)
    for kind, block in blocks:
        end = "\u00a0*/" if block is blocks[-1][1] else ""
        lines += [""] if lines else []
        lines += ["    " + line for line in block] if kind == "code" else textwrap.wrap(block + end, 97)
    text = "\n".join((" * " + line).rstrip() for line in lines)
    return ("/*" + text[2:]).replace("\u00a0", " ").split("\n")


def by_hand(text):
    """Lines of a table; a comment has an empty line above it."""
    lines = textwrap.dedent(text).strip("\n").rstrip().split("\n")
    return ([""] if lines[0].startswith("/*") else []) + lines


class Api:
    """The C headers, and the C++ header of each."""

    def __init__(self, include):
        self.headers = {header.stem: header for header in headers.read_all(include)}
        self.names = {entry.name for header in self.headers.values() for entry in header.functions}
        unknown = set(self.headers) - PLAIN - set(HEADERS) - {stem for further in FURTHER.values() for stem in further}
        unknown |= set(signatures.OBJECTS) - set(HEADER_OF)
        if unknown:
            raise headers.HeaderError("%s is in no table of cxx.py" % unknown.pop())

    def functions(self, entry, is_member):
        return by_hand(BY_HAND[entry.name]) if entry.name in BY_HAND else functions_for(entry, is_member, self.names)

    def sections(self, stem, name):
        """The members of a class by the sections of the C headers."""
        for header in [self.headers[other] for other in [stem] + FURTHER.get(stem, [])]:
            for section in header.sections:
                entries = [entry for entry in section.functions
                           if owner_of(entry) == name and entry.name != "fer_%s_close" % name]
                title = re.sub(r"^\w+: ", "", section.title)
                if header.stem != stem and not title:
                    title = "Of " + header.file
                if entries:
                    yield title[:1].upper() + title[1:], [line for entry in entries
                                                          for line in self.functions(entry, True)]

    def class_text(self, stem, name):
        header = self.headers[stem]
        kind = "fer_" + name
        base = "pinned" if name in PINNED else "owned"
        summary = next(entry.summary for section in header.sections for entry in section.entries if kind in entry.names)
        text = comment("%s. A member function m is %s_m of %s. %s" % (
            summary, kind, header.file, textwrap.dedent(REMARKS.get(name, "")).lstrip("\n")))
        text += ["class %s : public %s<%s, %s_close>" % (name, base, kind, kind), "{", "  public:"]
        if base == "owned":
            text.append("    using owned::owned;")
        sections = list(self.sections(stem, name))
        for title, lines in sections:
            if len(sections) > 1 and title:
                text += ["", "    /* ---- %s */" % title]
            text += ["    " + line if line else "" for line in lines]
        return text + [line.rstrip() for line in BELOW.get(name, "").split("\n")] + ["};", ""]

    def free(self, stem):
        """The functions that are no members. Those of a plain value, for example of an address, are C's."""
        header = self.headers[stem]
        values = tuple(kind + "_" for kind in header.types if kind != "fer_stream" and not class_of(kind))
        owning = [stem] + [other for other, further in FURTHER.items() if stem in further]
        members = [name for other in owning for name in HEADERS[other]]
        lines = [line for entry in header.functions
                 if owner_of(entry) not in members and not entry.name.startswith(values)
                 for line in self.functions(entry, False)]
        words = "fer_stream_f or fer_f" if stem == "io" else "fer_f"
        return comment("A function f is %s of %s." % (words, header.file)) + lines + [""] if any(lines) else []

    def text(self, stem):
        body = by_hand(ABOVE[stem]) + [""] if stem in ABOVE else []
        for name in HEADERS[stem]:
            body += self.class_text(stem, name)
        body += self.free(stem)
        code = re.sub(r"/\*.*?\*/", "", "\n".join(body), flags=re.S)
        used = {HEADER_OF[word] + ".hpp" for word in re.findall(r"\w+", code) if word in HEADER_OF}
        used = used - {stem + ".hpp"} | {"owned.hpp"} | {other + ".h" for other in [stem] + FURTHER.get(stem, [])}
        guard = "FERRULE_%s_HPP" % stem.upper()
        text = comment("%s.hpp: %s.h in C++17, as docs/generate/cxx.py writes it. owned.hpp has the rules." % (stem, stem))
        text += ["#ifndef " + guard, "#define " + guard, ""] + ['#include "ferrule/%s"' % name for name in sorted(used)]
        text += ["", "namespace ferrule", "{", "/* clang-format off */", "", *body, "/* clang-format on */",
                 "} // namespace ferrule", "", "#endif", ""]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(text)).replace("\n\n};", "\n};").replace(":\n\n", ":\n")
