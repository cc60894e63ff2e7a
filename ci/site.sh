#!/bin/sh
# Builds the site of docs/generate into build/site and tests it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/site.sh [--no-setup] [--no-browser]

Writes the site into build/site: guide, reference, state diagrams and the page of differences. Open
build/site/index.html; no server is needed. Then checks that all local links and anchors exist,
tests the pages in headless Chromium (searches, filters, without JavaScript, the width of a phone,
contrast) and checks the manual pages. Screenshots are in build/site-screenshots.

  --no-setup    installs no packages
  --no-browser  leaves out the tests in Chromium
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

setup=yes
browser=yes
for argument in "$@"; do
    case $argument in
        --no-setup) setup=no ;;
        --no-browser) browser=no ;;
        --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
[ "$setup" = no ] || "$root/ci/setup.sh" site

generate=$root/docs/generate
python3 "$generate/site.py" "$root" "$root/build/site"
python3 "$generate/check_links.py" "$root/build/site"
if [ "$browser" = yes ]; then
    python3 "$generate/check_pages.py" "$root/build/site" "$root/build/site-screenshots"
fi
sh "$root/tests/api/check_man.sh" "$root"
