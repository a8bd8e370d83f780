"""Figures, their limits, and how they are measured and shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        limit: what was promised; empty for a figure that is shown for information alone.
        held: whether the promise was kept.
    """

    what: str
    value: str
    limit: str = ""
    held: bool = True

    @property
    def verdict(self) -> str:
        if not self.limit:
            return "info"
        return "ok" if self.held else "MISSED"


def table(figures: Sequence[Figure]) -> str:
    what, value = (max(len(getattr(figure, name)) for figure in figures) for name in ("what", "value"))
    lines = (f"{one.verdict:<6}  {one.what:<{what}}  {one.value:<{value}}  {one.limit}".rstrip() for one in figures)
    return "\n".join(lines)


def timed(action: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turns(actions: Sequence[Callable[[int], float]]) -> tuple[list[float], ...]:
    """What each action says it took, in every round but the first, which warms up.

    They take turns, and another one begins each round: none is always the first to meet something new.
    """
    taken: tuple[list[float], ...] = tuple([] for _ in actions)
    for number in range(ROUNDS + 1):
        for place in range(len(actions)):
            which = (number + place) % len(actions)
            seconds = actions[which](number)
            if number:
                taken[which].append(seconds)
    return taken


def ratio(what: str, ours_s: Iterable[float], theirs_s: Iterable[float], limit: float | None = None) -> Figure:
    """Medians compared; without a limit for information."""
    left, right = statistics.median(ours_s), statistics.median(theirs_s)
    found = left / right
    value = f"{found:.2f} ({left:.3f} s : {right:.3f} s)"
    return Figure(what, value) if limit is None else Figure(what, value, f"<= {limit:.2f}", found <= limit)


def seconds(what: str, taken: Iterable[float], limit: float) -> Figure:
    median = statistics.median(taken)
    return Figure(what, f"{median:.2f} s", f"<= {limit:.1f} s", median <= limit)


def at_most(what: str, found: float, limit: float, unit: str = "", *, digits: int = 0) -> Figure:
    return Figure(what, f"{found:.{digits}f}{unit}", f"<= {limit:g}{unit}", found <= limit)
