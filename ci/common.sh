# What the scripts of ci/ share; read by them, not run.
# shellcheck shell=sh disable=SC2034

root=$(cd "$(dirname "$0")/.." && pwd)
logs=$root/build/log
mkdir -p "$logs"
if ! jobs=$(nproc 2>/dev/null); then
    jobs=2
fi

# Many tests wait more than they compute.
test_jobs=$((jobs * 2))

# max_len_of HARNESS: longer inputs are only slower.
max_len_of() { sh "$root/fuzz/max_len.sh" "$1"; }

# Some containers do not allow it.
can_fix_layout() { setarch -R true >/dev/null 2>&1; }

# Without a fixed layout of memory the same seed does not give the same run; nor with libFuzzer's thread that watches the memory, which
# moves what is allocated.
fixed_layout() {
    if can_fix_layout; then
        setarch -R "$@"
    else
        "$@"
    fi
}

say() { printf '%s\n' "$*"; }

in_ci() { [ "${CI:-false}" = true ] || [ "${CI:-0}" = 1 ]; }

# used TREE...: CI builds nothing a second time, and its disk may be small: there a build tree goes once it was used.
used() { ! in_ci || rm -rf "$@"; }

# logged LOG COMMAND...: runs it with its output in build/log/LOG.log; when it fails, shows the end of that.
logged() {
    logged_file=$logs/$1.log
    shift
    if ! "$@" >"$logged_file" 2>&1 </dev/null; then
        say "    failed: $*"
        say "    the end of build/log/${logged_file##*/}:"
        grep -nE 'error:|warning:|undefined|FAILED' "$logged_file" | head -n 20 | sed 's/^/    | /' || true
        tail -n 15 "$logged_file" | sed 's/^/    | /'
        return 1
    fi
}

# configure_preset PRESET [ARGUMENT...]: configures it; anew from nothing where an old cache is in the way.
configure_preset() {
    preset=$1
    shift
    (cd "$root" && cmake --preset "$preset" "$@") ||
        { rm -rf "$root/build/$preset/CMakeCache.txt" "$root/build/$preset/CMakeFiles" && (cd "$root" && cmake --preset "$preset" "$@"); }
}

# gently COMMAND...: gives way to the tests of another preset, which wait for moments; once, where the caller does so already.
gently() {
    if [ "$(nice)" -eq 0 ]; then
        nice "$@"
    else
        "$@"
    fi
}

build_preset() {
    (cd "$root" && gently cmake --build "build/$1" -j "$jobs")
}

# The Wine server, ended at the end only by who started it.
wine_started=no
start_wine() {
    if ! "$root/ci/wine.sh" --running; then
        wine_started=yes
    fi
    "$root/ci/wine.sh" --start
}
stop_wine() {
    [ "$wine_started" = no ] || "$root/ci/wine.sh" --stop
    wine_started=no
}
