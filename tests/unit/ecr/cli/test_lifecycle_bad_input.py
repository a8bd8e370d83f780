"""What people feed the lifecycle commands: each is one line for each mistake, with exit code 2 and no traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ecr.errors import ExitCode
from tests.unit.ecr.cli import lifecycle_files
from tests.unit.ecr.cli.lifecycle_files import ARCHIVE_BEYOND_3, AT, FILES, NOW, UNTAGGED_AFTER_14_DAYS, digest, image
from tests.unit.ecr.cli.running import Shell

POLICY = json.dumps({"rules": [UNTAGGED_AFTER_14_DAYS, ARCHIVE_BEYOND_3]})
IMAGES = json.dumps({"imageDetails": [image(1, 1)]})
COMMANDS = [
    pytest.param(["validate", *FILES], id="validate"),
    pytest.param(["simulate", *FILES, *AT], id="simulate"),
    pytest.param(["explain", "v1", *FILES, *AT], id="explain"),
    pytest.param(["forecast", *FILES, *AT], id="forecast"),
]


def policy_with(**more: object) -> str:
    return json.dumps({"rules": [{**UNTAGGED_AFTER_14_DAYS, **more}, ARCHIVE_BEYOND_3]})


def selection_with(**more: object) -> str:
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
    return policy_with(selection={**selection, **more})


def images_with(**more: object) -> str:
    return json.dumps({"imageDetails": [{**image(1, 1), **more}]})


COUNT = "policy.json: rules[0].selection.countNumber: "
IMAGE = "images.json: imageDetails[0]."
# What stands in the file, and how the lines begin.
POLICIES = [
    pytest.param("", ["policy.json: is empty"], id="empty"),
    pytest.param('{"rules": [', ["policy.json: "], id="broken"),
    pytest.param('{"rules": [],}', ["policy.json: "], id="comma-too-many"),
    pytest.param("rules: []", ["policy.json: "], id="yaml"),
    pytest.param('{"rules": [], "rules": []}', ['policy.json: has the key "rules" twice'], id="key-twice"),
    pytest.param(
        POLICY.replace('"rulePriority": 1', '"rulePriority": 1, "rulePriority": 1'),
        ['policy.json: rules[0]: has the key "rulePriority" twice'],
        id="key-twice-within",
    ),
    pytest.param(POLICY.replace("14}", "NaN}"), [COUNT], id="nan"),
    pytest.param(POLICY.replace("14}", "-Infinity}"), [COUNT], id="infinity"),
    pytest.param(POLICY.replace("14}", "9" * 5000 + "}"), [COUNT], id="digits"),
    pytest.param(selection_with(countNumber=True), [f"{COUNT}true"], id="boolean"),
    pytest.param(selection_with(countNumber=14.0), [f"{COUNT}14.0"], id="fraction"),
    pytest.param(selection_with(countNumber="14"), [f'{COUNT}"14"'], id="text"),
    pytest.param(selection_with(countNumber=None), [COUNT], id="null"),
    pytest.param(policy_with(rulePriority=False), ["policy.json: rules[0].rulePriority: false"], id="boolean-priority"),
    pytest.param(policy_with(colour="red"), ["policy.json: rules[0].colour: "], id="unknown-key"),
    pytest.param(
        policy_with(colour="red", action={"type": "explode"}),
        ["policy.json: rules[0].colour: ", "policy.json: rules[0].action.type: "],
        id="two-mistakes",
    ),
    pytest.param('{"rules": 7}', ["policy.json: has 12 characters", "policy.json: rules: 7"], id="no-list"),
    pytest.param("[]", ["policy.json: "], id="no-object"),
    pytest.param("null", ["policy.json: "], id="nothing"),
    pytest.param("[" * 100_000, ["policy.json: "], id="deep"),
    pytest.param(" " * (2 << 20), ["policy.json: is longer than "], id="huge"),
    pytest.param(POLICY.encode("utf-16"), ["policy.json: "], id="utf-16"),
    pytest.param(POLICY.replace("untagged images", "é").encode("latin-1"), ["policy.json: "], id="latin-1"),
    pytest.param(b"\x00\xff\xfe\x1b[2J", ["policy.json: "], id="binary"),
]  # fmt: skip

LISTS = [
    pytest.param("", ["images.json: is empty"], id="empty"),
    pytest.param(IMAGES[:-2], ["images.json: "], id="broken"),
    pytest.param(
        IMAGES.replace('"imageDigest"', '"imageDigest": "x", "imageDigest"'),
        ['images.json: imageDetails[0]: has the key "imageDigest" twice'],
        id="key-twice",
    ),
    pytest.param(images_with(imageSizeInBytes=float("nan")), [f"{IMAGE}imageSizeInBytes"], id="nan"),
    pytest.param(images_with(imageSizeInBytes=True), [f"{IMAGE}imageSizeInBytes: true"], id="boolean"),
    pytest.param(images_with(imageSizeInBytes=-1), [f"{IMAGE}imageSizeInBytes: -1"], id="negative"),
    pytest.param(images_with(imageColour="red"), [f"{IMAGE}imageColour: "], id="unknown-key"),
    pytest.param(images_with(imagePushedAt=None), [f"{IMAGE}imagePushedAt: "], id="no-date"),
    pytest.param(images_with(imagePushedAt="soon"), [f"{IMAGE}imagePushedAt: "], id="no-such-date"),
    pytest.param(
        images_with(imagePushedAt="2026-11-01T12:00:00"), [f"{IMAGE}imagePushedAt: "], id="no-zone"
    ),
    pytest.param(images_with(imageTags="v1"), [f"{IMAGE}imageTags: "], id="tags-no-list"),
    pytest.param(images_with(imageDigest="sha512"), [f"{IMAGE}imageDigest: "], id="digest"),
    pytest.param(images_with(imageStatus="ARCHIVED"), [f"{IMAGE}lastArchivedAt: "], id="archived-when"),
    pytest.param(
        json.dumps({"imageDetails": [image(1, 1), image(1, 2)]}),
        ["images.json: imageDetails[1].imageDigest: "],
        id="twice",
    ),
    pytest.param(
        json.dumps({"imageDetails": [image(1, 1, imagePushedAt=None), image(2, 1, imageTags=[1])]}),
        [f"{IMAGE}imagePushedAt: ", "images.json: imageDetails[1].imageTags"],
        id="two-mistakes",
    ),
    pytest.param(json.dumps({"imageDetails": [], "NextToken": "x"}), ["images.json: NextToken: "], id="not-all-pages"),
    pytest.param('{"imageDetails": 7}', ["images.json: imageDetails: 7"], id="no-list"),
    pytest.param("[" * 100_000, ["images.json: "], id="deep"),
    pytest.param(IMAGES.encode("utf-16"), ["images.json: "], id="utf-16"),
    pytest.param(b"\xff" * 100, ["images.json: "], id="binary"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lifecycle_files.write(tmp_path)
    return tmp_path


def check(argv: list[str], beginnings: list[str], shell: Shell) -> None:
    ran = shell("lifecycle", *argv)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    lines = ran.err.splitlines()
    assert len(lines) == len(beginnings), lines
    for line, beginning in zip(lines, beginnings, strict=True):
        assert line.startswith(f"error: {beginning}")
        assert line.isprintable()
        assert len(line) < 500


@pytest.mark.parametrize("argv", COMMANDS)
@pytest.mark.parametrize(("content", "beginnings"), POLICIES)
def test_a_bad_policy_is_a_line_for_each_mistake_with_file_and_field(
    content: str | bytes, beginnings: list[str], argv: list[str], folder: Path, shell: Shell
) -> None:
    (folder / "policy.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    check(argv, beginnings, shell)


@pytest.mark.parametrize("argv", COMMANDS)
@pytest.mark.parametrize(("content", "beginnings"), LISTS)
def test_a_bad_list_of_images_is_a_line_for_each_mistake_with_file_and_field(
    content: str | bytes, beginnings: list[str], argv: list[str], folder: Path, shell: Shell
) -> None:
    (folder / "images.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    check(argv, beginnings, shell)


@pytest.mark.parametrize("argv", COMMANDS)
@pytest.mark.parametrize("name", ["policy.json", "images.json"])
def test_a_file_that_is_none_is_one_line(name: str, argv: list[str], folder: Path, shell: Shell) -> None:
    path = folder / name
    path.unlink()
    check(argv, [f"{name}: there is no such file"], shell)
    path.mkdir()
    check(argv, [f"{name}: is a folder"], shell)
    path.rmdir()
    path.symlink_to(os.devnull)
    check(argv, [f"{name}: is a device"], shell)


@pytest.mark.parametrize("argv", COMMANDS[1:])
def test_images_from_the_future_mean_that_a_clock_is_wrong(argv: list[str], folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, images=[image(1, -1)])
    ran = shell("lifecycle", *argv)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    (line,) = ran.err.splitlines()
    assert line.startswith("error: images.json: imageDetails[0].imagePushedAt: ")
    assert "--now" in line
    assert digest(1)[:19] in line


def test_clocks_may_differ_by_minutes(folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, images=[image(1, -4 / 24 / 60)])
    assert shell("lifecycle", "simulate", *FILES, *AT).code == ExitCode.DONE


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        pytest.param("yesterday", '"yesterday" is not accepted; accepted: a time such as', id="word"),
        pytest.param("", '"" is not accepted', id="empty"),
        pytest.param("2026-02-30T12:00:00Z", '"2026-02-30T12:00:00Z" is not accepted', id="no-such-day"),
        pytest.param(str(NOW.timestamp()), '"1795348800.0" is not accepted', id="seconds"),
    ],
)
def test_now_has_to_be_a_time(now: str, problem: str, shell: Shell) -> None:
    check(["simulate", *FILES, "--now", now], [f"--now: {problem}"], shell)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param("0001-01-01T00:00:00+14:00", id="before-the-first-day"),
        pytest.param("1999-12-31T23:59:59Z", id="before"),
        pytest.param("3000-01-01T00:00:00Z", id="after"),
        pytest.param("9999-12-31T23:59:59-14:00", id="after-the-last-day"),
    ],
)
def test_now_is_within_bounds(now: str, shell: Shell) -> None:
    check(["simulate", *FILES, "--now", now], [f'--now: "{now}" is not accepted; accepted: a time such as'], shell)


def test_the_longest_forecast_stays_in_the_calendar(folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, images=[image(1, 1)])
    ran = shell("lifecycle", "forecast", *FILES, "--now", "2999-12-31T23:59:59Z", "--days", "3650")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")


def test_bad_input_is_one_json_object_when_asked_for(folder: Path, shell: Shell) -> None:
    (folder / "policy.json").write_text("{")
    ran = shell("lifecycle", "simulate", *FILES, "--json")
    assert (ran.code, ran.err) == (ExitCode.BAD_INPUT, "")
    error = ran.json["error"]
    assert isinstance(error, dict)
    assert (error["kind"], error["exit_code"]) == ("InputError", 2)
    assert str(error["message"]).startswith("policy.json: ")


def test_a_byte_order_mark_is_no_mistake(folder: Path, shell: Shell) -> None:
    for name, text in (("policy.json", POLICY), ("images.json", IMAGES)):
        (folder / name).write_bytes(text.encode("utf-8-sig"))
    assert shell("lifecycle", "simulate", *FILES, *AT).code == ExitCode.DONE
