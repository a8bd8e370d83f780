"""Asks for several things at the same time, as each answer is mostly waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST = 8  # of the command `pulumi`, each of which is a process of its own; as many clients of AWS

T = TypeVar("T")
Answer = TypeVar("Answer")


def ask(things: Iterable[T], question: Callable[[T], Answer]) -> list[Answer]:
    """What `question` answers of each thing, in their order; it is called in threads.

    Raises:
        Exception: what `question` raises, of the first thing in order for which it does, once all are asked.
    """
    with ThreadPoolExecutor(MOST) as pool:
        return list(pool.map(question, things))
