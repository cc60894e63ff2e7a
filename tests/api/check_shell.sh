#!/bin/sh
# Checks that every shell script can be parsed by sh and, where shellcheck is installed, that it
# warns of nothing. Each file of ci/ says in its first four lines when it is run.
# usage: check_shell.sh ROOT
set -eu
cd "$1"

if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [ -e .git ]; then
    files=$(git ls-files -co --exclude-standard)
else
    files=$(find . -type f -not -path './.git/*' -not -path './build*' | sed 's,^\./,,')
fi
scripts=$(printf '%s\n' "$files" | grep -E '\.sh$|(^|/)\.ci/run$' | LC_ALL=C sort || true)
[ -n "$scripts" ] || { echo "check_shell: no script in $1" >&2; exit 1; }

bad=0
for script in $scripts; do
    [ -f "$script" ] || continue
    sh -n "$script" || bad=1
done
for file in $(printf '%s\n' "$files" | grep '^ci/' || true); do
    [ ! -f "$file" ] || head -n 4 "$file" | grep -q 'When:' ||
        { echo "$file: the first lines do not say \`When:\`"; bad=1; }
done
with=
if command -v shellcheck >/dev/null 2>&1; then
    # shellcheck disable=SC2086 # one word a script
    shellcheck -x -S warning $scripts || bad=1
    with=" and by shellcheck"
fi
[ "$bad" -eq 0 ] || exit 1
echo "check_shell: $(printf '%s\n' "$scripts" | wc -l | tr -d ' ') scripts are accepted by sh$with"
