#!/bin/sh
# Runs the test suites of the ports: programs whose sockets a patch replaces by ferrule.
set -eu

usage() {
    cat <<'TEXT'
usage: ports/run.sh [--no-setup] [NAME...]

Builds the library, fetches the source of each port (default: all), and runs the program's own
tests twice: on the source as it is, and after ports/NAME.patch, which must not change the tests. As
many tests must pass. Names: see ports/README.md. libmodbus tests timeouts of milliseconds, and can
fail on a machine that is busy with something else. curl takes 35 minutes with two processors; its
tests that fail are repeated once, on the original too.
The sources are Debian's, from this machine's mirrors, with the checksums below. Without a network,
put the archive into build/cache/ports. --no-setup installs no packages. The last line is
`N passed, N failed, N skipped`, of ports. Logs: build/log/port-NAME.log, and port-NAME-original.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/../ci/common.sh"

# A row: the name, the version, the archive in Debian's pool/main, its SHA-256, and an extended
# regular expression of the files of the suite.
rows='
beanstalkd 1.13 b/beanstalkd/beanstalkd_1.13.orig.tar.gz 26292dcdc0a7011d2f8ad968612f2cd8b2ef07687224876015399ae85e9e5263 (test.*\.c|ct/.*)
curl 7.88.1 c/curl/curl_7.88.1.orig.tar.gz cdb38b72e36bc5d33d5b8810f8018ece1baa29a8f215b4495e495ded82bbf3c7 tests/.*
libmodbus 3.1.6 libm/libmodbus/libmodbus_3.1.6.orig.tar.gz fe0c141cd10d58bb848643f00f2d4b4005214f93312d7b66ac805fd369876651 tests/.*
'

# test_NAME: runs the suite in the folder of the patched source.
# count_NAME: prints the number of its tests that passed, from the output.

test_beanstalkd() { make -j "$jobs" USE_SYSTEMD=no check; }
# A point on one line for each test
count_beanstalkd() { grep '^\.\.*$' | tr -d '\n' | wc -c; }

# The second half transfers through curl_multi_socket_action.
test_curl() {
    ./configure --without-ssl --without-libidn2 --enable-debug --disable-shared \
        CPPFLAGS="$(pkg-config --cflags ferrule)" LIBS="$(pkg-config --libs ferrule)" &&
        make -j "$jobs" && make -j "$jobs" -C tests && cd tests &&
        transfer_curl && transfer_curl -e
}
count_curl() { sed -n 's/^TESTDONE: \([0-9]*\) tests out of .*/\1/p' | awk '{n += $1} END {print n + 0}'; }

# transfer_curl OPTION...: the tests that fail are in the log, and may fail on the original too.
transfer_curl() {
    run_curl "$@" '!flaky' '!SFTP' '!SCP' | tee tests.log
    bad_tests=$(sed -n 's/^TESTFAIL: These test cases failed: //p' tests.log)
    # shellcheck disable=SC2086 # a list of numbers
    [ -z "$bad_tests" ] || run_curl "$@" $bad_tests
    grep -q '^TESTDONE: [0-9]* tests out of ' tests.log
}

# runtests.pl stops at the first test that needs a USER that is not set.
run_curl() { USER=${USER:-$(id -un)} perl runtests.pl -n -a "$@" 2>&1 || true; }

# The suite's own script ends its server by name. Here each server ends with its own client.
test_libmodbus() {
    autoreconf -fi && ./configure && make -j "$jobs" && exchange_modbus tcp || return 1
    # The second half connects to ::1. A file of /proc has the size 0
    ! grep -q . /proc/net/if_inet6 2>/dev/null || exchange_modbus tcppi
}
count_libmodbus() { grep -c '\(^\|: \)OK$'; }

# exchange_modbus MODE: a failed connect does not disturb the server, so the client is repeated
# until the server listens.
exchange_modbus() {
    tests/unit-test-server "$1" >server.log 2>&1 &
    server=$!
    attempts=0
    code=1
    while [ "$attempts" -lt 100 ] && kill -0 "$server" 2>/dev/null; do
        code=0
        tests/unit-test-client "$1" >client.log 2>&1 || code=$?
        grep -q '^Connection failed' client.log || break
        attempts=$((attempts + 1))
        sleep 0.1
    done
    cat client.log
    kill "$server" 2>/dev/null || true
    wait "$server" || true
    return "$code"
}

cache=$root/build/cache/ports
work=$root/build/ports
prefix=$work/prefix

# archive_of PATH SHA256: prints the path of the archive, which it fetches from a mirror if
# necessary. The suites of one mirror share one pool.
archive_of() {
    archive=$cache/${1##*/}
    if ! has_checksum "$archive" "$2" && [ -x /usr/lib/apt/apt-helper ]; then
        # shellcheck disable=SC2016 # the field is apt's
        for mirror in $(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
            sed 's,/*$,,' | LC_ALL=C sort -u); do
            ! /usr/lib/apt/apt-helper -o Acquire::Retries=3 -o APT::Sandbox::User=root \
                download-file "$mirror/pool/main/$1" "$archive.new" "SHA256:$2" >&2 ||
                { mv "$archive.new" "$archive" && break; }
        done
        rm -f "$archive".new*
    fi
    has_checksum "$archive" "$2" && say "$archive"
}

has_checksum() {
    [ -f "$1" ] && [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]
}

# A program finds the library by pkg-config, as after an installation.
install_library() {
    cmake -S "$root" -B "$work/library" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib &&
        run_nice cmake --build "$work/library" -j "$jobs" &&
        cmake --install "$work/library" --prefix "$prefix"
}

# patch_source NAME SUITE: patches the source in the current folder.
patch_source() {
    patch=$root/ports/$1.patch
    if grep -E "^(---|\+\+\+) [ab]/$2([[:blank:]]|\$)" "$patch"; then
        echo "error: the patch changes the suite"
        return 1
    fi
    patch -p1 -s --fuzz=0 --no-backup-if-mismatch <"$patch"
}

# test_source NAME ARCHIVE FOLDER COMMAND...: unpacks the source, runs the command in its folder, and
# then the tests.
test_source() {
    rm -rf "$3"
    mkdir -p "$3" && tar -xf "$2" -C "$3" --strip-components 1 && cd "$3" || return 1
    test_of=test_$1
    shift 3
    "$@" && PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib" "$test_of"
}

setup=yes
names=
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        -*) usage >&2; exit 2 ;;
        *)
            say "$rows" | grep -q "^$1 " || { usage >&2; exit 2; }
            names="$names $1 "
            ;;
    esac
    shift
done
[ "$setup" = no ] || "$root/ci/setup.sh" ports
mkdir -p "$cache" "$work"
logged port-library install_library

while read -r name version path checksum suite; do
    case $names in
        *" $name "* | "") [ -n "$name" ] || continue ;;
        *) continue ;;
    esac
    say "==== $name $version"
    if ! archive=$(archive_of "$path" "$checksum" 2>"$logs/port-$name.log"); then
        report_unavailable "$name: its source could not be fetched (build/log/port-$name.log)"
    elif (logged "port-$name-original" test_source "$name" "$archive" "$work/$name-original" true) &&
        (logged "port-$name" test_source "$name" "$archive" "$work/$name" \
            patch_source "$name" "$suite"); then
        expected=$("count_$name" <"$logs/port-$name-original.log" || true)
        count=$("count_$name" <"$logs/port-$name.log" || true)
        say "    $count tests passed, $expected before the patch"
        if [ "$count" -gt 0 ] && [ "$count" -eq "$expected" ]; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    else
        failed=$((failed + 1))
    fi
done <<ROWS
$rows
ROWS
say_totals
