#!/bin/sh
# Makes the archives of a release: the source, and for each system the libraries, the documentation,
# the examples and the self-test. When: for a release.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/release.sh [--no-setup] [--once] [TARGET...]

Makes these files in build/archives, with zig as the compiler:
  ferrule-VERSION.tar.gz           the source (ci/package.sh --source), and ferrule.wrap
  ferrule-VERSION-TARGET.tar.gz    headers, libraries, find_package and pkg-config files,
                                   documentation, examples, and bin/ferrule_selftest; a .zip for
                                   Windows
  NOTES.md                         the section of this version in CHANGELOG.md, for the tag
  SHA256SUMS
Each archive is built from the source archive in two different folders, and the two must be equal,
byte by byte; --once builds in one folder. A program is compiled with the unpacked archive. This
program and the self-test run, if this machine can run them. TARGET is a zig target; the default is
  x86_64-linux-gnu.2.28 aarch64-linux-gnu.2.28 x86_64-linux-musl aarch64-linux-musl
  x86_64-macos aarch64-macos x86_64-windows-gnu aarch64-windows-gnu x86-windows-gnu
--no-setup installs nothing. The last line is `N passed, N failed, N skipped`. A target counts once
as built, and once as run. Logs: build/log/release-*.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

release=$root/build/archives
setup=yes
folders="first the-second"
targets=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --once) folders=first ;;
        -*) usage >&2; exit 2 ;;
        *) targets="$targets $argument" ;;
    esac
done
[ -n "$targets" ] || targets="x86_64-linux-gnu.2.28 aarch64-linux-gnu.2.28 x86_64-linux-musl
    aarch64-linux-musl x86_64-macos aarch64-macos x86_64-windows-gnu aarch64-windows-gnu
    x86-windows-gnu"

if [ "$setup" = yes ]; then
    "$root/ci/setup.sh" build cmocka package cross
    "$root/ci/setup.sh" wine || say "    continuing with the installed programs"
    find_zig >/dev/null || logged zig fetch_zig
fi
zig=$(find_zig) || {
    say "ci/release.sh: zig is missing"
    failed=1
    say_totals
    exit 1
}

rm -rf "$release"
mkdir -p "$release"
"$root/ci/package.sh" --no-setup --source
cp "$root/build/packages/ferrule.wrap" "$release"
name=$(sed -n 's/^directory = //p' "$release/ferrule.wrap")
source=$release/$name.tar.gz
cp "$root/build/packages/$name.tar.gz" "$source"
awk -v heading="## [${name#ferrule-}]" '
    /^## / { printing = index($0, heading) == 1; next }
    printing' "$root/CHANGELOG.md" >"$release/NOTES.md"
[ -s "$release/NOTES.md" ] || say "    CHANGELOG.md has no section for ${name#ferrule-}: NOTES.md is empty"
TZ=UTC
export TZ

# configure FOLDER TARGET: zig adds debug information, with the paths of its own files, unless -g0
# and -s forbid it.
configure() {
    flags="-g0 -ffile-prefix-map=$1=. -ffile-prefix-map=$root/build/cache/cmocka=cmocka"
    CFLAGS=$flags LDFLAGS=-s cmake -S . -B "build/$2" -G Ninja -DCMAKE_BUILD_TYPE=Release -Wno-dev \
        -DCMAKE_INSTALL_LIBDIR=lib -DFERRULE_BUILD_TESTS=ON \
        "-DFERRULE_CMOCKA_SOURCE=$root/build/cache/cmocka" \
        "-DCMAKE_TOOLCHAIN_FILE=$1/cmake/zig.cmake" "-DFERRULE_ZIG=$zig" "-DFERRULE_ZIG_TARGET=$2"
}

# clear_time FILE: writes 0 over the time of the link in the header of a program or DLL of Windows
# (TimeDateStamp, "PE Format", MSDN). zig has no option for it.
clear_time() {
    header=$(od -An -j 60 -N 4 -t u4 "$1" | tr -d ' ')
    printf '\0\0\0\0' | dd "of=$1" bs=1 "seek=$((header + 8))" conv=notrunc
}

# package TARGET OUT: the owner of the files is root, not a user.
package() (
    case $1 in
        *windows*) format=ZIP ;;
        *) format=TGZ ;;
    esac
    # The files of the source archive have the time of its commit.
    SOURCE_DATE_EPOCH=$(stat -c %Y CHANGELOG.md)
    export SOURCE_DATE_EPOCH
    cd "build/$1" || exit 1
    for file in ./*.dll tests/selftest/*.exe; do
        [ ! -f "$file" ] || clear_time "$file" || exit 1
    done
    fakeroot cpack -G "$format" -B "$2" -D "CPACK_PACKAGE_FILE_NAME=$name-$1" &&
        rm -rf "$2/_CPack_Packages"
)

# make_archive FOLDER TARGET: `logged` ends with the first failure only because of the &&.
# shellcheck disable=SC2317 # called by name
make_archive() (
    tree=$release/$1/$name
    pages=
    case $2 in *-windows-*) ;; *) ! command -v python3 >/dev/null 2>&1 || pages=ferrule_man ;; esac
    # shellcheck disable=SC2086 # no page is no word
    mkdir -p "$release/$1" &&
        { [ -d "$tree" ] || tar -xzf "$source" -C "$release/$1"; } &&
        cd "$tree" &&
        configure "$tree" "$2" &&
        run_nice cmake --build "build/$2" -j "$jobs" \
            --target ferrule_static ferrule_shared ferrule_sim ferrule_selftest $pages &&
        package "$2" "$release/$1/out" &&
        rm -rf "build/$2"
)

# try_archive TARGET: links a program with the static library of the archive, and runs it and the
# self-test.
# shellcheck disable=SC2317 # called by name
try_archive() (
    rm -rf "$release/tried"
    mkdir -p "$release/tried" && cd "$release/tried" || exit 1
    cmake -E tar xf "$(ls "$release/$name-$1".*)" || exit 1
    prefix=$name-$1
    ending=
    libraries=
    case $1 in
        *-windows-*)
            ending=.exe
            libraries=-lws2_32
            ;;
        *-linux-*) libraries=-pthread ;;
    esac
    for file in "bin/ferrule_selftest$ending" include/ferrule.h lib/libferrule.a \
        lib/libferrule_sim.a share/doc/ferrule/LICENSE-MIT; do
        [ -f "$prefix/$file" ] || { say "$file is missing"; exit 1; }
    done
    if grep -rlaF -e "$root/build" "$prefix"; then
        say "these files contain a path of the build"
        exit 1
    fi
    # shellcheck disable=SC2086 # no library is no word
    "$zig" cc -target "$1" -std=c11 "-I$prefix/include" "$root/tests/api/consumer/consumer.c" \
        "$prefix/lib/libferrule.a" $libraries -o "consumer$ending" || exit 1
    can_run "$1" || exit 0
    run_for "$1" "$PWD/consumer$ending" &&
        run_for "$1" "$PWD/$prefix/bin/ferrule_selftest$ending"
)

for target in $targets; do
    began=$(date +%s)
    say "== $target"
    equal=yes
    for folder in $folders; do
        logged "release-$target" make_archive "$folder" "$target" || equal=no
    done
    for archive in "$release/first/out/$name-$target".*; do
        if [ "$equal" = yes ] && [ "$folders" != first ]; then
            cmp "$archive" "$release/the-second/out/${archive##*/}" || equal=no
        fi
        [ "$equal" = no ] || mv "$archive" "$release"
    done
    if [ "$equal" = yes ]; then
        passed=$((passed + 1))
    else
        say "    $target: not built, or the two builds differ (build/archives)"
        failed=$((failed + 1))
        continue
    fi
    case $target in *-windows-*) ! can_run "$target" || start_wine ;; esac
    if ! logged "release-$target-tried" try_archive "$target"; then
        say "    $target: the archive does not work"
        failed=$((failed + 1))
    elif can_run "$target"; then
        sed -n 's/^tests: */    self-test: /p' "$logs/release-$target-tried.log"
        passed=$((passed + 1))
    else
        say "    $target: skipped: this machine cannot run its programs; one was linked"
        skipped=$((skipped + 1))
    fi
    stop_wine
    say "    took $(($(date +%s) - began)) s"
done
rm -rf "$release/tried"
[ "$failed" -ne 0 ] || rm -rf "$release/first" "$release/the-second"
(cd "$release" && find . -maxdepth 1 -type f \( -name 'ferrule-*' -o -name ferrule.wrap \) -printf '%P\n' |
    LC_ALL=C sort | xargs sha256sum -- >SHA256SUMS)
say_totals
