"""c_source.py - the tokens of C sources and their definitions at file scope, for ci/plant.py. When:
it imports this file."""
import collections, pathlib, re

TOKEN = re.compile(r'''(?P<comment>/\*.*?\*/|//[^\n]*)
|(?P<directive>^[ \t]*\#(?:/\*.*?\*/|[^\n\\]|\\.)*)
|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
|(?P<number>\.?[0-9](?:[eEpP][-+]|[\w.])*)
|(?P<name>[A-Za-z_]\w*)
|(?P<operator><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||\#\#|[^\s\\])''',
                   re.S | re.M | re.X)
Token = collections.namedtuple('Token', 'kind text begin end')
# kind: function, object, type or macro. tokens: all of the definition.
Definition = collections.namedtuple('Definition', 'kind name file tokens')


def tokens_of(text, begin=0, end=None):
    """The tokens without comments. A preprocessor line is one token of the kind directive."""
    return [Token(match.lastgroup, match.group(), match.start(), match.end())
            for match in TOKEN.finditer(text, begin, len(text) if end is None else end)
            if match.lastgroup != 'comment']


def words_of(text):
    return [token.text for token in tokens_of(text)]


def kind_and_name(top, tokens):
    """Of a declaration, by its texts outside of brackets: a kind and a name, or two None."""
    equals = top.index('=') if '=' in top else len(top)
    names = [text for text in top[:equals] if re.match(r'[A-Za-z_]', text)]
    if top[0] == 'typedef':
        pointer = re.search(r'\*(\w+)\)\(', ''.join(token.text for token in tokens))
        return 'type', pointer.group(1) if pointer and '{' not in top else names[-1]
    if equals == len(top) and top[-1] == '}':
        opener = len(top) - 1 - top[::-1].index('(')
        return 'function', top[opener - 1]
    if equals == len(top) and '{' in top:
        name = names[1] if len(names) == 2 else tokens[2].text
        return ('type', name) if tokens[3].text != '(' else (None, None)
    if '(' in top[:equals] or len(names) < 2:
        return None, None
    return 'object', names[-1]


def definitions_of(text, file):
    """Those at file scope. An enum without a tag has the name of its first constant; a table of
    pointers to functions has no name here."""
    found, tokens, top, depth = [], [], [], 0
    for token in tokens_of(text):
        if token.kind == 'directive':
            if re.match(r'\s*#\s*define\b', token.text):
                parts = tokens_of(text, text.index('#', token.begin) + 1, token.end)
                found.append(Definition('macro', parts[1].text, file, parts))
            continue
        tokens.append(token)
        depth -= token.text in (')', ']', '}')
        if depth == 0:
            top.append(token.text)
        depth += token.text in ('(', '[', '{')
        ends_function = (token.text == '}' and top[-3:-1] == [')', '{'] and '=' not in top and
                         top[0] != 'typedef')
        if depth == 0 and (token.text == ';' or ends_function):
            kind, name = kind_and_name(top, tokens)
            if kind:
                found.append(Definition(kind, name, file, tokens))
            tokens, top = [], []
    if depth or top[-1:] not in ([], [')']):  # rows of a macro may end a file
        raise ValueError(f'{file}: a definition without an end: {" ".join(top)}')
    return found


def sources_of(folder):
    """{file: text} of the sources and headers of core and platform."""
    root = pathlib.Path(folder)
    files = sorted(path for part in ('core', 'platform') for path in (root / part).rglob('*.[ch]'))
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


def definitions_by_name(sources):
    found = collections.defaultdict(list)
    for file, text in sources.items():
        for definition in definitions_of(text, file):
            found[definition.name].append(definition)
    return found
