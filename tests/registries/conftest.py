"""Real registries on loopback, started once: two of CNCF distribution, a third that wants a password, and MiniStack."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import urllib3

from local.errors import Unavailable, may_skip
from tests.registries import servers
from tests.registries.plain_client import PlainClient
from tests.registries.repositories import Repository
from tests.registries.servers import MiniStack, Server

S = TypeVar("S", bound=Server)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs registries that Debian's packages bring."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("registries")


@contextmanager
def had_here() -> Iterator[None]:
    """What can't be had on this machine skips the tests with its reason; CI has to have it."""
    try:
        yield
    except Unavailable as error:
        if not may_skip(error, ci=os.environ.get("CI") == "true"):
            raise
        pytest.skip(f"the registries can't be had here: {error.reason}")


def started(server: AbstractContextManager[S]) -> Iterator[S]:
    with ExitStack() as stack:
        with had_here():
            running = stack.enter_context(server)
        yield running


@pytest.fixture(scope="session")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from started(servers.distribution(tmp_path_factory.mktemp("distribution")))


@pytest.fixture(scope="session")
def other_distribution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A second one, which names the places of its uploads by path only."""
    yield from started(servers.distribution(tmp_path_factory.mktemp("other"), relative_urls=True))


@pytest.fixture(scope="session")
def guarded_distribution(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that wants a name and a password."""
    yield from started(servers.distribution(tmp_path_factory.mktemp("guarded"), password=True))


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    yield from started(servers.ministack(tmp_path_factory.mktemp("ministack")))


@pytest.fixture(scope="session")
def skopeo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The command, a reader that shares no line with the product."""
    with had_here():
        return servers.have("skopeo", "skopeo", tmp_path_factory.mktemp("skopeo") / "apt.log")


@pytest.fixture(scope="session")
def http() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(num_pools=50, maxsize=16, retries=False, timeout=20) as pool:
        yield pool


NUMBERS = itertools.count(1)


@pytest.fixture
def fresh(http: urllib3.PoolManager) -> Callable[..., Repository]:
    """Makes a repository that nobody else uses."""

    def make(server: Server, mutability: str = "MUTABLE") -> Repository:
        name = f"tests/r{next(NUMBERS)}"
        if isinstance(server, MiniStack):
            server.create(name, mutability)
        headers = urllib3.make_headers(basic_auth=f"{servers.USERNAME}:{servers.PASSWORD}") if server.guarded else {}
        return Repository(server, name, PlainClient(server.base_url, http, headers))

    return make
