#!/bin/sh
# Tests scripts of ci/ on a system that lacks something: cmocka's source has three origins with one
# checksum, and a Windows half that was not tested is never a success by itself.
# usage: ci_scripts.sh ROOT
set -eu
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# expect CODE TEXT COMMAND...: the exit code, and a text that the output contains.
expect() {
    expected=$1
    text=$2
    shift 2
    code=0
    "$@" >"$work/output.txt" 2>&1 </dev/null || code=$?
    if [ "$code" -ne "$expected" ] || ! grep -qF -e "$text" "$work/output.txt"; then
        echo "FAILED: $*: exit code $code, expected $expected and \"$text\":"
        sed 's/^/    | /' "$work/output.txt"
        failures=$((failures + 1))
    fi
}

# A copy of the scripts, in which Wine is not installed.
tree=$work/tree
mkdir -p "$tree/ci" "$tree/cmake" "$work/bin" "$work/mirror/pool/main/c/cmocka" "$work/site"
for script in common kernels setup test wine10; do
    cp "$root/ci/$script.sh" "$tree/ci/"
done
cp "$root/cmake/FerruleFetchCmocka.cmake" "$tree/cmake/"
printf '#!/bin/sh\nexit 1\n' >"$tree/ci/wine.sh"
chmod +x "$tree/ci/wine.sh"
unset CI

# A release of cmocka, on a mirror and on its site. This apt-get only names the mirror.
mkdir -p "$work/cmocka-9.9.9/src"
echo '/* cmocka.c */' >"$work/cmocka-9.9.9/src/cmocka.c"
archive=$work/site/cmocka-9.9.9.tar.xz
(cd "$work" && cmake -E tar cJf "$archive" cmocka-9.9.9)
checksum=$(cmake -E sha256sum "$archive" | cut -d ' ' -f 1)
address=file://$archive
echo "9.9.9 $checksum $address" >"$tree/cmake/cmocka_release.txt"
cat >"$work/bin/apt-get" <<TEXT
#!/bin/sh
[ ! -e "$work/no-mirror" ] || exit 0
echo "copy:$work/mirror/ main"
TEXT
chmod +x "$work/bin/apt-get"
PATH=$work/bin:$PATH
export PATH

# fetch CODE TEXT: fetches cmocka anew.
fetch() {
    rm -rf "$tree/build/cache/cmocka"
    expect "$1" "$2" "$tree/ci/setup.sh" cmocka
    if [ "$1" -eq 0 ] && [ ! -f "$tree/build/cache/cmocka/src/cmocka.c" ]; then
        echo "FAILED: setup.sh succeeded without cmocka's source"
        failures=$((failures + 1))
    fi
}

fetch 0 "fetching cmocka's source"                      # from its site: the mirror does not have it
rm -rf "$tree/build"
mv "$archive" "$work/archive"
fetch 1 "could not fetch cmocka's source"               # from nowhere
if [ -x /usr/lib/apt/apt-helper ]; then
    cp "$work/archive" "$work/mirror/pool/main/c/cmocka/cmocka_9.9.9.orig.tar.xz"
    fetch 0 "fetching cmocka's source"                  # from the mirror
    : >"$work/no-mirror"
    fetch 0 "fetching cmocka's source"                  # from the archive that is kept
    rm "$work/no-mirror" "$tree"/build/cache/cmocka-*
    echo "another archive" >"$work/mirror/pool/main/c/cmocka/cmocka_9.9.9.orig.tar.xz"
    fetch 1 "could not fetch cmocka's source"           # another checksum
fi
echo "another archive" >"$archive"
fetch 1 "SHA-256"
[ -z "$(find "$tree/build/cache" -name 'cmocka*')" ] || {
    echo "FAILED: something of a failed download is kept"
    failures=$((failures + 1))
}
mv "$work/archive" "$archive"
mkdir -p "$tree/build/cache"
echo "a broken archive" >"$tree/build/cache/cmocka-9.9.9.tar.xz"
fetch 0 "fetching cmocka's source"

expect 1 "the Windows backend is NOT tested" "$tree/ci/test.sh" --no-setup mingw
expect 1 "0 passed, 1 failed, 0 skipped" "$tree/ci/test.sh" --no-setup mingw
expect 0 "0 passed, 0 failed, 1 skipped" "$tree/ci/test.sh" --no-setup --without-windows mingw

# A BSD kernel is not part of the project, so its absence is a skip in CI too. A folder without one
# that was named is a failure.
unset FERRULE_NETBSD FERRULE_FREEBSD
expect 0 "netbsd: not run: no kernel" "$tree/ci/kernels.sh" --no-setup
expect 0 "freebsd: not run: no kernel" "$tree/ci/kernels.sh" --no-setup
expect 0 "macos: not run: no kernel" "$tree/ci/kernels.sh" --no-setup
expect 0 "0 passed, 0 failed, 3 skipped" env CI=true "$tree/ci/kernels.sh" --no-setup
expect 1 "0 passed, 1 failed, 0 skipped" env "FERRULE_NETBSD=$work/site" "$tree/ci/kernels.sh" --no-setup netbsd
expect 2 "there is no kernel of OpenBSD" "$tree/ci/kernels.sh" openbsd
expect 2 "usage: ci/kernels.sh" "$tree/ci/kernels.sh" solaris

# ci/wine10.sh removes a folder that it has not completed, and no other. These programs make every
# attempt to complete one fail.
for program in apt-config debootstrap flock id unshare; do
    case $program in
        debootstrap) echo 'exit 1' ;;
        id) echo 'echo 0' ;;
        unshare) echo '[ "$2" = true ] || { shift; exec "$@"; }' ;;
        *) echo 'exit 0' ;;
    esac >"$work/command"
    { echo '#!/bin/sh'; cat "$work/command"; } >"$work/bin/$program"
    chmod +x "$work/bin/$program"
done
if [ -f /usr/share/keyrings/debian-archive-keyring.gpg ]; then
    FERRULE_DEBIAN_MIRROR=copy:$work/mirror
    export FERRULE_DEBIAN_MIRROR
    mkdir -p "$work/trixie/etc"
    expect 1 "was not made by this script" "$tree/ci/wine10.sh" --no-setup --root "$work/trixie"
    [ -d "$work/trixie/etc" ] || { echo "FAILED: another folder was removed"; failures=1; }
    : >"$work/trixie/ferrule-incomplete"
    expect 1 "Debian 13 could not be made" "$tree/ci/wine10.sh" --no-setup --root "$work/trixie"
    expect 1 "0 passed, 1 failed, 0 skipped" "$tree/ci/wine10.sh" --no-setup --root "$work/trixie"
    [ ! -d "$work/trixie/etc" ] || { echo "FAILED: a left-over is in the folder"; failures=1; }
fi
printf '#!/bin/sh\nexit 1\n' >"$work/bin/unshare"
expect 1 "does not permit a mount namespace" "$tree/ci/wine10.sh" --no-setup
printf '#!/bin/sh\necho 1000\n' >"$work/bin/id"
expect 1 "only root" "$tree/ci/wine10.sh" --no-setup

[ "$failures" -eq 0 ] || exit 1
echo "ci_scripts: cmocka's origins and the Windows half are as documented"
