"""Draws the plots of ci/bench.sh as SVG: bars of the ratios to the base, and lines of the growth."""

import html
import math

# Colours that differ in lightness too; ferrule has the first.
COLOURS = {"ferrule": "#0b6e4f", "raw": "#555555", "libc": "#555555", "libuv": "#d1495b",
           "libuv-try": "#d1495b", "libuv-poll": "#e58c97", "libevent": "#edae49",
           "apr": "#3d5a99", "nng": "#8f5db7", "sockpp": "#7a8b2f", "rust-std": "#b5651d",
           "mio": "#66a5ad", "go": "#8f5db7", "ferrule-ecn": "#57a88c", "ferrule-edges": "#57a88c", "quinn": "#3d5a99",
           "quinn-udp": "#8f5db7", "singles": "#edae49",
           "splice": "#7a8b2f", "haproxy": "#8f5db7", "tokio": "#b5651d"}
OTHER = "#999999"
STYLE = ("text { font: 13px sans-serif; fill: #222 } .title { font-size: 16px; font-weight: bold } "
         ".axis { stroke: #999 } .grid { stroke: #ddd } .base { stroke: #222; stroke-dasharray: 4 3 }")

BARS = {
    "address": ("Address text, time over inet_pton or inet_ntop",
                ["parse_v4", "parse_v6", "format_v4", "format_v6"]),
    "sockets": ("Sockets, time over the raw calls",
                ["turn_64", "turn_4096", "datagram_64", "connect_accept_close", "accept_64"]),
    "poller": ("Poller, time over raw epoll",
               ["echo_turn_1000_1", "echo_turn_1000_100", "add_delete_1", "wake_same_thread"]),
    "batches": ("Bursts of datagrams, time over the calls by hand",
                ["burst_32_send", "burst_32_receive", "connected_32", "segments_44",
                 "coalesced_44", "threads_44_coalesced", "veth_coalesced_44"]),
    "copies": ("Copies of 64 MiB, time over loops of the plain calls with 64 KiB",
               ["copy_tcp_64", "copy_tcp_256", "copy_tcp_1024", "both_tcp_64", "time_unix_64",
                "file_tcp"]),
}
NS, BYTES = "ns", "bytes"
LINES = {
    "growth_echo": ("Echo turn, one of N connections has a request", "echo_turn_%d_1",
                    (1, 100, 1000, 8000), NS),
    "waits": ("A wait that returns one event, of N sockets", "wait_event_%d", (1, 100, 1000, 8000),
              NS),
    "connects": ("A wait while N connects with deadlines are pending", "deadlines_scale_%d",
                 (10, 1000, 10000), NS),
    "scale": ("Echo servers with N connections, processor time for a request", "echo_scale_%d",
              (10, 1000, 10000), NS),
    "memory": ("Echo servers with N connections, memory of a connection", "echo_scale_%d",
               (1000, 10000), BYTES),
}
# Those that docs/BENCH.md shows, as docs/bench_NAME.svg.
OF_DOCUMENTATION = ["batches", "copies", "scale", "waits", "connects", "memory"]


class Drawing:
    def __init__(self, width, height, title):
        self.parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
                      'viewBox="0 0 %d %d" role="img">' % (width, height, width, height),
                      "<title>%s</title><style>%s</style>" % (html.escape(title), STYLE),
                      '<rect width="100%" height="100%" fill="white"/>']
        self.text(16, 26, title, "title")

    def text(self, x, y, text, kind="", anchor="start"):
        self.parts.append('<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>'
                          % (x, y, kind, anchor, html.escape(text)))

    def line(self, x1, y1, x2, y2, kind):
        self.parts.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>'
                          % (x1, y1, x2, y2, kind))

    def add(self, text, *values):
        self.parts.append(text % values)

    def write(self, path):
        path.write_text("\n".join([*self.parts, "</svg>", ""]), encoding="utf-8")


def shown(results, case):
    """The contenders of a case, without the base and its control."""
    return [time for (name, impl), time in results.times.items()
            if name == case and impl != time.base and not impl.endswith("-again")]


def draw_bars(results, title, cases):
    """Horizontal bars, a group for each case. Bars longer than the plot end with their number."""
    groups = [(case, shown(results, case)) for case in cases]
    groups = [(case, times) for case, times in groups if times]
    if not groups:
        return None
    left, width, bar, most = 130, 520, 18, 2.0
    height = 60 + sum(30 + bar * len(times) for _, times in groups)
    drawing = Drawing(left + width + 90, height, title)
    for tick in (0.0, 0.5, 1.0, 1.5, 2.0):
        x = left + width * tick / most
        drawing.line(x, 40, x, height - 20, "base" if tick == 1 else "grid")
        drawing.text(x, height - 5, "%.1f" % tick, anchor="middle")
    y = 54
    for case, times in groups:
        base = results.times[case, times[0].base]
        drawing.text(16, y, "%s (%s: %.0f ns)" % (case, base.impl, base.ns))
        y += 8
        for time in times:
            length = width * min(time.ratio, most) / most
            drawing.text(left - 6, y + 13, time.impl, anchor="end")
            drawing.add('<rect x="%d" y="%.1f" width="%.1f" height="%d" fill="%s"/>', left, y, length,
                        bar - 4, COLOURS.get(time.impl, OTHER))
            drawing.text(left + length + 5, y + 12, "%.2f" % time.ratio)
            y += bar
        y += 22
    return drawing


def growing(results, unit):
    """The values of this unit, by case and contender."""
    return results.memory if unit == BYTES else {key: time.ns for key, time in results.times.items()}


def draw_growth(results, title, pattern, counts, unit):
    """A line for each contender over the number of sockets."""
    lines = {}
    for count in counts:
        for (case, impl), value in growing(results, unit).items():
            if case == pattern % count and not impl.endswith("-again"):
                lines.setdefault(impl, []).append((count, value))
    if not lines:
        return None
    left, top, width, height = 70, 50, 480, 260
    most = max(value for points in lines.values() for _, value in points) * 1.1
    drawing = Drawing(left + width + 150, top + height + 50, title)

    def place(count, value):
        across = math.log(count / counts[0]) / math.log(counts[-1] / counts[0])
        return left + width * across, top + height * (1 - value / most)

    for part in range(5):
        value = most * part / 4
        y = place(counts[0], value)[1]
        drawing.line(left, y, left + width, y, "grid")
        drawing.text(left - 6, y + 4, "%.0f" % value, anchor="end")
    for count in counts:
        drawing.text(place(count, 0)[0], top + height + 18, str(count), anchor="middle")
    drawing.text(left, top + height + 38, "N; the scale is logarithmic. Vertical: %s" % unit)
    ends = sorted(lines.items(), key=lambda item: -item[1][-1][1])
    label = top - 14
    for impl, points in ends:
        colour = COLOURS.get(impl, OTHER)
        path = " ".join("%.1f,%.1f" % place(*point) for point in points)
        drawing.add('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>', path, colour)
        x, y = place(*points[-1])
        label = max(label + 16, y)
        drawing.line(x, y, left + width + 10, label, "axis")
        drawing.add('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>', x, y, colour)
        drawing.text(left + width + 14, label + 4, impl)
    return drawing


def draw(results, name):
    return draw_growth(results, *LINES[name]) if name in LINES else draw_bars(results, *BARS[name])


def can_draw(results, name):
    """Whether each case of a plot was measured."""
    if name in LINES:
        _, pattern, counts, unit = LINES[name]
        cases = {case for case, _ in growing(results, unit)}
        return all(pattern % count in cases for count in counts)
    return all(shown(results, case) for case in BARS[name][1])


def write_all(results):
    for name in (*BARS, *LINES):
        drawing = draw(results, name)
        if drawing is not None:
            drawing.write(results.folder / (name + ".svg"))
