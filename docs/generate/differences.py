#!/usr/bin/env python3
"""Writes the pages of docs/differences from the records beside them (*.toml): one page for each family of rules, one
for each system, the closed table, Wine, the sources, and what nobody knows. docs/DIFFERENCES.md describes a record.

usage: differences.py ROOT           writes the pages
       differences.py ROOT --check   checks the records, and that the pages are what they say
"""

import pathlib
import re
import sys
import textwrap
import tomllib

sys.dont_write_bytecode = True  # The source tree stays as it is.
import files

WIDTH = 120
LABELS = {"promises": "ferrule promises", "by": "by, and its cost", "linux": "Linux", "windows": "Windows",
          "poll": "any other", "macos": "macOS", "freebsd": "FreeBSD", "netbsd": "NetBSD", "openbsd": "OpenBSD",
          "rust": "Rust 1.95"}
BSDS = ("macos", "freebsd", "netbsd", "openbsd")
# A statement ends with its mark, which covers what stands before it.
BRACKETS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
KIND = re.compile(r"(?:\(|; )(run|src|doc|rep|WT|Wine|\?)")
MARK = re.compile(r"\((?:[^()]*; )?(run|seen|src|doc|rep|WT|Wine|\?)")
SAME = re.compile(r"(?:same|as (macOS|FreeBSD|NetBSD|OpenBSD))( \(.*\))?")
GENERATED = "<!-- Written by docs/generate/differences.py: edit %s. -->"


def anchor(heading):
    """That of a code host."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def wrap(text, indent="  "):
    return "\n".join(textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False,
                                   break_on_hyphens=False))


def item(name, text):
    return wrap("- %s: %s" % (name, text))


def statements(text):
    """The statements of a text with the marks of each."""
    out, start = [], 0
    for match in BRACKETS.finditer(text):
        if MARK.match(match.group(0)):
            out.append((text[start:match.end()].lstrip(" ,.;"), match.group(0)))
            start = match.end()
    return out + ([(text[start:], "")] if text[start:].strip(" ,.;") else [])


def other_of(text):
    """The system that another is the same as."""
    return (SAME.fullmatch(text).group(1) or "macOS").lower()


class Family:
    def __init__(self, record):
        self.letter = record["title"][0]
        self.title = record.pop("title")
        self.more = record.pop("more", "")
        self.labels = {**LABELS, **record.pop("labels", {})}
        self.notes = record.pop("notes", {})
        self.shown = {name: row.pop("shown_by", []) for name, row in record.items()}
        self.rows = record

    def text_of(self, row, system):
        """What a row says of a system, also where it is the same as another."""
        text = self.rows[row].get(system, "")
        same = SAME.fullmatch(text)
        if not same:
            return text
        return "as %s%s: %s" % (same.group(1) or "macOS", same.group(2) or "", self.rows[row][other_of(text)])


def members(path, struct):
    """The members of a struct of C."""
    text = re.search(r"struct %s \{\n(.*?)^\}" % struct, files.read(path) if path.exists() else "", re.M | re.S)
    return set(re.findall(r"^    \w+ (\w+);", text.group(1), re.M)) if text else set()


class Records:
    def __init__(self, root):
        def read(name):
            return squeeze(tomllib.loads(files.read(root / ("docs/differences/%s.toml" % name))))

        def squeeze(value):
            """Lines of a text are one line, except in Markdown of several blocks."""
            if isinstance(value, dict):
                return {key: squeeze(part) for key, part in value.items()}
            if isinstance(value, list):
                return [squeeze(part) for part in value]
            return " ".join(value.split()) if isinstance(value, str) and "\n\n" not in value else value

        self.systems = read("systems")
        text = files.read(root / "docs/RULES.md")
        self.rules = set(re.findall(r"^- \*\*([A-Z]\d+[a-z]?)\*\* ", text, re.M))
        self.families = [Family(read(letter)) for letter in re.findall("^## ([A-Z]): ", text, re.M)]
        self.rows = read("not_reconciled")
        self.wine = read("wine")
        self.sources = read("sources")
        self.about_rows = self.rows.pop("about")
        self.switches = (members(root / "platform/sim/switches.h", "ferp_sim_switches") |
                         members(root / "include/ferrule/sim.h", "fer_sim_windows"))
        self.facts = members(root / "platform/traits.h", "ferp_traits")
        self.words = {word for folder in ("tests", "fuzz") for path in sorted((root / folder).rglob("*.[ch]"))
                      for word in re.findall(r"\w+", files.read(path))}
        self.probes = [probe for path in sorted(root.glob("tests/selftest/probes_[!p]*.c"))
                       for probe in re.findall(r'^PROBE\("([^"]+)", (\w+)', files.read(path), re.M)]

    def names(self, system, text):
        """Whether a text that is about several systems names this one."""
        return any(name in text for name in self.systems[system]["names"])

    def unknown(self, system):
        """The statements that nobody knows of a system: pairs of the row and the text."""
        found = {}

        def add(name, text, is_cell):
            texts = [part for part, mark in statements(text)
                     if re.search(r"(\(|; )\?", mark) and (is_cell or self.names(system, part))]
            if texts:
                found.setdefault(name, []).extend(texts)

        for family in self.families:
            for name, row in family.rows.items():
                add(name, row.get(system, ""), True)
            for name, text in family.notes.items():
                add(name, text, False)
        for name, row in self.rows.items():
            add(name, row["differs"] + ". " + row["seen_as"], False)
        for group in ("wine_8", "wine_10", "test"):
            for row in self.wine.get(group, []):
                if system == "windows":
                    add(row.get("wine", row.get("test")), row["windows"], True)
        return found

    def probes_of(self, name):
        return [probe for about, probe in self.probes
                if " %s " % name in " %s %s " % (about, probe) or about != "row" and name.startswith(about + " ")]


def shown_by(names):
    return [item("**shown by**", ", ".join("`%s`" % name for name in dict.fromkeys(names)))] if names else []


def family_page(records, family):
    out = ["# " + family.title, GENERATED % (family.letter + ".toml"),
           "The promises: [RULES](../RULES.md). How to read this: [Differences](../DIFFERENCES.md)."]
    for name, row in family.rows.items():
        out += ["## " + name, "\n".join([item("**%s**" % family.labels[key], text) for key, text in row.items()] +
                                        shown_by(family.shown[name] + records.probes_of(name)))]
    rows = [tag for tag, row in records.rows.items() if any(rule[0] == family.letter for rule in row["bends"])]
    if rows:
        out += ["## What remains", wrap(", ".join("[%s](not_reconciled.md#%s)" % (tag, tag) for tag in rows), "")]
    if family.notes:
        out += ["## Notes of the rules", "\n".join(item(name, text) for name, text in family.notes.items())]
    return out + ([family.more.strip() if "\n" in family.more else wrap(family.more, "")] if family.more else [])


def rows_page(records):
    out = ["# Not reconciled", GENERATED % "not_reconciled.toml", wrap(records.about_rows, "")]
    for tag, row in records.rows.items():
        out += ["## " + tag, "\n".join([
            item("**bends**", ", ".join(row["bends"])), item("**what differs**", row["differs"]),
            item("**how to recognize it**", row["seen_as"]), *shown_by(row.get("shown_by", []) + records.probes_of(tag)),
            *([item("**out of reach**", row["reach"])] if "reach" in row else [])])]
    return out


def wine_page(wine):
    out = ["# Under Wine", GENERATED % "wine.toml"] + [wrap(text, "") for text in wine["about"].split("\n\n")]
    for group, title, labels in (
            ("wine_8", "Wine 8.0", {"windows": "Windows, as documented, unless marked", "so": "so ferrule"}),
            ("wine_10", "Wine 10.0", {"wine_8": "Wine 8.0", "windows": "Windows"}),
            ("test", "Tests", {"wine": "Wine", "windows": "Windows, and what plays it"})):
        out += ["## " + title] + [wrap(wine[name], "") for name in ["about_" + group] if name in wine]
        for record in wine.get(group, []):
            (_, name), *rest = record.items()
            out.append("\n".join([wrap("- " + name)] + [
                "\n".join(textwrap.wrap("- **%s**: %s" % (labels[key], text), WIDTH, initial_indent="  ",
                                        subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))
                for key, text in rest]))
    return out


def sources_page(sources):
    out = ["# Sources", GENERATED % "sources.toml", wrap(sources.pop("about"), "")]
    for title, group in sources.items():
        out += ["## " + title, "\n".join("- [%s](%s)" % (name, text) if text.startswith("https:") else item(name, text)
                                         for name, text in group.items())]
    return out


def system_page(records, key):
    system = records.systems[key]
    kinds = [kind for family in records.families for row in family.rows.values()
             for _, mark in statements(row.get(key, "")) for kind in KIND.findall(mark)]
    counts = ", ".join("%s %d" % (kind, kinds.count(kind)) for kind in ("run", "src", "doc", "rep", "WT", "Wine", "?"))
    out = ["# " + system["name"], GENERATED % "the families and systems.toml", wrap(system["about"], ""),
           "What the system does by itself. What ferrule makes of it: the pages of the families, to which the names lead.",
           "How often a statement is known by: %s; nobody knows: [(?)](unknown.md)." % counts]
    for family in records.families:
        rows = [(name, family.text_of(name, key)) for name in family.rows]
        out += ["## " + family.title, "\n".join(
            item("[%s](%s.md#%s)" % (name, family.letter, anchor(name)), text) for name, text in rows if text)]
    out += ["## Not reconciled", "The differences that remain and are of this system too, and how to recognize each:",
            "\n".join(
        item("[%s](not_reconciled.md#%s)" % (tag, tag), row["seen_as"])
        for tag, row in records.rows.items() if records.names(key, row["differs"]))]
    return out


def unknown_page(records):
    out = ["# What nobody knows", GENERATED % "the records",
           wrap("The statements that are marked (?), by system. Only a real machine can say: one run of the self-test "
                "answers those that a probe asks ([SYSTEMS](../SYSTEMS.md#reading-a-report)).", "")]
    for key, system in records.systems.items():
        if key == "linux":
            continue
        found = [(name, texts, records.probes_of(name)) for name, texts in records.unknown(key).items()]
        out += ["## " + system["name"], "%s: %d rows are marked (?), and probes ask %d of them" % (
            system["name"], len(found), sum(bool(probes) for _, _, probes in found))]
        out.append("\n".join(item("**%s**" % name, " ... ".join(texts) +
                                  (". Asked by " + ", ".join("`%s`" % probe for probe in probes) if probes else ""))
                             for name, texts, probes in found))
    out += ["## What no test here reaches", "The differences of the closed table of which nothing here can give an example:",
            "\n".join(item("[%s](not_reconciled.md#%s)" % (tag, tag), row["reach"])
                      for tag, row in records.rows.items() if "reach" in row)]
    return out


def pages(records):
    """The text of each page, by its name."""
    out = {family.letter: family_page(records, family) for family in records.families}
    out.update((key, system_page(records, key)) for key in records.systems)
    out.update(not_reconciled=rows_page(records), wine=wine_page(records.wine), unknown=unknown_page(records),
               sources=sources_page(records.sources))
    return {name + ".md": "\n\n".join(blocks) + "\n" for name, blocks in out.items()}


def problems(records):
    """What is wrong in the records."""
    groups = [group for group in records.sources.values() if isinstance(group, dict)]
    sources = {word for group in groups for text in (*group, *group.values()) for word in re.split("[, ]+", text)}
    for family in records.families:
        for name, row in family.rows.items():
            rules = re.match(r"[A-Z]\d*(, [A-Z]\d+)*", name).group(0).split(", ")
            if not records.rules.issuperset(rules) and rules != [family.letter]:
                yield "%s: %s is of no rule" % (family.letter, name)
            if {key in row for key in ("linux", *BSDS)} == {True, False}:
                yield "%s: %s has a text of Linux, macOS or a BSD, and not of each" % (family.letter, name)
            for key, text in row.items():
                if key not in LABELS or not text:
                    yield "%s: %s has no text or a strange key: %s" % (family.letter, name, key)
                if key not in BSDS:
                    continue
                if not any(mark for _, mark in statements(text)):
                    yield "%s: %s, %s does not say how it is known" % (family.letter, name, key)
                if SAME.fullmatch(text) and SAME.fullmatch(family.rows[name].get(other_of(text), "same")):
                    yield "%s: %s, %s is the same as one that has no text" % (family.letter, name, key)
                for file in set(re.findall(r"\b\w+\.c\b", text)) - sources:
                    yield "%s: %s, %s: sources.toml does not have %s" % (family.letter, name, key, file)
    for tag, row in records.rows.items():
        if list(row)[:3] != ["bends", "differs", "seen_as"] or not {"shown_by", "reach"}.issuperset(list(row)[3:]):
            yield "not_reconciled: %s does not have bends, differs and seen_as" % tag
        elif not row["bends"] or not records.rules.issuperset(row["bends"]):
            yield "not_reconciled: %s bends what is no rule" % tag
        elif ("reach" in row) == bool(row.get("shown_by") or records.probes_of(tag) or tag in records.words):
            yield "not_reconciled: %s is named by no test, or by one and has a reach" % tag
    texts = [text for family in records.families for row in family.rows.values() for text in row.values()]
    texts += [row["differs"] for row in records.rows.values() if "differs" in row]
    for name in sorted(set(re.findall(r"(?<![\w/.-])([\w.-]+)#\d+", " ".join(texts))) - sources):
        yield "sources.toml does not have the repository %s" % name
    shown = {name for family in records.families for names in family.shown.values() for name in names}
    shown.update(name for row in records.rows.values() for name in row.get("shown_by", []))
    entries = [*records.rows, *(row.get("wine", row.get("test")) for group in records.wine.values()
                                if isinstance(group, list) for row in group)]
    entries += [name for family in records.families for name in (*family.rows, *family.notes)]
    asked = {probe for name in entries for probe in records.probes_of(name)}
    for name in sorted(shown - records.switches - records.facts - records.words):
        yield "shown_by: %s is no switch, no fact and no test" % name
    for name in sorted((records.switches | records.facts) - shown):
        yield "no record is shown by the switch or fact %s" % name
    for about, name in records.probes:
        if name not in (records.facts if about == "fact" else asked):
            yield "the probe %s asks about no record: %s" % (name, about)


def main():
    if not 2 <= len(sys.argv) <= 3 or sys.argv[2:] not in ([], ["--check"]):
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    folder = root / "docs/differences"
    records = Records(root)
    wrong = list(problems(records))
    for name, text in () if wrong else pages(records).items():
        if not sys.argv[2:]:
            files.write(folder / name, text)
        elif not (folder / name).exists() or files.read(folder / name) != text:
            wrong.append(name + " is stale; write it again: python3 docs/generate/differences.py .")
    for text in wrong:
        print("docs/differences/" + text)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
