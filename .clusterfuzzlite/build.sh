#!/bin/sh
# ClusterFuzzLite runs this script to build the harnesses, by the same script as OSS-Fuzz.
exec sh "$SRC/ferrule/fuzz/oss-fuzz/build.sh"
