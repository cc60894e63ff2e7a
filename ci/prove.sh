#!/bin/sh
# Runs the proofs that docs/FUZZING.md lists: Frama-C's Eva and WP over core, which must also detect
# planted bugs. When: after a change of code that is proved; ci/test.sh --all runs it.
set -eu

usage() {
    cat <<'TEXT'
usage: ci/prove.sh [--no-setup] [NAME...]

Eva proves that no parser and no formatter has undefined behaviour. WP proves that some functions
fulfil their contracts in tests/proof. Then each planted bug of the list in this script is applied
to a copy, and the proof must fail.
  NAME        run only these steps: parse, format, octets, number, ipv4, text, host_port, schedule,
              control, planted
  --no-setup  do not run ci/setup.sh
The last line is `N passed, N failed, N skipped`. Logs: build/log/prove-*.log
TEXT
}

# shellcheck source=ci/common.sh
. "$(dirname "$0")/common.sh"

work=$root/build/prove
passed=0
failed=0

# The provers take less than two seconds for nearly every goal, and 20 s of a processor for one
# (feri_host_port_split). The limit is wall-clock time, for a busy machine.
prover_seconds=600
planted_seconds=4

# frama_c TREE LOG DEFINES ARGUMENT...
frama_c() {
    tree=$1
    output=$2
    defines=$3
    shift 3
    (cd "$tree" && frama-c -machdep x86_64 -c11 \
        -cpp-extra-args="-Iinclude,-I.,-include,tests/proof/frama_c.h$defines" "$@") \
        >"$output" 2>&1 </dev/null
}

# has_no_alarm LOG: Eva's exit code is 0 even if there are alarms.
has_no_alarm() {
    grep -qE '^ *0 alarms generated' "$1" &&
        ! grep -qE ' [1-9][0-9]* (unknown|invalid)  |got status (unknown|invalid)' "$1"
}

# has_no_open_goal LOG: there are at least ten goals and all are proved. Only the declarations of
# tests/proof are assumed.
has_no_open_goal() {
    awk '/^\[wp\] Proved goals:/ { proved = $4; of = $6 }
        END { exit !(of >= 10 && proved == of) }' "$1"
}

address_sources="core/address/ip_addr.c core/address/socket_addr.c"

# eva TREE LOG DEFINES PRECISION FILE...
eva() {
    eva_tree=$1
    eva_log=$2
    eva_defines=$3
    eva_precision=$4
    shift 4
    frama_c "$eva_tree" "$eva_log" ",-DFOR_EVA$eva_defines" -eva \
        -eva-precision "$eva_precision" "$@" && has_no_alarm "$eva_log"
}

# parse_one TREE LOG WHICH LONGEST
parse_one() {
    # shellcheck disable=SC2086 # the list is words
    eva "$1" "$2.$3.$4" ",-DWHICH=$3,-DLONGEST=$4" 5 tests/proof/eva_parse.c \
        core/address/ip_parse.c $address_sources
}

# parse TREE LOG: each parser, on any text of up to 64 bytes in a block of 64 bytes. Also in short
# blocks, whose end is reached soon.
# The two halves run at the same time, each in one thread.
parse() {
    parse_half "$1" "$2" 0 2 4 6 &
    other_half=$!
    code=0
    parse_half "$1" "$2" 1 3 5 7 || code=1
    wait "$other_half" || code=1
    return "$code"
}

# parse_half TREE LOG PARSER...
parse_half() {
    half_tree=$1
    half_log=$2
    shift 2
    for which in "$@"; do
        parse_one "$half_tree" "$half_log" "$which" 64 || return 1
        [ "$which" -lt 4 ] || continue
        for longest in 4 12 24; do
            parse_one "$half_tree" "$half_log" "$which" "$longest" || return 1
        done
    done
}

# format TREE LOG: each formatter, with the buffer size that its longest text needs, and two bytes
# more.
format() {
    for which_cap in 0:18 1:48 2:48 3:64; do
        # shellcheck disable=SC2086 # the list is words
        eva "$1" "$2.${which_cap%:*}" ",-DWHICH=${which_cap%:*},-DCAP=${which_cap#*:}" 3 \
            tests/proof/eva_format.c core/address/ip_format.c core/base/text.c \
            $address_sources || return 1
    done
}

# shellcheck disable=SC2086 # the list is words
octets() { eva "$1" "$2" "" 5 tests/proof/eva_octets.c core/base/text.c $address_sources; }

# wp TREE LOG DEFINES FILE FUNCTIONS: proves these functions, or those of $functions if it is set.
# Without pruning a goal keeps hypotheses that it does not need. Most goals are proved in less time
# then, because the pruning of a large goal takes longer than its proof.
functions=
wp() {
    frama_c "$1" "$2" "$3" -wp -wp-rte -wp-no-pruning -wp-prover z3,cvc4 -wp-timeout "$seconds" \
        -wp-par "$jobs" -wp-fct "${functions:-$5}" "$4" &&
        has_no_open_goal "$2"
}

cursor=feri_addr_cursor
number() {
    wp "$1" "$2" "" tests/proof/wp_parse.c \
        "${cursor}_peek,${cursor}_take,${cursor}_read_decimal,feri_digit_peek,feri_octet_take,feri_octet_read"
}

ipv4() {
    wp "$1" "$2" ",-DOCTETS_ARE_OPAQUE" tests/proof/wp_parse.c \
        feri_ipv4_read,feri_ipv4_of_bits,feri_ok,feri_own_error,fer_ipv4_addr_parse_n
}

text() {
    wp "$1" "$2" "" tests/proof/wp_format.c \
        feri_text_store,feri_ipv4_store,feri_ipv4_write,fer_ipv4_addr_format
}

host_port() {
    wp "$1" "$2" "" tests/proof/wp_host_port.c \
        find_last_colon,parse_port,strip_brackets,feri_host_port_split,feri_ok,feri_own_error
}

# The bounds of control messages, and the copies within them (Eva).
control() {
    control_copies "$1" "$2.copies" || return 1
    wp "$1" "$2" "" tests/proof/wp_control.c \
        control_padding,control_span_of,control_space_within,ferp_control_next,ferp_control_append
}
control_copies() { eva "$1" "$2" "" 5 tests/proof/eva_control.c; }

schedule() {
    schedule=feri_schedule
    tables=${schedule}_next_phase,${schedule}_action_of,${schedule}_delay_runs,${schedule}_limits_run
    times=feri_deadline_from,is_reached,feri_earlier
    slots=find_free_slot,find_open_slot
    ends=ends_before,find_first_to_end,find_expired,first_end
    events=apply,event_of_failure,fail_attempt,event_of_start
    steps=start_next,wait_for_end,close_rest
    schedule=feri_connect_schedule
    calls=${schedule}_next,${schedule}_limit,${schedule}_begin,${schedule}_ended,${schedule}_cancel
    wp "$1" "$2" "" tests/proof/wp_schedule.c \
        "$tables,$times,$slots,$ends,$events,$steps,$calls"
}

# step NAME TEXT
step() {
    began=$(date +%s)
    seconds=$prover_seconds
    if "$1" "$root" "$logs/prove-$1.log"; then
        passed=$((passed + 1))
        goals=$(awk '/^\[wp\] Proved goals:/ { print ", " $4 " of " $6 " goals" }' \
            "$logs/prove-$1.log" 2>/dev/null || true)
        say "    $1: $2: proved$goals ($(($(date +%s) - began)) s)"
    else
        failed=$((failed + 1))
        say "    $1: $2: NOT proved ($(($(date +%s) - began)) s); build/log/prove-$1.log*:"
        grep -hE -A2 '\[eva:alarm\]|\[(Failed|Timeout|Unknown|Stepout)\]|rror:|Proved goals|got status' \
            "$logs/prove-$1.log"* | tail -n 30 | sed 's/^/    | /'
    fi
}

# The lines of a log that show a failed proof.
open_proof='\[eva:alarm\]|got status (unknown|invalid)'
open_proof="$open_proof|^\\[wp\\] \\[(Failed|Timeout|Unknown|Stepout)\\] Goal"

# plant_bug STEP FILE SED-SCRIPT [FUNCTIONS]: plants one bug in a copy of core; the step must fail
# there.
plant_bug() {
    functions=${4:-}
    copy=$work/planted
    rm -rf "$copy"
    mkdir -p "$copy/tests" "$copy/fuzz"
    cp -R "$root/core" "$root/include" "$root/platform" "$copy/"
    cp -R "$root/tests/proof" "$copy/tests/"
    cp -R "$root/fuzz/models" "$copy/fuzz/"
    sed "$3" "$root/$2" >"$copy/$2"
    seconds=$planted_seconds
    if cmp -s "$root/$2" "$copy/$2"; then
        failed=$((failed + 1))
        say "    planted: $2: $3: the script changes nothing"
    elif "$1" "$copy" "$logs/prove-planted.log"; then
        failed=$((failed + 1))
        say "    planted: $2: $3: NOT detected by $1"
    elif ! cat "$logs/prove-planted.log"* | grep -qE "$open_proof"; then
        failed=$((failed + 1))
        say "    planted: $2: $3: $1 failed without a failed proof; build/log/prove-planted.log"
    else
        passed=$((passed + 1))
        say "    planted: $2: $3: detected by $1"
    fi
    rm -f "$logs"/prove-planted.log*
    functions=
}

planted() {
    plant_bug parse_short core/address/address_text.h 's/at < cursor->len ? /at <= cursor->len ? /'
    plant_bug octets core/address/ip_format.c 's/at + len - 2, word/at + len - 1, word/'
    plant_bug format_one core/base/text.c 's/? len : cap - 1;/? len : cap;/'
    plant_bug number core/address/ip_parse.c 's/return value <= 255;/return value <= 256;/' feri_octet_take
    plant_bug ipv4 core/address/ip_parse.c 's/match.end == len/match.end <= len/' fer_ipv4_addr_parse_n
    plant_bug text core/address/ip_format.c 's/cap >= FER_IPV4_ADDR_TEXT_CAP/cap + 1 >= FER_IPV4_ADDR_TEXT_CAP/' fer_ipv4_addr_format
    plant_bug host_port core/address/host_port.c 's/host_len -= 2/host_len -= 1/' strip_brackets
    plant_bug control platform/common/control.c 's/length < layout.header/length == 0/' ferp_control_next
    plant_bug control_copies platform/common/control.c 's/size == sizeof wide/size >= sizeof narrow/'
    plant_bug schedule core/open/connect_schedule.c 's/return at != FERI_NEVER \&\& at <= now;/return at <= now;/' is_reached
    plant_bug schedule core/open/connect_schedule.c '/_DELAYED\] /s/D,  M/R,  M/' feri_schedule_next_phase
}

# Eva detects its planted bugs in a single parser or formatter as well as in all of them.
parse_short() { parse_one "$1" "$2" 1 12; }
# shellcheck disable=SC2086 # the list is words
format_one() {
    eva "$1" "$2" ",-DWHICH=0,-DCAP=18" 3 tests/proof/eva_format.c core/address/ip_format.c \
        core/base/text.c $address_sources
}

setup=yes
names=
for argument in "$@"; do
    case $argument in
        --help) usage; exit 0 ;;
        --no-setup) setup=no ;;
        parse | format | octets | number | ipv4 | text | host_port | schedule | control | planted)
            names="$names $argument" ;;
        *) usage >&2; exit 2 ;;
    esac
done
[ -n "$names" ] || names="parse format octets number ipv4 text host_port schedule control planted"
[ "$setup" = no ] || "$root/ci/setup.sh" prove

mkdir -p "$work"
WHY3CONFIG=$work/why3.conf
export WHY3CONFIG
rm -f "$WHY3CONFIG"
why3 config detect >"$logs/prove-why3.log" 2>&1

say "== proof: $(frama-c -version)"
for name in $names; do
    case $name in
        parse) step parse "no parser has undefined behaviour, on any bytes" ;;
        format) step format "no formatter has undefined behaviour, with any buffer size" ;;
        octets) step octets "the text of every octet is correct" ;;
        number) step number "the readers of numbers and octets" ;;
        ipv4) step ipv4 "the parser of IPv4 addresses" ;;
        text) step text "the formatter of IPv4 addresses, with any buffer size" ;;
        host_port) step host_port "the host and the port of a text" ;;
        schedule) step schedule "the schedule of connection attempts" ;;
        control) step control "control messages of any bytes, in any layout" ;;
        planted) planted ;;
    esac
done
rm -rf "$work/planted"
say "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
