"""Downloads and builds that cost minutes, kept outside of the checkout and keyed by what went into them.

An entry is made in a temporary directory and renamed in when it is whole: there is never a half one. A lock per
entry makes two processes that want it at once build it once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from local.console import say
from local.errors import DiskFull, disk_full_in
from local.lock import FileLock

DRAFT = ".making-"


def entry(cache: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The directory `cache/name`, made by `make(draft_directory)` when it is not there yet.

    Whatever `make` raises comes through, with nothing left behind. Drafts of builds that were killed are removed.
    """
    target = cache / name
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{name}.lock", say=say).held():
        if target.is_dir():
            return target
        for stale in cache.glob(f"{DRAFT}{name}-*"):
            shutil.rmtree(stale, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{DRAFT}{name}-", dir=cache))
        try:
            make(draft)
            draft.chmod(0o755)
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return target


def check_space(output: str, where: Path) -> None:
    """Raise `DiskFull` when the output of another program blames the disk."""
    if disk_full_in(output):
        raise DiskFull(str(where))
