"""Processes are known by pid and start time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local import processes
from local.processes import Process, Record

SLEEP = "import signal, sys; print('up', flush=True); signal.pause()"
STUBBORN = "import signal, sys; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"


def started(code: str) -> Iterator[Process]:
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        process = processes.identify(child.pid)
        assert process is not None
        yield process
        child.kill()


@pytest.fixture
def sleeper() -> Iterator[Process]:
    yield from started(SLEEP)


@pytest.fixture
def stubborn() -> Iterator[Process]:
    yield from started(STUBBORN)


def test_a_running_process_is_alive(sleeper: Process) -> None:
    assert sleeper.alive()


def test_a_reused_pid_is_another_process(sleeper: Process) -> None:
    stranger = replace(sleeper, started="long ago")
    assert not stranger.alive()
    assert stranger.stop(grace_s=0)
    assert sleeper.alive()


def test_stop_ends_it_in_order(sleeper: Process) -> None:
    assert sleeper.stop(grace_s=10)
    assert not sleeper.alive()


def test_stop_kills_what_does_not_listen(stubborn: Process) -> None:
    assert not stubborn.stop(grace_s=0.1)
    assert not stubborn.alive()


def test_a_zombie_is_gone(sleeper: Process) -> None:
    os.kill(sleeper.pid, signal.SIGKILL)
    assert sleeper.wait_gone(10)


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_no_such_pid_has_no_start_time(pid: int) -> None:
    assert processes.identify(pid) is None


def test_a_record_comes_back_with_its_facts(tmp_path: Path, sleeper: Process) -> None:
    record = Record(tmp_path / "run" / "it.json")
    record.write(sleeper, port="4566")
    assert record.running() == sleeper
    assert record.facts() == {"port": "4566"}
    record.remove()
    assert record.read() is None


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": "x", "started": "y"}'])
def test_a_broken_record_is_no_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "it.json").write_text(content)
    assert Record(tmp_path / "it.json").running() is None


def test_a_stale_record_names_nobody(tmp_path: Path, sleeper: Process) -> None:
    record = Record(tmp_path / "it.json")
    record.write(replace(sleeper, started="before the last boot"))
    assert record.read() is not None
    assert record.running() is None


def test_a_spawned_process_has_a_session_of_its_own_and_a_log(tmp_path: Path) -> None:
    process = processes.spawn(
        [sys.executable, "-c", "import os; print(os.getsid(0), os.environ)"], {"A": "b"}, tmp_path / "log"
    )
    assert process.wait_gone(10)
    text = (tmp_path / "log").read_text()
    assert text.startswith(f"{process.pid} ")
    assert "'A': 'b'" in text


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_owner_of_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        owner = processes.port_owner(server.getsockname()[1])
    assert owner is not None
    assert owner.startswith(f"pid {os.getpid()} (")
