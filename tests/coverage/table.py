"""Prints the table of ci/coverage.sh, the lines that the corpora do not reach, and the lines with
conditions that do not decide alone in the last set.

usage: table.py SOURCE-FOLDER REPORT-FOLDER SET...

SET is tests, corpora or both; corpora is always one of the sets. Reads the files SET.json and
corpora.lcov that llvm-cov wrote to the report folder. The exit code is 1 if the corpora reach less
than the minimum.
"""

import json
import os
import sys

KINDS = ("lines", "branches", "mcdc")
MINIMUM = {"lines": 95.0, "branches": 90.0}


def read_summaries(path):
    """{file name: {kind: (covered, count)}}, with the sum of all as "total"."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)["data"][0]
    rows = {os.path.basename(entry["filename"]): entry["summary"] for entry in data["files"]}
    rows["total"] = data["totals"]
    return {name: {kind: (row[kind]["covered"], row[kind]["count"]) for kind in KINDS}
            for name, row in rows.items()}


def percent(covered, count):
    return "-" if count == 0 else f"{100.0 * covered / count:.1f}"


def print_table(summaries):
    last = list(summaries.values())[-1]
    print(f"{'':24}" + "".join(f"{name:^27}" for name in summaries))
    print(f"{'percent of':24}" + "".join(f"{kind:>9}" for _ in summaries for kind in KINDS))
    names = sorted(name for name, row in last.items() if name != "total" and row["lines"][1] > 0)
    for name in names + ["total"]:
        cells = (rows[name][kind] for rows in summaries.values() for kind in KINDS)
        print(f"{name:24}" + "".join(f"{percent(*cell):>9}" for cell in cells))
    total = last["total"]
    print("total: " + ", ".join(f"{total[kind][1]} {kind}" for kind in KINDS))


def add_counts(path, lines, branches):
    """Adds the runs of a file of llvm-cov to {(file, line): runs} and {(file, line, branch): runs}."""
    name = ""
    with open(path, encoding="utf-8") as file:
        for record in file:
            key, _, value = record.strip().partition(":")
            fields = value.split(",")
            if key == "SF":
                name = value
            elif key in ("DA", "BRDA"):
                counts = lines if key == "DA" else branches
                place = (name, int(fields[0]), *fields[1:-1])
                counts[place] = counts.get(place, 0) + int(fields[-1].replace("-", "0"))


def lines_without(counts):
    """{file: lines} of the places that never ran."""
    gaps = {}
    for (name, line, *_), runs in counts.items():
        if runs == 0:
            gaps.setdefault(name, set()).add(line)
    return gaps


def read_gaps(paths):
    """Two dictionaries {file: line numbers}: the lines that never ran, and the other lines with a
    branch that was never taken, in the sum of these files of llvm-cov."""
    lines, branches = {}, {}
    for path in paths:
        add_counts(path, lines, branches)
    dark = lines_without(lines)
    return dark, {name: some - dark.get(name, set())
                  for name, some in lines_without(branches).items()}


def read_undecided(path):
    """{file: line numbers} of the decisions with a condition that does not decide alone. A decision
    of one condition has only branches, with two counts. A function of a header has a record for
    each file that includes it."""
    with open(path, encoding="utf-8") as file:
        entries = json.load(file)["data"][0]["files"]
    decisions, lines = {}, {}
    for entry in entries:
        records = [(record[:4], record[-1]) for record in entry["mcdc_records"]]
        records += [(record[:4], [count > 0 for count in record[4:6]])
                    for record in entry["branches"]]
        for region, decide in records:
            place = (entry["filename"], *region)
            known = decisions.get(place, decide)
            decisions[place] = [one or other for one, other in zip(decide, known)]
    for (name, line, *_), decide in decisions.items():
        if not all(decide):
            lines.setdefault(name, set()).add(line)
    return lines


def print_gaps(title, folder, gaps):
    print(f"\n{title}")
    for path in sorted(gaps):
        with open(path, encoding="utf-8") as file:
            text = file.read().splitlines()
        for number in sorted(gaps[path]):
            name = os.path.relpath(path, os.path.dirname(folder))
            print(f"  {name}:{number}: {text[number - 1].strip()}")


def check_gate(total):
    bad = False
    for kind, minimum in MINIMUM.items():
        covered, count = total[kind]
        reached = 100.0 * covered / count
        result = "ok" if reached >= minimum else "TOO LOW"
        print(f"the corpora alone: {reached:.2f} % of the {kind}, "
              f"{minimum:.0f} % required: {result}")
        bad = bad or reached < minimum
    return bad


def main(arguments):
    folder, report, *sets = arguments
    summaries = {a_set: read_summaries(os.path.join(report, f"{a_set}.json")) for a_set in sets}
    lines, branches = read_gaps([os.path.join(report, "corpora.lcov")])
    print_gaps("Lines that no corpus reaches:", folder, lines)
    print_gaps("Lines that a corpus reaches, with a branch that no corpus takes:", folder, branches)
    print_gaps(f"Lines with a condition that does not decide alone (MC/DC), {sets[-1]}:", folder,
               read_undecided(os.path.join(report, f"{sets[-1]}.json")))
    print()
    print_table(summaries)
    return 1 if check_gate(summaries["corpora"]["total"]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
