"""Dot plots as plain SVG text: one row a problem, one mark a method; drawn without any library and legible in print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ("#0b5a8a", "#c4572e", "#3d7d3f", "#7a4a94", "#8a6d1d", "#555555")
LEFT, RIGHT, TOP, ROW = 190, 30, 64, 26
WIDTH = 860


def dots(
    title: str, axis: str, rows: Sequence[tuple[str, Mapping[str, float]]], low: float, high: float, step: float
) -> str:
    """Draw the value of each method for each row on one linear axis from `low` to `high`, a grid line every `step`.

    Values outside the axis are drawn at its end as a triangle, so that a bad value is neither hidden nor stretches it.
    """
    methods = list(dict.fromkeys(method for _, values in rows for method in values))
    colours = {method: COLOURS[i % len(COLOURS)] for i, method in enumerate(methods)}
    height = TOP + ROW * len(rows) + 48
    scale = (WIDTH - LEFT - RIGHT) / (high - low)

    def x(value: float) -> float:
        return LEFT + (min(max(value, low), high) - low) * scale

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold" fill="#222">{escape(title)}</text>',
    ]
    at = 12.0
    for method in methods:
        parts.append(f'<circle cx="{at + 5:.1f}" cy="41" r="5" fill="{colours[method]}"/>')
        parts.append(f'<text x="{at + 15:.1f}" y="45.5" fill="#222">{escape(method)}</text>')
        at += 30 + 7.2 * len(method)
    bottom = TOP + ROW * len(rows)
    for i in range(round((high - low) / step) + 1):
        value = low + i * step
        parts.append(f'<path d="M{x(value):.1f} {TOP}V{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(value):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#444">{value:g}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{bottom + 36}" text-anchor="middle" fill="#222">'
        f"{escape(axis)}</text>"
    )
    for i, (name, values) in enumerate(rows):
        y = TOP + ROW * i + ROW / 2
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end" fill="#222">{escape(name)}</text>')
        # The first method is drawn last and smallest, so that equal values show as rings.
        for method, value in reversed(values.items()):
            size = 4 + methods.index(method) * 0.6
            words = f"{name}, {method}: {value:.3f}"
            parts.append(_mark(x(value), y, size, colours[method], value < low, value > high, words))
    return "\n".join([*parts, "</svg>", ""])


def _mark(x: float, y: float, size: float, colour: str, below: bool, above: bool, words: str) -> str:
    title = f"<title>{escape(words)}</title>"
    if not (below or above):
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="{colour}" stroke="#fff">{title}</circle>'
    point = -8 if below else 8
    return f'<path d="M{x:.1f} {y - size:.1f}V{y + size:.1f}L{x + point:.1f} {y:.1f}Z" fill="{colour}">{title}</path>'
