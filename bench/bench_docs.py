"""Writes the measured tables of README.md and docs/BENCH.md, or checks their form.

usage: bench_docs.py write ROOT FOLDER [TABLE...]
       bench_docs.py check ROOT

A table stands between the comments "<!-- bench: NAME -->" and "<!-- /bench: NAME -->", and is
written from the outputs of the benchmarks in FOLDER (ci/bench.sh): all, or those that are named. The
plots of the page are drawn if their cases are in FOLDER. check fails if a table or one of
its rows is missing, or a cell is not a number. "-" means that the library has no such operation.
"""

import math
import pathlib
import re
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
import bench_plot
import bench_results
import bench_table

NOT_MEASURED, NONE, LEVEL = "not measured", "-", "none"
# README.md shows a row if this is ahead in it.
README_AHEAD = ("ferrule", LEVEL)
EDGES = "ferrule, edges"
COLUMNS = ["ferrule", EDGES, "libuv", "libevent", "APR", "nng", "sockpp", "Rust std", "mio", "Go"]
README_COLUMNS = ["ferrule", "libuv", "libevent", "APR", "nng", "sockpp", "Rust std"]
# The contenders of a column: the first that was measured counts.
IMPLS = {"ferrule": ["ferrule"], EDGES: ["ferrule-edges"], "libuv": ["libuv", "libuv-try", "libuv-poll"],
         "libuv, uv_poll": ["libuv-poll"], "libevent": ["libevent"], "APR": ["apr"], "nng": ["nng"],
         "sockpp": ["sockpp"], "Rust std": ["rust-std"], "mio": ["mio"], "Go": ["go"]}
# The cases, their names for people, and the columns that have no such operation.
ADDRESS = {"nng", "mio", "Go"}
FORMAT = ADDRESS | {"sockpp"}
BLOCKING = {"libuv", "libevent", "mio", "Go"}
DATAGRAMS = {"libevent", "nng"}
POLLER = {"nng", "Rust std", "sockpp", "Go"}
CASES = [
    ("parse_v4", "parse an IPv4 address", ADDRESS),
    ("parse_v6", "parse an IPv6 address", ADDRESS),
    ("format_v4", "format an IPv4 address", FORMAT),
    ("format_v6", "format an IPv6 address", FORMAT),
    ("turn_64", "a blocking write and read, 64 bytes", BLOCKING),
    ("turn_4096", "a blocking write and read, 4096 bytes", BLOCKING),
    ("turn_65536", "a blocking write and read, 65536 bytes", BLOCKING),
    ("round_trip_1", "a round trip of 1 byte, two threads", BLOCKING | {"nng"}),
    ("datagram_64", "a UDP datagram, 64 bytes", DATAGRAMS),
    ("datagram_1400", "a UDP datagram, 1400 bytes", DATAGRAMS),
    ("connected_datagram_64", "a datagram of connected sockets, 64 bytes", DATAGRAMS),
    ("connect_accept_close", "connect, accept, close both", {"nng"}),
    ("accept_64", "accept, 64 in the queue", {"nng"}),
    ("echo_turn_1000_100", "an echo request, 100 of 1000 sockets ready", POLLER),
    ("echo_turn_8000_100", "an echo request, 100 of 8000 sockets ready", POLLER),
    ("wake_same_thread", "wake a poller", POLLER),
    ("add_delete_1", "add a socket to a poller, delete it", POLLER),
    ("modify", "modify a socket of a poller", POLLER | {"libevent", "APR"}),
    ("wait_nothing", "a wait that finds nothing", POLLER),
    ("lookup_address", "look up an address text, 4 threads", ADDRESS | {"libevent"}),
    ("lookup_localhost", "look up localhost, 4 threads", ADDRESS | {"libevent"}),
]
README_CASES = ["parse_v4", "parse_v6", "format_v4", "turn_64", "connect_accept_close", "datagram_64",
                "echo_turn_1000_100", "wake_same_thread"]
MINUTE_CASES = ["turn_64", "connect_accept_close", "datagram_64", "echo_turn_1000_100", "wait_nothing",
                "wake_same_thread", "parse_v4", "format_v6"]
GROWTH_LINES = [
    ("echo_turn_%d_1", "an echo request, 1 ready", ["ferrule", EDGES, "libuv, uv_poll", "libevent", "APR", "mio"]),
    ("wait_event_%d", "a wait that returns 1 event", ["ferrule"]),
    ("add_delete_%d", "add and delete a socket", ["ferrule"]),
]
SOCKETS = (1, 100, 1000, 8000)
# Copies: what was measured, and the contenders of the columns.
COPY_IMPLS = [("buffer-again", "pread-send-again", "by-hand-again"), ("ferrule",),
              ("splice", "sendfile"), ("haproxy",), ("tokio",)]
ONE_WAY, BOTH, FILES = {"tokio"}, {"splice", "haproxy"}, {"haproxy", "tokio"}
COPIES = [
    ("copy_tcp_64", "processor time of the relay, TCP, fer_copy with 64 KiB", ONE_WAY),
    ("copy_tcp_256", "TCP, 256 KiB", ONE_WAY),
    ("copy_tcp_1024", "TCP, 1 MiB", ONE_WAY),
    ("copy_unix_64", "Unix, 64 KiB", ONE_WAY),
    ("both_tcp_64", "both directions, nonblocking, TCP, fer_copy_bidirectional with 64 KiB", BOTH),
    ("both_tcp_256", "both, TCP, 256 KiB", BOTH),
    ("both_tcp_1024", "both, TCP, 1 MiB", BOTH),
    ("both_unix_64", "both, Unix, 64 KiB", BOTH),
    ("small_tcp", "both, 64 bytes each way, 100 connections, TCP", BOTH),
    ("small_unix", "both, 64 bytes each way, 100 connections, Unix", BOTH),
    ("time_tcp_64", "time until the last byte, TCP, 64 KiB", ONE_WAY),
    ("time_unix_64", "time, Unix, 64 KiB", ONE_WAY),
    ("file_tcp", "processor time, a file, TCP", FILES),
    ("file_unix", "a file, Unix", FILES),
]
# Scale: the counts of the columns, and the contenders of an echo server.
COUNTS = (10, 1000, 10000, 100000)
SERVERS = [("plain calls", "raw"), ("ferrule", "ferrule"), (EDGES, "ferrule-edges"),
           ("libuv", "libuv-try"), ("libevent", "libevent"), ("mio", "mio"), ("tokio", "tokio"), ("Go", "go")]
OWN = SERVERS[:2]
SCALE_LINES = [
    ("add_delete_scale_%d", "add and delete a socket of a poller", COUNTS, OWN),
    ("deadlines_scale_%d", "a wait of a poller with pending connects that have deadlines", COUNTS,
     [*OWN, ("libuv (timers)", "libuv")]),
    ("lookups_scale_%d", "a lookup of localhost by a resolver, all started together", COUNTS[:2], OWN),
]
SIMULATED = [("sim_event_posix", "POSIX"), ("sim_event_winsock", "Windows")]
SYSTEMS = [("ferrule", "Linux"), ("ferrule-windows", "Windows (mingw)")]
LIMITS = [("read_ready", "token", "a read that need not wait, with a token"),
          ("read_ready", "deadline", "the same with a deadline"),
          ("read_blocked", "token", "a round trip whose read waits, with a token"),
          ("connect", "connect_with", "connect_with over connect, one address"),
          ("return", "cancel", "from a cancel to the return, over a pipe in a poll"),
          ("return", "peer-close", "from a close by the peer, over a pipe in a poll")]


QUINN, UV, ADDRESSED = {"quinn", "ferrule-ecn"}, {"libuv"}, {"quinn-udp"}
BATCH_IMPLS = ["raw-again", "ferrule", "singles", "ferrule-ecn", "quinn", "quinn-udp",
               "libuv"]
BATCHES = [
    ("burst_32", "32 datagrams in a batch", QUINN),
    ("burst_32_send", "32, only sent", QUINN),
    ("burst_32_receive", "32, only received", QUINN),
    ("burst_32_features", "32, local address and ECN received", QUINN | UV),
    ("connected_32", "32, connected sockets", QUINN | ADDRESSED),
    ("connected_32_send", "32, connected sockets, only sent", QUINN | ADDRESSED),
    ("segments_44", "44 segments in a message", set()),
    ("segments_44_send", "44 segments, only sent", set()),
    ("coalesced_44", "44 segments, coalesced, local address and ECN received", UV),
    ("coalesced_44_receive", "44 segments, coalesced, only received", UV),
    ("threads_32", "32, a thread for each side", QUINN | UV),
    ("threads_44_coalesced", "44 segments, coalesced, a thread for each side", UV),
    ("veth_32", "32 over veth", QUINN),
    ("veth_segments_44", "44 segments over veth", set()),
    ("veth_coalesced_44", "44 segments over veth, coalesced", UV),
]


def find(results, case, column):
    return next((results.times[case, impl] for impl in IMPLS[column]
                 if (case, impl) in results.times), None)


def ratio_cell(results, case, column, lacking):
    time = find(results, case, column)
    if time is not None:
        return "%.2f" % time.ratio
    return NONE if column in lacking else NOT_MEASURED


def base_cell(results, case):
    time = find(results, case, "ferrule")
    return NOT_MEASURED if time is None else "%.0f" % results.times[case, time.base].ns


def value_cell(values, column, scale, form):
    found = next((values[impl] for impl in IMPLS[column] if impl in values), None)
    return NOT_MEASURED if found is None else form % (found / scale)


def ahead(results, case):
    """The contender with the least time, "none" if ferrule is as good as the run can resolve. Of
    ferrule's two ways the better one counts."""
    times = {column: find(results, case, column) for column in COLUMNS}
    own = [times[column].ratio for column in ("ferrule", EDGES) if times[column]]
    others = [(time.ratio, column) for column, time in times.items()
              if time and column not in ("ferrule", EDGES)]
    if not own or not others:
        return NOT_MEASURED
    least, peer = min(others)
    resolution = results.resolution_of(case)
    if min(own) < least - resolution:
        return "ferrule"
    return peer if least < min(own) - resolution else LEVEL


def readme_lines(results):
    names = {case: (name, lacking) for case, name, lacking in CASES}
    for case in README_CASES:
        name, lacking = names[case]
        if ahead(results, case) in README_AHEAD:
            yield [name, *(ratio_cell(results, case, column, lacking) for column in README_COLUMNS)]
    yield ["heap bytes for each socket of a poller", *(
        NONE if column in POLLER | {"APR"} else value_cell(results.heap, column, 1, "%.0f")
        for column in README_COLUMNS)]
    yield ["code of the smallest client, KB", *(
        value_cell(results.sizes, column, 1000, "%.0f") for column in README_COLUMNS)]


def best_other(values):
    """The least value of another library, and its column."""
    found = [(value, column) for column, value in values.items()
             if value is not None and column not in ("ferrule", EDGES, *SERVERS[0])]
    return min(found) if found else (None, NONE)


def minute_lines(results):
    def line(name, values, form):
        value, column = best_other(values)
        own = values["ferrule"]
        return [name, *(NOT_MEASURED if one is None else form % one for one in (own, value)), column]

    names = {case: name for case, name, _ in CASES}
    for case in MINUTE_CASES:
        times = {column: find(results, case, column) for column in COLUMNS}
        yield line(names[case], {column: time and time.ratio for column, time in times.items()}, "%.2f")
    yield line("memory of one of 10,000 connections of an echo server, bytes", {
        column: results.memory.get(("echo_scale_10000", impl)) for column, impl in SERVERS}, "%.0f")
    yield line("code of the smallest client, more than that of plain calls, KB", {
        column: results.sizes[IMPLS[column][0]] / 1000 if IMPLS[column][0] in results.sizes else None
        for column in COLUMNS}, "%.0f")


def case_lines(results):
    for case, name, lacking in CASES:
        without = lacking if case.startswith("echo_turn") else lacking | {EDGES}
        yield [name, "`%s`" % case, base_cell(results, case),
               *(ratio_cell(results, case, column, without) for column in COLUMNS),
               ahead(results, case)]


def ahead_lines(results):
    for case, name, lacking in CASES:
        column = ahead(results, case)
        if column not in (NOT_MEASURED, *README_AHEAD):
            own = min(ratio_cell(results, case, mine, lacking) for mine in ("ferrule", EDGES)
                      if find(results, case, mine))
            yield [name, column, ratio_cell(results, case, column, lacking), own]


def growth_lines(results):
    for pattern, name, columns in GROWTH_LINES:
        for column in columns:
            times = [find(results, pattern % count, column) for count in SOCKETS]
            yield ["%s, %s" % (name, column), *(NOT_MEASURED if time is None else "%.2f" % time.ratio
                                               for time in times)]
        times = [find(results, pattern % count, "ferrule") for count in SOCKETS]
        yield [name + ", raw calls, ns", *(
            NOT_MEASURED if time is None else "%.0f" % results.times[time.case, time.base].ns
            for time in times)]


def copy_lines(results):
    gates = {case: "%.2f" % gate for case, _, gate, *_ in bench_results.GATES}
    for case, name, lacking in COPIES:
        found = [next((results.times[case, impl] for impl in impls if (case, impl) in results.times),
                      None) for impls in COPY_IMPLS]
        yield [name, *("%.2f" % time.ratio if time else NONE if lacking & set(impls) else NOT_MEASURED
                       for time, impls in zip(found, COPY_IMPLS)), gates.get(case, NONE)]


def counted(name, values):
    """A row of the values of counts, and the exponent of their growth from the first measured one to
    the last."""
    measured = [(count, value) for count, value in values if value]
    order = NOT_MEASURED
    if len(measured) > 1:
        (first, low), *_, (last, high) = measured
        order = "%.2f" % (round(math.log(high / low) / math.log(last / first), 2) + 0.0)  # no -0.00
    cells = {count: NOT_MEASURED if value is None else "%.0f" % value for count, value in values}
    return [name, *(cells.get(count, NONE) for count in COUNTS), order]


def scale_lines(results):
    def times(pattern, counts, impl):
        found = [results.times.get((pattern % count, impl)) for count in counts]
        return [(count, time and time.ns) for count, time in zip(counts, found)]

    for column, impl in SERVERS:
        yield counted("an echo request, %s, ns" % column, times("echo_scale_%d", COUNTS[:3], impl))
    for column, impl in SERVERS:
        yield counted("memory of a connection, %s, bytes" % column, [
            (count, results.memory.get(("echo_scale_%d" % count, impl))) for count in COUNTS[1:3]])
    for pattern, name, counts, contenders in SCALE_LINES:
        for column, impl in contenders:
            yield counted("%s, %s, ns" % (name, column), times(pattern, counts, impl))


def gate_lines(results):
    for row in results.single_rows():
        yield ["`%s`" % row.name, bench_table.number(row.measured), bench_table.number(row.floor),
               bench_table.number(row.gate), bench_table.number(row.moonshot), row.result]


def count_lines(results):
    rows = {row.name: row for row in results.count_rows()}
    for name, (text, moonshot) in bench_results.COUNTS.items():
        found = [rows.get("%s, %s" % (name, build)) for build in ("archive", "shared", "lto")]
        result = bench_results.UNRESOLVED
        if all(found):
            is_held = all(row.result == bench_results.HELD for row in found)
            result = bench_results.HELD if is_held else bench_results.MISSED
        yield [text, "`%s`" % name, *("%.0f" % row.measured if row else NOT_MEASURED for row in found),
               str(found[0].gate) if found[0] else NOT_MEASURED, str(moonshot),
               result]


def batch_gate_lines(results):
    for row in results.batch_rows():
        yield ["`%s`" % row.name, bench_table.number(row.measured), bench_table.number(row.gate),
               bench_table.number(row.moonshot), row.result]


def batch_lines(results):
    for case, name, lacking in BATCHES:
        times = [results.times.get((case, impl)) for impl in BATCH_IMPLS]
        base = next((results.times[time.case, time.base].ns for time in times if time), None)
        yield [name, "`%s`" % case, NOT_MEASURED if base is None else "%.0f" % base, *(
            "%.2f" % time.ratio if time else NONE if impl in lacking else NOT_MEASURED
            for time, impl in zip(times, BATCH_IMPLS))]


def other_lines(results):
    for case, impl, name in LIMITS:
        time = results.times.get((case, impl))
        yield [name, NOT_MEASURED if time is None else "%.2f" % time.ratio]
    for impl, name in SYSTEMS:
        yield ["code of the smallest client over plain calls, %s, bytes" % name,
               str(results.sizes.get(impl, NOT_MEASURED))]
    for case, name in SIMULATED:
        time = results.times.get((case, "ferrule"))
        yield ["events of the simulated network in a second, " + name + ", millions",
               NOT_MEASURED if time is None else "%.1f" % (1e3 / time.ns)]
    time = results.times.get(("sim_fuzz", "ferrule"))
    yield ["inputs of examples/sim_fuzz.c in a second, with AddressSanitizer",
           NOT_MEASURED if time is None else "%.0f" % (1e9 / time.ns)]


def machine_lines(results):
    for name in ("processor", "processors", "system", "compiler", "run"):
        yield [name, results.machine.get(name, NOT_MEASURED)]


TABLES = [
    ("README.md", "peers", ["time over the plain calls", *README_COLUMNS], readme_lines),
    ("README.md", "ahead", ["ahead of ferrule", "library", "its time", "ferrule's time"], ahead_lines),
    ("docs/BENCH.md", "machine", ["", ""], machine_lines),
    ("docs/BENCH.md", "minute", ["time over the plain calls", "ferrule", "the best other", "which"],
     minute_lines),
    ("docs/BENCH.md", "gates", ["row", "measured", "floor", "gate", "moonshot", "result"], gate_lines),
    ("docs/BENCH.md", "counts",
     ["operation", "name", "archive", "shared", "lto", "gate", "moonshot", "result"], count_lines),
    ("docs/BENCH.md", "cases", ["operation", "case", "plain calls, ns", *COLUMNS, "ahead"],
     case_lines),
    ("docs/BENCH.md", "batch gates", ["row", "measured", "gate", "moonshot", "result"],
     batch_gate_lines),
    ("docs/BENCH.md", "batches",
     ["burst", "case", "calls by hand, ns", "again", "ferrule", "one by one", "ferrule with ECN",
      "quinn-udp's calls", "quinn-udp", "libuv"], batch_lines),
    ("docs/BENCH.md", "copies",
     ["", "again", "ferrule", "plain splice or sendfile", "haproxy's way", "tokio", "gate"], copy_lines),
    ("docs/BENCH.md", "scale", ["", *("%d" % count for count in COUNTS), "order"], scale_lines),
    ("docs/BENCH.md", "growth", ["sockets", *map(str, SOCKETS)], growth_lines),
    ("docs/BENCH.md", "others", ["", "measured"], other_lines),
]


def table_pattern(name):
    return re.compile(r"(<!-- bench: %s -->\n).*?(<!-- /bench: %s -->\n)" % (name, name), re.S)


def write(root, folder, names):
    """Writes the tables of these names, or all if there are none; and the plots of the page."""
    results = bench_results.Results(folder)
    for plot in bench_plot.OF_DOCUMENTATION:
        if bench_plot.can_draw(results, plot):
            bench_plot.draw(results, plot).write(root / "docs" / ("bench_%s.svg" % plot))
    for page, name, headings, lines in TABLES:
        if names and name not in names:
            continue
        path = root / page
        text = path.read_text(encoding="utf-8")
        body = "\n".join(bench_table.markdown(headings, lines(results))) + "\n"
        text, count = table_pattern(name).subn(lambda found: found[1] + body + found[2], text)
        if count != 1:
            sys.exit("bench_docs.py: %s has no place for the table %s" % (page, name))
        path.write_text(text, encoding="utf-8")
        print("wrote the table %s of %s" % (name, page))


def is_value(cell, name):
    if name == "machine":
        return cell not in ("", NOT_MEASURED)
    words = (NOT_MEASURED, NONE, bench_results.HELD, bench_results.AT_FLOOR, bench_results.MISSED,
             bench_results.UNRESOLVED)
    is_name = name in ("cases", "ahead", "minute") and cell in (LEVEL, *COLUMNS)
    return cell in words or is_name or re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


def check_readme(root, table, names, shown):
    """README.md has a row of docs/BENCH.md in its table peers if no peer is ahead in it, and in its
    table ahead if one is."""
    page = table_pattern("cases").search((root / "docs/BENCH.md").read_text(encoding="utf-8"))[0]
    for name in names:
        row = re.search(r"^\| %s \|.*\| ([^|]+) \|$" % re.escape(name), page, re.M)
        belongs = (row[1] in README_AHEAD) == (table == "peers") if row else False
        if row and row[1] != NOT_MEASURED and belongs != (name in shown):
            yield "README.md: the table %s, the row %s: ahead is %s" % (table, name, row[1])


def check(root):
    """The problems of the tables: a row that is missing, a cell that is not a value."""
    empty = bench_results.Results(root / "no such folder")
    for page, name, headings, lines in TABLES:
        found = table_pattern(name).search((root / page).read_text(encoding="utf-8"))
        if found is None:
            yield "%s: the table %s is missing" % (page, name)
            continue
        rows = [[cell.strip() for cell in line.strip("|").split("|")]
                for line in found[0].splitlines()[1:-1]]
        if not rows or rows[0] != headings:
            yield "%s: the table %s has other headings" % (page, name)
        values = {row[0]: row[1:] for row in rows[2:]}
        if name in ("peers", "ahead"):
            names = [text for case, text, _ in CASES if name == "ahead" or case in README_CASES]
            yield from check_readme(root, name, names, values)
        for row in lines(empty):
            if row[0] not in values:
                yield "%s: the table %s lacks the row %s" % (page, name, row[0])
        for first, row in values.items():
            wrong = [cell for cell in row if not (is_value(cell, name) or cell.startswith("`"))]
            if len(row) != len(headings) - 1 or wrong:
                yield "%s: the table %s: not a value in the row %s" % (page, name, first)
            elif all(cell in (NOT_MEASURED, NONE) or cell.startswith("`") for cell in row):
                yield "%s: the table %s: nothing was measured in the row %s" % (page, name, first)
    counted = re.findall(r"^    check \S+ (\w+)", (root / "bench/count_calls.sh").read_text(), re.M)
    if counted != list(bench_results.COUNTS):
        yield "bench_results.py: COUNTS has other operations than count_calls.sh"


def main(arguments):
    if len(arguments) >= 3 and arguments[0] == "write":
        write(pathlib.Path(arguments[1]), arguments[2], arguments[3:])
        arguments = ["check", arguments[1]]
    if len(arguments) != 2 or arguments[0] != "check":
        print(__doc__.strip())
        return 0 if arguments == ["--help"] else 2
    problems = list(check(pathlib.Path(arguments[1])))
    for problem in problems:
        print(problem)
    if not problems:
        print("bench_docs.py: %d tables" % len(TABLES))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
