# answers.awk: the rows of DIFFERENCES.md that state something of a system that nobody knows, marked
# (?), each with the probes that ask it; from the report of a self-test also what they answered.
# usage: awk -v of=Windows -f answers.awk docs/DIFFERENCES.md REPORT-OR-PROBES.c...
# The last line has the counts. A row's probes begin with its name.

# The statements that end in (?). In a text they name the system since the mark before.
function unknown(text, is_cell,    part, mark, found) {
    while (match(text, /\([^()]*\)/)) {
        mark = substr(text, RSTART, RLENGTH)
        part = part substr(text, 1, RSTART - 1) mark
        text = substr(text, RSTART + RLENGTH)
        if (mark !~ /^\(([^()]*; )?(run|seen|src|doc|rep|WT|Wine|\?)/) continue
        if (mark ~ /^\(([^()]*; )?\?/ && (is_cell || index(part, of))) {
            sub(/^[ ,.;]+/, "", part)
            found = found (found == "" ? "" : " ... ") part
        }
        part = ""
    }
    return found
}

function add(name, found) {
    if (found == "") return
    gsub(/`/, "", name)
    if (!(name in page)) order[++rows] = name
    page[name] = page[name] (name in page && page[name] != "" ? " ... " : "") found
}

function end_note(    at) {
    at = index(note, ": ")
    if (at > 0) add(substr(note, 3, at - 3), unknown(substr(note, at + 2), 0))
    note = ""
}

{ sub(/\r$/, "") }

FILENAME ~ /DIFFERENCES\.md$/ {
    if (!/^  /) end_note()
    if (/^- /) note = $0
    else if (note != "") note = note substr($0, 2)
    if (!/^\|/) { columns = 0; next }
    count = split($0, cells, / *\| */)
    if (columns == 0) {
        columns = count
        column = 0
        for (i = 3; i <= count; i++) if (cells[i] == of || index(cells[i], of ",") == 1) column = i
    } else if (column > 0) add(cells[2], unknown(cells[column], 1))
    else if (sub(/^\| [^|]*\| /, "")) add(cells[2], unknown($0, 0))
    next
}
FNR == 1 { end_note() }

/^PROBE\("/ {
    match($0, /", [a-z0-9_]+/)
    probes[substr($0, 8, RSTART - 8) " " substr($0, RSTART + 3, RLENGTH - 3)] = ""
}
/^  (same|DIFFERS|seen|absent|FAILED) / { probe = $0; sub(/^ +[^ ]+ +/, "", probe); probes[probe] = $1 ":"; next }
/^          / && probe != "" { sub(/^ +/, ""); probes[probe] = probes[probe] " " $0; next }
{ probe = "" }

END {
    for (i = 1; i <= rows; i++) {
        printf "%s\n    page:   %s\n", order[i], page[order[i]]
        is_asked = 0
        for (probe in probes) {
            about = probe
            sub(/ [^ ]*$/, "", about)
            if (index(" " probe " ", " " order[i] " ") || (about != "row" && index(order[i], about " ") == 1)) {
                printf "    probe:  %s %s\n", probe, probes[probe]
                is_asked = 1
            }
        }
        asked += is_asked
    }
    printf "%s: %d rows are marked (?), and probes ask %d of them\n", of, rows, asked
}
