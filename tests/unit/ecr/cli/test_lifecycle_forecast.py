from __future__ import annotations

from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest

from ecr.cli.lifecycle import forecast as command
from ecr.errors import ExitCode
from ecr.lifecycle import forecast as domain
from tests.unit.ecr.cli import lifecycle_files
from tests.unit.ecr.cli.lifecycle_files import AT, FILES, image
from tests.unit.ecr.cli.running import Shell

KEEP_3 = {
    "rulePriority": 1,
    "description": "keep the latest 3",
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3},
    "action": {"type": "expire"},
}
# One push a day, of 1 GB.
DAILY = [image(number, number - 0.5, imageSizeInBytes=10**9) for number in range(1, 11)]
BOUNDS = "sizes and costs are upper bounds, because ECR stores layers that images share once"
ASSUMED = [
    "the pushes of the last 10 days repeat: 10 images that are still there; what was deleted since is unknown",
    "1 GB costs 0.10 USD a month (this program's own table, 2026-09-11)",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lifecycle_files.write(tmp_path, [KEEP_3], DAILY)
    return tmp_path


def test_the_forecast_is_a_table_with_what_it_assumes(shell: Shell) -> None:
    ran = shell("lifecycle", "forecast", *FILES, *AT)
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out.splitlines() == [
        "DAY  IMAGES  ARCHIVED  SIZE     USD/MONTH  WITHOUT POLICY  SIZE      USD/MONTH",
        "0    10      0         10.0 GB  1.00       10              10.0 GB   1.00",
        "7    3       0         3.0 GB   0.30       17              17.0 GB   1.70",
        "14   3       0         3.0 GB   0.30       24              24.0 GB   2.40",
        "30   3       0         3.0 GB   0.30       40              40.0 GB   4.00",
        "60   3       0         3.0 GB   0.30       70              70.0 GB   7.00",
        "90   3       0         3.0 GB   0.30       100             100.0 GB  10.00",
        f"assuming: {'; '.join(ASSUMED)}",
        BOUNDS,
    ]


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        pytest.param("1", ["0", "1"], id="a-day"),
        pytest.param("14", ["0", "7", "14"], id="two-weeks"),
        pytest.param("100", ["0", "7", "14", "30", "60", "90", "100"], id="longer"),
    ],
)
def test_the_table_ends_with_the_last_day(days: str, shown: list[str], shell: Shell) -> None:
    lines = shell("lifecycle", "forecast", *FILES, *AT, "--days", days).out.splitlines()
    assert [line.split()[0] for line in lines[1:-2]] == shown


def test_the_json_has_every_day(shell: Shell) -> None:
    ran = shell("lifecycle", "forecast", *FILES, *AT, "--days", "2", "--json")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")

    def stored(images: int) -> dict[str, object]:
        return {"images": images, "archived": 0, "bytes": images * 10**9, "cost_usd": images / 10}

    assert ran.json == {
        "window_days": 10,
        "pushes": 10,
        "pushed_bytes": 10**10,
        "assumptions": [*ASSUMED, BOUNDS],
        "days": [
            {"day": 0, "with_policy": stored(10), "without_policy": stored(10)},
            {"day": 1, "with_policy": stored(3), "without_policy": stored(11)},
            {"day": 2, "with_policy": stored(3), "without_policy": stored(12)},
        ],
    }


def test_an_empty_repository_has_a_forecast(folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, [KEEP_3], [])
    days = cast("list[dict[str, object]]", shell("lifecycle", "forecast", *FILES, *AT, "--json").json["days"])
    assert days[-1]["with_policy"] == {"images": 0, "archived": 0, "bytes": 0, "cost_usd": 0}


def test_the_plot_is_an_svg_file_beside_the_table(folder: Path, shell: Shell) -> None:
    ran = shell("lifecycle", "forecast", *FILES, *AT, "--plot", "forecast.svg")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    assert ran.out == shell("lifecycle", "forecast", *FILES, *AT).out
    root = ET.fromstring((folder / "forecast.svg").read_text(encoding="utf-8"))  # noqa: S314 - our own
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "images.json: the next 90 days"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param(["--plot", "forecast.png"], '--plot: "forecast.png" is not accepted; accepted: the', id="png"),
        pytest.param(["--plot", "forecast"], '--plot: "forecast" is not accepted', id="no-ending"),
        pytest.param(["--plot", ""], '--plot: "" is not accepted', id="empty"),
        pytest.param(
            ["--plot", "no/such/folder.svg"], "--plot: no/such/folder.svg can't be written: No such", id="no-folder"
        ),
        pytest.param(["--plot", "folder.svg"], "--plot: folder.svg can't be written: Is a directory", id="folder"),
        pytest.param(["--days", "0"], "Invalid value for '--days'", id="no-days"),
        pytest.param(["--days", "3651"], "Invalid value for '--days'", id="too-many-days"),
        pytest.param(["--days", "1.5"], "Invalid value for '--days'", id="half-a-day"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], problem: str, folder: Path, shell: Shell) -> None:
    (folder / "folder.svg").mkdir()
    ran = shell("lifecycle", "forecast", *FILES, *AT, *arguments)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    line, *hint = ran.err.splitlines()
    assert line.startswith(f"error: {problem}")
    assert hint in ([], ["hint: python -m ecr lifecycle forecast --help"])


def test_days_are_as_many_as_the_domain_foresees() -> None:
    assert (command._DAYS, command._MAX_DAYS) == (domain.DAYS, domain.MAX_DAYS)
