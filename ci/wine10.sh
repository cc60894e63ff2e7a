#!/bin/sh
# Runs the Windows tests under the newer Wine of Debian 13, in a folder with that system. When:
# after a change of platform/winsock; .ci/run runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/wine10.sh [--root DIR] [--no-setup] [--tree TREE] [CTEST-ARGUMENT...]
       ci/wine10.sh [--root DIR] [--no-setup] --run PROGRAM.exe [ARGUMENT...]
       ci/wine10.sh [--root DIR] [--no-setup] --enter [COMMAND...]

Makes a small Debian 13 with debootstrap in DIR (default: build/cache/trixie), with its Wine 10 and
its mingw gcc, builds the preset mingw there (in build/wine10) and runs tests. DIR is kept: the next
run uses it again. An incomplete one is made anew. The mirror and the settings of apt are those of
this machine; $FERRULE_DEBIAN_MIRROR replaces the mirror.
  (nothing)  unit and conformance, with interop: the tests of the Windows backend, without those of
             the simulation. Arguments for ctest replace this selection
  --tree     the tests of a tree that this system has built, for example build/mingw; nothing is
             built
  --run      one Windows program of this project's folder
  --enter    a command (default: a shell) in that system, in the project's folder
--no-setup installs no packages. Needs root, unshare and debootstrap; without them it prints the
reason and fails. The mounts are in a mount namespace of their own: none is left after the run. The
last line is `N passed, N failed, N skipped`. Logs: build/log/wine10-*.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

debian=$root/build/cache/trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
setup=yes
tree=
action="test"
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --root) debian=${2:?}; shift 2 ;;
        --tree) tree=${2:?}; shift 2 ;;
        --no-setup) setup=no; shift ;;
        --run | --enter) action=${1#--}; shift; break ;;
        *) break ;;
    esac
done
case $debian in
    /*) ;;
    *) debian=$PWD/$debian ;;
esac

# unavailable REASON: this machine cannot run the tests.
unavailable() {
    say "**** ci/wine10.sh: $1: Wine 10 is NOT tested"
    [ "$action" != test ] || say "0 passed, 1 failed, 0 skipped"
    exit 1
}

WINEPREFIX=$root/build/wineprefix10
export WINEPREFIX

# in_debian COMMAND...: runs it in Debian 13, as root, in the project's folder. The mounts end with
# the last process of the command.
in_debian() {
    unshare --mount sh -euc '
        debian=$1
        project=$2
        shift 2
        for folder in proc sys dev; do
            mount --rbind "/$folder" "$debian/$folder"
        done
        mkdir -p "$debian$project"
        mount --bind "$project" "$debian$project"
        unset TMPDIR LANGUAGE
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        LC_ALL=C.UTF-8
        HOME=/root
        export PATH LC_ALL HOME
        exec chroot "$debian" sh -c "cd \"\$0\" && exec \"\$@\"" "$project" "$@"' \
        sh "$debian" "$root" "$@"
}

# The mirror of this machine's Debian packages.
find_mirror() {
    if [ -n "${FERRULE_DEBIAN_MIRROR:-}" ]; then
        say "$FERRULE_DEBIAN_MIRROR"
        return 0
    fi
    # shellcheck disable=SC2016 # the fields are apt's
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
        awk '$3 == "main" && $2 !~ /-/ { sub(/\/$/, "", $1); print $1; exit }'
}

# What connects this machine to the network and to its mirror.
copy_settings() {
    cp -L /etc/resolv.conf /etc/hosts "$debian/etc/"
    apt-config dump |
        grep -E '^Acquire::(https?|Retries|Check-|Languages|GzipIndexes|Max-)' \
            >"$debian/etc/apt/apt.conf.d/90machine" || true
    for certificate in /usr/local/share/ca-certificates/*.crt; do
        [ ! -f "$certificate" ] || cp "$certificate" "$debian/usr/local/share/ca-certificates/"
    done
}

# Removes an incomplete folder, but nothing that this script has not made, and no mount.
remove_debian() {
    [ -n "$(ls -A "$debian" 2>/dev/null)" ] || return 0
    if [ ! -f "$debian/ferrule-incomplete" ]; then
        unavailable "$debian is not empty and was not made by this script"
    fi
    if grep -qF " $(realpath "$debian")/" /proc/self/mountinfo; then
        unavailable "$debian has mounts in it"
    fi
    rm -rf --one-file-system "$debian"
}

make_debian() {
    mirror=$(find_mirror)
    [ -n "$mirror" ] || unavailable "apt's sources have no Debian mirror (FERRULE_DEBIAN_MIRROR)"
    say "wine10: making Debian 13 in $debian (log: build/log/wine10-debian.log)"
    remove_debian
    mkdir -p "$debian"
    : >"$debian/ferrule-incomplete"
    # debootstrap does not read the settings of apt.
    proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
    # debootstrap mounts /proc, which ends with the namespace.
    logged wine10-debian env ${proxy:+"http_proxy=$proxy"} unshare --mount \
        debootstrap --variant=minbase --include=git,ca-certificates "--keyring=$keyring" \
        trixie "$debian" "$mirror" || return 1
    copy_settings
    in_debian sh -c 'update-ca-certificates' >>"$logs/wine10-debian.log" 2>&1
    mv "$debian/ferrule-incomplete" "$debian/ferrule-ready"
}

prepare() {
    [ "$(id -u)" -eq 0 ] || unavailable "only root can make and enter the Debian 13"
    unshare --mount true 2>/dev/null ||
        unavailable "this system has no unshare or does not permit a mount namespace"
    mkdir -p "$(dirname "$debian")"
    exec 8>"$debian.lock"
    flock 8
    if [ ! -f "$debian/ferrule-ready" ]; then
        if [ "$setup" = yes ]; then
            "$root/ci/setup.sh" wine10 8>&- || unavailable "debootstrap could not be installed"
        fi
        if ! command -v debootstrap >/dev/null 2>&1 || [ ! -f "$keyring" ]; then
            unavailable "debootstrap or Debian's keyring is missing"
        fi
        make_debian || unavailable "Debian 13 could not be made"
    fi
    copy_settings
    if [ "$setup" = yes ]; then
        in_debian ci/setup.sh build mingw 8>&- || unavailable "Debian 13's packages are missing"
    fi
    exec 8>&-
}

prepare
case $action in
    run) in_debian ci/wine.sh "$@"; exit ;;
    enter) [ $# -gt 0 ] || set -- bash; in_debian "$@"; exit ;;
esac

# ---- the tests

if [ -z "$tree" ]; then
    tree=$root/build/wine10
    logged wine10-configure in_debian cmake --preset mingw -B "$tree" -DFERRULE_BUILD_EXAMPLES=OFF \
        -DFERRULE_BUILD_BENCH=OFF -DFERRULE_BUILD_FUZZ=OFF \
        -DFERRULE_AMALGAMATED=OFF
    logged wine10-build in_debian nice cmake --build "$tree" -j "$jobs"
fi
[ $# -gt 0 ] || set -- -L 'unit|conformance'
trap 'in_debian ci/wine.sh --stop' EXIT
trap 'exit 130' INT TERM
in_debian ci/wine.sh --start
say "$(in_debian /usr/lib/wine/wine64 --version 2>/dev/null || true), ctest $*"
code=0
in_debian ctest --test-dir "$tree" -j "$((jobs * 4))" --output-on-failure "$@" \
    >"$logs/wine10-test.log" 2>&1 </dev/null || code=$?
awk -f "$root/tests/count_tests.awk" "$logs/wine10-test.log" \
    "$tree/Testing/Temporary/LastTest.log" >"$logs/wine10-counts.txt"
read -r passed failed skipped <"$logs/wine10-counts.txt"
if [ "$failed" -ne 0 ]; then
    output_of_failed_tests "$logs/wine10-test.log" | sed 's/^/    | /'
    grep -E '^failed: ' "$logs/wine10-counts.txt"
elif [ "$passed" -eq 0 ] || [ "$code" -ne 0 ]; then
    say "the exit code of ctest is $code; its output is in build/log/wine10-test.log"
    failed=1
fi
in_debian ci/wine.sh --stop # its server writes into the prefix
trap - EXIT
remove_in_ci "$root/build/wine10" "$WINEPREFIX"
say_totals
