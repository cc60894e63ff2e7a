#!/bin/sh
# Builds every harness as OSS-Fuzz and ClusterFuzzLite require: with CC, CXX, CFLAGS, CXXFLAGS and
# LIB_FUZZING_ENGINE from the environment, from SRC/ferrule, in WORK, to OUT. These flags determine
# sanitizer, engine and architecture. fuzz/oss-fuzz/check.sh tests it.
#
# For each harness OUT contains fuzz_NAME, fuzz_NAME_seed_corpus.zip, fuzz_NAME.options and, if it
# has a dictionary, fuzz_NAME.dict.
set -eu
: "${SRC:?}" "${WORK:?}" "${OUT:?}" "${CC:?}" "${CXX:?}" "${CFLAGS?}" "${CXXFLAGS?}" "${LIB_FUZZING_ENGINE:?}"
source=$SRC/ferrule
build=$WORK/ferrule-build

# A cache of an earlier build would keep its flags.
rm -rf "$build"
mkdir -p "$build"
# CMake adds no flags for the build type None. No rustc: its code is not instrumented for the
# sanitizers.
cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=None -DFERRULE_ASSERTIONS=ON -DFERRULE_INSTALL=OFF -DFERRULE_BUILD_FUZZ=ON \
    -DFERRULE_RUSTC= -DFERRULE_FUZZ_ENGINE=external "-DFERRULE_FUZZ_LIBRARY=$LIB_FUZZING_ENGINE" "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=$OUT"
cmake --build "$build" --target fuzzers -j "$(nproc)"

cmake --build "$build" --target help >"$build/targets"
for harness in "$source"/fuzz/harnesses/fuzz_*.c; do
    name=$(basename "$harness" .c)
    name=${name#fuzz_}
    fuzzer=$OUT/fuzz_$name
    if ! grep -qw "fuzz_$name" "$build/targets"; then
        echo "fuzz_$name is left out: this build has no such target"
        continue
    fi
    {
        echo "[libfuzzer]"
        sh "$source/fuzz/options.sh" "$name" | sed 's/=/ = /'
    } >"$fuzzer.options"
    if [ -f "$source/fuzz/dict/$name.dict" ]; then
        cp "$source/fuzz/dict/$name.dict" "$fuzzer.dict"
        echo "dict = fuzz_$name.dict" >>"$fuzzer.options"
    fi
    (
        cd "$source/fuzz/corpus/$name"
        find . -type f | sed 's,^\./,,' | LC_ALL=C sort >"$build/$name.inputs"
        rm -f "${fuzzer}_seed_corpus.zip"
        cmake -E tar cf "${fuzzer}_seed_corpus.zip" --format=zip "--files-from=$build/$name.inputs"
    )
done
