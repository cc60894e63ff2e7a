#!/bin/sh
# Tests the C++ headers with each of the compilers, as C++17 and C++20, without a warning and
# without exceptions. Runs cxx_values.cpp and examples/raii_echo.cpp, and checks that misuse of a
# value and an older standard do not compile.
# usage: cxx_headers.sh ROOT LIBRARY EMULATOR-OR-EMPTY LINK-FLAGS COMPILER...
set -eu
root=$1
library=$2
emulator=$3
flags=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

wrong() {
    echo "WRONG $1"
    sed 's/^/    | /' "$work/output"
    bad=1
}

(cd "$root/include" && ls ferrule/*.hpp) | LC_ALL=C sort >"$work/headers"
sed -n 's/^#include "\(ferrule\/.*\.hpp\)"$/\1/p' "$root/include/ferrule.hpp" |
    LC_ALL=C sort | LC_ALL=C comm -3 - "$work/headers" >"$work/output"
if [ -s "$work/output" ]; then
    wrong "ferrule.hpp does not include these headers"
fi

if [ $# -eq 0 ]; then
    [ "$bad" -eq 0 ] || exit 1
    echo "cxx_headers: skipped: there is no C++ compiler here"
    exit 77
fi

compile() {
    # shellcheck disable=SC2086 # the flags are words
    "$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
        -fno-exceptions -I"$root/include" "$@" >"$work/output" 2>&1
}

# program SOURCE WANTED: compiles a program, runs it and compares its output with the file WANTED.
program() {
    # shellcheck disable=SC2086 # the flags are words
    if ! compile "$1" "$library" $flags -o "$work/program.exe"; then
        wrong "$compiler -std=$standard: $(basename "$1") does not compile"
        return 0
    fi
    # shellcheck disable=SC2086 # an empty emulator is no word
    $emulator "$work/program.exe" 'a word' >"$work/output" 2>&1 ||
        wrong "$compiler -std=$standard: $(basename "$1") fails"
    tr -d '\r' <"$work/output" | cmp -s - "$2" ||
        wrong "$compiler -std=$standard: $(basename "$1") prints something else"
}

# statement NAME pass|fail CODE: checks whether a program of this statement compiles.
statement() {
    cat >"$work/statement.cpp" <<TEXT
#include <string_view>
#include "ferrule.hpp"
using namespace ferrule;
int main()
{
    tcp_stream one;
    cancel_token token;
    char buf[4];
    (void)buf;
    $3
    return 0;
}
TEXT
    got=pass
    compile -fsyntax-only "$work/statement.cpp" || got=fail
    [ "$got" = "$2" ] || wrong "$compiler -std=$standard: $1"
}

statements() {
    statement "a handle cannot be moved" pass 'tcp_stream two(std::move(one)); one = std::move(two);'
    statement "a handle can be copied" fail 'tcp_stream two(one);'
    statement "a handle can be copied over another" fail 'tcp_stream two; two = one;'
    statement "a handle is another one's" fail 'udp_socket two(std::move(one));'
    statement "a token can be moved" fail 'cancel_token two(std::move(token));'
    statement "a result cannot be discarded on purpose" pass '(void)one.read(buf);'
    statement "a result may be discarded" fail 'one.read(buf);'
    statement "an error may be discarded" fail 'one.shutdown(FER_SHUTDOWN_BOTH);'
    statement "a released handle may be discarded" fail 'one.release();'
    statement "a released raw socket may be discarded" fail 'one.into_raw();'
    statement "a string_view cannot be sent" pass '(void)one.write(std::string_view("x"));'
    statement "a literal is sent with its NUL" fail '(void)one.write("x");'
    statement "a constant can be read into" fail '(void)one.read(std::string_view("x"));'
    statement "objects can be sent as bytes" fail 'tcp_stream two[2]; (void)one.write(two);'
}

# In C++14 the first error names the required standard.
older_standard() {
    echo '#include "ferrule.hpp"' >"$work/older.cpp"
    ! compile -fsyntax-only "$work/older.cpp" || wrong "$compiler -std=$standard: the headers compile"
    grep 'error:' "$work/output" | head -n 1 | grep -q 'need C++17' ||
        wrong "$compiler -std=$standard: another error is the first"
}

printf 'a word came back over TCP\na word came over UDP\n' >"$work/echo"
printf 'all as it should be\n' >"$work/values"
for compiler in "$@"; do
    for standard in c++17 c++20; do
        program "$root/examples/raii_echo.cpp" "$work/echo"
        program "$root/tests/api/cxx_values.cpp" "$work/values"
    done
    standard=c++17
    statements
    standard=c++14
    older_standard
    echo "cxx_headers: $("$compiler" --version | head -n 1)"
done
exit "$bad"
