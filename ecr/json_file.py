"""Reads files that people name on the command line: within bounds, and with an error that says what is wrong."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ecr.errors import InputError
from ecr.lifecycle.strict_json import read_json


def read_json_file(path: str, max_bytes: int) -> object:
    """What a JSON file says; see `ecr.lifecycle.strict_json.read_json`.

    Raises:
        InputError: the file can't be read, is longer than `max_bytes`, or is not JSON.
    """
    return read_json(read_file(path, max_bytes), path, max_bytes=max_bytes)


def read_file(path: str, max_bytes: int) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: there is no such file, it can't be read, is not a file, is empty, or longer than `max_bytes`.
    """
    try:
        _refuse_other_kinds(path)
        with Path(path).open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise InputError(path, "there is no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a path that no system call takes
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(path, f"can't be read: {reason}") from error
    if not data:
        raise InputError(path, "is empty; accepted: JSON")
    if len(data) > max_bytes:
        raise InputError(path, f"is longer than the {max_bytes} bytes that are accepted")
    return data


def _refuse_other_kinds(path: str) -> None:
    """Before it is opened: a pipe that nobody writes to would be waited for, and a device has no end."""
    mode = os.stat(path).st_mode  # noqa: PTH116 - Path would read '' as the current folder
    if stat.S_ISDIR(mode):
        raise InputError(path, "is a folder; accepted: a file")
    if not stat.S_ISREG(mode):
        raise InputError(path, "is not a file but a pipe or device; save what it gives in a file, and name that")
