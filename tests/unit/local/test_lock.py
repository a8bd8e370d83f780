"""One writer at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.errors import LocalError
from local.lock import FileLock

HOLD = """
import sys
from pathlib import Path
from local.lock import FileLock
with FileLock(Path(sys.argv[1]), say=print).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its standard input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_holds_it_and_gives_up_at_the_deadline(tmp_path: Path) -> None:
    said: list[str] = []
    with holder(tmp_path / "lock") as other:
        with (
            pytest.raises(LocalError, match=f"pid {other.pid}"),
            FileLock(tmp_path / "lock", say=said.append, deadline_s=0).held(),
        ):
            pass
        other.communicate()
    assert len(said) == 1
    assert f"waiting for pid {other.pid}" in said[0]


def test_a_second_process_gets_it_once_the_first_is_done(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as other:

        def let_go(_line: str) -> None:
            assert other.stdin is not None
            other.stdin.close()

        with FileLock(tmp_path / "lock", say=let_go, deadline_s=30).held():
            assert other.wait() == 0


def test_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as other:
        other.kill()
        other.wait()
    with FileLock(tmp_path / "lock", say=pytest.fail, deadline_s=0).held():
        pass


def test_its_holder_may_enter_again(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", say=pytest.fail, deadline_s=0)
    with lock.held(), lock.held():
        assert (tmp_path / "lock").read_text()
    assert (tmp_path / "lock").read_text() == ""
