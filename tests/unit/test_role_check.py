"""The check of roles inside the program, against mocks: what it asks, what it refuses, and what it can't tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import grpc  # type: ignore[import-untyped]  # grpcio carries no types
import pulumi
import pytest

import role_check
from ecr.access.principals import Access, Pullers, Pushers
from ecr.errors import InputErrors
from tests.unit.recording import ACCOUNT, record

CALLER = "aws:index/getCallerIdentity:getCallerIdentity"
ROLE = "aws:iam/getRole:getRole"
OWN = f"arn:aws:iam::{ACCOUNT}:role/deployer"
FOUND = {"arn": OWN, "name": "deployer"}

Answers = Mapping[str, Mapping[str, object]]


class Refusal(Mapping[str, object]):
    """An answer that is none: the provider's error, as the engine passes it on."""

    class _Error(grpc.RpcError):  # type: ignore[misc]  # as above
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.UNKNOWN

        def details(self) -> str:
            return str(self)

    def __init__(self, text: str) -> None:
        self._text = text

    def __getitem__(self, key: str) -> object:
        raise self._Error(self._text)

    def __iter__(self) -> Iterator[str]:
        raise self._Error(self._text)

    def __len__(self) -> int:
        return 1


# What pulumi-aws 7 says, what IAM says, and what IAM says to somebody who may not ask.
GONE = Refusal(
    "invocation of aws:iam/getRole:getRole returned an error: reading IAM Role (deployer): couldn't find resource"
)
NO_SUCH = Refusal("reading IAM Role (deployer): NoSuchEntity: The role with name deployer cannot be found.")
DENIED = Refusal("reading IAM Role (deployer): AccessDenied: User is not authorized to perform: iam:GetRole")


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", heard.append)
    return heard


def checked(access: Access | None, answers: Answers | None = None) -> tuple[list[str], list[str]]:
    """What was asked, and the lines of what was refused."""
    lines: list[str] = []

    def program() -> None:
        try:
            role_check.check(access)
        except InputErrors as errors:
            lines.extend(str(error) for error in errors.errors)

    recording = record(program, answers={ROLE: FOUND, **(answers or {})})
    assert recording.registrations == []
    return recording.calls, lines


NO_ROLES = [
    pytest.param(lambda: None, id="no access"),
    pytest.param(lambda: Access(pull=Pullers(accounts=("222222222222",))), id="accounts"),
    pytest.param(lambda: Access(push=Pushers(organizations=("o-a1b2c3d4e5",))), id="organizations"),
]


@pytest.mark.parametrize("make", NO_ROLES)
def test_nothing_is_asked_where_no_roles_are_named(make: Callable[[], Access | None], warnings: list[str]) -> None:
    assert checked(make()) == ([], [])
    assert warnings == []


def test_a_role_that_is_there_is_well(warnings: list[str]) -> None:
    assert checked(Access(pull=Pullers(roles=(OWN,)))) == ([CALLER, ROLE], [])
    assert warnings == []


def test_a_role_of_another_account_is_not_looked_up(warnings: list[str]) -> None:
    elsewhere = "arn:aws:iam::222222222222:role/deployer"
    assert checked(Access(pull=Pullers(roles=(elsewhere,))), {ROLE: GONE}) == ([CALLER], [])
    assert warnings == []


@pytest.mark.parametrize("answer", [GONE, NO_SUCH])
def test_a_role_that_is_not_there_is_refused_by_its_key(answer: Refusal, warnings: list[str]) -> None:
    elsewhere = "arn:aws:iam::222222222222:role/deployer"
    access = Access(pull=Pullers(roles=(elsewhere, OWN)), push=Pushers(roles=(OWN,)))
    calls, lines = checked(access, {ROLE: answer})
    assert calls == [CALLER, ROLE, ROLE]
    assert lines == [
        f"container-registry:access.{key}: there is no role deployer in account {ACCOUNT}, which is this stack's own, "
        "and ECR refuses a policy with such a role that is not there; make the role first, or correct its ARN"
        for key in ("pull.roles[1]", "push.roles[0]")
    ]
    assert warnings == []


def test_a_role_on_another_path_is_refused_with_the_one_that_is_there() -> None:
    wrong = OWN.replace(":role/", ":role/team/")
    _, lines = checked(Access(pull=Pullers(roles=(wrong,))))
    assert lines == [f"container-registry:access.pull.roles[0]: {wrong} is not there; the role of this name is {OWN}"]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        pytest.param({ROLE: DENIED}, "not authorized to perform: iam:GetRole", id="may not look"),
        pytest.param(
            {CALLER: Refusal("no valid credential sources found")}, "no valid credential", id="no credentials"
        ),
    ],
)
def test_what_can_not_be_told_is_warned_of_once(answers: Answers, said: str, warnings: list[str]) -> None:
    access = Access(pull=Pullers(roles=(OWN, f"{OWN}2")), push=Pushers(roles=(OWN,)))
    _, lines = checked(access, answers)
    assert lines == []
    (warning,) = warnings
    start = "container-registry:access.pull.roles[0]: it can't be told whether the roles of this account are there"
    assert warning.startswith(start)
    assert said in warning


def test_a_missing_role_is_refused_even_where_another_can_not_be_told(warnings: list[str]) -> None:
    answers = iter([DENIED, GONE])

    class InTurn(Refusal):
        def __iter__(self) -> Iterator[str]:
            return iter(next(answers))

    _, lines = checked(Access(pull=Pullers(roles=(OWN, f"{OWN}2"))), {ROLE: InTurn("")})
    (line,) = lines
    assert line.startswith("container-registry:access.pull.roles[1]: there is no role deployer2")
    assert warnings == []
