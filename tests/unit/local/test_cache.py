"""Expensive things are made once, and whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from local import cache
from local.errors import DiskFull, LocalError, translated


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(draft: Path) -> None:
        made.append(draft)
        (draft / "file").write_text("whole")

    for _ in range(2):
        assert (cache.entry(tmp_path / "c", "tool", make) / "file").read_text() == "whole"
    assert len(made) == 1


def test_an_interrupted_making_leaves_nothing(tmp_path: Path) -> None:
    def make(draft: Path) -> None:
        (draft / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry(tmp_path, "tool", make)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_a_draft_of_a_killed_making_is_removed(tmp_path: Path) -> None:
    stale = tmp_path / f"{cache.DRAFT}tool-dead"
    stale.mkdir()
    cache.entry(tmp_path, "tool", lambda _draft: None)
    assert not stale.exists()


def test_a_full_disk_is_one_line() -> None:
    with pytest.raises(DiskFull, match="the disk is full: no space left while writing /x"):
        cache.check_space("write /tmp/y: no space left on device", Path("/x"))
    error = translated(OSError(errno.ENOSPC, "No space left on device", "/state/file"))
    assert isinstance(error, DiskFull)
    assert "/state/file" in str(error)


def test_another_system_error_names_its_file() -> None:
    error = translated(PermissionError(errno.EACCES, "Permission denied", "/state"))
    assert str(error) == "/state: Permission denied"
    assert type(error) is LocalError
