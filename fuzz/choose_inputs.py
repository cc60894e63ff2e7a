"""Chooses the inputs of a fuzzing harness's corpus, for `ci/fuzz.sh --merge`.

usage: choose_inputs.py CONTROL-FILE CORPUS MAX-LEN

CONTROL-FILE is the file that libFuzzer writes for -set_cover_merge: the inputs, and the features
that each input reaches. A feature is an edge, or a cell of the state tables, together with a
count. Eight consecutive numbers belong to the same edge.

An input of CORPUS whose name is not a hash stays. The other inputs are chosen greedily: the next
one reaches the most remaining features, and of equals it is the smallest. The first pass ends when
every edge is reached. The second pass adds inputs for the remaining counts, up to FILL inputs. The
chosen inputs from other folders are copied into CORPUS; they are at most MAX-LEN bytes long. If
CORPUS would have more than MOST inputs, nothing is changed and the exit code is 1.
"""

import hashlib
import heapq
import os
import re
import sys

FILL = 40
MOST = 300
COUNTS_OF_AN_EDGE = 8


def read_control(path):
    """{path of an input: its features}, for the inputs whose run finished."""
    with open(path, encoding="utf-8") as file:
        count = int(file.readline())
        file.readline()
        paths = [file.readline().rstrip("\n") for _ in range(count)]
        lines = (line.split() for line in file)
        return {paths[int(words[1])]: set(map(int, words[2:]))
                for words in lines if words[0] == "FT"}


def has_hash(name):
    return re.fullmatch("[0-9a-f]{40}", name) is not None


def is_named(path, corpus):
    return os.path.dirname(path) == corpus and not has_hash(os.path.basename(path))


def choose(reached, chosen, most):
    """Adds to the list chosen until its inputs reach every feature or it has `most` inputs."""
    left = set().union(*reached.values()).difference(*(reached[path] for path in chosen))
    heap = [(-len(reached[path]), os.path.getsize(path), path) for path in reached]
    heapq.heapify(heap)
    while left and len(chosen) < most:
        gain, size, path = heapq.heappop(heap)
        now = len(reached[path] & left)
        if now == -gain:
            chosen.append(path)
            left -= reached[path]
        elif now > 0:
            heapq.heappush(heap, (-now, size, path))


def replace_corpus(corpus, chosen):
    kept = set()
    for path in chosen:
        if not is_named(path, corpus):
            with open(path, "rb") as file:
                data = file.read()
            name = hashlib.sha1(data).hexdigest()
            with open(os.path.join(corpus, name), "wb") as file:
                file.write(data)
            kept.add(name)
    for name in os.listdir(corpus):
        if has_hash(name) and name not in kept:
            os.remove(os.path.join(corpus, name))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    corpus = sys.argv[2].rstrip("/")
    max_len = int(sys.argv[3])
    features = {path: reached for path, reached in read_control(sys.argv[1]).items()
                if os.path.dirname(path) == corpus or os.path.getsize(path) <= max_len}
    edges = {path: {feature // COUNTS_OF_AN_EDGE for feature in reached}
             for path, reached in features.items()}
    chosen = sorted(path for path in features if is_named(path, corpus))
    choose(edges, chosen, len(features))
    if len(chosen) > MOST:
        sys.exit(f"{corpus}: {len(chosen)} inputs have a name or are needed for the edges, "
                 f"more than {MOST}")
    choose(features, chosen, FILL)
    replace_corpus(corpus, chosen)


if __name__ == "__main__":
    main()
