"""The addresses of the sources that docs/DIFFERENCES.md names."""

import re
import urllib.parse

LEARN = "https://learn.microsoft.com/en-us/windows/"
GITHUB = "https://github.com/"

# The repositories that the page calls by a short name.
REPOSITORIES = {
    "OCaml": "ocaml/ocaml",
    "asupersync": "Dicklesworthstone/asupersync",
    "capnproto": "capnproto/capnproto",
    "ccan": "rustyrussell/ccan",
    "cherrypy": "cherrypy/cherrypy",
    "corefx": "dotnet/corefx",
    "cpp-httplib": "yhirose/cpp-httplib",
    "dot-agent-deck": "vfarcic/dot-agent-deck",
    "heph": "Thomasdezeeuw/heph",
    "libdill": "sustrik/libdill",
    "libuv": "libuv/libuv",
    "libzmq": "zeromq/libzmq",
    "mio": "tokio-rs/mio",
    "objeck-lang": "objeck/objeck-lang",
    "perfetto": "google/perfetto",
    "pika": "pika/pika",
    "qore": "qoretechnologies/qore",
    "swift-nio": "apple/swift-nio",
    "tidemark": "zbndev/tidemark",
    "twisted": "twisted/twisted",
    "wepoll": "piscisaureus/wepoll",
}

# The published sources that a mark may name.
PROJECTS = {
    "XNU": GITHUB + "apple-oss-distributions/xnu",
    "NetBSD": GITHUB + "NetBSD/src",
    "FreeBSD": GITHUB + "freebsd/freebsd-src",
    "libuv": GITHUB + "libuv/libuv",
    "wepoll": GITHUB + "piscisaureus/wepoll",
    "Chromium": GITHUB + "chromium/chromium",
}
# The sources that were read of each kernel, and where in them a file is that the page names.
KERNELS = {
    "macos": GITHUB + "apple-oss-distributions/xnu/blob/xnu-11417.101.15/bsd/",
    "freebsd": GITHUB + "freebsd/freebsd-src/blob/release/13.0.0/sys/",
    "netbsd": GITHUB + "rumpkernel/src-netbsd/blob/kernel-src/sys/",
    "openbsd": GITHUB + "openbsd/src/blob/master/sys/",
}
FOLDERS = {
    "kern": ("kern_event", "kern_synch", "sys_generic", "sys_socket", "uipc_sockbuf", "uipc_socket",
             "uipc_socket2", "uipc_syscalls", "uipc_usrreq"),
    "netinet": ("in_mcast", "in_pcb", "tcp_input", "tcp_output", "tcp_syncache", "tcp_usrreq",
                "udp_usrreq"),
    "netinet6": ("in6_mcast", "in6_pcb", "in6_proto", "ip6_output", "udp6_usrreq"),
}
WINE_TEST = "https://gitlab.winehq.org/wine/wine/-/blob/master/dlls/ws2_32/tests/sock.c"

# The header that declares a function of Windows; the others are declared in winsock2.h.
FUNCTIONS = {
    "CreateEventW": "synchapi/nf-synchapi-createeventw",
    "DuplicateHandle": "handleapi/nf-handleapi-duplicatehandle",
    "FreeLibraryAndExitThread": "libloaderapi/nf-libloaderapi-freelibraryandexitthread",
    "GetAddrInfoExCancel": "ws2tcpip/nf-ws2tcpip-getaddrinfoexcancel",
    "GetAddrInfoExW": "ws2tcpip/nf-ws2tcpip-getaddrinfoexw",
    "GetAddrInfoW": "ws2tcpip/nf-ws2tcpip-getaddrinfow",
    "GetQueuedCompletionStatusEx": "fileio/getqueuedcompletionstatusex-func",
    "PostQueuedCompletionStatus": "fileio/postqueuedcompletionstatus",
    "SleepConditionVariableSRW": "synchapi/nf-synchapi-sleepconditionvariablesrw",
}
PAGES = {
    "AF_UNIX comes to Windows": "https://devblogs.microsoft.com/commandline/af_unix-comes-to-windows/",
    "I/O Completion Ports": LEARN + "win32/fileio/i-o-completion-ports",
    "IPPROTO_IP Socket Options": LEARN + "win32/winsock/ipproto-ip-socket-options",
    "IPPROTO_IPV6 Socket Options": LEARN + "win32/winsock/ipproto-ipv6-socket-options",
    "IPPROTO_TCP Socket Options": LEARN + "win32/winsock/ipproto-tcp-socket-options",
    "SOL_SOCKET Socket Options": LEARN + "win32/winsock/sol-socket-socket-options",
    "SO_EXCLUSIVEADDRUSE": LEARN + "win32/winsock/so-exclusiveaddruse",
    "Shared Sockets": LEARN + "win32/winsock/shared-sockets-2",
    "TCP/IP Raw Sockets": LEARN + "win32/winsock/tcp-ip-raw-sockets-2",
    "Threading Programming Guide": "https://developer.apple.com/library/archive/documentation/Cocoa/"
                                   "Conceptual/Multithreading/Introduction/Introduction.html",
    "Thread Stack Size": LEARN + "win32/procthread/thread-stack-size",
    "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE":
        LEARN + "win32/winsock/using-so-reuseaddr-and-so-exclusiveaddruse",
    "Windows Sockets Error Codes": LEARN + "win32/winsock/windows-sockets-error-codes-2",
}
# Names that are no pages: what they name is a header or a comment in a file.
NOT_PAGES = {"afunix.h", "netdb.h", "pthread.h", "the comment in the hosts file"}


def knowledge_base(number):
    """An article of Microsoft's former knowledge base, in an archive of it."""
    return "https://jeffpar.github.io/kbarchive/kb/%03d/Q%s/" % (int(number) // 1000, number)


def manual_page(name, section, system):
    """A manual page: of Linux, or of FreeBSD for macOS and the BSDs."""
    if system == "linux":
        return "https://man7.org/linux/man-pages/man%s/%s.%s.html" % (section, name, section)
    return "https://man.freebsd.org/cgi/man.cgi?query=%s&sektion=%s" % (name, section)


def kernel_file(system, name):
    """The address of a file of a kernel."""
    stem = name[:-2]
    folder = next((folder for folder, stems in FOLDERS.items() if stem in stems), None)
    if not folder:
        raise ValueError("no folder is known of %s" % name)
    return KERNELS[system] + folder + "/" + name


def issue(repository, number):
    """An issue or a pull request; GitHub redirects the one to the other."""
    repository = repository if "/" in repository else REPOSITORIES.get(repository)
    return GITHUB + "%s/issues/%s" % (repository, number) if repository else None


def document(name, system):
    """The address of a documented source, or None if the name is no page."""
    name = name.strip(' "*')
    match = re.fullmatch(r"([\w.-]+)\((\d)\w*\)", name)
    if match:
        return manual_page(match.group(1), match.group(2), system)
    match = re.fullmatch(r"KB (\d+)", name)
    if match:
        return knowledge_base(match.group(1))
    match = re.fullmatch(r"(\w+) function", name)
    if match:
        page = FUNCTIONS.get(match.group(1)) or "winsock2/nf-winsock2-" + match.group(1).lower()
        folder = "win32/" if page.startswith("fileio") else "win32/api/"
        return LEARN + folder + page
    if name in PAGES:
        return PAGES[name]
    if not name or name in NOT_PAGES:
        return None
    # A page of Microsoft whose address is not known here.
    return "https://learn.microsoft.com/en-us/search/?terms=" + urllib.parse.quote(name)
