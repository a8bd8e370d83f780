"""Contents of manifests on disk: what is damaged is as good as not there, and nothing that fails is told to anybody."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import resource
import sqlite3
import stat
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ecr import layer_cache
from ecr.cost.layers import Contents
from ecr.layer_cache import FILE, ManifestCache
from ecr.oci.manifest import DOCKER_MANIFEST, MAX_DESCRIPTORS, OCI_INDEX, OCI_MANIFEST

DAY_S = 86_400


def digest(number: int) -> str:
    return f"sha256:{number * 0x9E3779B97F4A7C15:064x}"


def image(number: int, layers: int = 7) -> Contents:
    blobs = tuple((digest(1000 * number + at), at * 12_345) for at in range(layers))
    return Contents(digest=digest(number), size=500 + number, blobs=blobs)


def images(first: int, end: int) -> dict[str, Contents]:
    return {digest(number): image(number) for number in range(first, end)}


IMAGES = images(1, 41)


@pytest.fixture
def cache(tmp_path: Path) -> ManifestCache:
    return ManifestCache(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


def put(cache: ManifestCache, found: dict[str, Contents], media_type: str = OCI_MANIFEST) -> None:
    cache.put((media_type, contents) for contents in found.values())


def get(cache: ManifestCache, wanted: dict[str, Contents], media_type: str = OCI_MANIFEST) -> dict[str, Contents]:
    return cache.get(dict.fromkeys(wanted, media_type))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def test_what_was_put_is_found_by_anybody_else_and_nothing_else_is(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c%20" / "manifests"  # an address has to spell these out
    put(ManifestCache(folder), IMAGES)
    assert get(ManifestCache(folder), {**IMAGES, **images(50, 60)}) == IMAGES
    assert names(folder) == [FILE]
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "contents",
    [
        pytest.param(Contents(digest=digest(1), size=0), id="nothing"),
        pytest.param(Contents(digest=digest(1), size=9, children=(digest(2), digest(3))), id="index"),
        pytest.param(
            Contents(digest=digest(1), size=9, blobs=((digest(4), 1 << 50),), children=(digest(2),)), id="both"
        ),
        pytest.param(image(1, layers=2 * MAX_DESCRIPTORS), id="as-many-as-there-may-be"),
    ],
)
def test_all_that_was_understood_is_kept(cache: ManifestCache, contents: Contents) -> None:
    cache.put([(OCI_INDEX, contents)])
    assert cache.get({contents.digest: OCI_INDEX}) == {contents.digest: contents}


def test_what_would_fill_the_disk_by_itself_is_not_kept(cache: ManifestCache, tmp_path: Path) -> None:
    cache.put([(OCI_MANIFEST, image(1, layers=30_000))])
    assert names(tmp_path) == []


def test_the_media_type_is_part_of_what_a_manifest_means(cache: ManifestCache) -> None:
    put(cache, IMAGES)
    assert get(cache, IMAGES, DOCKER_MANIFEST) == {}
    assert get(cache, IMAGES, "") == {}
    put(cache, images(1, 2), "")
    assert get(cache, IMAGES, "") == images(1, 2)
    assert get(cache, IMAGES) == IMAGES


def test_thousands_are_asked_for_at_once(cache: ManifestCache) -> None:
    many = images(1, 2_002)
    put(cache, many)
    assert get(cache, many) == many


def test_looking_makes_nothing(cache: ManifestCache, tmp_path: Path) -> None:
    assert get(cache, IMAGES) == {}
    assert cache.get({}) == {}
    cache.put([])
    assert names(tmp_path) == []


def test_without_a_folder_nothing_is_kept() -> None:
    cache = ManifestCache(None)
    put(cache, IMAGES)
    assert get(cache, IMAGES) == {}


# What is wrong with the file


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"not a database at all", id="text"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 5_000, id="only-begins-like-one"),
        pytest.param(b"\0" * 8_192, id="zeros"),
    ],
)
def test_a_file_that_is_something_else_is_put_aside(cache: ManifestCache, path: Path, written: bytes) -> None:
    path.write_bytes(written)
    assert get(cache, IMAGES) == {}
    put(cache, IMAGES)
    assert get(cache, IMAGES) == IMAGES
    assert path.with_name(f"{FILE}.damaged").read_bytes() == written
    assert names(path.parent) == [FILE, f"{FILE}.damaged"]


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["CREATE TABLE manifest (key BLOB, used INTEGER, entry BLOB)"], id="another-table-of-that-name"),
        pytest.param(["CREATE TABLE mine (x)"], id="somebody-else's"),
        pytest.param(["CREATE VIEW manifest AS SELECT x'' AS key, 1 AS used, x'' AS entry"], id="a-view"),
        pytest.param([layer_cache._TABLE, "CREATE TABLE more (x)"], id="more-than-ours"),
        pytest.param(
            [layer_cache._TABLE, "CREATE TRIGGER t AFTER INSERT ON manifest BEGIN DELETE FROM manifest; END"],
            id="a-trigger",
        ),
    ],
)
@pytest.mark.parametrize("first", ["get", "put"])
def test_a_foreign_database_is_put_aside(
    cache: ManifestCache, path: Path, statements: Sequence[str], first: str
) -> None:
    change(path, *statements)
    if first == "get":
        assert get(cache, IMAGES) == {}
    else:
        put(cache, IMAGES)
    assert names(path.parent) == [f"{FILE}.damaged"]
    put(cache, IMAGES)
    assert get(cache, IMAGES) == IMAGES


def test_an_empty_file_is_taken_over(cache: ManifestCache, path: Path) -> None:
    path.touch()
    assert get(cache, IMAGES) == {}
    put(cache, IMAGES)
    assert get(cache, IMAGES) == IMAGES
    assert names(path.parent) == [FILE]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE manifest SET entry = (SELECT min(entry) FROM manifest)", id="entry-of-another"),
        pytest.param("UPDATE manifest SET entry = x''", id="nothing"),
        pytest.param("UPDATE manifest SET entry = substr(entry, 1, length(entry) - 1)", id="cut-short"),
        pytest.param("UPDATE manifest SET entry = 'text'", id="text"),
        pytest.param("UPDATE manifest SET entry = 7", id="number"),
    ],
)
def test_an_entry_that_is_not_what_was_written_is_never_believed(
    cache: ManifestCache, path: Path, statement: str
) -> None:
    put(cache, IMAGES)
    change(path, statement)
    assert get(cache, IMAGES) == {}
    assert names(path.parent) == [f"{FILE}.damaged"]
    put(cache, IMAGES)
    assert get(cache, IMAGES) == IMAGES


def test_no_damage_makes_it_say_what_is_wrong(tmp_path: Path) -> None:
    put(ManifestCache(tmp_path), IMAGES)
    sound = (tmp_path / FILE).read_bytes()
    chance = random.Random(14)  # noqa: S311 (the same damage each time)
    changed = 0
    for number in range(200):
        folder = tmp_path / str(number)
        folder.mkdir()
        damaged = bytearray(sound)
        # Headers of file and pages decide most: half of the damage is there.
        at = chance.randrange(len(sound)) if number % 2 else chance.choice([0, 4096, 8192]) + chance.randrange(120)
        if number % 5:
            damaged[at : at + chance.choice([1, 2, 50])] = chance.randbytes(chance.choice([1, 2, 50]))
        else:
            del damaged[at:]
        (folder / FILE).write_bytes(damaged)
        cache = ManifestCache(folder)
        found = get(cache, IMAGES)
        assert found.items() <= IMAGES.items()
        changed += len(found) < len(IMAGES)
        put(cache, images(20, 60))
        assert get(cache, images(1, 60)).items() <= images(1, 60).items()
    assert changed > 50  # the damage was felt


def test_the_journal_of_a_damaged_file_does_not_get_into_the_next(cache: ManifestCache, path: Path) -> None:
    path.write_bytes(b"damaged")
    path.with_name(f"{FILE}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\1" * 600)
    assert get(cache, IMAGES) == {}
    assert names(path.parent) == [f"{FILE}.damaged"]
    put(cache, IMAGES)
    assert get(cache, IMAGES) == IMAGES
    assert names(path.parent) == [FILE, f"{FILE}.damaged"]


def test_a_file_that_somebody_else_has_begun_meanwhile_stays(
    cache: ManifestCache, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ManifestCache(tmp_path / "elsewhere"), IMAGES)
    path.write_bytes(b"damaged")

    def mended_by_another(*_: object) -> None:
        (tmp_path / "elsewhere" / FILE).replace(path)
        raise sqlite3.DatabaseError("file is not a database")

    with monkeypatch.context() as patch:
        patch.setattr(layer_cache, "_read", mended_by_another)
        patch.setattr(layer_cache, "_SETTINGS", ())  # they would notice first
        assert get(cache, IMAGES) == {}
    assert get(cache, IMAGES) == IMAGES


# Where nothing can be written


def test_a_folder_that_can_not_be_made_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "manifests").write_text("in the way")
    cache = ManifestCache(tmp_path / "manifests")
    put(cache, IMAGES)
    assert get(cache, IMAGES) == {}


def test_a_folder_in_place_of_the_file_is_no_failure(cache: ManifestCache, path: Path) -> None:
    path.mkdir()
    put(cache, IMAGES)
    assert get(cache, IMAGES) == {}


def _as_nobody(folder: str) -> tuple[int, int]:
    """How many are found, before and after one more is put, by somebody who may not write there."""
    if os.geteuid() == 0:
        os.seteuid(65_534)
    cache = ManifestCache(Path(folder))
    before = len(get(cache, images(1, 42)))
    put(cache, images(41, 42))
    return before, len(get(cache, images(1, 42)))


def test_a_read_only_folder_can_be_read_and_is_no_failure(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("open")
    for above in (folder, *folder.parents):
        if not above.stat().st_mode & stat.S_IXOTH:
            above.chmod(0o755)  # pytest has its own for their owner alone
    put(ManifestCache(folder), IMAGES)
    # Unused for long, so that reading would write, too.
    change(folder / FILE, "UPDATE manifest SET used = 1")
    (folder / FILE).chmod(0o444)
    folder.chmod(0o555)
    monkeypatch.setattr(layer_cache, "_PATIENCE_S", 0.1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_as_nobody, [str(folder)]) == (40, 40)
    assert names(folder) == [FILE]
    folder.chmod(0o755)


def _with_small_files(folder: str) -> int:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    cache = ManifestCache(Path(folder))
    put(cache, images(41, 500))
    return len(get(cache, images(1, 500)))


def test_what_does_not_fit_on_the_disk_leaves_what_was_there(cache: ManifestCache, tmp_path: Path) -> None:
    put(cache, images(1, 11))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_with_small_files, [str(tmp_path)]) == 10
    assert get(cache, images(1, 500)) == images(1, 11)
    assert names(tmp_path) == [FILE]


def test_a_file_that_somebody_holds_is_not_waited_for_long(
    cache: ManifestCache, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_cache, "_PATIENCE_S", 0.05)
    put(cache, IMAGES)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert get(cache, IMAGES) == {}
        put(cache, images(41, 43))
        holder.execute("ROLLBACK")
    assert get(cache, images(1, 60)) == IMAGES
    assert names(path.parent) == [FILE]


# Several at once


def _put_and_get(folder: str, first: int = 0) -> int:
    """How many of the manifests that several write at once are read back wrong or not at all."""
    cache = ManifestCache(Path(folder))
    wrong = 0
    for turn in range(first, first + 50):
        some = images(1 + 10 * turn, 11 + 10 * turn)
        put(cache, some)
        wrong += get(cache, some) != some
    return wrong


@pytest.mark.parametrize("second", [pytest.param(0, id="the-same"), pytest.param(50, id="others")])
def test_two_processes_may_write_at_once(tmp_path: Path, second: int) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(_put_and_get, [(str(tmp_path), 0), (str(tmp_path), second)]) == [0, 0]
    every = images(1, 501 + 10 * second)
    assert get(ManifestCache(tmp_path), every) == every
    assert names(tmp_path) == [FILE]


def test_threads_may_share_one(cache: ManifestCache) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        some = images(1 + 100 * number, 101 + 100 * number)
        put(cache, some)
        if get(cache, some) != some:
            wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _find_damage(folder: str) -> bool:
    cache = ManifestCache(Path(folder))
    for _ in range(60):
        (Path(folder) / FILE).write_bytes(b"damaged again")
        put(cache, IMAGES)
        if not get(cache, IMAGES).items() <= IMAGES.items():
            return False
    return True


def test_two_processes_may_find_damage_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_find_damage, [str(tmp_path)] * 2) == [True, True]
    for _ in range(2):  # the first may find what the last one left
        put(ManifestCache(tmp_path), IMAGES)
    assert get(ManifestCache(tmp_path), IMAGES) == IMAGES


# Bounds


def on_day(monkeypatch: pytest.MonkeyPatch, day: int) -> None:
    monkeypatch.setattr(time, "time", lambda: float(day * DAY_S))


def test_the_longest_unused_go_first(cache: ManifestCache, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 400_000
    monkeypatch.setattr(layer_cache, "_MAX_BYTES", limit)
    used, unused = images(1, 101), images(101, 201)
    on_day(monkeypatch, 1)
    put(cache, used | unused)
    for day in range(2, 30):
        on_day(monkeypatch, day)
        assert get(cache, used) == used
        put(cache, images(1000 * day, 1000 * day + 100))
        assert path.stat().st_size <= limit * 1.3
    assert get(cache, unused) == {}
    latest = images(29_000, 29_100)
    assert get(cache, latest) == latest


def test_more_at_once_than_there_may_be_is_not_kept(
    cache: ManifestCache, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache, IMAGES)
    monkeypatch.setattr(layer_cache, "_MAX_BYTES", 50_000)
    put(cache, images(41, 1_000))
    assert path.stat().st_size <= 100_000
    assert get(cache, images(1, 1_000)) == IMAGES


def test_reading_writes_once_a_day_and_else_waits_for_no_writer(
    cache: ManifestCache, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_day(monkeypatch, 1)
    put(cache, IMAGES)
    on_day(monkeypatch, 2)
    written = path.read_bytes()
    get(cache, IMAGES)
    assert path.read_bytes() != written
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        start = time.perf_counter()
        assert get(cache, IMAGES) == IMAGES
        assert time.perf_counter() - start < layer_cache._PATIENCE_S / 2


def test_it_is_where_caches_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert layer_cache.default_folder() == tmp_path / "container-registry" / "manifests"
    for ignored in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        assert layer_cache.default_folder() == tmp_path / "home/.cache/container-registry/manifests"


def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert layer_cache.default_folder() is None
