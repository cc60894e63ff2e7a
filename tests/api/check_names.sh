#!/bin/sh
# Checks that no name at file scope is defined in two sources of core, or of core and a backend: a
# Release build compiles them as one file (cmake/amalgamate.cmake).
# usage: check_names.sh ROOT [PYTHON]
set -eu
exec "${2:-python3}" "$(dirname "$0")/../../ci/plant.py" names "$1"
