#!/usr/bin/env python3
"""mutate.py - reports which changes of the library the tests detect. Makes mutants (small changes),
one at a time, and runs unit tests, the simulated conformance suite and the replays of the corpora
until one of them fails.

  mutate.py [options] FILE...    sources and headers of core/ or platform/, relative to the
                                 project's folder

A mutant is compiled into two shared libraries (core over this system, core over the simulation), to
which the tests are linked; nothing else is built for it. If the mutant is in a header, the sources
and tests that include the header are built too. A test that exceeds its time limit kills the
mutant.
Not counted: mutants that do not compile, and mutants that compile to the same code as the original.
Not changed: comments, assertions, static assertions, and preprocessor lines except rows of tables.
A survivor may have no effect that a test can detect.
Prints the survivors, then a line for each file: mutants, killed, percent. Exit code: 2 if the tests
fail without a mutant.
"""
import argparse, collections, concurrent.futures, hashlib, os, pathlib, queue, re, shutil, signal
import subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = re.compile(r'''(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<number>\b(?:0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*\b(?![.]))
|(?P<name>[A-Za-z_]\w*)
|(?P<operator><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)''', re.S | re.M | re.X)
ROW = re.compile(r'^ {4}X\((?:(\d+), )?([A-Z0-9_]+)(?:, (FER_[A-Z_]+))(?:, [^)]*)?\)', re.M)
RELATIONS = {'<': ['<=', '>='], '<=': ['<', '>'], '>': ['>=', '<='], '>=': ['>', '<'],
             '==': ['!='], '!=': ['==']}
ARITHMETIC = dict(zip('+ - * / % << >> & | ^ ++ -- += -= &= |= <<= >>='.split(),
                      '- + / * / >> << | & | -- ++ -= += |= &= >>= <<='.split()))
LOGIC = {'&&': '||', '||': '&&'}
NEGATION = {'true': 'false', 'false': 'true'}
TYPES = set('const int char unsigned signed long short void bool float double volatile register '
            'inline struct enum union'.split())
NO_STATEMENT = TYPES | set('if else for while do switch case default typedef extern static goto '
                           'FERI_ASSERT'.split())
# Files that only read and write text need only these tests, none that uses sockets.
OF_TEXT = re.compile(r'core/(address|base/(duration|error|text|version))')
OF_TEXT_TESTS = re.compile(r'test_(?!sim|platform|seam)|replay_(addr|error|resolve)')
Token = collections.namedtuple('Token', 'kind text begin end line')
Mutant = collections.namedtuple('Mutant', 'file name begin end text')


def tokens_of(source):
    line, position, found = 1, 0, []
    for match in TOKEN.finditer(source):
        line += source.count('\n', position, match.start())
        position = match.start()
        if match.lastgroup not in ('comment', 'directive') and not match.group().isspace():
            found.append(Token(match.lastgroup, match.group(), match.start(), match.end(), line))
    return found


def closing(tokens, at, opener, closer):
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i].text == opener) - (tokens[i].text == closer)
        if depth == 0:
            return i
    return len(tokens) - 1


def of_number(token):
    digits = token.text.rstrip('uUlL')
    value = int(digits, 8 if re.match('0[0-7]+$', digits) else 0)
    yield 'number + 1', f'{value + 1}{token.text[len(digits):]}'
    if value > 0:
        yield 'number - 1', f'{value - 1}{token.text[len(digits):]}'


def end_of_statement(tokens, at):
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i].text in '([{') - (tokens[i].text in ')]}')
        if depth < 0:
            return None
        if depth == 0 and tokens[i].text == ';':
            return i
    return None


def in_size_of_array(tokens, at):
    """Whether it is the last token of `[...]` in a declaration: TYPE NAME[...] = or ;"""
    if tokens[at + 1].text != ']' or tokens[at + 2].text not in ('=', ';'):
        return False
    opener = next((i for i in range(at, 0, -1) if tokens[i].text == '['), 0)
    return (opener > 1 and tokens[opener - 1].kind == 'name' and
            tokens[opener - 2].kind == 'name' and tokens[opener - 2].text != 'return')


def of_operator(source, token, before, after):
    is_unary = (before.kind not in ('number', 'name', 'string') and before.text not in (')', ']') or
                before.text in ('return', 'case'))
    is_cast = (before.text == ')' and token.text in '*&+-' and after.begin == token.end and
               source[token.begin - 1] == ')')
    for other in RELATIONS.get(token.text, []):
        yield f'{token.text} is {other}', other
    if token.text in LOGIC:
        yield f'{token.text} is {LOGIC[token.text]}', LOGIC[token.text]
    elif token.text == '!':
        yield 'no !', ''
    elif token.text in ARITHMETIC and not (
            token.text in '*&+-' and (is_unary or is_cast or before.text in TYPES)):
        yield f'{token.text} is {ARITHMETIC[token.text]}', ARITHMETIC[token.text]


def of_rows(source):
    """Changes of the rows of X-macro tables: another kind, another number, no row."""
    kinds = sorted({m.group(3) for m in ROW.finditer(source)})
    for match in ROW.finditer(source):
        line = source.count('\n', 0, match.start()) + 1
        other = kinds[(kinds.index(match.group(3)) + 1) % len(kinds)]
        yield line, f'row of {other}', match.start(3), match.end(3), other
        if match.group(1):
            number = str(int(match.group(1)) + 1)
            yield line, 'row of another number', match.start(1), match.end(1), number
        yield line, 'no row', match.start() + 4, match.end(), ''


def changes_of(source):
    """Yields line, what, begin, end, text."""
    tokens = tokens_of(source)
    depth = parens = base = skip_to = 0
    in_function = False
    nothing = Token(None, '', 0, 0, 0)
    yield from of_rows(source)
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else nothing
        after = tokens[i + 1] if i + 1 < len(tokens) else nothing
        parens += (token.text == '(') - (token.text == ')')
        if token.text == '{':
            if not in_function and before.text == ')':
                in_function, base = True, depth
            depth += 1
        elif token.text == '}':
            depth -= 1
            in_function = in_function and depth != base
        if token.text in ('FERI_ASSERT', '_Static_assert'):
            skip_to = closing(tokens, i + 1, '(', ')')
        if i <= skip_to and skip_to:
            continue
        if not in_function:
            in_table = depth > 0 and before.text in ('{', ',', '=', '(')
            if in_table and token.kind == 'number' and before.text != '(':
                yield token.line, 'cell + 1', token.begin, token.end, f'({token.text} + 1)'
            elif (in_table and token.kind == 'name' and token.text.isupper() and
                  after.text in ('}', ',', ')')):
                yield token.line, 'cell + 1', token.begin, token.end, f'({token.text} + 1)'
            elif in_table and token.text in ('true', 'false'):
                yield token.line, 'cell flipped', token.begin, token.end, NEGATION[token.text]
            continue
        if token.kind == 'number':
            # No test can detect that a local array has one element more.
            is_size = in_size_of_array(tokens, i)
            for what, text in of_number(token):
                if is_size and what == 'number + 1':
                    continue
                yield token.line, what, token.begin, token.end, text
        elif token.kind == 'string' and token.text[0] == "'" and parens:
            yield token.line, 'character + 1', token.begin, token.end, f'({token.text} + 1)'
        elif token.kind == 'operator':
            for what, text in of_operator(source, token, before, after):
                yield token.line, what, token.begin, token.end, text
        if token.text in ('if', 'while') and after.text == '(':
            end = tokens[closing(tokens, i + 1, '(', ')')].begin
            condition = source[after.end:end]
            yield token.line, f'not {token.text}', after.end, end, f'!({condition})'
            if token.text == 'if':
                yield token.line, 'never if', after.end, end, f'0 && ({condition})'
        if token.text in ('true', 'false'):
            yield token.line, 'flipped', token.begin, token.end, NEGATION[token.text]
        begins = (before.text in ('{', '}', ';', 'else', ':') or
                  (before.text == ')' and token.text != '('))
        may_begin = token.kind == 'name' or token.text in '*+-('
        if (depth > base and parens == 0 and begins and may_begin and
                token.text not in NO_STATEMENT):
            end = end_of_statement(tokens, i)
            if end is not None:
                yield token.line, 'no statement', token.begin, tokens[end].begin, ''


# ---- building

def run(command, cwd, seconds=None, env=None):
    """Returns the exit code, or None after the time limit. Kills all processes that are left."""
    process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        except ProcessLookupError:
            pass


def listed(name, file='cmake/FerruleSources.cmake'):
    text = (ROOT / file).read_text()
    return re.search(r'set\(' + name + r'\s+([^)]*)\)', text).group(1).split()


def included_by(file):
    return re.findall(r'^#include "([^"]+)"', (ROOT / file).read_text(), re.M)


def reach_of(files):
    """{file: the file, and all files that it includes directly or indirectly}"""
    direct = {}

    def gather(file, seen):
        if file in seen or not (ROOT / file).is_file():
            return seen
        seen.add(file)
        direct.setdefault(file, included_by(file))
        for name in direct[file]:
            gather(name, seen)
            gather('tests/' + name, seen)
            gather('include/' + name, seen)
        return seen
    return {file: gather(file, set()) for file in files}


class Test:
    """A test program: its sources, and the library that it is linked to."""
    def __init__(self, name, sources, library, arguments=(), defines=()):
        self.name, self.sources, self.library = name, sources, library
        self.arguments, self.defines = list(arguments), list(defines)
        self.seconds = 0.0


def all_tests():
    tests = []
    for source in listed('ferrule_unit_sources', 'tests/sources.cmake'):
        sources = ['tests/' + source]
        if re.search('#include "unit/(scripted_platform|resolver_fixture)[.]h"',
                     (ROOT / sources[0]).read_text()):
            sources += sorted(str(path.relative_to(ROOT))
                              for path in ROOT.glob('tests/unit/scripted_*.c'))
        if 'support/thread.h' in included_by(sources[0]):
            sources += ['tests/support/thread.c']
        tests.append(Test(pathlib.Path(source).stem, sources, 'ferrule'))
    for source in listed('ferrule_sim_test_sources', 'tests/sources.cmake'):
        tests.append(Test(pathlib.Path(source).stem,
                          ['tests/' + source, 'tests/support/thread.c'], 'ferrule_sim'))
    threads = 'tests/unit/test_resolver_threads.c'
    tests.append(Test('test_resolver_threads', [threads, 'tests/support/thread.c'], 'ferrule'))
    support = ['tests/' + s for s in listed('ferrule_sim_support_sources', 'tests/sim.cmake') +
               listed('ferrule_functions_sources', 'tests/sources.cmake')]
    for dialect in ('posix', 'winsock'):
        for source in listed('ferrule_conformance_sources', 'tests/sources.cmake'):
            defines = [f'-DFERRULE_SIM_DIALECT_{dialect.upper()}']
            tests.append(Test(f'{dialect}_{pathlib.Path(source).stem}',
                              ['tests/' + source] + support, 'ferrule_sim', [], defines))
    for kind in ('parts', 'sim'):
        for source in listed(f'ferrule_fuzz_{kind}_sources', 'fuzz/CMakeLists.txt'):
            name = pathlib.Path(source).stem[len('fuzz_'):]
            text = (ROOT / 'fuzz/CMakeLists.txt').read_text()
            more = re.search(r'set\(ferrule_fuzz_' + name + r'_sources\s+([^)]*)\)', text)
            sources = [source, 'driver/replay.c'] + (more.group(1).split() if more else [])
            tests.append(Test('replay_' + name, ['fuzz/' + s for s in sources],
                              'ferrule' if kind == 'parts' else 'ferrule_sim',
                              [f'{ROOT}/fuzz/corpus/{name}']))
    return tests


class Builder:
    def __init__(self, options):
        self.options, self.base = options, ROOT / options.build
        core = listed('ferrule_core_sources')
        self.libraries = {'ferrule': core + listed('ferrule_posix_sources'),
                          'ferrule_sim': core + listed('ferrule_sim_sources')}
        self.tests = all_tests()
        sources = set(sum(self.libraries.values(), [])) | {s for t in self.tests for s in t.sources}
        self.reach = reach_of(sources)
        self.hashes = {}

    def flags(self, source, defines=()):
        flags = [self.options.cc, '-std=c11', '-O1', '-Werror=return-type',
                 '-Werror=implicit-function-declaration', '-fPIC', '-g0', '-DFERI_ASSERTIONS=1',
                 '-D_GNU_SOURCE', '-fsanitize=undefined,bounds-strict',
                 '-fsanitize-undefined-trap-on-error', '-fstack-protector-all']
        return flags + list(defines)

    def compile(self, source, where, out, defines=()):
        """Searches `where` first, so that a changed header there replaces the tree's header."""
        folders = [f'-I{f}{p}' for f in (where, ROOT) for p in ('', '/include', '/tests')]
        folders += [f'-I{self.base}/cmake/functions']
        file = where / source if (where / source).is_file() else ROOT / source
        out.parent.mkdir(parents=True, exist_ok=True)
        # The source comes from standard input, so that no object contains its path.
        command = (self.flags(source, defines) + folders +
                   ['-iquote', str(file.parent), '-x', 'c', '-c', '-o', str(out), '-'])
        with open(file, 'rb') as text:
            # The compiler takes the current folder for the folder of the source and searches it
            # first.
            return subprocess.run(command, cwd=where, stdin=text, stdout=subprocess.DEVNULL,
                                  stderr=None if self.options.verbose else subprocess.DEVNULL
                                  ).returncode == 0

    def object_of(self, source, where, defines=()):
        depends = defines and ('support' in source or 'conformance/peer' in source)
        mark = '-' + re.sub(r'\W', '', defines[0]) if depends else ''
        return where / 'objects' / (source + mark + '.o')

    def current(self, source, where, defines):
        """The mutant's object if it has one, otherwise the object of the unchanged source."""
        own = self.object_of(source, where, defines)
        return own if own.is_file() else self.object_of(source, self.base, defines)

    def link_library(self, name, where):
        objects = [str(self.current(s, where, ())) for s in self.libraries[name]]
        command = [self.options.cc, '-shared', '-o', str(where / f'lib{name}.so')] + objects
        return subprocess.run(command, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def link_test(self, test, where):
        objects = [str(self.current(s, where, test.defines)) for s in test.sources]
        command = ([self.options.cc, '-rdynamic', '-o', str(where / test.name)] + objects +
                   [f'-L{self.base}', f'-l{test.library}', '-lcmocka', '-pthread'])
        return subprocess.run(command, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def prepare(self):
        self.base.mkdir(parents=True, exist_ok=True)
        # writes the list of the public functions (cmake/FerruleFunctions.cmake)
        subprocess.run(['cmake', '--preset', 'dev', '-B', str(self.base / 'cmake')], cwd=ROOT,
                       stdout=subprocess.DEVNULL, check=True)
        jobs = {(s, ()) for sources in self.libraries.values() for s in sources}
        for test in self.tests:
            for source in test.sources:
                has_own = (self.object_of(source, self.base, test.defines) !=
                           self.object_of(source, self.base))
                jobs.add((source, tuple(test.defines) if has_own else ()))

        def build(job):
            source, defines = job
            out = self.object_of(source, self.base, list(defines))
            newest = max((ROOT / f).stat().st_mtime for f in self.reach[source])
            if out.is_file() and out.stat().st_mtime > newest:
                return True
            return (self.compile(source, self.base, out, list(defines)) or
                    print(f'{source} does not compile', file=sys.stderr))

        def link(test):
            return (self.link_test(test, self.base) or
                    print(f'{test.name} does not link', file=sys.stderr))
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            if not all(list(pool.map(build, sorted(jobs)))):
                return False
            if not all(self.link_library(name, self.base) for name in self.libraries):
                return False
            return all(list(pool.map(link, self.tests)))

    def run_test(self, test, where):
        program = where / test.name if (where / test.name).is_file() else self.base / test.name
        folders = f'{where}:{self.base}'
        env = dict(os.environ, LD_LIBRARY_PATH=folders)
        return run([str(program)] + test.arguments, ROOT, test.limit, env)

    def measure(self):
        """Runs each test without a mutant: it must pass, and its time determines its limit. Slow
        tests are left out and reported."""
        kept = []
        for test in self.tests:
            test.limit = 60
            began = time.time()
            code = self.run_test(test, self.base)
            test.seconds = time.time() - began
            if code not in (0, 77):
                print(f'{test.name} fails without a mutant: {code}', file=sys.stderr)
                return False
            if test.seconds > self.options.slow:
                print(f'left out, it takes {test.seconds:.1f} s: {test.name}', flush=True)
                continue
            test.limit = 5 * test.seconds + 2
            kept.append(test)
        self.tests = kept
        return True

    def users_of(self, file):
        """The sources that include the file. If it is a header with tables of errors, only the
        sources that use one of the tables."""
        users = [s for s in self.reach if file in self.reach[s]]
        tables = re.findall(r'^#define (FERP_\w+_ERRORS)\(X\)', (ROOT / file).read_text(), re.M)
        return [s for s in users if not tables or any(t in (ROOT / s).read_text() for t in tables)]

    def hash_of(self, source, where):
        return hashlib.sha256(self.object_of(source, where).read_bytes()).hexdigest()


class Runner:
    def __init__(self, builder):
        self.builder, self.folders = builder, queue.Queue()
        self.kills = collections.defaultdict(collections.Counter)
        for i in range(builder.options.jobs):
            folder = builder.base / f'worker{i}'
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self.folders.put(folder)

    def order(self, file):
        """The tests: first those with most kills, then those of the file's name, then the quick."""
        stem = pathlib.Path(file).stem
        kills = self.kills[file]
        tests = [t for t in self.builder.tests
                 if not OF_TEXT.match(file) or OF_TEXT_TESTS.match(t.name)]
        return sorted(tests, key=lambda t: (-kills[t.name], stem not in t.name, t.seconds))

    def test_mutant(self, mutant, source):
        """Returns uncompilable, same, survived, or the name of the test that failed."""
        folder = self.folders.get()
        try:
            shutil.rmtree(folder, ignore_errors=True)
            target = folder / mutant.file
            target.parent.mkdir(parents=True)
            target.write_text(source[:mutant.begin] + mutant.text + source[mutant.end:])
            return self.test_mutant_in(folder, mutant)
        finally:
            self.folders.put(folder)

    def test_mutant_in(self, folder, mutant):
        builder = self.builder
        users = builder.users_of(mutant.file)
        library_users = [s for s in users
                         if any(s in sources for sources in builder.libraries.values())]
        for source in library_users:
            if not builder.compile(source, folder, builder.object_of(source, folder)):
                return 'uncompilable'
        if all(builder.hash_of(s, folder) == builder.hash_of(s, builder.base)
               for s in library_users):
            return 'same'
        for name, sources in builder.libraries.items():
            if set(sources) & set(library_users) and not builder.link_library(name, folder):
                return 'uncompilable'
        for test in self.order(mutant.file):
            changed = [s for s in test.sources if s in users]
            if changed:
                if not all(builder.compile(s, folder, builder.object_of(s, folder, test.defines),
                                           test.defines) for s in changed):
                    return f'{test.name} (does not compile)'
                if not builder.link_test(test, folder):
                    return f'{test.name} (does not link)'
            code = builder.run_test(test, folder)
            if code not in (0, 77):
                self.kills[mutant.file][test.name] += 1
                return test.name
        return 'survived'


def mutants_of(file, source):
    lines = source.splitlines()
    return [Mutant(file, f'{file}:{line}: {what}: {lines[line - 1].strip()}', begin, end, text)
            for line, what, begin, end, text in changes_of(source)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('files', nargs='+')
    parser.add_argument('--build', default='build/mutants', help='the build folder')
    parser.add_argument('--only', default='',
                        help='test only mutants whose line of --list matches this expression')
    parser.add_argument('--slow', type=float, default=4,
                        help='leave out tests that take more than SLOW seconds')
    parser.add_argument('-j', '--jobs', type=int, default=os.cpu_count() or 1)
    parser.add_argument('--cc', default='gcc')
    parser.add_argument('--list', action='store_true', help='print the mutants and test none')
    parser.add_argument('-v', '--verbose', action='store_true')
    options = parser.parse_args()
    sources = {file: (ROOT / file).read_text() for file in options.files}
    mutants = [mutant for file, source in sources.items() for mutant in mutants_of(file, source)
               if re.search(options.only, mutant.name)]
    if options.list:
        print(*(mutant.name for mutant in mutants), sep='\n')
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    builder = Builder(options)
    if not builder.prepare() or not builder.measure():
        return 2
    runner, results = Runner(builder), collections.defaultdict(collections.Counter)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = pool.map(lambda m: runner.test_mutant(m, sources[m.file]), mutants)
        for mutant, outcome in zip(mutants, outcomes):
            result = outcome if outcome in ('uncompilable', 'same', 'survived') else 'killed'
            results[mutant.file][result] += 1
            if result == 'survived' or options.verbose:
                print(f'{outcome}: {mutant.name}', flush=True)
    report(results)
    return 0


def report(results):
    row = '{:<34} {:>7} {:>7} {:>6} {:>5} {:>5}'
    print(row.format('file', 'mutants', 'killed', '%', 'same', 'no C'))
    total = collections.Counter()
    for file, counts in sorted(results.items()):
        total.update(counts)
        print(row.format(file, *rate(counts), counts['same'], counts['uncompilable']))
    of, killed, percent = rate(total)
    print(f'{killed} of {of} mutants killed, {percent} percent')


def rate(counts):
    of = counts['killed'] + counts['survived']
    return of, counts['killed'], f'{100.0 * counts["killed"] / of:.1f}' if of else '-'


if __name__ == '__main__':
    sys.exit(main())
