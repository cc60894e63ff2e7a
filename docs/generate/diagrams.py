"""State diagrams: the Mermaid blocks of docs/STATE.md, drawn by Graphviz."""

import re
import subprocess


def edges_of(lines):
    """The events of each pair of states, in the order of the block."""
    edges = {}
    for line in lines:
        match = re.fullmatch(r"\s*(\S+) --> (\S+?)(?:: (\w+))?", line)
        if match:
            edges.setdefault((match.group(1), match.group(2)), []).append(match.group(3) or "")
    return edges


def graph_of(edges):
    out = ["digraph states {", 'bgcolor="transparent"; rankdir=TB; nodesep=0.5; ranksep=0.55;',
           'node [shape=box style=rounded fontname="sans-serif" fontsize=13 margin="0.15,0.08"];',
           'edge [fontname="sans-serif" fontsize=11 arrowsize=0.7];']
    for (start, end), events in edges.items():
        if start == "[*]":
            out.append('"[*]" [shape=circle style=filled label="" width=0.16 height=0.16];')
        out.append('"%s" -> "%s" [label=" %s "];' % (start, end, " \\n ".join(events)))
    return "\n".join(out + ["}"])


def draw(lines, title):
    """An SVG whose colours are those of the page."""
    edges = edges_of(lines)
    if not edges:
        raise ValueError("a diagram without an edge: " + title)
    svg = subprocess.run(["dot", "-Tsvg"], input=graph_of(edges), capture_output=True, encoding="utf-8",
                         check=True).stdout
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.S)
    svg = svg.replace('stroke="black"', 'stroke="currentColor"').replace(
        'fill="black"', 'fill="currentColor"').replace('fill="lightgrey"', 'fill="currentColor"')
    svg = svg.replace("<text ", '<text fill="currentColor" ').replace(' id="', ' data-id="')
    width = int(re.search(r'width="(\d+)pt"', svg).group(1))
    svg = re.sub(r'width="\d+pt" height="\d+pt"', 'style="width:%dpx" role="img" aria-label="%s"' % (
        width * 4 // 3, title), svg, count=1)
    return '<figure class="diagram scroll" tabindex="0">%s</figure>' % svg
