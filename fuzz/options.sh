#!/bin/sh
# Prints libFuzzer's options for a harness, a line each: `name=value`.
# usage: options.sh HARNESS
longest() {
    case $1 in
        addr_parse | addr_vs_rust) echo 96 ;;
        addr_format) echo 32 ;;
        copy | error_map) echo 48 ;;
        control | poller) echo 320 ;;
        connect_with | handles | socket | udp | unix) echo 240 ;;
        udp_batch) echo 128 ;;
        *) echo 512 ;;
    esac
}
# The largest useful length of an input, in bytes: longer ones are only slower.
echo "max_len=$(longest "$1")"
# libFuzzer's entropic schedule takes a third of the time of a stateful harness, and reaches less.
echo entropic=0
# Short inputs first. libFuzzer's default with a mutator (driver/steps.c) is not to.
echo len_control=100
# In seconds: a run takes milliseconds, so a longer one does not end.
echo timeout=60
