# Compares the output of two fidelity programs, call by call.
# usage: awk -v one=FILE -v other=FILE -v again=COMMANDS -f compare.awk
# At a difference, or a result that contradicts the tracker (tracker.c), it prints the seed, the
# step, both results, and the earlier steps. The last lines report the number of equal sequences and
# calls, and how often the kinds behind a mask differed. Exit code 1: a difference, a contradiction,
# or nothing to compare.

function compared(line) { sub(/ ;.*$/, "", line); return line }

# The mask's name precedes " ;", the hidden kinds follow it.
function count_masks(line, other_line,    words, i, n) {
    n = split(compared(line), words, " ")
    for (i = 1; i <= n; i++) {
        if (substr(words[i], 1, 1) == "~") {
            used[substr(words[i], 2)]++
            if (line != other_line) differed[substr(words[i], 2)]++
        }
    }
}

# Both programs may contradict the tracker in the same way: its rules are incomplete, or both sides
# have a fault.
function contradicts(line) { return line ~ / (WRONG BYTES|Deadlock|nobody was expected)( |$)/ }

function show(line, other_line,    i, command) {
    print "fidelity: a difference in seed " seed
    for (i = 1; i <= kept; i++) print "    " before[i]
    print "  " one_name ": " line
    print "  " other_name ": " other_line
    command = again
    gsub(/SEED/, seed, command)
    print "  again: " command
    different++
}

function skip_program(file,    line) {
    while ((getline line < file) > 0) if (line ~ /^end /) return
}

BEGIN {
    for (;;) {
        here = (getline line < one)
        there = (getline other_line < other)
        sub(/\r$/, "", line)
        sub(/\r$/, "", other_line)
        if (here <= 0 && there <= 0) break
        if (here <= 0) line = "nothing more"
        if (there <= 0) other_line = "nothing more"
        if (line ~ /^seed /) { seed = substr(line, 6); kept = 0; sequences++ }
        if (compared(line) != compared(other_line) || contradicts(line)) {
            show(line, other_line)
            if (here <= 0 || there <= 0 || line ~ /^seed / || different == 10) break
            if (line !~ /^end /) skip_program(one)
            if (other_line !~ /^end /) skip_program(other)
            continue
        }
        if (line ~ / ;/) count_masks(line, other_line)
        if (line ~ /^[0-9]/) calls++
        before[++kept] = line
    }
    for (name in used) printf "    masked as %s: %d calls, of which %d differed\n", name, used[name], differed[name]
    if (different == 0 && sequences > 0) printf "fidelity: %d sequences, %d calls, all equal\n", sequences, calls
    if (sequences == 0) print "fidelity: nothing to compare"
    exit different > 0 || sequences == 0
}
