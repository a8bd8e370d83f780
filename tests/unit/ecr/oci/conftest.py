from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.unit.ecr.oci.small_registry import Answer, Server, running


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Starts servers that give the given answers."""
    with ExitStack() as stack:

        def start_one(*answers: Answer) -> Server:
            server = stack.enter_context(running())
            server.answers = list(answers)
            return server

        yield start_one


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits before it tries again."""
    monkeypatch.setattr("ecr.oci.exchange.BACKOFF_S", 0)
