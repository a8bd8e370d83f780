"""Asks for several things at the same time, as each answer is mostly waiting."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from ecr.ahead import Ahead

MOST = 8  # of the command `pulumi`, each of which is a process of its own; as many clients of AWS

T = TypeVar("T")
Answer = TypeVar("Answer")


def ask(things: Iterable[T], question: Callable[[T], Answer]) -> list[Answer]:
    """What `question` answers of each thing, in their order; it is called in threads, with the caller's context.

    Ctrl-C is raised at once: questions that run then go on beside the rest, and nobody waits for them.

    Raises:
        BaseException: what `question` raises, of the first thing in order for which it does. From then on no other
            question is begun; those that run are waited for, and what they answer or raise is dropped.
    """
    free, failed = threading.Semaphore(MOST), threading.Event()

    def answer(thing: T) -> Answer:
        try:
            return question(thing)
        except BaseException:
            failed.set()  # before another one is let in
            raise
        finally:
            free.release()

    begun: list[Ahead[Answer]] = []
    for thing in things:
        free.acquire()
        if failed.is_set():
            break
        begun.append(Ahead.start(partial(contextvars.copy_context().run, answer, thing)))
    for each in begun:
        each.wait(threading.TIMEOUT_MAX)
    return [each.result() for each in begun]
