"""What manifests are made of, kept on disk under their digest: what a digest names can't change.

One SQLite file, asked and told with one query and one transaction for many manifests: a file for each took longer to
open, read and write than asking ECR again (docs/decisions/0014-manifest-cache.md). It holds what was understood, not
the bytes, since understanding is what takes the time.

Nothing here fails, and nothing is said: where nothing can be read or written, nothing is kept. What is wrong with the
file makes it as good as none: it is put aside, and the next run begins another.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from ecr.cost.layers import Contents

_FOLDER = "container-registry"

# The number is that of what an entry means. Whoever changes that, or what `ecr.cost.layers.read` makes of a manifest,
# raises it; another file, since two versions of this program on one machine would else put each other's aside.
FILE = "contents-1.sqlite3"
_DAMAGED = ".damaged"

# `SELECT sql FROM sqlite_schema` has the statement as it was written (SQLite, "The Schema Table").
_TABLE = "CREATE TABLE manifest (key BLOB PRIMARY KEY, used INTEGER NOT NULL, entry BLOB NOT NULL) WITHOUT ROWID"

# Some 120,000 images of seven layers. At most twice as many are there before the longest unused are dropped.
_MAX_BYTES = 64 << 20
_MAX_ENTRY_BYTES = 1 << 20  # ecr.oci.manifest.MAX_DESCRIPTORS take less than half of it
_AT_ONCE = 500  # SQLite, "Limits": 999 parameters in a statement before 3.32
_PATIENCE_S = 2.0  # a transaction of 1,000 manifests takes some 20 ms

_SETTINGS = (
    # What a power failure leaves behind is noticed by the checksums; waiting for the disk is for what can't be had
    # again. The journal stays on: a process that is killed leaves a file that SQLite mends itself. No WAL, which fails
    # where the home is on a network (SQLite, "Write-Ahead Logging").
    "PRAGMA synchronous = OFF",
    # SQLite, "Defense Against The Dark Arts", "Untrusted SQLite Database Files".
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
)

# SQLite, "Result and Error Codes": those that tell of the machine, not of the file.
_SURROUNDINGS = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR),
        *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH),
        *(sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_INTERRUPT),
    }
)

_Result = TypeVar("_Result")
_HEAD = struct.Struct("<QI")  # the manifest's own size; how many blobs follow, and then children
_BLOB = struct.Struct("<32sQ")
_CHILD = struct.Struct("<32s")
_CHECKSUM_BYTES = 32
_SHA256 = "sha256:"


def default_folder() -> Path | None:
    """Where manifests are kept: below `$XDG_CACHE_HOME`, else `~/.cache`; None where there is no home.

    Source: XDG Base Directory Specification, which has relative paths ignored.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    if Path(named).is_absolute():
        return Path(named) / _FOLDER / "manifests"
    try:
        return Path.home() / ".cache" / _FOLDER / "manifests"
    except RuntimeError:
        return None


class ManifestCache:
    """What manifests are made of, on disk. Usable from several threads and processes: nothing stays open.

    Args:
        folder: where the file is; it is made when the first manifest is kept. None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder.absolute() / FILE

    def get(self, wanted: Mapping[str, str]) -> dict[str, Contents]:
        """Digest -> what it is made of; only those that are here.

        Args:
            wanted: digest -> media type under which it is served, which is part of what a manifest means (OCI image
                specification, GHSA-77vh-xpmg-72qh); kept under another one, it is not here.
        """
        if self._path is None or not wanted:
            return {}
        keys = {_key(digest, media_type): digest for digest, media_type in wanted.items()}
        return _attempt(self._path, "rw", lambda connection: _read(connection, keys)) or {}

    def put(self, found: Iterable[tuple[str, Contents]]) -> None:
        """Keep what manifests are made of, in one transaction: all of it or nothing.

        Args:
            found: the media type under which it was served, and what it is made of. Its bytes must have had its digest:
                that can't be checked any more.
        """
        rows = [_row(media_type, contents) for media_type, contents in found]
        rows = [row for row in rows if len(row[-1]) <= _MAX_ENTRY_BYTES]
        if self._path is None or not rows:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            return
        _attempt(self._path, "rwc", lambda connection: _write(connection, rows))


class _NotOursError(Exception):
    """The file is damaged, or somebody else's."""


def _attempt(path: Path, mode: str, action: Callable[[sqlite3.Connection], _Result]) -> _Result | None:
    """What `action` returns; None when it fails. A file that is not what it should be is put aside."""
    inode = _inode(path)
    try:
        with contextlib.closing(_opened(path, mode)) as connection:
            return action(connection)
    except _NotOursError:
        _put_aside(path, inode)
    except sqlite3.Error as error:
        # The primary result code is in the low 8 bits.
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _SURROUNDINGS:
            _put_aside(path, inode)
    return None


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    # Autocommit, so that each transaction is one that can be read here.
    connection = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=_PATIENCE_S, isolation_level=None)
    try:
        connection.text_factory = bytes  # damaged text need not be UTF-8
        # A damaged length would have SQLite ask for a gigabyte.
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * _MAX_ENTRY_BYTES)
        for setting in _SETTINGS:
            connection.execute(setting)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _put_aside(path: Path, inode: int | None) -> None:
    """Rename the file, unless somebody else has done so and begun another; a former one that was put aside goes.

    Its journal goes first, since SQLite would apply it to the next file (SQLite, "How To Corrupt An SQLite Database
    File", "Unlinking or renaming a database file while in use"). Another process that writes at this very moment may
    lose what it writes, or leave what the checksums notice.
    """
    if inode is None or _inode(path) != inode:
        return
    with contextlib.suppress(OSError):
        for ending in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        path.replace(path.with_name(path.name + _DAMAGED))


def _begun(connection: sqlite3.Connection) -> bool:
    """Whether the table is there; False for an empty file."""
    found = connection.execute("SELECT sql FROM sqlite_master").fetchall()
    if found and found != [(_TABLE.encode(),)]:
        raise _NotOursError
    return bool(found)


def _read(connection: sqlite3.Connection, keys: Mapping[bytes, str]) -> dict[str, Contents]:
    if not _begun(connection):
        return {}
    today = _today()
    found: dict[str, Contents] = {}
    long_unused: list[tuple[int, bytes]] = []
    for some in _in_parts(list(keys)):
        places = ",".join("?" * len(some))
        query = f"SELECT key, used, entry FROM manifest WHERE key IN ({places})"  # noqa: S608 (question marks)
        for key, used, entry in connection.execute(query, some):
            digest = keys.get(key)
            if digest is None:
                raise _NotOursError
            found[digest] = _contents(digest, key, entry)
            if used != today:
                long_unused.append((today, key))
    # A write at most once a day; what was found is found, whether or not that can be written down.
    if long_unused:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE manifest SET used = ? WHERE key = ?", long_unused)
            connection.execute("COMMIT")
    return found


def _write(connection: sqlite3.Connection, rows: Sequence[tuple[bytes, int, bytes]]) -> None:
    page_bytes = _number(connection, "page_size")
    connection.execute(f"PRAGMA max_page_count = {2 * _MAX_BYTES // page_bytes}")
    connection.execute("BEGIN IMMEDIATE")
    if not _begun(connection):
        connection.execute(_TABLE)
    connection.executemany("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?)", rows)
    pages = _number(connection, "page_count") - _number(connection, "freelist_count")
    if pages * page_bytes > _MAX_BYTES:
        # A quarter more than has to go, so that not every run has to. Pages that become free are used again.
        surplus = pages * page_bytes - _MAX_BYTES * 3 // 4
        connection.execute(
            "DELETE FROM manifest WHERE key IN (SELECT key FROM (SELECT key, sum(length(key) + length(entry))"
            " OVER (ORDER BY used, key) AS so_far FROM manifest) WHERE so_far <= ?)",
            (surplus,),
        )
    connection.execute("COMMIT")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    ((value,),) = connection.execute(f"PRAGMA {pragma}")
    return int(value)


def _in_parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[at : at + _AT_ONCE] for at in range(0, len(keys), _AT_ONCE))


def _today() -> int:
    return int(time.time()) // 86_400


def _key(digest: str, media_type: str) -> bytes:
    return f"{digest} {media_type}".encode()


def _row(media_type: str, contents: Contents) -> tuple[bytes, int, bytes]:
    key = _key(contents.digest, media_type)
    told = b"".join(
        (
            _HEAD.pack(contents.size, len(contents.blobs)),
            *(_BLOB.pack(_to_bytes(digest), size) for digest, size in contents.blobs),
            *map(_to_bytes, contents.children),
        )
    )
    return key, _today(), _checksum(key, told) + told


def _contents(digest: str, key: bytes, entry: object) -> Contents:
    """What an entry says, once it has proved to be the one that was written under this key.

    SQLite has no checksums of its own, and `PRAGMA integrity_check` looks at the structure, not at what is in it.
    """
    if not isinstance(entry, bytes) or entry[:_CHECKSUM_BYTES] != _checksum(key, entry[_CHECKSUM_BYTES:]):
        raise _NotOursError
    size, count = _HEAD.unpack_from(entry, _CHECKSUM_BYTES)
    blobs = _CHECKSUM_BYTES + _HEAD.size
    children = blobs + count * _BLOB.size
    return Contents(
        digest=digest,
        size=size,
        blobs=tuple((_SHA256 + name.hex(), bytes_) for name, bytes_ in _BLOB.iter_unpack(entry[blobs:children])),
        children=tuple(_SHA256 + name.hex() for (name,) in _CHILD.iter_unpack(entry[children:])),
    )


def _checksum(key: bytes, told: bytes) -> bytes:
    return sha256(key + b"\0" + told).digest()


def _to_bytes(digest: str) -> bytes:
    return bytes.fromhex(digest.removeprefix(_SHA256))
