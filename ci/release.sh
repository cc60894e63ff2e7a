#!/bin/sh
# Makes the archives of a release: the source, and for each system the libraries, the documentation,
# the examples and the self-test.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/release.sh [--no-setup] [--once] [TARGET...]

Makes these files in build/release, with zig as the compiler:
  ferrule-VERSION.tar.gz           the source (ci/package.sh --source), and ferrule.wrap
  ferrule-VERSION-TARGET.tar.gz    headers, libraries, find_package and pkg-config files,
                                   documentation, examples, and bin/ferrule_selftest; a .zip for
                                   Windows
  NOTES.md                         the section of this version in CHANGELOG.md, for the tag
  SHA256SUMS
Each archive is built from the source archive in two different folders, and the two must be equal,
byte by byte; --once builds in one folder. TARGET is a zig target; the default is
  x86_64-linux-gnu.2.28 aarch64-linux-gnu.2.28 x86_64-linux-musl aarch64-linux-musl
  x86_64-macos aarch64-macos x86_64-windows-gnu aarch64-windows-gnu x86-windows-gnu
--no-setup installs nothing. The last line is `N passed, N failed, N skipped`, with one for each
target. Logs: build/log/release-*.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

release=$root/build/release
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
    "$root/ci/setup.sh" build cmocka package
    find_zig >/dev/null || { "$root/ci/setup.sh" cross && logged zig fetch_zig; }
fi
zig=$(find_zig) || {
    say "ci/release.sh: zig is missing"
    say "0 passed, 1 failed, 0 skipped"
    exit 1
}

rm -rf "$release"
mkdir -p "$release"
"$root/ci/package.sh" --no-setup --source
cp "$root"/build/packages/ferrule-*.tar.gz "$root/build/packages/ferrule.wrap" "$release"
source=$(ls "$release"/ferrule-*.tar.gz)
name=$(basename "$source" .tar.gz)
awk -v heading="## [${name#ferrule-}]" '
    /^## / { printing = index($0, heading) == 1; next }
    printing' "$root/CHANGELOG.md" >"$release/NOTES.md"
[ -s "$release/NOTES.md" ] || say "    CHANGELOG.md has no section for ${name#ferrule-}: NOTES.md is empty"
TZ=UTC
export TZ

# configure FOLDER TARGET
configure() {
    flags="-ffile-prefix-map=$1=. -ffile-prefix-map=$root/build/cache/cmocka=cmocka"
    CFLAGS=$flags cmake -S . -B "build/$2" -G Ninja -DCMAKE_BUILD_TYPE=Release -Wno-dev \
        -DCMAKE_INSTALL_LIBDIR=lib -DFERRULE_BUILD_TESTS=ON \
        "-DFERRULE_CMOCKA_SOURCE=$root/build/cache/cmocka" \
        "-DCMAKE_TOOLCHAIN_FILE=$1/cmake/zig.cmake" "-DFERRULE_ZIG=$zig" "-DFERRULE_ZIG_TARGET=$2"
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
    cd "build/$1" &&
        fakeroot cpack -G "$format" -B "$2" -D "CPACK_PACKAGE_FILE_NAME=$name-$1" &&
        rm -rf "$2/_CPack_Packages"
)

# make_archive FOLDER TARGET: `logged` ends with the first failure only because of the &&.
# shellcheck disable=SC2317 # called by name
make_archive() (
    tree=$release/$1/$name
    mkdir -p "$release/$1" &&
        { [ -d "$tree" ] || tar -xzf "$source" -C "$release/$1"; } &&
        cd "$tree" &&
        configure "$tree" "$2" &&
        run_nice cmake --build "build/$2" -j "$jobs" \
            --target ferrule_static ferrule_shared ferrule_sim ferrule_selftest &&
        package "$2" "$release/$1/out" &&
        rm -rf "build/$2"
)

passed=0
failed=0
for target in $targets; do
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
        say "    $target: not built, or the two builds differ (build/release)"
        failed=$((failed + 1))
    fi
done
[ "$failed" -ne 0 ] || rm -rf "$release/first" "$release/the-second"
(cd "$release" && sha256sum -- ferrule-*.tar.gz ferrule-*.zip ferrule.wrap 2>/dev/null >SHA256SUMS) ||
    say "    not every kind of archive was asked for"
say "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
