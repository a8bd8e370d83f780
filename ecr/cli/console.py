"""What the commands write: the result on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from ecr.errors import InputError, printable

# As a shell reports a program that Ctrl-C has ended: 128 + SIGINT. typer hands it out for a KeyboardInterrupt.
INTERRUPTED = 130


def prepare() -> None:
    """Make stdout and stderr write what their encoding lacks as escapes; not every terminal takes UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        # Tests and embedding programs put other objects there.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def result(lines: Iterable[str]) -> None:
    """Write the result. A reader that has gone away (`| head -1`) changes neither the outcome nor the exit code."""
    _write(sys.stdout, "".join(f"{line}\n" for line in lines))


def result_json(value: object) -> None:
    """Write the result as one JSON object with sorted keys."""
    result([json.dumps(value, indent=2, sort_keys=True)])


def say(line: str) -> None:
    """Write one line for people: progress, warnings, errors."""
    _write(sys.stderr, f"{printable(line)}\n")


def flush() -> None:
    """Write out what others left in the buffer of stdout, such as help, as long as somebody reads it."""
    _write(sys.stdout, "")


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed before the start: `>&-`
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _let_go(stream)
    except OSError as error:
        _let_go(stream)
        reason = os.strerror(error.errno or errno.EIO)
        raise InputError("output", f"can't be written: {reason}; free some space or choose another file") from error


def _let_go(stream: TextIO) -> None:
    """Lead what is still in the buffer to nowhere; Python writes it out once more when it ends, and would complain."""
    with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
