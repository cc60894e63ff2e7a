"""Prints the gates of ci/bench.sh, and writes its tables and plots.

usage: bench_table.py FOLDER

FOLDER has the outputs of the benchmarks, one file NAME.txt for each. Writes table.md, table.csv and
the plots, NAME.svg, there. The exit code is 0 if all gates are held or missed by no more than the
floor, 1 if another is missed, and 3 if none is missed but some could not be judged.
"""

import csv
import sys

sys.dont_write_bytecode = True  # The source tree stays as it is.
import bench_plot
import bench_results
from bench_results import AT_FLOOR, HELD, MISSED, UNRESOLVED


def number(value):
    if value is None:
        return "-"
    if isinstance(value, int) or value >= 100:
        return "%.0f" % value
    return "%.3f" % value if value < 10 else "%.1f" % value


def cells_of(row):
    control = "-"
    if row.control is not None:
        control = "%.3f ± %.3f" % (row.control.ratio, row.control.uncertainty())
    return (row.name, number(row.base), number(row.measured), row.unit, control, number(row.floor),
            number(row.gate), number(row.moonshot), row.result)


HEADINGS = ("row", "base, ns", "measured", "unit", "control", "floor", "gate", "moonshot", "result")


def print_gates(rows):
    table = [HEADINGS, *(cells_of(row) for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADINGS))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def markdown(headings, lines):
    yield "| " + " | ".join(headings) + " |"
    yield "|" + "---|" * len(headings)
    for line in lines:
        yield "| " + " | ".join(line) + " |"


def contenders_of(results):
    """Without the controls, which have a column of their own."""
    names = dict.fromkeys(impl for _, impl in results.times if not impl.endswith("-again"))
    return list(names)


def write_markdown(results, rows, path):
    lines = ["# Results of ci/bench.sh", ""]
    lines += ["%s: %s  " % item for item in results.machine.items()]
    lines += ["", "## Gates", "", *markdown(HEADINGS, map(cells_of, rows)), ""]
    lines += ["## Every case and contender", ""]
    lines += markdown(("case", "contender", "ns", "ratio", "quartiles", "base", "rounds"), (
        (time.case, time.impl, "%.1f" % time.ns, "%.3f" % time.ratio,
         "%.3f to %.3f" % (time.low, time.high), time.base, str(time.runs))
        for time in results.times.values()))
    if results.heap:
        lines += ["", "## Heap bytes of a registered connection", ""]
        lines += markdown(("contender", "bytes"), ((k, "%.1f" % v) for k, v in results.heap.items()))
    if results.sizes:
        lines += ["", "## Bytes of code and constants of the smallest client, over raw", ""]
        lines += markdown(("contender", "bytes"), ((k, str(v)) for k, v in results.sizes.items()))
    if results.requests:
        lines += ["", "## An echo request, with the driver's send and recv", ""]
        lines += markdown(("contender", "instructions", "system calls"), (
            (k, "%.1f" % v[0], "%.2f" % v[1]) for k, v in results.requests.items()))
    if results.skipped:
        lines += ["", "## Skipped", "", *("- " + line for line in dict.fromkeys(results.skipped))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_csv(results, path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("bench", "case", "impl", "base", "ns_op", "ratio", "low", "high", "rounds"))
        for t in results.times.values():
            writer.writerow((t.bench, t.case, t.impl, t.base, t.ns, t.ratio, t.low, t.high, t.runs))


def main(arguments):
    if len(arguments) != 1 or arguments[0] == "--help":
        print(__doc__.strip())
        return 0 if arguments == ["--help"] else 2
    results = bench_results.Results(arguments[0])
    rows = results.rows()
    print_gates(rows)
    for line in dict.fromkeys(results.skipped):
        print("skipped: " + line)
    write_markdown(results, rows, results.folder / "table.md")
    write_csv(results, results.folder / "table.csv")
    bench_plot.write_all(results)
    count = {result: sum(row.result == result for row in rows)
             for result in (HELD, AT_FLOOR, MISSED, UNRESOLVED)}
    print("%d gates held, %d at the floor, %d missed, %d could not be judged" % tuple(count.values()))
    if count[MISSED]:
        return 1
    return 3 if count[UNRESOLVED] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
