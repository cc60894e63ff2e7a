#!/bin/sh
# Prints the largest useful input length of a harness, in bytes: longer inputs are only slower.
# usage: max_len.sh HARNESS
case $1 in
    addr_parse | addr_vs_rust) echo 96 ;;
    addr_format) echo 32 ;;
    copy | error_map) echo 48 ;;
    control | poller) echo 320 ;;
    connect_schedule | connect_with | handles | socket | udp | unix) echo 240 ;;
    udp_batch) echo 128 ;;
    *) echo 512 ;;
esac
