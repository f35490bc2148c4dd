"""Assigns items to places of limited capacity, or shows which items have too few places (Hall, König)."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def overfull(choices: Sequence[Collection[int]], capacities: Sequence[int]) -> list[int] | None:
    """Items that outnumber the capacity of all their places; None when every item finds a place.

    choices: per item, the places it may take; capacities: per place, how many items it holds. By augmenting paths;
    the items reached from one that finds no place are the answer, which is then irreducible around it.
    """
    held: list[list[int]] = [[] for _ in capacities]
    for item in sorted(range(len(choices)), key=lambda each: len(choices[each])):
        reached = _augment(item, choices, capacities, held)
        if reached is not None:
            return sorted(reached)
    return None


def _augment(
    start: int, choices: Sequence[Collection[int]], capacities: Sequence[int], held: list[list[int]]
) -> set[int] | None:
    """Give `start` a place by moving others along a path; the items reached if there is none."""
    reached = {start}
    came_from: dict[int, int] = {}
    pending = [start]
    for item in pending:
        for place in sorted(choices[item]):
            if place in came_from:
                continue
            came_from[place] = item
            if len(held[place]) < capacities[place]:
                _shift(place, start, came_from, held)
                return None
            for other in held[place]:
                if other not in reached:
                    reached.add(other)
                    pending.append(other)
    return reached


def _shift(place: int, start: int, came_from: dict[int, int], held: list[list[int]]) -> None:
    """Move every item of the path one place on, from the free `place` back to `start`."""
    item = came_from[place]
    while item != start:
        old = next(other for other, items in enumerate(held) if item in items)
        held[old].remove(item)
        held[place].append(item)
        place, item = old, came_from[old]
    held[place].append(item)
