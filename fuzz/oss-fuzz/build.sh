#!/bin/sh
# Builds every harness the way OSS-Fuzz and ClusterFuzzLite ask for it: with CC, CXX, CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE as they are,
# from SRC/ferrule, through WORK, into OUT. Sanitizer, engine and architecture are all in these flags. ci/oss_fuzz_check.sh tries it here.
#
# OUT gets, of each harness, fuzz_NAME, fuzz_NAME_seed_corpus.zip, fuzz_NAME.options and, if there is one, fuzz_NAME.dict.
set -eu
: "${SRC:?}" "${WORK:?}" "${OUT:?}" "${CC:?}" "${CXX:?}" "${CFLAGS?}" "${CXXFLAGS?}" "${LIB_FUZZING_ENGINE:?}"
source=$SRC/ferrule
build=$WORK/ferrule-build

# An old cache would keep other flags.
rm -rf "$build"
mkdir -p "$build"
# A build type that CMake has no flags of its own for; and no rustc, for their sanitizers cannot look into what it makes.
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
        echo "max_len = $(sh "$source/fuzz/max_len.sh" "$name")"
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
