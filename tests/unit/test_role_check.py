"""The check of roles inside the program, against mocks: what it asks, what it refuses, and what it can't tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pytest

import role_check
from tests.unit.recording import ACCOUNT, Answer, record

ROLE = "aws:iam/getRole:getRole"
OWN = f"arn:aws:iam::{ACCOUNT}:role/deployer"
ELSEWHERE = "arn:aws:iam::222222222222:role/deployer"
FOUND = {"arn": OWN, "name": "deployer"}

Answers = Mapping[str, Answer]

# What pulumi-aws 7 says, what IAM says, and what IAM says to somebody who may not ask.
GONE = "reading IAM Role (deployer): couldn't find resource"
NO_SUCH = "reading IAM Role (deployer): NoSuchEntity: The role with name deployer cannot be found."
DENIED = "reading IAM Role (deployer): AccessDenied: User is not authorized to perform: iam:GetRole"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", heard.append)
    return heard


def checked(roles: Sequence[str], answers: Answers | None = None) -> tuple[list[str], list[str]]:
    """What was asked, and the lines of what was refused; the keys are the places in the list."""
    lines: list[str] = []

    def program() -> None:
        keyed = [(f"roles[{index}]", role) for index, role in enumerate(roles)]
        lines.extend(str(error) for error in role_check.errors(keyed, ACCOUNT))

    recording = record(program, answers={ROLE: FOUND, **(answers or {})})
    assert recording.registrations == []
    return recording.calls, lines


def test_nothing_is_asked_where_no_roles_are_named(warnings: list[str]) -> None:
    assert checked([]) == ([], [])
    assert warnings == []


def test_a_role_that_is_there_is_well(warnings: list[str]) -> None:
    assert checked([OWN]) == ([ROLE], [])
    assert warnings == []


def test_a_role_of_another_account_is_not_looked_up(warnings: list[str]) -> None:
    assert checked([ELSEWHERE], {ROLE: GONE}) == ([], [])
    assert warnings == []


@pytest.mark.parametrize("answer", [GONE, NO_SUCH])
def test_a_role_that_is_not_there_is_refused_by_its_key(answer: str, warnings: list[str]) -> None:
    calls, lines = checked([ELSEWHERE, OWN, OWN], {ROLE: answer})
    assert calls == [ROLE, ROLE]
    assert lines == [
        f"roles[{index}]: there is no role deployer in account {ACCOUNT}, which is this stack's own, and AWS refuses a "
        "policy of or with a role that is not there; make the role first, or correct its name"
        for index in (1, 2)
    ]
    assert warnings == []


def test_a_role_that_is_named_without_its_path_may_be_on_any() -> None:
    assert checked(["deployer"], {ROLE: {**FOUND, "arn": OWN.replace(":role/", ":role/team/")}}) == ([ROLE], [])
    _, (line,) = checked(["deployer"], {ROLE: GONE})
    assert line.startswith("roles[0]: there is no role deployer in account")


def test_a_role_on_another_path_is_refused_with_the_one_that_is_there() -> None:
    wrong = OWN.replace(":role/", ":role/team/")
    _, lines = checked([wrong])
    assert lines == [f"roles[0]: {wrong} is not there; the role of this name is {OWN}"]


UNTOLD = [
    pytest.param(DENIED, "not authorized to perform: iam:GetRole", id="may not look"),
    pytest.param("credentials source cannot be found", "credentials source", id="credentials that are not found"),
    pytest.param({"name": "deployer"}, "names no role", id="an answer without an ARN"),
]


@pytest.mark.parametrize(("answer", "said"), UNTOLD)
def test_what_can_not_be_told_is_warned_of_once(answer: Answer, said: str, warnings: list[str]) -> None:
    _, lines = checked([OWN, f"{OWN}2", OWN], {ROLE: answer})
    assert lines == []
    (warning,) = warnings
    assert warning.startswith("roles[0]: it can't be told whether the roles of this account are there")
    assert said in warning


def test_a_missing_role_is_refused_even_where_another_can_not_be_told(
    warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([LookupError(DENIED), LookupError(GONE)])

    def in_turn(_name: str) -> str:
        raise next(answers)

    monkeypatch.setattr(role_check, "_look_up", in_turn)
    _, lines = checked([OWN, f"{OWN}2"])
    (line,) = lines
    assert line.startswith("roles[1]: there is no role deployer2")
    assert warnings == []
