"""Checks that each condition of core/ decides alone, or is named in tests/coverage/undecided.txt.

usage: conditions.py SOURCE-FOLDER EXPORT UNDECIDED

EXPORT is the JSON of llvm-cov export. A condition of a decision with several must have an
independence pair (MC/DC). The condition of a decision with one must be both true and false, which
is MC/DC for it; llvm-cov counts these as branches only. A line of UNDECIDED that is not needed is
an error. The exit code is 1 if there is an error.
"""

import collections
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "ci"))
import c_source

REQUIRE = "FERI_REQUIRE("
LINE = re.compile(r"(\w+): (condition \d+)( in a race)? #(\d+): (.*?)   # (.+)")


def merge(records, value_of, combine):
    """{position: value}: a function in a header has a record for each file that includes it."""
    merged = {}
    for record in records:
        position, value = tuple(record[:4]), value_of(record)
        merged[position] = combine(merged[position], value) if position in merged else value
    return merged


def is_inside(position, decision):
    return decision[:2] <= position[:2] and position[2:] <= decision[2:]


def requirements_of(entry):
    """The same of the arguments of FERI_REQUIRE, whose branches are in the macro's expansion."""
    with open(entry["filename"], encoding="utf-8") as file:
        lines = file.read().splitlines()
    uses = [(expansion["source_region"], expansion["branches"])
            for expansion in entry["expansions"]]
    uses = [tuple(region[:4]) + tuple(counts[4:6]) for region, branches in uses
            for counts in branches if lines[region[0] - 1][region[1] - 1:].startswith(REQUIRE)]
    merged = merge(uses, lambda use: (use[4], use[5]),
                   lambda one, other: (one[0] + other[0], one[1] + other[1]))
    return {position: counts[0] > 0 and counts[1] > 0 for position, counts in merged.items()}


def conditions_of(entry):
    """{position: whether it decides alone}, of all conditions of a file."""
    decisions = merge(entry["mcdc_records"], lambda record: list(record[-1]),
                      lambda one, other: [a or b for a, b in zip(one, other)])
    branches = merge(entry["branches"], lambda record: (record[4], record[5]),
                     lambda one, other: (one[0] + other[0], one[1] + other[1]))
    found = {position: counts[0] > 0 and counts[1] > 0 for position, counts in branches.items()}
    found.update(requirements_of(entry))
    # The innermost decision of a condition is the last that contains it.
    owners = {position: max((d for d in decisions if is_inside(position, d)), default=None)
              for position in found}
    for decision, covered in decisions.items():
        own = sorted(position for position, owner in owners.items() if owner == decision)
        if len(own) != len(covered):
            raise SystemExit(f"{entry['filename']}:{decision[0]}: {len(own)} conditions, "
                             f"not {len(covered)}")
        found.update(zip(own, covered))
    return found


def gaps_of(entry, folder):
    """{key: (place, text of the condition, statement)} of the conditions that do not decide alone,
    and the keys of all conditions."""
    with open(entry["filename"], encoding="utf-8") as file:
        source = file.read()
    name = os.path.relpath(entry["filename"], os.path.dirname(folder))
    lines, statements = source.splitlines(keepends=True), c_source.Statements(source, name)
    gaps, keys, count = {}, set(), collections.Counter()
    for position, decides in sorted(conditions_of(entry).items()):
        number = position[0]
        begin = sum(map(len, lines[:number - 1])) + position[1] - 1
        statement = statements.at(begin)
        count[statement] += 1
        key = (statement.definition, f"condition {count[statement]}", statement.nth,
               statement.words)
        keys.add(key)
        if not decides:
            end = position[3] - 1 if position[2] == number else None
            gaps[key] = (f"{name}:{number}", lines[number - 1][position[1] - 1:end].strip(),
                         statement.text)
    return gaps, keys


def read_undecided(path):
    """{key: (whether it is a race, statement)}"""
    known = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("#"):
                continue
            match = LINE.fullmatch(line)
            if not match:
                raise SystemExit(f"{path}: not a line: {line}")
            definition, what, race, nth, text, _ = match.groups()
            key = (definition, what, int(nth), tuple(c_source.words_of(text)))
            known[key] = (race is not None, text)
    return known


def main(arguments):
    folder, export, undecided = arguments
    with open(export, encoding="utf-8") as file:
        entries = json.load(file)["data"][0]["files"]
    known, gaps, keys = read_undecided(undecided), {}, set()
    for entry in entries:
        own_gaps, own_keys = gaps_of(entry, folder)
        gaps.update(own_gaps)
        keys |= own_keys
    bad = 0
    for key, (place, condition, statement) in sorted(gaps.items()):
        if key not in known:
            bad += 1
            print(f"{place}: `{condition}` does not decide alone in any test. The key: "
                  f"{key[0]}: {key[1]} #{key[2]}: {statement}")
    for key, (is_race, statement) in known.items():
        name = f"{undecided}: {key[0]}: {key[1]} #{key[2]}: {statement}"
        if key not in keys:
            bad += 1
            print(f"{name}: there is no such condition")
        elif key not in gaps and not is_race:
            bad += 1
            print(f"{name}: a test shows that it decides alone; remove the line")
    print(f"{len(keys)} conditions: {len(keys) - len(gaps)} decide alone, {len(gaps)} do not; "
          f"{os.path.basename(undecided)} has {len(known)}: {'ok' if bad == 0 else f'{bad} errors'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
