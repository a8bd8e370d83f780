"""The emulator's port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from unittest import mock

import pytest

from local import emulator
from local.emulator import Emulator
from local.errors import LocalError
from local.layout import Layout
from local.processes import Process, Record, identify


def test_a_port_in_use_is_one_line_with_port_owner_and_way_out(layout: Layout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LocalError) as caught:
            Emulator(replace(layout, port=port)).start()
    assert f"port {port} is in use by pid {os.getpid()}" in str(caught.value)
    assert "--port N" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_owner_that_cannot_be_told_is_another_process() -> None:
    with mock.patch.object(emulator, "port_owner", return_value=None):
        assert "port 4566 is in use by another process" in str(emulator.port_in_use(4566))


def test_a_free_port_is_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    emulator.check_port(port)


def test_ours_on_another_port_is_named(layout: Layout) -> None:
    ourselves = identify(os.getpid())
    assert ourselves is not None
    Record(layout.run / "emulator.json").write(ourselves, port="4600")
    with pytest.raises(LocalError, match="runs on port 4600, not 4599"):
        Emulator(layout).start()


def test_a_new_process_is_a_new_identity(layout: Layout) -> None:
    record = Record(layout.run / "emulator.json")
    assert Emulator(layout).identity() == ""
    identities = set()
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            process = identify(child.pid)
            assert process is not None
            record.write(process, port=str(layout.port))
            identities.add(Emulator(layout).identity())
            child.kill()
    assert len(identities) == 2
    assert Emulator(layout).identity() == ""


def test_stopping_what_does_not_run_is_nothing(layout: Layout) -> None:
    Record(layout.run / "emulator.json").write(Process(os.getpid(), "another time"), port="4599")
    assert Emulator(layout).stop() is None
