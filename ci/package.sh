#!/bin/sh
# Makes the source archive, the Debian packages and the archive of this system, and checks them.
# When: after a change of what is installed; .ci/run runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/package.sh [--no-setup] [--root DIR]
       ci/package.sh [--no-setup] --source | --update-abi

Makes these files in build/packages:
  ferrule-VERSION.tar.gz                 the source: the files of git, or of this folder without git
  ferrule.wrap                           for a Meson project that has the source archive
  ferrule_VERSION-*.dsc and its .tar.*    the Debian source package, of packaging/debian
  libferrule*.deb                        the Debian packages that it builds
  ferrule-VERSION-SYSTEM-PROCESSOR.tar.gz  the archive of this system, by CPack
  SHA256SUMS
Everything is built from the source archive, then in another folder from the source package, and
checked:
  the two builds are equal, byte by byte
  lintian has no errors and no warnings
  abidiff finds no incompatible change since the dump in packaging/abi
  conan create packaging/conan works, if conan is installed
  in a Debian 13 without ferrule (ci/wine10.sh --enter), programs are compiled and run with each of
  the packages (packaging/check.sh)
--source makes only the source archive and the wrap. --update-abi writes the dump of packaging/abi
anew; it refuses if the soname is unchanged and a change is incompatible. --root is the folder of
the Debian 13 (default: build/cache/trixie). --no-setup installs nothing. The last line is
`N passed, N failed, N skipped`. Logs: build/log/package-*.log. docs/PACKAGES.md describes the
packages.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

packages=$root/build/packages

# check NAME COMMAND...: one check, with its output in build/log/package-NAME.log.
check() {
    name=$1
    shift
    if logged "package-$name" "$@"; then
        say "    $name"
        passed=$((passed + 1))
    else
        say "    $name: failed"
        failed=$((failed + 1))
    fi
}

# ---- the source archive

version=$(sed -n 's/^#define FER_VERSION_TEXT "\(.*\)"$/\1/p' "$root/include/ferrule/version.h")
# In an unpacked archive, every file has the time of the commit.
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null ||
    stat -c %Y "$root/CHANGELOG.md")
TZ=UTC
LC_ALL=C.UTF-8
export SOURCE_DATE_EPOCH TZ LC_ALL

list_files() {
    if [ -e "$root/.git" ]; then
        git ls-files --deduplicate -co --exclude-standard | while IFS= read -r file; do
            [ ! -f "$file" ] || say "$file"
        done
    else
        find . -type f -not -path './.git/*' -not -path './build*' | sed 's,^\./,,'
    fi
}

make_source() {
    (cd "$root" && list_files | tar --create --files-from=- --sort=name --format=gnu \
        "--mtime=@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        "--transform=s,^,ferrule-$version/,") | gzip -9n >"$packages/ferrule-$version.tar.gz"
    checksum=$(sha256sum "$packages/ferrule-$version.tar.gz")
    cat >"$packages/ferrule.wrap" <<TEXT
[wrap-file]
directory = ferrule-$version
source_filename = ferrule-$version.tar.gz
source_hash = ${checksum%% *}

[provide]
dependency_names = ferrule, ferrule-sim
TEXT
}

# ---- the packages, made in one folder

soversion=${version%.*}
maintainer="${DEBFULLNAME:-the ferrule authors} <${DEBEMAIL:-ferrule@localhost}>"

# add_debian: makes debian/ of packaging/debian, in an unpacked source archive.
add_debian() {
    cp -R packaging/debian debian &&
        mv debian/symbols "debian/libferrule$soversion.symbols" &&
        sed -i -e "s/@VERSION@/$version/g" -e "s/@SOVERSION@/$soversion/g" \
            -e "s/@MAINTAINER@/$maintainer/" \
            -e "s/@DATE@/$(date -u -R -d "@$SOURCE_DATE_EPOCH")/" \
            debian/changelog debian/control debian/rules debian/*.symbols
}

# unpack: in the folder of the first build the source archive, in another the source package of the
# first.
unpack() {
    if [ "$1" = "$packages/first" ]; then
        cp "$packages/ferrule-$version.tar.gz" "ferrule_$version.orig.tar.gz" &&
            tar -xzf "ferrule_$version.orig.tar.gz" && cd "ferrule-$version" && add_debian
    else
        cp "$packages"/first/out/ferrule_* . && dpkg-source --extract ferrule_*.dsc &&
            cd "ferrule-$version"
    fi
}

# make_packages FOLDER: in FOLDER, which is made anew. Archive and Debian packages have the same
# compiled files in different folders. The owner of the files is root, not a user. `check` ends with
# the first failure only because of the &&.
make_packages() (
    rm -rf "$1" &&
        mkdir -p "$1/out" &&
        cd "$1" &&
        unpack "$1" &&
        run_nice env DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage --no-sign "-j$jobs" &&
        mv ../*.deb ../*.dsc ../*.orig.tar.gz ../*.debian.tar.xz ../out &&
        cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/usr/local -DCMAKE_INSTALL_LIBDIR=lib \
            -DCMAKE_INSTALL_DOCDIR=share/doc/ferrule &&
        cd build &&
        fakeroot cpack -G TGZ -B "$1/out" \
            -D "CPACK_PACKAGE_FILE_NAME=ferrule-$version-$(uname -s)-$(uname -m)" &&
        rm -rf "$1/out/_CPack_Packages"
)

# Both have the same files with the same bytes.
compare_builds() {
    for folder in first the-second; do
        (cd "$packages/$folder/out" && sha256sum -- *) >"$packages/$folder/sums" || return 1
    done
    cat "$packages/first/sums"
    diff -u "$packages/first/sums" "$packages/the-second/sums"
}

check_with_lintian() {
    # Without DEBEMAIL the maintainer's address has no domain.
    lintian --fail-on error,warning --display-info \
        --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog \
        "$packages"/*.dsc "$packages"/*.deb
}

# ---- the ABI

abi_folder=$root/packaging/abi
built_library() { ls "$packages/first/ferrule-$version/build/libferrule.so.$version"; }
soname_of() { objdump -p "$1" | awk '$1 == "SONAME" { print $2 }'; }
dump_of() { say "$abi_folder/$1-$(uname -m).abi"; }

# compare_abi DUMP LIBRARY: fails after a change by which a program that was compiled with the
# library of the dump may fail. New functions are no such change.
compare_abi() { abidiff --exported-interfaces-only --no-added-syms --no-show-locs "$1" "$2"; }

check_abi() {
    library=$(built_library)
    dump=$(dump_of "$(soname_of "$library")")
    if [ ! -f "$dump" ]; then
        say "there is no $dump: with a new soname, run ci/package.sh --update-abi"
        return 1
    fi
    compare_abi "$dump" "$library"
}

update_abi() {
    library=$(built_library)
    soname=$(soname_of "$library")
    dump=$(dump_of "$soname")
    if [ -f "$dump" ] && ! compare_abi "$dump" "$library"; then
        say "ci/package.sh: $soname is incompatible with its dump: the minor version must be a new one"
        exit 1
    fi
    rm -f "$abi_folder"/*.abi
    abidw --exported-interfaces-only --no-corpus-path --no-comp-dir-path --no-show-locs \
        --out-file "$dump" "$library"
    say "ci/package.sh: wrote $dump"
}

# ---- Conan, and the Debian without ferrule

try_conan() (
    CONAN_HOME=$packages/conan
    export CONAN_HOME
    rm -rf "$CONAN_HOME" &&
        conan profile detect &&
        cd "$packages/first/ferrule-$version" &&
        conan create packaging/conan --no-remote &&
        conan create packaging/conan --no-remote -o 'ferrule/*:shared=True'
)

setup=yes
action="all"
debian=$root/build/cache/trixie
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no; shift ;;
        --root) debian=${2:?}; shift 2 ;;
        --source | --update-abi) action=${1#--}; shift ;;
        *) usage >&2; exit 2 ;;
    esac
done

case $debian in
    /*) ;;
    *) debian=$PWD/$debian ;;
esac

if [ "$setup" = yes ] && [ "$action" != "source" ]; then
    "$root/ci/setup.sh" build package || say "    continuing with the installed programs"
fi
[ "$action" = "source" ] || rm -rf "$packages"
mkdir -p "$packages"
make_source
[ "$action" != "source" ] || exit 0

if [ "$action" = "update-abi" ]; then
    logged package-first make_packages "$packages/first"
    update_abi
    exit 0
fi

for program in cpack dpkg-buildpackage dh fakeroot lintian abidiff meson; do
    command -v "$program" >/dev/null 2>&1 || {
        report_unavailable "$program is missing: the packages are NOT checked"
        say_totals
        exit
    }
done
say "== ferrule $version"
check first make_packages "$packages/first"
check the-second make_packages "$packages/the-second"
check compare_builds compare_builds
cp "$packages"/first/out/* "$packages"
check lintian check_with_lintian
if [ "$(uname -m)" = x86_64 ]; then
    check abi check_abi
else
    report_unavailable "packaging/abi has no dump of $(uname -m): the ABI is NOT compared"
fi
if command -v conan >/dev/null 2>&1; then
    check conan try_conan
else
    say "    conan is not installed: skipped: its recipe is not tried"
    skipped=$((skipped + 1))
fi
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
    option=
    [ "$setup" = yes ] || option=--no-setup
    check debian "$root/ci/wine10.sh" --root "$debian" --no-setup --enter \
        packaging/check.sh $option build/packages
    sed -n 's/^works: /    works: /p' "$logs/package-debian.log"
else
    report_unavailable "only root can enter a Debian 13: the packages are NOT installed"
fi
(cd "$packages" && sha256sum -- *.tar.?z *.dsc *.deb >SHA256SUMS)
remove_in_ci "$packages/first" "$packages/the-second" "$packages/conan"
say_totals
