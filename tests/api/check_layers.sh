#!/bin/sh
# Checks the includes of each layer:
# - include/ and core/ name no operating system;
# - core includes only itself, the public headers, the seam and the freestanding headers;
# - a module of core includes only itself and lower modules. The table in docs/DESIGN.md lists the
#   modules, highest first, as
#   `| core/NAME/ | purpose |`.
# usage: check_layers.sh ROOT
set -eu
cd "$1"

files=$(find include core -name '*.[ch]' | LC_ALL=C sort)
[ -n "$files" ] || { echo "check_layers: nothing to check in $1" >&2; exit 1; }

modules=$(sed -n 's/^| `core\/\([a-z_]*\)\/` |.*/\1/p' docs/DESIGN.md 2>/dev/null | tr '\n' ' ')
[ -n "$modules" ] || { echo "check_layers: docs/DESIGN.md has no table of core's modules" >&2; exit 1; }

# shellcheck disable=SC2086 # the list is words
awk -v modules="$modules" '
BEGIN { count = split(modules, name_of); for (i = 1; i <= count; i++) rank[name_of[i]] = -i }

function complain(text) { printf "%s:%d: %s\n", FILENAME, first, text; bad = 1 }

function is_freestanding(name) {
    return name ~ /^(float|iso646|limits|stdalign|stdarg|stdbool|stddef|stdint|stdnoreturn)\.h$/
}

# The compiler'"'"'s instruction headers. A header of core may include one beside the portable form.
# A public header may include <sal.h> if the compiler is MSVC.
function is_instruction_header(name) { return name ~ /^(intrin|emmintrin|arm_neon)\.h$/ }

function module_of(path,    parts) { return split(path, parts, "/") == 3 ? parts[2] : "" }

function check_rank(from, to, name) {
    if (!(to in rank)) complain("\"" name "\" is in no module of docs/DESIGN.md")
    else if (rank[to] > rank[from]) complain("core/" from " may not include core/" to ", a higher module: \"" name "\"")
}

function check_include(layer, line,    name) {
    name = line
    sub(/^#[ \t]*include[ \t]*[<"]/, "", name)
    sub(/[>"].*$/, "", name)
    if (line ~ /include[ \t]*</) {
        if (is_freestanding(name)) return
        if (layer == "core" && (name == "string.h" || name == "stdatomic.h")) return
        if (layer == "include" && name == "sal.h" && condition ~ /_MSC_VER/) return
        if (layer == "core" && FILENAME ~ /\.h$/ && is_instruction_header(name)) return
        complain(layer " may not include <" name ">")
    } else if (layer == "core") {
        if (name !~ /^core\// && name !~ /^ferrule\// && name != "ferrule.h" && name !~ /^platform\/[a-z_]+\.h$/)
            complain("core may not include \"" name "\"")
        else if (name ~ /^core\//)
            check_rank(module_of(FILENAME), module_of(name), name)
    } else if (name !~ /^ferrule\//) {
        complain("include may not include \"" name "\"")
    }
}

function check_condition(layer, line) {
    if (line ~ /_WIN32|_WIN64|WIN32|__CYGWIN__|__MINGW|__linux|__gnu_linux__|__unix|__APPLE__|__MACH__|TARGET_OS_|BSD__|__DragonFly__|__sun|__ANDROID__|__EMSCRIPTEN__|_POSIX_|__HAIKU__|__QNX/)
        complain(layer " may not ask which operating system this is: " line)
    if (line ~ /__has_include/)
        complain(layer " may not look for headers: " line)
}

FNR == 1 {
    pending = ""
    first = 1
    if (FILENAME ~ /^core\// && !(module_of(FILENAME) in rank)) complain("the file is in no module of docs/DESIGN.md")
}
{
    if (pending == "") first = FNR
    line = pending $0
    if (line ~ /\\$/) { sub(/\\$/, " ", line); pending = line; next }
    pending = ""
    sub(/^[ \t]+/, "", line)
    layer = FILENAME
    sub(/\/.*/, "", layer)
    if (line ~ /^#[ \t]*include/) check_include(layer, line)
    if (line ~ /^#[ \t]*(if|ifdef|ifndef|elif|else|endif)/) condition = line
    if (line ~ /^#[ \t]*(if|ifdef|ifndef|elif)/) check_condition(layer, line)
    if (layer == "core" && line ~ /(^|[^A-Za-z0-9_])(errno|malloc|calloc|realloc|free|printf|fprintf|snprintf)[ \t]*(\(|=|;)/ &&
        line !~ /^(\*|\/\*)/)
        complain("core uses neither the heap, nor stdio, nor errno: " line)
}
END { exit bad }
' $files
echo "check_layers: $(printf '%s\n' "$files" | wc -l | tr -d ' ') files keep to their layer"
