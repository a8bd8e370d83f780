from __future__ import annotations

import gc
from pathlib import Path

import pytest

from ecr.errors import ExitCode
from tests.unit.ecr.cli import lifecycle_files
from tests.unit.ecr.cli.lifecycle_files import AT, FILES, digest
from tests.unit.ecr.cli.running import Shell


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lifecycle_files.write(tmp_path)
    return tmp_path


def test_the_json_is_exactly_what_expires_what_is_archived_and_two_numbers(shell: Shell) -> None:
    ran = shell("lifecycle", "simulate", *FILES, *AT, "--json")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.json == {
        "expire": [{"digest": digest(6), "tags": [], "rule": 1}, {"digest": digest(5), "tags": [], "rule": 1}],
        "archive": [{"digest": digest(4), "tags": ["v0.8.0", "v0.8", "v0", "stable", "eol"], "rule": 2}],
        "keep": 3,
        "bytes_freed": 1_100_000_000,
    }


def test_the_images_that_go_are_a_table_with_the_oldest_first_and_a_summary(shell: Shell) -> None:
    ran = shell("lifecycle", "simulate", *FILES, *AT)
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    about = "1 expire: expire untagged images 14 days after the push"
    assert ran.out.splitlines() == [
        "DIGEST               TAGS                         PUSHED             SIZE      RULE",
        f"sha256:060606060606  -                            2026-10-23 12:00Z  600.0 MB  {about}",
        f"sha256:050505050505  -                            2026-11-02 00:00Z  500.0 MB  {about}",
        "sha256:040404040404  v0.8.0, v0.8, v0 and 2 more  2026-11-02 12:00Z  400.0 MB  2 archive",
        "would expire 2 of 6 images, archive 1, free at most 1.1 GB (layers that other images share stay)",
    ]


def test_where_nothing_goes_there_is_no_table(folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, images=lifecycle_files.IMAGES[:1])
    assert shell("lifecycle", "simulate", *FILES, *AT).out == "would expire 0 of 1 image, archive 0\n"


def test_an_empty_repository_is_no_mistake(folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, images=[])
    ran = shell("lifecycle", "simulate", *FILES, "--json")
    assert (ran.code, ran.json) == (0, {"expire": [], "archive": [], "keep": 0, "bytes_freed": 0})


def test_the_same_images_in_another_order_give_the_same_answer(folder: Path, shell: Shell) -> None:
    answer = shell("lifecycle", "simulate", *FILES, *AT, "--json").out
    lifecycle_files.write(folder, images=lifecycle_files.IMAGES[::-1], rules=lifecycle_files.RULES[::-1])
    assert shell("lifecycle", "simulate", *FILES, *AT, "--json").out == answer


@pytest.mark.parametrize(
    ("now", "expired"),
    [
        pytest.param("2026-11-06T12:00:00Z", 0, id="exactly-14-days-is-not-more"),
        pytest.param("2026-11-06T12:00:01Z", 1, id="a-second-more"),
        pytest.param("2026-11-06T13:00:01+01:00", 1, id="in-another-zone"),
        pytest.param("2026-11-06T12:59:59+01:00", 0, id="in-another-zone-and-too-early"),
    ],
)
def test_now_is_the_time_that_counts(now: str, expired: int, folder: Path, shell: Shell) -> None:
    # Pushed on 2026-10-23 at 12:00; the rest is out of the way.
    lifecycle_files.write(folder, images=[lifecycle_files.image(6, 30)])
    ran = shell("lifecycle", "simulate", *FILES, "--now", now, "--json")
    assert ran.json["keep"] == 1 - expired


@pytest.mark.parametrize("images", ["[]", "{"], ids=["read", "refused"])
def test_the_collector_leaves_the_images_alone_and_works_on(images: str, folder: Path, shell: Shell) -> None:
    (folder / "images.json").write_text(images)
    gc.unfreeze()
    try:
        assert shell("lifecycle", "simulate", *FILES).code == (ExitCode.DONE if images == "[]" else ExitCode.BAD_INPUT)
        assert gc.isenabled()
        assert (gc.get_freeze_count() > 0) == (images == "[]")
    finally:
        gc.unfreeze()
