#!/bin/sh
# Checks that each line of tests/mutants/equivalents.txt names a mutant of the sources.
# usage: check_mutants.sh ROOT [PYTHON]
set -eu
exec "${2:-python3}" "$1/tests/mutants/mutate.py" --check
