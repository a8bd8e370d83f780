"""Several questions at the same time. Whatever waits has a limit, which is reached when something is wrong."""

from __future__ import annotations

import contextvars
import os
import signal
import subprocess
import sys
import threading

import pytest

from ecr import at_once
from ecr.at_once import MOST

LIMIT_S = 20.0


class Hanging:
    """Questions that are answered only when they are let go; as soon as so many hang, Ctrl-C comes."""

    def __init__(self, many: int) -> None:
        self.asked: list[int] = []
        self.answered: list[int] = []
        self.go = threading.Event()
        self._all = threading.Barrier(many, action=lambda: os.kill(os.getpid(), signal.SIGINT))

    def __call__(self, number: int) -> int:
        self.asked.append(number)
        self._all.wait(LIMIT_S)
        self.go.wait(LIMIT_S)
        self.answered.append(number)
        return number


class Failing:
    """Answers some numbers with an error, each when the next higher one has failed."""

    def __init__(self, *numbers: int) -> None:
        self.asked: list[int] = []
        self._failed = {number: threading.Event() for number in numbers}

    def __call__(self, number: int) -> int:
        self.asked.append(number)
        if number not in self._failed:
            return number
        higher = min((one for one in self._failed if one > number), default=None)
        try:
            assert higher is None or self._failed[higher].wait(LIMIT_S)
            raise LookupError(str(number))
        finally:
            self._failed[number].set()


def test_the_answers_are_in_the_order_of_the_things() -> None:
    later = threading.Event()

    def question(text: str) -> str:
        if text == "a":
            assert later.wait(LIMIT_S)
        else:
            later.set()
        return text.upper()

    assert at_once.ask(iter("abc"), question) == ["A", "B", "C"]


def test_of_nothing_nothing_is_asked() -> None:
    assert at_once.ask([], pytest.fail) == []


def test_several_are_asked_at_the_same_time_and_never_more_than_that() -> None:
    together = threading.Barrier(MOST)
    lock = threading.Lock()
    running: set[int] = set()
    most: list[int] = []

    def question(number: int) -> int:
        with lock:
            running.add(number)
            most.append(len(running))
        together.wait(LIMIT_S)  # raises in each when there are fewer
        with lock:
            running.remove(number)
        return number

    assert at_once.ask(range(3 * MOST), question) == list(range(3 * MOST))
    assert max(most) == MOST


def test_the_first_error_in_order_is_raised_though_another_came_before_it() -> None:
    question = Failing(1, 2, 4)
    with pytest.raises(LookupError, match=r"^1$"):
        at_once.ask(range(5), question)


def test_after_an_error_nothing_more_is_begun_and_what_was_begun_is_waited_for() -> None:
    together = threading.Barrier(MOST)
    failing: list[threading.Thread] = []
    asked: list[int] = []
    answered: list[int] = []

    def question(number: int) -> None:
        asked.append(number)
        if number == 0:
            failing.append(threading.current_thread())
        together.wait(LIMIT_S)
        if number == 0:
            raise LookupError(str(number))
        failing[0].join(LIMIT_S)
        answered.append(number)

    with pytest.raises(LookupError, match=r"^0$"):
        at_once.ask(range(2 * MOST), question)
    assert sorted(asked) == list(range(MOST))
    assert sorted(answered) == list(range(1, MOST))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_is_an_error_like_others(error: type[BaseException]) -> None:
    def question(number: int) -> None:
        raise error(number)

    with pytest.raises(error):
        at_once.ask([1], question)


def test_a_question_sees_the_context_of_whoever_asks() -> None:
    variable = contextvars.ContextVar("variable", default="nobody's")
    token = variable.set("the caller's")
    try:
        assert at_once.ask([1, 2], lambda _: variable.get()) == ["the caller's"] * 2
    finally:
        variable.reset(token)


@pytest.mark.parametrize("things", [3, MOST, MOST + 3], ids=["few", "as-many-as-run", "more-than-run"])
def test_ctrl_c_does_not_wait_for_questions_that_hang(things: int) -> None:
    begun = min(things, MOST)
    hanging = Hanging(begun)
    try:
        with pytest.raises(KeyboardInterrupt):
            at_once.ask(range(things), hanging)
        assert hanging.answered == []
        assert sorted(hanging.asked) == list(range(begun))
    finally:
        hanging.go.set()


PROGRAM = """
import os, signal, threading
from ecr import at_once

def question(number):
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()

at_once.ask([1], question)
"""


def test_nor_does_the_program_at_its_end() -> None:
    ran = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == -signal.SIGINT
    assert ran.stderr.rstrip().endswith("KeyboardInterrupt")
