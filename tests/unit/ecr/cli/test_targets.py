from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from ecr.cli import targets
from ecr.cli.targets import Selection, Target
from ecr.errors import ExitCode, InputError, RemoteError
from tests.unit.ecr.cli.amazon import ACCOUNT, HOST, REGION, sign_in
from tests.unit.ecr.cli.projects import Deploy, outputs

ARN = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/prod/yoon-app"


@pytest.fixture(autouse=True)
def _amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sign_in(monkeypatch)
    with mock_aws():
        yield


def place(target: Target) -> tuple[str, str]:
    return target.repository.name, target.repository.region


def test_without_options_all_stacks_that_have_a_repository_are_meant(
    deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy({"dev": outputs("dev"), "new": {}, "prod": {"repository_arn": ARN}})
    answers = Selection().each(place)
    assert [(answer.name, answer.value) for answer in answers] == [
        ("stack dev", ("dev/yoon-app", REGION)),
        ("stack prod", ("prod/yoon-app", "eu-west-1")),
    ]
    assert capsys.readouterr().err == "note: stack new has no repository; `pulumi up -s new` makes one\n"


def test_stacks_come_before_repositories_and_each_once(deploy: Deploy) -> None:
    deploy({"dev": outputs("dev"), "prod": outputs("prod")})
    chosen = Selection(stacks=["prod", "prod"], repositories=["a/b", f"{HOST}/cc", "a/b"], region="eu-west-1")
    assert [answer.value for answer in chosen.each(place)] == [
        ("prod/yoon-app", REGION),
        ("a/b", "eu-west-1"),
        ("cc", REGION),
    ]


def test_a_repository_on_this_machine_is_the_local_clouds(deploy: Deploy) -> None:
    deploy({})
    assert [each.value for each in Selection(repositories=["localhost:4566/dev/yoon-app"]).each(place)] == [
        ("dev/yoon-app", REGION)
    ]


def test_named_repositories_need_no_project(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert [each.value for each in Selection(repositories=["aa"]).each(place)] == [("aa", REGION)]


def test_what_goes_wrong_with_one_leaves_the_others(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    deploy({"dev": outputs("dev")})

    def look(target: Target) -> str:
        if target.repository.name == "gone":
            raise RemoteError("it is\ngone", service="ecr", operation="X", code="Y")
        return target.name

    answers = Selection(stacks=["dev", "missing"], repositories=["gone"]).each(look)
    assert [answer.value for answer in answers] == ["stack dev", None, None]
    targets.report(answers)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[2].strip().partition(":")[0] for line in lines] == [
        "stack missing",
        "repository gone",
    ]
    assert targets.exit_code(answers, refused=True) == ExitCode.REMOTE
    assert targets.exit_code(answers[:2]) == ExitCode.BAD_INPUT
    assert targets.exit_code(answers[:1], refused=True) == ExitCode.REFUSED
    assert targets.exit_code(answers[:1]) == ExitCode.DONE


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        pytest.param(Selection(repositories=["A B"]), "names no repository", id="no name"),
        pytest.param(Selection(repositories=["https://x/y"]), "names no repository", id="address"),
        pytest.param(Selection(stacks=["dev"], region="eu-west-1"), "--region: is of no use", id="region, stack"),
        pytest.param(
            Selection(repositories=[f"{HOST}/aa"], region=REGION), "--region: is of no use", id="region, host"
        ),
    ],
)
def test_options_that_say_nothing_are_refused(chosen: Selection, message: str, deploy: Deploy) -> None:
    deploy({"dev": outputs("dev")})
    with pytest.raises(InputError, match=message):
        chosen.each(place)


def test_a_message_that_begins_with_the_name_says_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    for problem in ("repository aa: failed", "repository aaa: failed"):
        targets.say("repository aa", RemoteError(problem, service="ecr", operation="X", code="Y"))
    assert capsys.readouterr().err.splitlines() == [
        "error: repository aa: failed",
        "error: repository aa: repository aaa: failed",
    ]
