"""Reads files that people name on the command line: within bounds, and with an error that says what is wrong."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from ecr.errors import InputError
from ecr.strict_json import read_json

STANDARD_INPUT = "-"


def read_json_file(path: str, max_bytes: int, max_values: int | None = None) -> object:
    """What a JSON file says; see `ecr.strict_json.read_json`.

    Raises:
        InputError: the file can't be read, is longer than `max_bytes`, holds more than `max_values`, or is not JSON.
    """
    return read_json(read_file(path, max_bytes), path, max_bytes=max_bytes, max_values=max_values)


def read_file(path: str, max_bytes: int) -> bytes:
    """The bytes of a file or a pipe, such as `<(aws ecr describe-images ...)`; `-` stands for the standard input.

    Raises:
        InputError: no such file; it can't be read, is a folder or device, is empty, or longer than `max_bytes`.
    """
    try:
        data = _read(path, max_bytes + 1)
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


def _read(path: str, count: int) -> bytes:
    if path == STANDARD_INPUT:
        if sys.stdin is None:  # closed before the start: `<&-`
            raise InputError(path, "the standard input is closed; accepted: a file, or something to read from")
        return sys.stdin.buffer.read(count)
    mode = os.stat(path).st_mode  # noqa: PTH116 - Path would read '' as the current folder
    if stat.S_ISDIR(mode):
        raise InputError(path, "is a folder; accepted: a file")
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        raise InputError(path, "is a device; accepted: a file, a pipe, or - for the standard input")
    with Path(path).open("rb") as file:
        return file.read(count)
