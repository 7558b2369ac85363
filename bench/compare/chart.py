"""A strip chart as SVG: a line for each query type, a dot for each engine, time on a logarithmic axis."""

import math
from xml.sax.saxutils import escape

COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#e69f00", "#555555")
LEFT, RIGHT, TOP, ROW, WIDTH = 190, 30, 64, 24, 900


def draw(title, names, rows):
    """`rows` is [(label, [milliseconds or None for each of `names`])]; returns the SVG text."""
    values = [value for _, row in rows for value in row if value]
    if not values:
        return '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>\n'
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    bottom = TOP + ROW * len(rows)

    def x_of(value):
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 40}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{bottom + 40}" fill="white"/>',
             f'<text x="12" y="20" font-size="15" font-weight="bold">{escape(title)}</text>']
    for index, name in enumerate(names):
        x = 20 + index * 145
        parts.append(f'<circle cx="{x}" cy="40" r="5" fill="{COLOURS[index % len(COLOURS)]}"/>'
                     f'<text x="{x + 10}" y="44">{escape(name)}</text>')
    for power in range(low, high + 1):
        x = x_of(10.0**power)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="#ddd"/>'
                     f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{10.0**power:g} ms</text>')
    for index, (label, row) in enumerate(rows):
        y = TOP + ROW * index + ROW / 2
        parts.append(f'<text x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>'
                     f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#eee"/>')
        # The first engine is drawn last, on top.
        for place in reversed(range(len(row))):
            if row[place]:
                parts.append(f'<circle cx="{x_of(row[place]):.1f}" cy="{y:.1f}" r="5" fill="{COLOURS[place % len(COLOURS)]}" '
                             f'fill-opacity="0.85"><title>{escape(names[place])}: {row[place]:.2f} ms</title></circle>')
    return "\n".join([*parts, "</svg>"]) + "\n"
