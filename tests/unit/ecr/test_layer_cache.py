"""Manifests on disk: what is damaged is as good as not there, and nothing that fails is told to anybody."""

from __future__ import annotations

import multiprocessing
import tempfile
from pathlib import Path

import pytest

from ecr import layer_cache
from ecr.layer_cache import ManifestCache
from ecr.oci.manifest import MAX_MANIFEST_BYTES, digest_of

RAW = b'{"schemaVersion": 2}'
DIGEST = digest_of(RAW)


@pytest.fixture
def cache(tmp_path: Path) -> ManifestCache:
    return ManifestCache(tmp_path / "manifests")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_was_put_is_found_by_anybody_else(cache: ManifestCache, tmp_path: Path) -> None:
    assert cache.get(DIGEST) is None
    cache.put(DIGEST, RAW)
    assert ManifestCache(tmp_path / "manifests").get(DIGEST) == RAW
    (path,) = files(tmp_path)
    assert path.name == DIGEST.removeprefix("sha256:")
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"", id="empty"),
        pytest.param(RAW[:-1], id="cut-short"),
        pytest.param(RAW + b" ", id="too-long"),
        pytest.param(b"x" * (MAX_MANIFEST_BYTES + 10), id="much-too-long"),
        pytest.param(b'{"schemaVersion": 3}', id="another"),
    ],
)
def test_a_damaged_file_is_as_good_as_none_and_is_mended(cache: ManifestCache, tmp_path: Path, damaged: bytes) -> None:
    cache.put(DIGEST, RAW)
    (path,) = files(tmp_path)
    path.write_bytes(damaged)
    assert cache.get(DIGEST) is None
    cache.put(DIGEST, RAW)
    assert cache.get(DIGEST) == RAW


@pytest.mark.parametrize("name", ["sha256:../../etc/passwd", "", "sha256:", f"sha512:{'0' * 64}", "../x"])
def test_no_name_leads_out_of_the_folder(cache: ManifestCache, tmp_path: Path, name: str) -> None:
    cache.put(name, RAW)
    assert cache.get(name) is None
    assert files(tmp_path) == []


def test_what_is_not_what_its_digest_says_is_not_kept(cache: ManifestCache, tmp_path: Path) -> None:
    cache.put(DIGEST, b"something else")
    assert files(tmp_path) == []


def test_without_a_folder_nothing_is_kept() -> None:
    cache = ManifestCache(None)
    cache.put(DIGEST, RAW)
    assert cache.get(DIGEST) is None


def test_a_folder_that_can_not_be_made_is_no_failure(tmp_path: Path) -> None:
    # As root, no folder is read-only; a file in its place stops anybody.
    (tmp_path / "manifests").write_text("in the way")
    cache = ManifestCache(tmp_path / "manifests")
    cache.put(DIGEST, RAW)
    assert cache.get(DIGEST) is None


def test_a_folder_that_can_not_be_written_is_no_failure(
    cache: ManifestCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    cache.put(DIGEST, RAW)
    assert files(tmp_path) == []


def test_a_full_disk_leaves_nothing_behind(
    cache: ManifestCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    cache.put(DIGEST, RAW)
    assert files(tmp_path) == []


def _put_and_get(folder: str) -> int:
    """How many of the manifests that several processes write at once are read back wrong."""
    cache = ManifestCache(Path(folder))
    wrong = 0
    for turn in range(100):
        raw = f"manifest {turn}".encode() * 500
        cache.put(digest_of(raw), raw)
        wrong += cache.get(digest_of(raw)) != raw
    return wrong


def test_two_processes_may_write_the_same_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(_put_and_get, [str(tmp_path)] * 2) == [0, 0]
    assert len(files(tmp_path)) == 100  # no temporary file is left


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
