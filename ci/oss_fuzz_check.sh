#!/bin/sh
# Builds the harnesses with fuzz/oss-fuzz/build.sh as OSS-Fuzz's and ClusterFuzzLite's images do, and rejects what their build check rejects.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/oss_fuzz_check.sh [--no-setup] [--sample | ENGINE/SANITIZER/ARCHITECTURE...]

Without arguments: libfuzzer/{address,undefined,memory,coverage}/x86_64, afl/{address,none}/x86_64 and libfuzzer/address/i386; --sample is
the first and afl/none/x86_64. A target fails when it is missing or has no seeds; for another architecture; linked to a library that
their machines have not; built with another sanitizer or hardly with the right one; hardly instrumented; or when it does not start
from another folder, with neither sources nor build there, or does not come through its seeds.
The last line is `N passed, N failed, N skipped`, a target of each build counting as one. Not tried here: honggfuzz and centipede, and
the age of the image's C library. Logs lie in build/log.
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

place=$root/build/oss-fuzz
passed=0
failed=0
skipped=0
least_edges=100

# The flags that their images set, but for what only silences warnings.
base_flags="-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
undefined=array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,returns-nonnull-attribute,shift
undefined=$undefined,signed-integer-overflow,unreachable,vla-bound
flags_of_sanitizer() {
    case $1 in
        address) echo "-fsanitize=address -fsanitize-address-use-after-scope" ;;
        undefined) echo "-fsanitize=$undefined,unsigned-integer-overflow -fno-sanitize-recover=$undefined" ;;
        memory) echo "-fsanitize=memory -fsanitize-memory-track-origins" ;;
        coverage) echo "-fprofile-instr-generate -fcoverage-mapping -pthread" ;;
    esac
}

# In the environment of build.sh there is nothing else of ours.
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
    # The image has 32-bit kernel headers where the compiler looks; Debian has only the 64-bit ones, which say the same.
    [ "$architecture" = x86_64 ] || flags="-m32 -idirafter /usr/include/x86_64-linux-gnu $flags"
    env -i "PATH=$PATH" "HOME=$place" AFL_QUIET=1 $afl_asan "SRC=$place/src" "WORK=$place/work" "OUT=$place/out" \
        "CC=$cc" "CXX=$cxx" "CFLAGS=$flags" "CXXFLAGS=$flags" "LIB_FUZZING_ENGINE=$library" "FUZZING_ENGINE=$engine" \
        "SANITIZER=$sanitizer" "ARCHITECTURE=$architecture" FUZZING_LANGUAGE=c bash -eu "$place/src/ferrule/fuzz/oss-fuzz/build.sh"
}

afl_driver() {
    for driver in /usr/lib/afl/libAFLDriver.a /usr/local/lib/afl/libAFLDriver.a; do
        [ ! -f "$driver" ] || { echo "$driver"; return 0; }
    done
    echo libAFLDriver.a
}

# wrong TEXT: what is wrong with the target that is being looked at.
wrong() {
    say "    $build_name $(basename "$target"): $*"
    is_good=no
}

# somewhere COMMAND...: as their runner starts a target: from elsewhere, with nothing of ours in the environment.
somewhere() {
    (cd / && env -i "PATH=$PATH" "HOME=$place" UBSAN_OPTIONS=silence_unsigned_overflow=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 \
        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 "LLVM_PROFILE_FILE=$target.profraw" timeout 300 "$@") >"$target.log" 2>&1 </dev/null
}

tell_log() { tail -n 5 "$target.log" | sed 's/^/    | /'; }

check_binary() {
    case $architecture in x86_64) format=elf64-x86-64 ;; *) format=elf32-i386 ;; esac
    objdump -p "$target" >"$target.headers"
    grep -q "file format $format" "$target.headers" || wrong "it is not for $architecture"
    strange=$(awk '$1 == "NEEDED" { print $2 }' "$target.headers" |
        grep -vE '^(lib(c|m|pthread|rt|dl|gcc_s|resolv|stdc\+\+)|ld-linux(-x86-64)?)\.so\.[0-9]+$' | tr '\n' ' ' || true)
    [ -z "$strange" ] || wrong "it needs $strange"
    ! grep -qE ' (RPATH|RUNPATH) ' "$target.headers" || wrong "it looks for libraries in a place of its own"
}

# Calls into each sanitizer, from the code and from its run-time library. The limits are those of OSS-Fuzz's bad_build_check.
check_sanitizer() {
    objdump -d --no-show-raw-insn "$target" | awk '/call.*<(_ZNK?[67])?__asan/ { address++ } /call.*<(_ZNK?[67])?__msan/ { memory++ }
        /call.*<(_ZNK?[67])?__ubsan/ { undefined++ } END { print address + 0, memory + 0, undefined + 0 }' >"$target.calls"
    read -r address memory undefined_calls <"$target.calls"
    most_undefined=200
    [ "$architecture" = x86_64 ] || most_undefined=280
    calls="calls: $address to ASan, $memory to MSan, $undefined_calls to UBSan"
    case $sanitizer in
        address) [ "$address" -ge 1000 ] && [ "$memory" -le 3 ] && [ "$undefined_calls" -le $most_undefined ] || wrong "$calls" ;;
        memory) [ "$memory" -ge 1000 ] && [ "$address" -eq 0 ] && [ "$undefined_calls" -le $most_undefined ] || wrong "$calls" ;;
        undefined) [ "$undefined_calls" -ge 168 ] && [ "$address" -eq 0 ] && [ "$memory" -le 3 ] || wrong "$calls" ;;
        # AFL++'s driver calls a few by itself.
        *) [ "$address" -lt 100 ] && [ "$memory" -lt 100 ] || wrong "$calls" ;;
    esac
}

# Sets $options to what their runner makes of the file, and unpacks the seeds.
check_companions() {
    options=
    mkdir "$target.seeds"
    python3 -m zipfile -e "${target}_seed_corpus.zip" "$target.seeds" 2>/dev/null || { wrong "there is no seed corpus"; return 0; }
    [ "$(find "$target.seeds" -type f | wc -l)" -gt 0 ] || wrong "the seed corpus is empty"
    [ -f "$target.options" ] || { wrong "there are no options"; return 0; }
    [ "$(head -n 1 "$target.options")" = "[libfuzzer]" ] || wrong "the options have no section [libfuzzer]"
    sed 1d "$target.options" >"$target.option-lines"
    while IFS=' =' read -r key value; do
        case $key/$value in
            max_len/*[!0-9]* | max_len/) wrong "max_len is $value" ;;
            max_len/*) options="$options -max_len=$value" ;;
            dict/*/*) wrong "the dictionary lies outside: $value" ;;
            dict/*) [ -f "${target%/*}/$value" ] || wrong "there is no dictionary $value"; options="$options -dict=${target%/*}/$value" ;;
            *) wrong "an option that this script does not know: $key" ;;
        esac
    done <"$target.option-lines"
}

check_libfuzzer() {
    # shellcheck disable=SC2086 # the options are words
    if ! somewhere "$target" -seed=1337 -runs=4 "-artifact_prefix=$target." $options || ! grep -q 'Done 4 runs' "$target.log"; then
        wrong "it does not start"
        tell_log
        return 0
    fi
    edges=$(sed -n 's/^INFO: Loaded [0-9]* modules* .*counters): *\([0-9]*\).*/\1/p' "$target.log" | head -n 1)
    [ "${edges:-0}" -ge $least_edges ] || wrong "only ${edges:-0} edges are instrumented"
    # shellcheck disable=SC2086 # the options are words
    somewhere "$target" -seed=1337 -runs=0 "-artifact_prefix=$target." $options "$target.seeds" || { wrong "it does not come through its seeds"; tell_log; return 0; }
    reached=$(sed -n 's/.*INITED cov: \([0-9]*\).*/\1/p' "$target.log")
    [ "${reached:-0}" -ge $least_edges ] || wrong "its seeds reach only ${reached:-0} edges"
    note="$edges edges, $reached reached by the seeds"
}

check_afl() {
    somewhere afl-showmap -m none -C -i "$target.seeds" -o "$target.map" -- "$target" || { wrong "it does not come through its seeds"; tell_log; return 0; }
    reached=$(wc -l <"$target.map" | tr -d ' ')
    [ "$reached" -ge $least_edges ] || wrong "its seeds reach only $reached edges"
    mkdir "$target.first"
    find "$target.seeds" -type f | LC_ALL=C sort | head -n 1 | while IFS= read -r seed; do cp "$seed" "$target.first/"; done
    somewhere afl-fuzz -m none -V 1 -i "$target.first" -o "$target.found" -- "$target" || true
    grep -q 'All set and ready to roll' "$target.log" || { wrong "afl-fuzz does not take it"; tell_log; }
    note="$reached edges reached by the seeds"
}

# Their coverage job runs the seeds too, and finds the profile by its variable.
check_coverage() {
    find "$target.seeds" -type f >"$target.seed-list"
    # shellcheck disable=SC2046 # the names of seeds are words
    somewhere "$target" $(cat "$target.seed-list") || { wrong "it does not come through its seeds"; tell_log; return 0; }
    llvm-profdata-19 merge -sparse "$target.profraw" -o "$target.profdata" 2>>"$target.log" || { wrong "it leaves no profile"; return 0; }
    reached=$(llvm-cov-19 export -summary-only "-instr-profile=$target.profdata" "$target" 2>>"$target.log" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["data"][0]["totals"]["lines"]["covered"])')
    [ "$reached" -ge $least_edges ] || wrong "its profile has only $reached lines"
    note="$reached lines reached by the seeds"
}

check_target() {
    is_good=yes
    note=
    if [ ! -x "$target" ]; then
        wrong "it was not built"
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

# build.sh says which harness it leaves out, and why.
check_targets() {
    for source in "$root"/fuzz/harnesses/fuzz_*.c; do
        name=$(basename "$source" .c)
        target=$place/elsewhere/$name
        if [ ! -e "$target" ] && reason=$(grep -E "^$name is left out: " "$log"); then
            say "    $reason"
            skipped=$((skipped + 1))
        else
            check_target
        fi
    done
    strange=$(grep -vE '^\./fuzz_[a-z0-9_]+(\.options|\.dict|_seed_corpus\.zip)?$' "$place/out-list" || true)
    if [ -n "$strange" ]; then
        say "    $build_name: in OUT there is what does not belong there:" "$strange"
        failed=$((failed + 1))
    fi
}

can_be_built() {
    [ "$architecture" = i386 ] || return 0
    echo 'int main(void) { return 0; }' >"$place/probe.c"
    clang++-19 -m32 -x c++ "$place/probe.c" -o "$place/probe" >/dev/null 2>&1
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
        say "    skipped: there is no 32-bit C library for clang here (libc6-dev-i386, lib32stdc++-N-dev)"
        skipped=$((skipped + 1))
        return 0
    fi
    rm -rf "$place/work" "$place/out" "$place/elsewhere"
    mkdir -p "$place/work" "$place/out"
    if ! run_build >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" | sed 's/^/    | /'
        failed=$((failed + 1))
        return 0
    fi
    # What a target needs of the places where it was built would be missing on their machines.
    (cd "$place/out" && find . -mindepth 1) >"$place/out-list"
    rm -rf "$place/work"
    mv "$place/out" "$place/elsewhere"
    mv "$place/src" "$place/src-away"
    check_targets
    mv "$place/src-away" "$place/src"
    say "    took $(($(date +%s) - began)) s"
}

# Only what is, or could be, in the repository.
copy_sources() {
    rm -rf "$place"
    mkdir -p "$place/src/ferrule"
    (cd "$root" && git ls-files -co --exclude-standard | tar cf - -T -) | tar xf - -C "$place/src/ferrule"
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
    "$root/ci/setup.sh" fuzz32 || say "    going on with what is here"
fi
copy_sources
for build in $builds; do
    try_build "$build"
done
say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
