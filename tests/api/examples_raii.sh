#!/bin/sh
# Compiles examples/raii_echo.cpp as C++17, without a warning and without exceptions, with each of
# the compilers, and runs it. Checks that examples/raii.hpp refuses copies of a handle and unused
# results.
# usage: examples_raii.sh ROOT LIBRARY EMULATOR-OR-EMPTY LINK-FLAGS COMPILER...
set -eu
root=$1
library=$2
emulator=$3
flags=$4
shift 4
if [ $# -eq 0 ]; then
    echo "examples_raii: skipped: there is no C++ compiler here"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

wrong() {
    echo "WRONG $1"
    sed 's/^/    | /' "$work/output"
    bad=1
}

compile() {
    # shellcheck disable=SC2086 # the flags are words
    "$compiler" -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-exceptions -I"$root/include" -I"$root/examples" \
        "$1" "$library" $flags -o "$work/program.exe" >"$work/output" 2>&1
}

# statement NAME pass|fail CODE: checks whether a program of this statement compiles.
statement() {
    printf '#include "raii.hpp"\nint main()\n{\n    raii::tcp_stream one;\n    %s\n    return 0;\n}\n' "$3" >"$work/statement.cpp"
    got=pass
    compile "$work/statement.cpp" || got=fail
    [ "$got" = "$2" ] || wrong "$compiler: $1"
}

for compiler in "$@"; do
    if ! compile "$root/examples/raii_echo.cpp"; then
        wrong "$compiler: it does not compile"
        continue
    fi
    if [ -n "$emulator" ]; then
        "$emulator" "$work/program.exe" 'a word' >"$work/output" 2>&1 || wrong "$compiler: it fails"
    else
        "$work/program.exe" 'a word' >"$work/output" 2>&1 || wrong "$compiler: it fails"
    fi
    printf 'a word came back over TCP\na word came over UDP\n' >"$work/wanted"
    tr -d '\r' <"$work/output" | cmp -s - "$work/wanted" || wrong "$compiler: it says something else"
    statement "a handle cannot be moved" pass 'raii::tcp_stream two(std::move(one)); one = std::move(two);'
    statement "a handle can be copied" fail 'raii::tcp_stream two(one);'
    statement "a handle can be copied over another" fail 'raii::tcp_stream two; two = one;'
    statement "a handle is another one's" fail 'raii::udp_socket two(std::move(one));'
    statement "a result may be overlooked" fail 'one.read(nullptr, 0);'
    echo "examples_raii: $("$compiler" --version | head -n 1)"
done
exit "$bad"
