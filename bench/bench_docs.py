"""Writes the measured tables of README.md and docs/BENCH.md, or checks their form.

usage: bench_docs.py write ROOT FOLDER [TABLE...]
       bench_docs.py check ROOT

A table stands between the comments "<!-- bench: NAME -->" and "<!-- /bench: NAME -->", and is
written from the outputs of the benchmarks in FOLDER (ci/bench.sh): all, or those that are named. The
plots of the page are drawn if their cases are in FOLDER. check fails if a table or one of
its rows is missing, or a cell is not a number. "-" means that the library has no such operation.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
import bench_plot
import bench_results
import bench_table

NOT_MEASURED, NONE = "not measured", "-"
COLUMNS = ["ferrule", "libuv", "libevent", "APR", "nng", "sockpp", "Rust std", "mio"]
README_COLUMNS = ["ferrule", "libuv", "libevent", "APR", "nng", "sockpp", "Rust std"]
# The contenders of a column: the first that was measured counts.
IMPLS = {"ferrule": ["ferrule"], "libuv": ["libuv", "libuv-try", "libuv-poll"],
         "libuv, uv_poll": ["libuv-poll"], "libevent": ["libevent"], "APR": ["apr"], "nng": ["nng"],
         "sockpp": ["sockpp"], "Rust std": ["rust-std"], "mio": ["mio"]}
# The cases, their names for people, and the columns that have no such operation.
ADDRESS = {"nng", "mio"}
FORMAT = ADDRESS | {"sockpp"}
BLOCKING = {"libuv", "libevent", "mio"}
DATAGRAMS = {"libevent", "nng"}
POLLER = {"nng", "Rust std", "sockpp"}
CASES = [
    ("parse_v4", "parse an IPv4 address", ADDRESS),
    ("parse_v6", "parse an IPv6 address", ADDRESS),
    ("format_v4", "format an IPv4 address", FORMAT),
    ("format_v6", "format an IPv6 address", FORMAT),
    ("turn_64", "a blocking write and read, 64 bytes", BLOCKING),
    ("turn_4096", "a blocking write and read, 4096 bytes", BLOCKING),
    ("turn_65536", "a blocking write and read, 65536 bytes", BLOCKING),
    ("round_trip_1", "a round trip of 1 byte, two threads", BLOCKING),
    ("datagram_64", "a UDP datagram, 64 bytes", DATAGRAMS),
    ("datagram_1400", "a UDP datagram, 1400 bytes", DATAGRAMS),
    ("connected_datagram_64", "a datagram of connected sockets, 64 bytes", DATAGRAMS),
    ("connect_accept_close", "connect, accept, close both", set()),
    ("accept_64", "accept, 64 in the queue", set()),
    ("echo_turn_1000_100", "an echo request, 100 of 1000 sockets ready", POLLER),
    ("echo_turn_8000_100", "an echo request, 100 of 8000 sockets ready", POLLER),
    ("wake_same_thread", "wake a poller", POLLER),
    ("add_delete_1", "add a socket to a poller, delete it", POLLER),
    ("modify", "modify a socket of a poller", POLLER),
    ("wait_nothing", "a wait that finds nothing", POLLER),
    ("lookup_address", "look up an address text, 4 threads", ADDRESS),
    ("lookup_localhost", "look up localhost, 4 threads", ADDRESS),
]
README_CASES = ["parse_v4", "parse_v6", "format_v4", "turn_64", "connect_accept_close", "datagram_64",
                "echo_turn_1000_100", "wake_same_thread"]
GROWTH_LINES = [
    ("echo_turn_%d_1", "an echo request, 1 ready", ["ferrule", "libuv, uv_poll", "libevent", "APR", "mio"]),
    ("wait_event_%d", "a wait that returns 1 event", ["ferrule"]),
    ("add_delete_%d", "add and delete a socket", ["ferrule"]),
]
SOCKETS = (1, 100, 1000, 8000)
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


def readme_lines(results):
    names = {case: (name, lacking) for case, name, lacking in CASES}
    for case in README_CASES:
        name, lacking = names[case]
        yield [name, *(ratio_cell(results, case, column, lacking) for column in README_COLUMNS)]
    yield ["heap bytes for each socket of a poller", *(
        NONE if column in POLLER else value_cell(results.heap, column, 1, "%.0f")
        for column in README_COLUMNS)]
    yield ["code of the smallest client, KB", *(
        value_cell(results.sizes, column, 1000, "%.0f") for column in README_COLUMNS)]


def case_lines(results):
    for case, name, lacking in CASES:
        yield [name, "`%s`" % case, base_cell(results, case),
               *(ratio_cell(results, case, column, lacking) for column in COLUMNS)]


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


def gate_lines(results):
    for row in results.single_rows():
        yield ["`%s`" % row.name, bench_table.number(row.measured), bench_table.number(row.floor),
               bench_table.number(row.gate), bench_table.number(row.moonshot), row.result]


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


def machine_lines(results):
    for name in ("processor", "processors", "system", "compiler", "run"):
        yield [name, results.machine.get(name, NOT_MEASURED)]


TABLES = [
    ("README.md", "peers", ["time over the plain calls", *README_COLUMNS], readme_lines),
    ("docs/BENCH.md", "machine", ["", ""], machine_lines),
    ("docs/BENCH.md", "gates", ["row", "measured", "floor", "gate", "moonshot", "result"], gate_lines),
    ("docs/BENCH.md", "cases", ["operation", "case", "plain calls, ns", *COLUMNS], case_lines),
    ("docs/BENCH.md", "batch gates", ["row", "measured", "gate", "moonshot", "result"],
     batch_gate_lines),
    ("docs/BENCH.md", "batches",
     ["burst", "case", "calls by hand, ns", "again", "ferrule", "one by one", "ferrule with ECN",
      "quinn-udp's calls", "quinn-udp", "libuv"], batch_lines),
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
    return cell in words or re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


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
        for row in lines(empty):
            if row[0] not in values:
                yield "%s: the table %s lacks the row %s" % (page, name, row[0])
        for first, row in values.items():
            wrong = [cell for cell in row if not (is_value(cell, name) or cell.startswith("`"))]
            if len(row) != len(headings) - 1 or wrong:
                yield "%s: the table %s: not a value in the row %s" % (page, name, first)
            elif all(cell in (NOT_MEASURED, NONE) or cell.startswith("`") for cell in row):
                yield "%s: the table %s: nothing was measured in the row %s" % (page, name, first)
        if name == "gates" and sum("," in first for first in values) < 12:
            yield "%s: the table gates lacks counts" % page


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
