"""Writes the page into a file: as a whole or not at all, and over nothing but another page of ours."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from ecr.errors import InputError
from ecr.report.page import MARK

OPTION = "--output"
_HEAD_BYTES = 2000


def check(path: str, *, overwrite: bool) -> None:
    """Refuse a file that can't be written, or holds something else, before anybody is asked anything.

    Args:
        path: of the file.
        overwrite: whether it may hold something else.

    Raises:
        InputError: it may not be written.
    """
    try:
        _check(path, overwrite=overwrite)
    except (OSError, ValueError) as error:  # ValueError: a path that no system call takes
        raise _unwritable(path, error) from error


def write(path: str, chunks: Iterable[str]) -> None:
    """Write the page beside the file and put it into its place once it is complete.

    Raises:
        InputError: it can't be written.
    """
    target = Path(path)
    try:
        target = target.resolve()
        beside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
        try:
            with beside.open("x", encoding="utf-8", newline="\n") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _check(path: str, *, overwrite: bool) -> None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - Path would read '' as the current folder
    except FileNotFoundError:
        if not path or not Path(path).parent.is_dir():
            raise
        return
    if stat.S_ISDIR(mode):
        raise InputError(OPTION, f"{path} is a folder; accepted: the name of a file, such as report.html")
    if not stat.S_ISREG(mode):
        raise InputError(OPTION, f"{path} is no file; accepted: the name of a file, or - for the standard output")
    if not overwrite and not _replaceable(Path(path)):
        raise InputError(OPTION, f"{path} is there and is no report; choose another name, or add --overwrite")


def _replaceable(path: Path) -> bool:
    """Whether a file is empty, or a page that this program has made."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return not head or f'<meta name="generator" content="{MARK}">'.encode() in head


def _unwritable(path: str, error: OSError | ValueError) -> InputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return InputError(OPTION, f"{path} can't be written: {reason}")
