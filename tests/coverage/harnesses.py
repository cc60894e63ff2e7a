"""Prints what each harness reaches of the files that it is for, as the table of docs/FUZZING.md, and
the lines and branches of these files that no harness reaches.

usage: harnesses.py ROOT REPORT-FOLDER

The files of a harness are in that table: paths below the root, and folders that end with a slash.
Reads the files NAME.text (JSON) and NAME.lcov that llvm-cov wrote to the report folder.
"""

import json
import os
import re
import sys

from table import percent, print_gaps, read_gaps

ROW = re.compile(r"^\| `(\w+)` \| ((?:`(?:core|platform)/[^`]*`(?:, )?)+) \|", re.MULTILINE)


def read_files_of(root):
    """{harness: its files and folders}."""
    with open(os.path.join(root, "docs", "FUZZING.md"), encoding="utf-8") as file:
        return {name: re.findall(r"`([^`]*)`", cell) for name, cell in ROW.findall(file.read())}


def is_in(path, places):
    return any(path == place or place[-1] == "/" and path.startswith(place) for place in places)


def read_sums(root, path, places):
    """[(covered, count) of the lines, of the branches] of these files."""
    with open(path, encoding="utf-8") as file:
        files = json.load(file)["data"][0]["files"]
    rows = [entry["summary"] for entry in files
            if is_in(os.path.relpath(entry["filename"], root), places)]
    return [tuple(sum(row[kind][key] for row in rows) for key in ("covered", "count"))
            for kind in ("lines", "branches")]


def print_all_gaps(root, report, files_of):
    places = [place for some in files_of.values() for place in some]
    dark, half = read_gaps(os.path.join(report, f"{name}.lcov") for name in files_of)
    for title, gaps in (("Lines that no harness reaches:", dark),
                        ("Lines that a harness reaches, with a branch that none takes:", half)):
        print_gaps(title, os.path.join(root, "core"),
                   {name: some for name, some in gaps.items()
                    if is_in(os.path.relpath(name, root), places)})


def main(arguments):
    root, report = arguments
    files_of = {name: places for name, places in read_files_of(root).items()
                if os.path.exists(os.path.join(report, f"{name}.lcov"))}
    print_all_gaps(root, report, files_of)
    print("\n| harness | files | lines | branches |\n|---|---|---|---|")
    for name, places in files_of.items():
        cells = [percent(*one) for one in
                 read_sums(root, os.path.join(report, f"{name}.text"), places)]
        print(f"| `{name}` | {', '.join(f'`{place}`' for place in places)} | "
              f"{' | '.join(cells)} |")


if __name__ == "__main__":
    main(sys.argv[1:])
