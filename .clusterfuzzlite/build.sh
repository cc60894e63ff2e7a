#!/bin/sh
# What ClusterFuzzLite runs to build the harnesses: the script that OSS-Fuzz runs too.
exec sh "$SRC/ferrule/fuzz/oss-fuzz/build.sh"
