#!/bin/sh
# Runs a program of each language that calls the C library through its foreign function interface.
# When: after a change of a header; .ci/run runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/ffi.sh [--no-setup] [LANGUAGE...]

Installs missing packages (ci/setup.sh ffi), builds the library, installs it into build/ffi-prefix
and runs the programs of tests/ffi with it. LANGUAGE is one of these, and without one all run:
  ctypes    Python with ctypes
  cffi      Python with cffi, which reads the installed ferrule.cdef
  bindgen   Rust with bindgen; the bindings must have the constants, and no handle may be Copy
  cgo       Go with cgo
  zig       Zig with @cImport; the zig compiler of ci/cross.sh
A language whose tools are missing fails with CI=true and is skipped otherwise. --no-setup installs
nothing. The last line is `N passed, N failed, N skipped`.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

prefix=$root/build/ffi-prefix
work=$root/build/ffi-work
programs=$root/tests/ffi
cdef=$prefix/share/ferrule/ferrule.cdef
handles='handle|tcp_stream|tcp_listener|udp_socket|unix_stream|unix_listener|unix_datagram|socket'
handles="$handles|poller|cancel_token|resolver|lookup"

# The rest of the script calls these by the name of the language.
# shellcheck disable=SC2317
has() { command -v "$1" >/dev/null 2>&1; }

# shellcheck disable=SC2317
ctypes_is_available() { has python3; }
# shellcheck disable=SC2317
run_ctypes() { python3 "$programs/echo_ctypes.py" "$library"; }

# The python3 of the system has Debian's cffi, if another one is first in PATH.
python_with_cffi() {
    for python in python3 /usr/bin/python3; do
        ! "$python" -c 'import cffi' 2>/dev/null || { say "$python"; return 0; }
    done
    return 1
}
# shellcheck disable=SC2317
cffi_is_available() { python_with_cffi >/dev/null; }
# shellcheck disable=SC2317
run_cffi() {
    python3 "$root/docs/generate/cdef.py" "$root" >"$work/fresh.cdef" &&
        diff -u "$cdef" "$work/fresh.cdef" &&
        "$(python_with_cffi)" "$programs/echo_cffi.py" "$library" "$cdef"
}

# A line for each item and each attribute, whether rustfmt was found or not.
lines_of_bindings() {
    tr -s '\n ' ' ' <"$1" |
        sed 's/# *\[/\n#[/g; s/pub \(const\|struct\|union\) /\n&/g; s/ \([:(]\)/\1/g'
}

# The bindings have each constant that is a number, and no handle is Copy.
check_bindings() {
    lines_of_bindings "$1" >"$work/bindings"
    for name in $(sed -n 's/^#define \(FER_[A-Z0-9_]*\) .*/\1/p' "$cdef"); do
        grep -q "^pub const $name: " "$work/bindings" ||
            { say "the bindings have no $name"; return 1; }
    done
    awk -v handles="$handles" '
        /^#\[derive/ { derived = $0 }
        /^pub (struct|union) / {
            name = $3
            if (name ~ "^fer_(" handles ")$") {
                found++
                if (derived ~ /Copy/) { print name " is Copy"; bad = 1 }
            }
            derived = ""
        }
        END {
            if (found != split(handles, all, "|")) { print found " handles were found"; bad = 1 }
            exit bad
        }' "$work/bindings"
}

find_rustc() { command -v rustc || ls "${CARGO_HOME:-${HOME:-}/.cargo}/bin/rustc"; }
# shellcheck disable=SC2317
bindgen_is_available() { has bindgen && find_rustc >/dev/null 2>&1; }
# shellcheck disable=SC2317
run_bindgen() {
    bindgen --enable-function-attribute-detection --no-doc-comments --no-copy "fer_($handles)" \
        --allowlist-function 'fer_.*' --allowlist-type 'fer_.*' --allowlist-var 'FER_.*' \
        --output "$work/ferrule.rs" "$prefix/include/ferrule.h" -- "-I$prefix/include" &&
        check_bindings "$work/ferrule.rs" &&
        FERRULE_BINDINGS=$work/ferrule.rs "$(find_rustc)" --edition 2021 -D warnings \
            -L "$prefix/lib" -l dylib=ferrule "$programs/echo.rs" -o "$work/echo-rust" &&
        "$work/echo-rust"
}

# shellcheck disable=SC2317
cgo_is_available() { has go && has pkg-config; }
# shellcheck disable=SC2317
run_cgo() {
    # GODEBUG: every pointer that is passed to C is checked.
    (cd "$work" && CGO_ENABLED=1 GO111MODULE=off GOFLAGS='' GOCACHE=$work/go-cache \
        go build -o echo-go "$programs/echo.go") && GODEBUG=cgocheck=2 "$work/echo-go"
}

# shellcheck disable=SC2317
zig_is_available() { find_zig >/dev/null; }
# shellcheck disable=SC2317
run_zig() {
    ZIG_GLOBAL_CACHE_DIR=$work/zig-global ZIG_LOCAL_CACHE_DIR=$work/zig-local "$(find_zig)" \
        build-exe "$programs/echo.zig" "-femit-bin=$work/echo-zig" -lc "-I$prefix/include" \
        "-L$prefix/lib" -lferrule && "$work/echo-zig"
}

setup=yes
languages=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        ctypes | cffi | bindgen | cgo | zig) languages="$languages $argument" ;;
        *) usage >&2; exit 2 ;;
    esac
done
languages=${languages:-ctypes cffi bindgen cgo zig}

if [ "$setup" = yes ]; then
    "$root/ci/setup.sh" build
    "$root/ci/setup.sh" ffi || say "    continuing with the installed programs"
    case $languages in
        *zig*) find_zig >/dev/null || logged zig fetch_zig || say "    continuing without zig" ;;
    esac
fi

say "== building and installing the library into build/ffi-prefix"
rm -rf "$prefix" "$work"
mkdir -p "$work"
logged ffi-configure cmake -S "$root" -B "$root/build/ffi" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DFERRULE_INSTALL_KINDS=shared
logged ffi-build run_nice cmake --build "$root/build/ffi" -j "$jobs"
logged ffi-install cmake --install "$root/build/ffi"
library=$prefix/lib/libferrule.so
LD_LIBRARY_PATH=$prefix/lib
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export LD_LIBRARY_PATH PKG_CONFIG_PATH

for language in $languages; do
    if ! "${language}_is_available"; then
        report_unavailable "$language: its tools are not installed: its program does NOT run"
    elif logged "ffi-$language" "run_$language"; then
        passed=$((passed + 1))
        say "== $language: passed"
    else
        failed=$((failed + 1))
        say "== $language: FAILED"
    fi
done
remove_in_ci "$root/build/ffi" "$prefix" "$work"
say_totals
