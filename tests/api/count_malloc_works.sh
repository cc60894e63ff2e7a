#!/bin/sh
# Checks the counter: it must fail a libferrule.so that allocates more or less often than expected,
# pass one that does not, and refuse a program without one.
# usage: count_malloc_works.sh CC COUNTER
set -eu
cc=$1
counter=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo 'int planted(void); int main(void) { return planted(); }' >program.c
echo '#include <stdlib.h>
int planted(void); int planted(void) { return 0; }' >clean.c

# expect CODE NAME: builds planted.c as libferrule.so, runs a program that calls it.
expect() {
    "$cc" -O0 -shared -fPIC planted.c -o libferrule.so
    "$cc" -O0 program.c -o program -L. -lferrule -Wl,-rpath,"$work"
    code=0
    LD_PRELOAD=$counter ./program 2>output || code=$?
    [ "$code" -eq "$1" ] || { echo "count_malloc_works: $2: exit code $code, wanted $1"; cat output; exit 1; }
}

echo '#include <stdlib.h>
int main(void) { free(malloc(5)); return 0; }' >alone.c
"$cc" -O0 alone.c -o alone
code=0
LD_PRELOAD=$counter ./alone 2>output || code=$?
[ "$code" -eq 96 ] || { echo "count_malloc_works: a program without libferrule.so: exit code $code"; exit 1; }

for call in 'malloc(7)' 'calloc(7, 7)' 'realloc(NULL, 7)'; do
    echo "#include <stdlib.h>
int planted(void); int planted(void) { void *volatile p = $call; free(p); return 0; }" >planted.c
    expect 97 "a library that calls $call"
done
COUNT_MALLOC_EXPECTED=1
export COUNT_MALLOC_EXPECTED
expect 0 "a library that allocates as often as expected"
cp clean.c planted.c
expect 97 "a library that allocates less often than expected"
unset COUNT_MALLOC_EXPECTED
echo '#include <stdlib.h>
int planted(void); int main(void) { void *volatile p = malloc(9); free(p); return planted(); }' >program.c
expect 0 "a library that does not allocate"
grep -q ' 0 of them' output
echo "count_malloc_works: it catches what it should"
