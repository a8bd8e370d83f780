from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from moto import mock_aws

from ecr.aws import lifecycle
from ecr.aws.repository import EcrRepository
from ecr.errors import ExitCode, RemoteError
from ecr.lifecycle.comparison import PreviewResult
from ecr.lifecycle.evaluation import Outcome
from tests.unit.ecr.cli import lifecycle_files
from tests.unit.ecr.cli.amazon import push, sign_in
from tests.unit.ecr.cli.running import Shell

KEEP_1 = {
    "rulePriority": 5,
    "description": "keep the latest one, whichever it may be",
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
    "action": {"type": "expire"},
}
SAYING = "asking AWS what the policy would do in dev/yoon-app; this takes a minute or more\n"
COMPARE = ("lifecycle", "compare", "--policy", "policy.json", "--repository", "dev/yoon-app")


class Amazon:
    """Stands in for AWS's own preview."""

    def __init__(self) -> None:
        self.results: list[PreviewResult] = []
        self.asked: list[tuple[str, object, float]] = []
        self.error: RemoteError | None = None

    def preview(self, repository: EcrRepository, policy_text: str | None, *, timeout_s: float) -> list[PreviewResult]:
        self.asked.append((repository.name, json.loads(policy_text or "null"), timeout_s))
        if self.error is not None:
            raise self.error
        return self.results


@pytest.fixture(autouse=True)
def amazon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    sign_in(monkeypatch)
    monkeypatch.chdir(tmp_path)
    lifecycle_files.write(tmp_path, [KEEP_1])
    found = Amazon()
    monkeypatch.setattr(lifecycle, "preview", found.preview)
    with mock_aws():
        for tag in ("v1", "v2"):
            push("dev/yoon-app", tag, tag)
        yield found


def result(digest: str, outcome: Outcome = Outcome.EXPIRE) -> PreviewResult:
    return PreviewResult(digest=digest, tags=("v9",), outcome=outcome, rule_priority=5)


def going(shell: Shell) -> tuple[str, str]:
    """The image that our evaluation expires, with its tag."""
    expired = cast("list[dict[str, object]]", shell("lifecycle", "simulate", *COMPARE[2:], "--json").json["expire"])
    (tag,) = cast("list[str]", expired[0]["tags"])
    return str(expired[0]["digest"]), tag


def test_the_same_answer_is_exit_code_0(amazon: Amazon, shell: Shell) -> None:
    amazon.results = [result(going(shell)[0])]
    ran = shell(*COMPARE)
    assert (ran.code, ran.err) == (ExitCode.DONE, SAYING)
    assert ran.out == "AWS says the same: 1 of 2 images expired, 0 archived\n"
    assert amazon.asked == [("dev/yoon-app", {"rules": [KEEP_1]}, 600)]


def test_each_difference_is_a_line_and_exit_code_1(amazon: Amazon, shell: Shell) -> None:
    digest, tag = going(shell)
    unknown = "sha256:" + "9" * 64
    amazon.results = [result(digest, Outcome.ARCHIVE), result(unknown)]
    ran = shell(*COMPARE, "--wait", "7")
    assert (ran.code, ran.err) == (ExitCode.REFUSED, SAYING)
    assert ran.out.splitlines() == [
        "DIGEST               TAGS  HERE              AWS",
        f"{digest[:19]}  {tag}    expire by rule 5  archive by rule 5",
        "sha256:999999999999  v9    not listed        expire by rule 5",
        "AWS differs in 2 images; here: 1 of 2 images expired, 0 archived",
    ]
    assert amazon.asked[0][2] == 7


def test_the_json_has_both_answers_for_each_difference(amazon: Amazon, shell: Shell) -> None:
    digest, tag = going(shell)
    unknown = "sha256:" + "9" * 64
    amazon.results = [result(unknown)]
    ran = shell(*COMPARE, "--json")
    assert (ran.code, ran.err) == (ExitCode.REFUSED, SAYING)
    assert ran.json == {
        "same": False,
        "images": 2,
        "expired": 1,
        "archived": 0,
        "differences": [
            {
                "digest": digest,
                "tags": [tag],
                "ours": {"outcome": "expire", "rule": 5},
                "aws": {"outcome": "keep", "rule": None},
            },
            {"digest": unknown, "tags": ["v9"], "ours": None, "aws": {"outcome": "expire", "rule": 5}},
        ],
    }


def test_what_aws_refuses_is_exit_code_3(amazon: Amazon, shell: Shell) -> None:
    amazon.error = RemoteError("not now", service="ecr", operation="StartLifecyclePolicyPreview", code="Busy")
    ran = shell(*COMPARE)
    assert (ran.code, ran.out, ran.err) == (ExitCode.REMOTE, "", f"{SAYING}error: not now\n")


def test_the_policy_of_a_stack_is_asked_about(amazon: Amazon, shell: Shell) -> None:
    ran = shell("lifecycle", "compare", "--stack", "dev")
    assert (ran.code, ran.out) == (ExitCode.DONE, "AWS says the same: 0 of 2 images expired, 0 archived\n")
    ((name, document, _),) = amazon.asked
    assert name == "dev/yoon-app"
    assert isinstance(document, dict)
    assert [rule["action"]["type"] for rule in document["rules"]] == ["expire", "transition"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param([], "--repository: there is no live repository; name one with", id="nothing"),
        pytest.param(["--policy", "policy.json"], "--repository: there is no live repository", id="policy-alone"),
        pytest.param(["--repository", "dev/yoon-app"], "--policy: there is no policy to compare", id="no-live-policy"),
        pytest.param([*COMPARE[2:], "--stack", "dev"], "--stack: is of no use, because --policy and --rep", id="stack"),
    ],
)
def test_there_has_to_be_a_policy_and_a_live_repository(
    arguments: list[str], problem: str, amazon: Amazon, shell: Shell
) -> None:
    ran = shell("lifecycle", "compare", *arguments)
    assert (ran.code, ran.out, amazon.asked) == (ExitCode.BAD_INPUT, "", [])
    assert ran.err.splitlines()[-1].startswith(f"error: {problem}")
