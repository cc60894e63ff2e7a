#!/bin/sh
# Builds the harnesses with build.sh as the images of OSS-Fuzz and ClusterFuzzLite do, and makes the
# checks of their build check. When: after a change of fuzz/; ci/test.sh --all runs a sample.
set -eu

usage() {
    cat <<'TEXT'
usage: fuzz/oss-fuzz/check.sh [--no-setup] [--sample | ENGINE/SANITIZER/ARCHITECTURE...]

Without arguments it builds libfuzzer/{address,undefined,memory,coverage}/x86_64,
afl/{address,none}/x86_64 and libfuzzer/address/i386.
  --sample    only libfuzzer/address/x86_64 and afl/none/x86_64
  --no-setup  do not run ci/setup.sh
A target fails if it
  - is missing, or has no seeds
  - is for another architecture, or needs a library that their machines do not have
  - is built with another sanitizer, or has too few calls to its own
  - has too few instrumented edges
  - does not start from another folder, without the sources and the build tree
  - fails on one of its seeds
The last line is `N passed, N failed, N skipped`; each target of each build counts as one. Not
tested: honggfuzz and centipede, and the version of the image's C library. Logs: build/log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/../../ci/common.sh"

workspace=$root/build/oss-fuzz

# The flags that the images set, without those that only silence warnings.
base_flags="-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
undefined=array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return
undefined=$undefined,returns-nonnull-attribute,shift,signed-integer-overflow,unreachable,vla-bound
flags_of_sanitizer() {
    case $1 in
        address) echo "-fsanitize=address -fsanitize-address-use-after-scope" ;;
        undefined) echo "-fsanitize=$undefined,unsigned-integer-overflow -fno-sanitize-recover=$undefined" ;;
        memory) echo "-fsanitize=memory -fsanitize-memory-track-origins" ;;
        coverage) echo "-fprofile-instr-generate -fcoverage-mapping -pthread" ;;
    esac
}

# Runs build.sh with no other variables in its environment.
run_build() {
    afl_asan=
    case $engine in
        libfuzzer)
            cc=clang-19 cxx=clang++-19 library=-fsanitize=fuzzer
            flags="$base_flags $(flags_of_sanitizer "$sanitizer")"
            [ "$sanitizer" = coverage ] || flags="$flags -fsanitize=fuzzer-no-link"
            ;;
        afl)
            cc=afl-clang-fast cxx=afl-clang-fast++ library=$(afl_driver) flags=$base_flags
            [ "$sanitizer" = none ] || afl_asan=AFL_USE_ASAN=1
            ;;
    esac
    # The image has 32-bit kernel headers in the compiler's search path. Debian has only the 64-bit
    # headers, which have the same content.
    [ "$architecture" = x86_64 ] || flags="-m32 -idirafter /usr/include/x86_64-linux-gnu $flags"
    env -i "PATH=$PATH" "HOME=$workspace" AFL_QUIET=1 $afl_asan "SRC=$workspace/src" \
        "WORK=$workspace/work" "OUT=$workspace/out" "CC=$cc" "CXX=$cxx" "CFLAGS=$flags" \
        "CXXFLAGS=$flags" "LIB_FUZZING_ENGINE=$library" "FUZZING_ENGINE=$engine" \
        "SANITIZER=$sanitizer" "ARCHITECTURE=$architecture" FUZZING_LANGUAGE=c \
        bash -eu "$workspace/src/ferrule/fuzz/oss-fuzz/build.sh"
}

afl_driver() {
    for driver in /usr/lib/afl/libAFLDriver.a /usr/local/lib/afl/libAFLDriver.a; do
        [ ! -f "$driver" ] || { echo "$driver"; return 0; }
    done
    echo libAFLDriver.a
}

# report_defect TEXT: reports a defect of the current target.
report_defect() {
    say "    $build_name $(basename "$target"): $*"
    is_good=no
}

# run_elsewhere COMMAND...: runs it as their runner does: from another folder and with a clean
# environment.
run_elsewhere() {
    (cd / && env -i "PATH=$PATH" "HOME=$workspace" UBSAN_OPTIONS=silence_unsigned_overflow=1 \
        AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
        "LLVM_PROFILE_FILE=$target.profraw" timeout 300 "$@") >"$target.log" 2>&1 </dev/null
}

# report_run TEXT: a defect that the current target's log explains.
report_run() {
    report_defect "$1"
    tail -n 5 "$target.log" | sed 's/^/    | /'
}

check_binary() {
    case $architecture in x86_64) format=elf64-x86-64 ;; *) format=elf32-i386 ;; esac
    objdump -p "$target" >"$target.headers"
    grep -q "file format $format" "$target.headers" || report_defect "not built for $architecture"
    unexpected=$(awk '$1 == "NEEDED" { print $2 }' "$target.headers" |
        grep -vE '^(lib(c|m|pthread|rt|dl|gcc_s|resolv|stdc\+\+)|ld-linux(-x86-64)?)\.so\.[0-9]+$' |
        tr '\n' ' ' || true)
    [ -z "$unexpected" ] || report_defect "it needs $unexpected"
    ! grep -qE ' (RPATH|RUNPATH) ' "$target.headers" || report_defect "it has a library search path"
}

# Counts the calls into each sanitizer, from the code and from its run-time library. The limits are
# those of OSS-Fuzz's bad_build_check.
check_sanitizer() {
    objdump -d --no-show-raw-insn "$target" |
        awk '/call.*<(_ZNK?[67])?__asan/ { address++ } /call.*<(_ZNK?[67])?__msan/ { memory++ }
            /call.*<(_ZNK?[67])?__ubsan/ { undefined++ }
            END { print address + 0, memory + 0, undefined + 0 }' >"$target.calls"
    read -r address memory undefined_calls <"$target.calls"
    max_undefined=200
    [ "$architecture" = x86_64 ] || max_undefined=280
    in_bounds=yes
    case $sanitizer in
        address)
            [ "$address" -ge 1000 ] && [ "$memory" -le 3 ] &&
                [ "$undefined_calls" -le $max_undefined ] || in_bounds=no
            ;;
        memory)
            [ "$memory" -ge 1000 ] && [ "$address" -eq 0 ] &&
                [ "$undefined_calls" -le $max_undefined ] || in_bounds=no
            ;;
        undefined)
            [ "$undefined_calls" -ge 168 ] && [ "$address" -eq 0 ] && [ "$memory" -le 3 ] ||
                in_bounds=no
            ;;
        # AFL++'s driver has a few calls of its own.
        *) [ "$address" -lt 100 ] && [ "$memory" -lt 100 ] || in_bounds=no ;;
    esac
    [ $in_bounds = yes ] ||
        report_defect "calls: $address to ASan, $memory to MSan, $undefined_calls to UBSan"
}

# Sets $options to the arguments that their runner makes from the options file, and unpacks the
# seeds.
check_companions() {
    options=
    mkdir "$target.seeds"
    python3 -m zipfile -e "${target}_seed_corpus.zip" "$target.seeds" 2>/dev/null ||
        { report_defect "no seed corpus"; return 0; }
    [ "$(find "$target.seeds" -type f | wc -l)" -gt 0 ] || report_defect "the seed corpus is empty"
    [ -f "$target.options" ] || { report_defect "no options file"; return 0; }
    [ "$(head -n 1 "$target.options")" = "[libfuzzer]" ] ||
        report_defect "the options have no section [libfuzzer]"
    sed 1d "$target.options" >"$target.option-lines"
    while IFS=' =' read -r key value; do
        case $key/$value in
            max_len/*[!0-9]* | max_len/) report_defect "max_len is $value" ;;
            max_len/* | entropic/0 | len_control/100 | timeout/60) options="$options -$key=$value" ;;
            dict/*/*) report_defect "the dictionary is in another folder: $value" ;;
            dict/*)
                [ -f "${target%/*}/$value" ] || report_defect "no dictionary $value"
                options="$options -dict=${target%/*}/$value"
                ;;
            *) report_defect "this script does not support the option $key" ;;
        esac
    done <"$target.option-lines"
}

check_libfuzzer() {
    # shellcheck disable=SC2086 # the options are words
    if ! run_elsewhere "$target" -seed=1337 -runs=4 "-artifact_prefix=$target." $options ||
        ! grep -q 'Done 4 runs' "$target.log"; then
        report_run "it does not start"
        return 0
    fi
    edges=$(sed -n 's/^INFO: Loaded [0-9]* modules* .*counters): *\([0-9]*\).*/\1/p' "$target.log" |
        head -n 1)
    [ "${edges:-0}" -ge $min_edges ] || report_defect "only ${edges:-0} edges are instrumented"
    # shellcheck disable=SC2086 # the options are words
    run_elsewhere "$target" -seed=1337 -runs=0 "-artifact_prefix=$target." $options \
        "$target.seeds" || { report_run "it fails on one of its seeds"; return 0; }
    reached=$(sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p' "$target.log")
    [ "${reached:-0}" -ge $min_edges ] || report_defect "its seeds reach only ${reached:-0} edges"
    note="$edges edges, $reached reached by the seeds"
}

check_afl() {
    run_elsewhere afl-showmap -m none -C -i "$target.seeds" -o "$target.map" -- "$target" ||
        { report_run "it fails on one of its seeds"; return 0; }
    reached=$(wc -l <"$target.map" | tr -d ' ')
    [ "$reached" -ge $min_edges ] || report_defect "its seeds reach only $reached edges"
    mkdir "$target.first"
    find "$target.seeds" -type f | LC_ALL=C sort | head -n 1 |
        while IFS= read -r seed; do cp "$seed" "$target.first/"; done
    run_elsewhere afl-fuzz -m none -V 1 -i "$target.first" -o "$target.found" -- "$target" || true
    grep -q 'All set and ready to roll' "$target.log" || report_run "afl-fuzz rejects it"
    note="$reached edges reached by the seeds"
}

# Their coverage job runs the seeds too, and gets the profile through the variable.
check_coverage() {
    find "$target.seeds" -type f >"$target.seed-list"
    # shellcheck disable=SC2046 # the names of seeds are words
    run_elsewhere "$target" $(cat "$target.seed-list") ||
        { report_run "it fails on one of its seeds"; return 0; }
    llvm-profdata-19 merge -sparse "$target.profraw" -o "$target.profdata" 2>>"$target.log" ||
        { report_defect "it writes no profile"; return 0; }
    totals='import json, sys; print(json.load(sys.stdin)["data"][0]["totals"]["lines"]["covered"])'
    reached=$(llvm-cov-19 export -summary-only "-instr-profile=$target.profdata" "$target" \
        2>>"$target.log" | python3 -c "$totals")
    [ "$reached" -ge $min_edges ] || report_defect "its profile has only $reached lines"
    note="$reached lines reached by the seeds"
}

check_target() {
    is_good=yes
    note=
    if [ ! -x "$target" ]; then
        report_defect "it was not built"
    else
        check_binary
        check_sanitizer
        check_companions
    fi
    if [ $is_good = yes ]; then
        case $engine/$sanitizer in
            */coverage) check_coverage ;;
            libfuzzer/*) check_libfuzzer ;;
            afl/*) check_afl ;;
        esac
    fi
    if [ $is_good = yes ]; then
        passed=$((passed + 1))
        say "    $(basename "$target"): $note"
    else
        failed=$((failed + 1))
    fi
}

# The log of build.sh has the reason for each harness that it leaves out.
check_targets() {
    for source in "$root"/fuzz/harnesses/fuzz_*.c; do
        name=$(basename "$source" .c)
        target=$workspace/elsewhere/$name
        # The parser of control messages is a small function: afl counts 87 edges of its harness.
        case $name in fuzz_control) min_edges=80 ;; *) min_edges=100 ;; esac
        if [ ! -e "$target" ] && reason=$(grep -E "^$name is left out: " "$log"); then
            say "    $reason"
            skipped=$((skipped + 1))
        else
            check_target
        fi
    done
    unexpected=$(grep -vE '^\./fuzz_[a-z0-9_]+(\.options|\.dict|_seed_corpus\.zip)?$' \
        "$workspace/out-list" || true)
    if [ -n "$unexpected" ]; then
        say "    $build_name: OUT has unexpected files:" "$unexpected"
        failed=$((failed + 1))
    fi
}

can_be_built() {
    [ "$architecture" = i386 ] || return 0
    echo 'int main(void) { return 0; }' >"$workspace/probe.c"
    clang++-19 -m32 -x c++ "$workspace/probe.c" -o "$workspace/probe" >/dev/null 2>&1
}

# try_build ENGINE/SANITIZER/ARCHITECTURE
try_build() {
    build_name=$1
    engine=${1%%/*}
    architecture=${1##*/}
    sanitizer=${1#*/}
    sanitizer=${sanitizer%/*}
    log=$logs/oss-fuzz-$engine-$sanitizer-$architecture.log
    began=$(date +%s)
    say "== oss-fuzz: $build_name"
    if ! can_be_built; then
        say "    skipped: clang has no 32-bit C library (libc6-dev-i386, lib32stdc++-N-dev)"
        skipped=$((skipped + 1))
        return 0
    fi
    rm -rf "$workspace/work" "$workspace/out" "$workspace/elsewhere"
    mkdir -p "$workspace/work" "$workspace/out"
    if ! run_build >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" | sed 's/^/    | /'
        failed=$((failed + 1))
        return 0
    fi
    # Their machines have neither the sources nor the build tree, so both are moved or deleted here.
    (cd "$workspace/out" && find . -mindepth 1) >"$workspace/out-list"
    rm -rf "$workspace/work"
    mv "$workspace/out" "$workspace/elsewhere"
    mv "$workspace/src" "$workspace/src-away"
    check_targets
    mv "$workspace/src-away" "$workspace/src"
    say "    took $(($(date +%s) - began)) s"
}

# Copies the tracked files, and the untracked files that git does not ignore.
copy_sources() {
    rm -rf "$workspace"
    mkdir -p "$workspace/src/ferrule"
    (cd "$root" && git ls-files -co --exclude-standard | tar cf - -T -) |
        tar xf - -C "$workspace/src/ferrule"
}

setup=yes
builds=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        --sample) builds="libfuzzer/address/x86_64 afl/none/x86_64" ;;
        libfuzzer/*/x86_64 | libfuzzer/*/i386 | afl/*/x86_64) builds="$builds $argument" ;;
        *) usage >&2; exit 2 ;;
    esac
done
if [ -z "$builds" ]; then
    for sanitizer in address undefined memory coverage; do
        builds="$builds libfuzzer/$sanitizer/x86_64"
    done
    builds="$builds afl/address/x86_64 afl/none/x86_64 libfuzzer/address/i386"
fi
if [ "$setup" = yes ]; then
    "$root/ci/setup.sh" build test fuzz
    "$root/ci/setup.sh" fuzz32 || say "    continuing with the installed programs"
fi
copy_sources
for build in $builds; do
    try_build "$build"
done
say_totals
