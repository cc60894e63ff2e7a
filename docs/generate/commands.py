#!/usr/bin/env python3
"""Checks the commands in the documentation: scripts, their options, presets, and the tests that a
filter of ctest selects exist.

usage: commands.py ROOT BUILD CTEST    BUILD: a configured tree of the preset debug
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # The source tree stays as it is.
import blocks
import files

CMAKE_OPTIONS = {"-S", "-B", "-P", "--build", "--install", "--prefix", "--preset", "-j"}

# Programs of the system and of package managers, in the pages for users. Their arguments are not
# checked.
OTHER_PROGRAMS = {"conan", "cp", "diff", "git", "mkdir", "sha256sum", "vcpkg"}


class Checker:
    def __init__(self, root, build, ctest):
        self.root = root
        presets = json.loads(files.read(root / "CMakePresets.json"))
        self.presets = {kind: {preset["name"] for preset in presets[kind + "Presets"]
                               if not preset.get("hidden")} for kind in ("configure", "build", "test")}
        # ctest writes a log even when it only lists. It must not replace that of the running tests.
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "CTestTestfile.cmake").write_text(
                'subdirs("%s")\n' % pathlib.Path(build).resolve().as_posix(), encoding="utf-8")
            # The preset dev has no tests of fuzz/.
            self.labels = self.output([ctest, "--test-dir", folder, "--print-labels"]) + "".join(
                re.findall(r"LABELS .*", files.read(root / "fuzz/CMakeLists.txt")))
            listed = self.output([ctest, "--test-dir", folder, "-N"])
        self.tests = re.findall(r"Test +#\d+: (\S+)", listed)
        self.programs = "".join(files.read(path) for path in
                                [*root.glob("tests/*.cmake"), *root.glob("tests/CMakeLists.txt")])
        self.count = 0

    @staticmethod
    def output(command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def problem(self, words):
        """What is wrong with a command, or None."""
        self.count += 1
        program = words[0].removeprefix("third_party/ferrule/")
        if program == "sh":
            program, words = words[1], words[1:]
        if re.match(r"(ci|tests|fuzz|packaging|ports)/[\w/-]+\.sh$", program):
            return self.script(program, words[1:])
        if program == "cmake":
            return self.cmake(words[1:])
        if program == "ctest":
            return self.ctest(words[1:])
        if program in OTHER_PROGRAMS:
            return None
        if program == "gdb":
            return self.problem(words[words.index("--args") + 1:])
        if re.match(r"build/\w+/tests/\w+$", program):
            return self.test_program(program, words[1:])
        return "an unknown command"

    def script(self, name, words):
        path = self.root / name
        if not path.exists():
            return "there is no " + name
        text = files.read(path)
        for word in words:
            if word.startswith("--") and not re.search(re.escape(word) + r"\b", text):
                return "%s has no option %s" % (name, word)
            if name == "ci/setup.sh" and not re.search(r"^%s +\S" % re.escape(word), text, re.M):
                return "%s has no group %s" % (name, word)
        return None

    def cmake(self, words):
        kind = "build" if "--build" in words else "configure"
        for word, value in zip(words, words[1:] + [""]):
            if word.startswith("-") and word not in CMAKE_OPTIONS and not word.startswith("-D"):
                return "an unknown option " + word
            if word == "--preset" and value not in self.presets[kind]:
                return "there is no preset " + value
            if word == "-P" and not (self.root / value).exists():
                return "there is no " + value
        return None

    def ctest(self, words):
        for word, value in zip(words, words[1:] + [""]):
            if word == "--preset" and value not in self.presets["test"]:
                return "there is no preset " + value
            if word == "--test-dir" and value.partition("/")[2] not in self.presets["configure"]:
                return "there is no preset of " + value
            if word == "-L" and not re.search(value, self.labels):
                return "no test has the label " + value
            if word == "-R" and not any(re.search(value, test) for test in self.tests):
                return "no test is called " + value
        return None

    def test_program(self, path, words):
        name = path.rpartition("/")[2]
        if not re.search(r"\b%s\b" % name, self.programs):
            return "no test program is called " + name
        suite = name.replace("_tests", "")
        for word in words:
            if "%s_%s" % (suite, word) not in self.tests:
                return "%s has no file %s" % (name, word)
        return None


def commands_of(line):
    """The commands of a line, as words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    words = []
    for word in [*lexer, ";"]:
        if word.strip(";&|"):
            words.append(word)
        elif words:
            yield words
            words = []


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    checker = Checker(root, sys.argv[2], sys.argv[3])
    bad = 0
    pages = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("*/README.md")]
    for path in sorted(set(pages)):
        for start, lines in blocks.markdown_blocks(files.read(path), "sh"):
            for number, line in enumerate(lines, start):
                for words in commands_of(line):
                    problem = checker.problem(words)
                    if problem:
                        print("%s:%d: %s: %s" % (path.relative_to(root), number, problem, line))
                        bad = 1
    if bad or checker.count == 0:
        sys.exit(1)
    print(checker.count)


if __name__ == "__main__":
    main()
