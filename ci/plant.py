#!/usr/bin/env python3
"""plant.py - planted bugs: edits of the library that a check must find. When: ci/planted.sh and
ci/interleave.sh call it, and a person to check a new bug.

  plant.py list TABLE                 prints each name, its harness or program and what is wrong
  plant.py apply TABLE NAME FOLDER    edits the sources in FOLDER; prints the files that it changed
  plant.py check TABLE FOLDER         each bug applies to the sources in FOLDER; names differ

An entry of TABLE:

  NAME HARNESS: WHAT IS WRONG
      in DEFINITION [of PATTERN]
      = KEPT TOKENS
      - OLD TOKENS
      + NEW TOKENS

DEFINITION is the name of a function, object, type or macro at file scope in core or platform; if
several files define it, PATTERN selects one (as in a shell, for the whole path). The new tokens
replace the old ones, which stand once in the definition, after the kept ones. Comments, white space
and line breaks are not compared. Lines with one mark continue each other; the marks are in this
order, and each may be absent. An earlier mark after a later one begins the next edit of the
definition.
Exit code: 0, 1 if a check fails, 2 for a wrong call.
"""
import collections, fnmatch, pathlib, re, sys

import c_source

Plant = collections.namedtuple('Plant', 'name harness what edits')
Edit = collections.namedtuple('Edit', 'definition pattern old new')
HEAD = re.compile(r'(\S+) (\S+): (.+)')
PLACE = re.compile(r' +in (\w+)(?: of (\S+))?')
TEXT = re.compile(r' +([-=+]) (.+)')
MARKS = '=-+'  # in the order of an edit


class Wrong(Exception):
    """A table or an entry that does not fit the sources."""


def read_table(path):
    plants, place, mark = [], None, None
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        head, to, text = HEAD.fullmatch(line), PLACE.fullmatch(line), TEXT.fullmatch(line)
        if not line or line.startswith('#'):
            continue
        if head:
            plants.append(Plant(*head.groups(), []))
            place = None
        elif to and plants:
            place, mark = to.groups(), None
        elif text and place:
            begins = mark is None or MARKS.index(text.group(1)) < MARKS.index(mark)
            if begins:
                plants[-1].edits.append(Edit(*place, [], []))
            mark = text.group(1)
            edit = plants[-1].edits[-1]
            edit.old.extend([text.group(2)] * (mark != '+'))
            edit.new.extend([text.group(2)] * (mark != '-'))
        else:
            raise Wrong(f'{path}:{number}: neither an entry nor an edit: {line}')
    return plants


def found_in(edit, definitions):
    """The definition that the edit changes, and the part of its text."""
    named = definitions.get(edit.definition, [])
    chosen = [d for d in named if fnmatch.fnmatchcase(d.file, edit.pattern or '*')]
    files = sorted({definition.file for definition in chosen})
    if not files:
        where = ', '.join(sorted({d.file for d in named})) or 'no file of core and platform'
        raise Wrong(f'{edit.definition} of {edit.pattern or "*"}: defined in {where}')
    if len(files) > 1:
        raise Wrong(f'{edit.definition}: defined in {", ".join(files)}; select one with "of"')
    old = c_source.words_of(' '.join(edit.old))
    if not old:
        raise Wrong(f'{edit.definition}: an edit without old tokens')
    places = []
    for definition in chosen:
        tokens = definition.tokens
        words = [token.text for token in tokens]
        places += [(tokens[i].begin, tokens[i + len(old) - 1].end) for i in range(len(words))
                   if words[i:i + len(old)] == old]
    if len(places) != 1:
        raise Wrong(f'{files[0]}: {edit.definition} has {len(places)} times: {" ".join(edit.old)}')
    return files[0], *places[0]


def changed_sources(plant, sources, definitions):
    """{file: its text with the bug}, for the files that the bug changes."""
    if not plant.edits:
        raise Wrong('no edit')
    places = sorted((*found_in(edit, definitions), ' '.join(edit.new)) for edit in plant.edits)
    for one, other in zip(places, places[1:]):
        if one[0] == other[0] and one[2] > other[1]:
            raise Wrong(f'{one[0]}: two edits change the same tokens')
    changed = {}
    for file, begin, end, new in reversed(places):
        text = changed.get(file, sources[file])
        changed[file] = text[:begin] + new + text[end:]
    for file, text in changed.items():
        if c_source.words_of(text) == c_source.words_of(sources[file]):
            raise Wrong(f'{file}: no token differs')
    return changed


def check_new_names(plant, words):
    """Functions and members that the new tokens name must not have been renamed in the sources."""
    for edit in plant.edits:
        for names in re.findall(r'(?:->|[.])(\w+)|\b([a-z_]\w*)\(', ' '.join(edit.new)):
            name = ''.join(names)
            if name not in words:
                raise Wrong(f'{edit.definition}: no source has {name}, which the new tokens name')


def list_plants(table):
    for plant in read_table(table):
        print(f'{plant.name}\t{plant.harness}\t{plant.what}')


def apply(table, name, folder):
    plants = [plant for plant in read_table(table) if plant.name == name]
    if len(plants) != 1:
        raise Wrong(f'{table}: {len(plants)} entries of the name {name}')
    sources = c_source.sources_of(folder)
    changed = changed_sources(plants[0], sources, c_source.definitions_by_name(sources))
    for file, text in changed.items():
        (pathlib.Path(folder) / file).write_text(text)
        print(file)


def check(table, folder):
    sources = c_source.sources_of(folder)
    definitions = c_source.definitions_by_name(sources)
    plants, bad = read_table(table), []
    counts = collections.Counter(plant.name for plant in plants)
    bad += [f'{count} entries of the name {name}' for name, count in counts.items() if count > 1]
    words = {word for text in sources.values() for word in re.findall(r'\w+', text)}
    for plant in plants:
        try:
            changed_sources(plant, sources, definitions)
            check_new_names(plant, words)
        except Wrong as error:
            bad.append(f'{plant.name}: {error}')
    if bad or not plants:
        raise Wrong('\n'.join(f'{table}: {line}' for line in bad or ['no entry']))
    print(f'{table}: {len(plants)} planted bugs apply')


def main(arguments):
    commands = {('list', 1): list_plants, ('apply', 3): apply, ('check', 2): check}
    command = commands.get((arguments[0] if arguments else '', len(arguments) - 1))
    if not command:
        print(__doc__, end='', file=sys.stderr)
        return 2
    try:
        command(*arguments[1:])
    except Wrong as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
