from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecr.errors import InputError
from ecr.report import page
from ecr.report.output import PAGE
from tests.unit.ecr.report import samples


def broken() -> Iterator[str]:
    yield "<!DOCTYPE html>"
    raise KeyboardInterrupt


def test_what_dies_half_way_leaves_the_old_page_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("the old page")
    with pytest.raises(KeyboardInterrupt):
        PAGE.write(str(target), broken())
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert target.read_text() == "the old page"


def test_a_page_is_known_again_as_one_of_ours(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    PAGE.write(str(target), page.chunks(samples.ordinary()))
    PAGE.check(str(target))


def test_a_new_page_may_be_read_by_whom_the_user_lets(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("")
    PAGE.write(str(tmp_path / "report.html"), ["page"])
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_a_name_as_long_as_names_can_be_is_written(tmp_path: Path) -> None:
    name = f"{'x' * 250}.html"
    PAGE.write(str(tmp_path / name), ["page"])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_that_has_gone_meanwhile_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be written: No such file or directory"):
        PAGE.write(str(tmp_path / "gone" / "report.html"), ["page"])
