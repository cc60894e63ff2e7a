#!/bin/sh
# Builds the site of docs/generate into build/site and tests it. When: after a change of docs/ or of
# a header; .ci/run runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/site.sh [--no-setup]

Writes the site into build/site with MkDocs: guide, reference, state diagrams and the page of
differences. Open build/site/index.html; only the search needs a server
(python3 -m http.server -d build/site). Then checks that all local links and anchors exist, tests
the pages in headless Chromium (the search, without JavaScript, the width of a phone), and checks
that the site and the manual pages are complete, and that groff, man and mandoc warn of nothing. A
screenshot is in build/site-screenshots.

  --no-setup  installs no packages
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

setup=yes
for argument in "$@"; do
    case $argument in
        --no-setup) setup=no ;;
        --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
[ "$setup" = no ] || "$root/ci/setup.sh" site

generate=$root/docs/generate
python3 "$generate/site.py" "$root" "$root/build/site"
python3 "$generate/check_site.py" "$root/build/site" "$root/build/site-screenshots"
sh "$generate/check_pages.sh" "$root" "$root/build/site"
