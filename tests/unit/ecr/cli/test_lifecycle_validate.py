from __future__ import annotations

import copy
from pathlib import Path

import pytest

from ecr.errors import ExitCode
from tests.unit.ecr.cli import lifecycle_files
from tests.unit.ecr.cli.lifecycle_files import ARCHIVE_BEYOND_3, AT, FILES, UNTAGGED_AFTER_14_DAYS
from tests.unit.ecr.cli.running import Shell

VALIDATE = ("lifecycle", "validate", "--policy", "policy.json")
PROTECTED: dict[str, object] = {
    "rulePriority": 1,
    "selection": {"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan", "countNumber": 9},
    "action": {"type": "expire"},
}
DEAD: dict[str, object] = {
    "rulePriority": 2,
    "selection": {"tagStatus": "tagged", "tagPatternList": ["x*"], "countType": "imageCountMoreThan", "countNumber": 1},
    "action": {"type": "expire"},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    lifecycle_files.write(tmp_path)
    return tmp_path


def test_a_policy_that_ecr_accepts_is_valid(shell: Shell) -> None:
    ran = shell(*VALIDATE)
    assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, "policy.json: valid, 2 rules\n", "")
    assert shell(*VALIDATE, "--json").json == {"valid": True, "problems": [], "advice": []}


def test_all_problems_are_told_in_one_answer_a_line_each(folder: Path, shell: Shell) -> None:
    first, second = copy.deepcopy(UNTAGGED_AFTER_14_DAYS), copy.deepcopy(ARCHIVE_BEYOND_3)
    first["selection"] = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days"}
    second["rulePriority"] = 1
    second["colour"] = "red"
    lifecycle_files.write(folder, [first, second])
    ran = shell(*VALIDATE)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    lines = ran.err.splitlines()
    assert len(lines) == 3
    places = ("rules[0].selection.countNumber", "rules[1].colour", "rules[1].rulePriority")
    assert sorted(line.split(": ")[2] for line in lines) == sorted(places)
    assert all(line.startswith("error: policy.json: rules[") for line in lines)
    as_json = shell(*VALIDATE, "--json")
    assert (as_json.code, as_json.err) == (ExitCode.BAD_INPUT, "")
    assert as_json.json == {
        "valid": False, "problems": [line.removeprefix("error: ") for line in lines], "advice": [],
    }  # fmt: skip


def test_what_ecr_accepts_but_makes_no_sense_is_a_warning(folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, [PROTECTED, DEAD])
    ran = shell(*VALIDATE)
    assert (ran.code, ran.out) == (ExitCode.DONE, "policy.json: valid, 2 rules\n")
    warnings = ran.err.splitlines()
    assert any(line.startswith("warning: policy.json: rule 2") for line in warnings)
    as_json = shell(*VALIDATE, "--json")
    assert (as_json.code, as_json.err) == (ExitCode.DONE, "")
    assert as_json.json == {
        "valid": True, "problems": [], "advice": [line.removeprefix("warning: ") for line in warnings],
    }  # fmt: skip


def test_with_images_a_pattern_is_tried_on_the_tags_in_use(folder: Path, shell: Shell) -> None:
    rule = {**DEAD, "rulePriority": 1}
    lifecycle_files.write(folder, [rule])
    assert shell(*VALIDATE).err == ""
    (warning,) = shell(*VALIDATE, "--images", "images.json").err.splitlines()
    assert warning.startswith("warning: policy.json: rule 1")
    assert "x*" in warning


@pytest.mark.parametrize(("tag", "warned"), [("v7", True), ('"v-{content}"', False)], ids=["a-tag", "a-template"])
def test_the_tag_that_a_stack_gives_its_image_is_tried_on_the_rules(
    tag: str, *, warned: bool, folder: Path, shell: Shell
) -> None:
    (folder / "Pulumi.dev.yaml").write_text(
        "config:\n  container-registry:repository: dev/yoon-app\n"
        "  container-registry:lifecycle: [{expireDays: 9, tags: ['v*']}]\n"
        f"  container-registry:build: {{context: images/nginx, tag: {tag}}}\n"
    )
    ran = shell("lifecycle", "validate", "--stack", "dev")
    assert ran.code == ExitCode.DONE
    assert ("the image that is deployed (tagged v7)" in ran.err) is warned
    assert warned or ran.err == ""


def test_the_rules_of_a_stack_are_checked_as_well(shell: Shell) -> None:
    ran = shell("lifecycle", "validate", "--stack", "dev")
    assert (ran.code, ran.out, ran.err) == (ExitCode.DONE, "Pulumi.dev.yaml: valid, 2 rules\n", "")


def test_a_stack_whose_rules_may_delete_what_it_deploys_is_warned_of(folder: Path, shell: Shell) -> None:
    text = lifecycle_files.STACK.replace("keep: 3, then: archive", "expireDays: 30")
    (folder / "Pulumi.dev.yaml").write_text(text)
    ran = shell("lifecycle", "validate", "--stack", "dev")
    assert ran.code == ExitCode.DONE
    assert [line for line in ran.err.splitlines() if "deployed" in line]


def test_a_mistake_in_the_rules_of_a_stack_is_named_by_its_key(folder: Path, shell: Shell) -> None:
    (folder / "Pulumi.dev.yaml").write_text(lifecycle_files.STACK.replace("keep: 3", "keep: 0"))
    ran = shell("lifecycle", "validate", "--stack", "dev")
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith("error: container-registry:lifecycle[1].keep: 0 is not accepted")
    as_json = shell("lifecycle", "validate", "--stack", "dev", "--json")
    assert as_json.json["valid"] is False


def test_a_stack_without_rules_to_expire_anything_is_valid(folder: Path, shell: Shell) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config: {container-registry:lifecycle: []}")
    ran = shell("lifecycle", "validate", "--stack", "dev")
    assert (ran.code, ran.out) == (ExitCode.DONE, "Pulumi.dev.yaml: valid, 0 rules\n")


@pytest.mark.parametrize("arguments", [(), ("--policy", "policy.json", "--stack", "dev"), FILES[2:]], ids=len)
def test_one_policy_has_to_be_named(arguments: tuple[str, ...], shell: Shell) -> None:
    ran = shell("lifecycle", "validate", *arguments)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err == "error: --policy: name a policy by either --policy or --stack\n"


def test_images_of_a_later_day_need_to_be_told_the_time(folder: Path, shell: Shell) -> None:
    lifecycle_files.write(folder, images=[lifecycle_files.image(1, -365_000, "v1")])
    ran = shell(*VALIDATE, *FILES[2:])
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert "correct --now" in ran.err
    lifecycle_files.write(folder, images=[lifecycle_files.image(1, 0, "v1")])
    assert shell(*VALIDATE, *FILES[2:], *AT).code == ExitCode.DONE
    assert shell(*VALIDATE, *FILES[2:], "--now", "2026-11-22T11:00:00Z").code == ExitCode.BAD_INPUT


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param([*FILES[:2], *AT], "--now: is of no use without --images; leave it out", id="now"),
        pytest.param(["--policy", ""], '--policy: "" is not accepted; accepted: the name of a file', id="no-name"),
        pytest.param(
            ["--policy", "-", "--images", "-"], "--images: is -, and so is --policy; only one", id="one-stdin"
        ),
    ],
)
def test_options_of_no_use_are_refused(arguments: list[str], problem: str, shell: Shell) -> None:
    ran = shell("lifecycle", "validate", *arguments)
    assert (ran.code, ran.out) == (ExitCode.BAD_INPUT, "")
    assert ran.err.startswith(f"error: {problem}")
