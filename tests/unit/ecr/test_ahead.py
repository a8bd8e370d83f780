from __future__ import annotations

import threading

import pytest

from ecr.ahead import Ahead


def test_what_was_begun_is_handed_out() -> None:
    assert Ahead.start(lambda: 7).result() == 7


def test_what_it_raises_is_raised_where_the_result_is_asked_for() -> None:
    ahead = Ahead.start(lambda: int("x"))
    assert ahead.wait(20)
    assert ahead.failed
    with pytest.raises(ValueError, match="int"):
        ahead.result()


def test_it_runs_beside_the_rest() -> None:
    asked = threading.Event()
    ahead = Ahead.start(lambda: asked.wait(20))
    assert not ahead.wait(0)
    asked.set()
    assert ahead.result()
