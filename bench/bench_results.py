"""The results of ci/bench.sh: reads the files of build/bench, and judges them against the gates.

A program of bench/ prints a line `bench= case= impl= ... ratio= iqr= base=` for each contender. The
contender BASE-again is the A/A control: the base, measured a second time. bench/count_calls.sh
prints the counts, and bench/size_clients.sh the sizes.
"""

import math
import pathlib
import re

# Judged rows: case, contender, gate, limit, moonshot, and how close to 1 the control must be. The
# limit is the gate and what the measurement cannot resolve: a gate of 1.01 is missed above 1.02.
FINE = 0.005
COARSE = 0.02
GATES = [
    ("turn_64", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("turn_4096", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("turn_65536", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("echo_turn_1_1", "ferrule", 1.01, 1.02, 0.97, FINE),
    ("echo_turn_100_100", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("echo_turn_1000_100", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("echo_turn_8000_100", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("copy_tcp_64", "ferrule", 0.75, 0.75, 0.63, COARSE),
    ("copy_tcp_256", "ferrule", 0.70, 0.70, 0.59, COARSE),
    ("copy_tcp_1024", "ferrule", 0.50, 0.50, 0.39, COARSE),
    ("time_tcp_64", "ferrule", 1.05, 1.05, 0.85, COARSE),
    ("time_unix_64", "ferrule", 0.83, 0.83, 0.73, COARSE),
    ("file_tcp", "ferrule", 0.50, 0.50, 0.38, COARSE),
    ("file_unix", "ferrule", 0.50, 0.50, 0.36, COARSE),
    ("datagram_64", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("datagram_1400", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("connected_datagram_64", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("connect_accept_close", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("accept_64", "ferrule", 1.01, 1.02, 1.00, FINE),
    ("add_delete_1", "ferrule", 1.02, 1.02, 1.00, FINE),
    ("modify", "ferrule", 1.02, 1.02, 1.00, FINE),
    ("wait_nothing", "ferrule", 1.02, 1.02, 1.00, FINE),
    ("wake_same_thread", "ferrule", 1.02, 1.02, 0.90, COARSE),
    ("parse_v4", "ferrule", 0.80, 0.80, 0.65, COARSE),
    ("parse_v6", "ferrule", 0.38, 0.38, 0.25, COARSE),
    ("parse_sa", "ferrule", 0.55, 0.55, 0.40, COARSE),
    ("reject", "ferrule", 0.80, 0.80, 0.50, COARSE),
    ("format_v4", "ferrule", 0.08, 0.08, 0.035, COARSE),
    ("format_v6", "ferrule", 0.20, 0.20, 0.10, COARSE),
]
# Bursts of datagrams: case, contender, the one that it is judged against, gate, moonshot.
BATCH_GATES = [
    ("burst_32", "ferrule", "raw", 1.05, 1.00),
    ("burst_32_features", "ferrule", "raw", 1.05, 1.00),
    ("connected_32", "ferrule", "raw", 1.05, 1.00),
    ("segments_44", "ferrule", "raw", 1.05, 1.00),
    ("coalesced_44", "ferrule", "raw", 1.05, 1.00),
    ("segments_44", "ferrule-ecn", "quinn", 1.05, 1.00),
    ("coalesced_44", "ferrule-ecn", "quinn", 1.05, 1.00),
    ("segments_44", "ferrule-ecn", "quinn-udp", 1.02, 1.00),
    ("coalesced_44", "ferrule-ecn", "quinn-udp", 1.02, 1.00),
    ("burst_32_send", "ferrule", "singles", 0.87, 0.78),
    ("connected_32_send", "ferrule", "singles", 0.83, 0.77),
    ("burst_32_receive", "ferrule", "singles", 0.80, 0.71),
    ("segments_44_send", "ferrule", "singles", 0.18, 0.15),
    ("coalesced_44", "ferrule", "singles", 0.083, 0.059),
    ("threads_44_coalesced", "ferrule", "singles", 0.083, 0.062),
]
# Above the floor, in place of the limit. 24 instructions of checks and promises (docs/DESIGN.md) are
# 3 to 4 ns of the 120 ns of an empty wait.
FLOOR_LIMITS = {"wait_nothing": 1.04}
# The ratio to raw with 8000 sockets, over the ratio with one: what grows faster than raw.
GROWTH = [("echo_turn_1_1", "echo_turn_8000_1"), ("wait_event_1", "wait_event_8000"),
          ("add_delete_1", "add_delete_8000")]
GROWTH_GATE, GROWTH_MOONSHOT = 1.03, 1.00
# Instructions over raw: the operations of count_calls.sh, and their moonshots in the archive.
COUNTS = {
    "write_read": ("a blocking write and read", 30),
    "try_write_read": ("a write and a read that never wait", 30),
    "write_read_all": ("write_all and read_exact", 70),
    "any_stream": ("a write and a read through a fer_stream", 70),
    "limits": ("a write and a read with a deadline and a token", 300),
    "slices": ("a write and a read of two slices", 60),
    "datagram": ("a UDP datagram", 145),
    "connected": ("a datagram of connected sockets", 130),
    "unix_datagram": ("a datagram of Unix sockets", 150),
    "batch_of_one": ("a batch of one datagram", 300),
    "accept": ("accept and close", 200),
    "ready": ("a check whether a stream is readable", 35),
    "started": ("connect_start, its result, close", 500),
    "keepalive": ("set_keepalive", 300),
    "add_delete_1": ("add a socket to a poller, delete it", 30),
    "modify": ("modify a socket of a poller", 30),
    "wait_nothing": ("a wait that finds nothing", 30),
}

# AT_FLOOR: missed, but what exceeds the gate is what any function around the call costs (floor.h).
HELD, AT_FLOOR, MISSED, UNRESOLVED = "held", "at the floor", "MISSED", "could not judge"


class Time:
    """What one contender of a case took."""

    def __init__(self, fields):
        self.bench, self.case, self.impl = fields["bench"], fields["case"], fields["impl"]
        self.base = fields["base"]
        self.runs = int(fields["runs"])
        self.ns = float(fields["ns_op"])
        self.ratio = float(fields["ratio"])
        self.low, self.high = (float(part) for part in fields["iqr"].split(".."))

    def uncertainty(self):
        """Half the width of the 95 % interval of the median, as a notched box plot has it."""
        return 1.57 * (self.high - self.low) / math.sqrt(self.runs)


class Row:
    """A value with a gate, and the result."""

    def __init__(self, name, unit, measured, gate, moonshot, result, base=None, control=None,
                 floor=None):
        self.name, self.unit, self.measured = name, unit, measured
        self.gate, self.moonshot, self.result = gate, moonshot, result
        self.base, self.control = base, control
        self.floor = floor.ratio if floor else None


class Results:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.times, self.heap, self.skipped, self.counts = {}, {}, [], []
        self.requests, self.sizes, self.machine, self.memory = {}, {}, {}, {}
        for path in sorted(self.folder.glob("*.txt")):
            for line in path.read_text(encoding="utf-8").splitlines():
                self.read(line)

    def read(self, line):
        if line.startswith("skipped "):
            self.skipped.append(line[len("skipped "):])
        elif line.startswith("bench="):
            fields = dict(part.split("=", 1) for part in line.split())
            if "bytes_op" in fields and fields["bench"] == "scale":
                self.memory[fields["case"], fields["impl"]] = float(fields["bytes_op"])
            elif "bytes_op" in fields:
                self.heap[fields["impl"]] = float(fields["bytes_op"])
            else:
                self.times[fields["case"], fields["impl"]] = Time(fields)
        elif line.startswith("size="):
            fields = dict(part.split("=", 1) for part in line.split())
            self.sizes[fields["size"]] = int(fields["over_raw"])
        elif line.startswith("machine "):
            name, _, value = line[len("machine "):].partition("=")
            self.machine[name] = value
        else:
            self.read_count(line)

    def read_count(self, line):
        found = re.match(r"(archive|shared|lto) +(\w+) +raw +([\d.]+) +ferrule +([\d.]+) +"
                         r"more +(-?[\d.]+) +gate +(\d+) +system calls ([\d.]+), raw ([\d.]+) +(\w+)",
                         line)
        if found:
            self.counts.append(found.groups())
        found = re.match(r"echo request (\S+) +([\d.]+) instructions +([\d.]+) system calls", line)
        if found:
            self.requests[found[1]] = (float(found[2]), float(found[3]))

    def control_of(self, time):
        return self.times.get((time.case, time.base + "-again"))

    def resolution_of(self, case):
        """What the run can resolve between two contenders of a case, as ratios; at least 0.01."""
        control = self.control_of(next(time for (name, _), time in self.times.items() if name == case))
        return max(0.01, abs(control.ratio - 1) + control.uncertainty()) if control else 1.0

    def cases(self):
        """The names of the cases, in the order in which they ran."""
        return list(dict.fromkeys(case for case, _ in self.times))

    def judge_time(self, time, limit, closeness, ratio=None, more=0.0):
        """The control decides what the run can resolve. If it is close to 1, the gate is missed by a
        ratio that exceeds the limit by more than its uncertainty. If it is not, only gates that are
        far from the ratio are judged, and those that need a close control are not."""
        control = self.control_of(time)
        if control is None:
            return UNRESOLVED
        ratio = time.ratio if ratio is None else ratio
        doubt = max(control.uncertainty(), time.uncertainty()) + more
        distance = abs(control.ratio - 1)
        if distance <= closeness and control.uncertainty() <= closeness:
            if ratio <= limit:
                return HELD
            return MISSED if ratio - doubt > limit else UNRESOLVED
        if closeness == FINE:
            return UNRESOLVED
        if ratio * (1 + distance) + doubt <= limit:
            return HELD
        return MISSED if ratio * (1 - distance) - doubt > limit else UNRESOLVED

    def judge_above_floor(self, time, limit, closeness):
        """A gate that is missed is judged again, with the floor in place of the base."""
        floor = self.times.get((time.case, "floor"))
        result = self.judge_time(time, limit, closeness)
        if result != MISSED or floor is None:
            return result
        limit = FLOOR_LIMITS.get(time.case, limit)
        above = self.judge_time(time, limit, closeness, time.ratio / floor.ratio, floor.uncertainty())
        return AT_FLOOR if above == HELD else MISSED

    def time_rows(self):
        for case, impl, gate, limit, moonshot, closeness in GATES:
            time = self.times.get((case, impl))
            name = case if impl == "ferrule" else case + " " + impl
            if time is None:
                yield Row(name, "x", None, gate, moonshot, UNRESOLVED)
            else:
                yield Row(name, "x " + time.base, time.ratio, gate, moonshot,
                          self.judge_above_floor(time, limit, closeness),
                          self.times[case, time.base].ns, self.control_of(time),
                          self.times.get((case, "floor")))

    def batch_rows(self):
        for case, impl, over, gate, moonshot in BATCH_GATES:
            time, other = self.times.get((case, impl)), self.times.get((case, over))
            name = "%s, %s over %s" % (case, impl, over)
            if time is None or other is None:
                yield Row(name, "x " + over, None, gate, moonshot, UNRESOLVED)
                continue
            ratio = time.ratio / other.ratio
            more = other.uncertainty() * ratio / other.ratio
            yield Row(name, "x " + over, ratio, gate, moonshot,
                      self.judge_time(time, gate, COARSE, ratio, more), other.ns,
                      self.control_of(time))

    def growth_rows(self):
        for first, last in GROWTH:
            few, many = self.times.get((first, "ferrule")), self.times.get((last, "ferrule"))
            name = "growth, " + last
            if few is None or many is None:
                yield Row(name, "x", None, GROWTH_GATE, GROWTH_MOONSHOT, UNRESOLVED)
                continue
            ratio = many.ratio / few.ratio
            result = self.judge_time(many, GROWTH_GATE, FINE, ratio, few.uncertainty())
            if self.judge_time(few, math.inf, FINE) == UNRESOLVED:
                result = UNRESOLVED
            yield Row(name, "x " + first, ratio, GROWTH_GATE, GROWTH_MOONSHOT, result,
                      self.times[last, many.base].ns, self.control_of(many))

    def count_rows(self):
        for build, name, _, _, more, gate, _, _, result in self.counts:
            yield Row("%s, %s" % (name, build), "instructions over raw", float(more), int(gate),
                      COUNTS[name][1], HELD if result == "ok" else MISSED)

    def heap_rows(self):
        if "ferrule" in self.heap:
            value = self.heap["ferrule"]
            yield Row("heap bytes per socket", "bytes", value, 0, 0, HELD if value == 0 else MISSED)

    def rows(self):
        return [*self.single_rows(), *self.count_rows(), *self.batch_rows()]

    def single_rows(self):
        return [*self.time_rows(), *self.growth_rows(), *self.heap_rows()]
