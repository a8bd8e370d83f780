"""Writes a page or a picture into a file: as a whole or not at all, and over nothing but another one of ours."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ecr.errors import InputError

OPTION = "--output"
MARK = "container-registry report"  # by which a file is known as a page of ours
_HEAD_BYTES = 2000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is written, and how a file of it is known again.

    Attributes:
        option: which names the file.
        name: what it is, in a word or two, such as `report`.
        mark: is among the first bytes of a file of ours, and of hardly any other.
        instead: what else may be named, in words that follow "accepted:".
        otherwise: what else may be done where there is something else, beside choosing another name.
    """

    option: str
    name: str
    mark: bytes
    instead: str
    otherwise: str

    def check(self, path: str, *, overwrite: bool = False) -> None:
        """Refuse a file that can't be written, or holds something else, before anybody is asked anything.

        Args:
            path: of the file.
            overwrite: whether it may hold something else.

        Raises:
            InputError: it may not be written.
        """
        try:
            self._check(path, overwrite=overwrite)
        except (OSError, ValueError) as error:  # ValueError: a path that no system call takes
            raise self._unwritable(path, error) from error

    def write(self, path: str, chunks: Iterable[str]) -> None:
        """Write beside the file, and put that into its place once it is complete.

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
            raise self._unwritable(path, error) from error

    def _check(self, path: str, *, overwrite: bool) -> None:
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116 - Path would read '' as the current folder
        except FileNotFoundError:
            if not path or not Path(path).parent.is_dir():
                raise
            return
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise InputError(self.option, f"{path} is no file; accepted: {self.instead}")
        if not overwrite and not self._replaceable(Path(path)):
            problem = f"{path} is there and is no {self.name}; choose another name, or {self.otherwise}"
            raise InputError(self.option, problem)

    def _replaceable(self, path: Path) -> bool:
        """Whether a file is empty, or one that this program has made."""
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        return not head or self.mark in head

    def _unwritable(self, path: str, error: OSError | ValueError) -> InputError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return InputError(self.option, f"{path} can't be written: {reason}")


PAGE = Kind(
    option=OPTION,
    name="report",
    mark=f'<meta name="generator" content="{MARK}">'.encode(),
    instead="the name of a file, or - for the standard output",
    otherwise="add --overwrite",
)
