"""Principals whose pulls are not counted."""

from __future__ import annotations

import pytest

from ecr.registry.exclusions import is_principal, problems

ROLE = "arn:aws:iam::111111111111:role/scanner"


@pytest.mark.parametrize(
    "text",
    [
        ROLE,
        "arn:aws:iam::111111111111:role/team/security/scanner",
        "arn:aws:iam::111111111111:user/trivy@acme.example",
        "arn:aws-us-gov:iam::111111111111:role/scanner",
        f"{ROLE}{'x' * (200 - len(ROLE))}",
    ],
)
def test_roles_and_users_are_accepted(text: str) -> None:
    assert is_principal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn:aws:iam::111111111111:root",
        "arn:aws:iam::111111111111:role/",
        "arn:aws:iam::111111111111:role/*",
        "arn:aws:iam::111111111111:role/scan?er",
        "arn:aws:iam::11111111111:role/scanner",
        "arn:aws:iam:eu-west-1:111111111111:role/scanner",
        "arn:aws:sts::111111111111:assumed-role/scanner/session",
        "arn:aws:iam::111111111111:group/scanners",
        "arn:aws:iam::111111111111:role/scänner",
        f"{ROLE}\n",
        f"{ROLE}{'x' * (201 - len(ROLE))}",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    assert not is_principal(text)
    assert [problem.path for problem in problems([ROLE, text])] == ["[1]"]


def test_an_account_has_up_to_100() -> None:
    roles = [f"{ROLE}-{number}" for number in range(101)]
    assert list(problems(roles[:100])) == []
    (problem,) = problems(roles)
    assert (problem.path, problem.reason) == ("", "has 101 principals; ECR accepts up to 100 in an account")


def test_a_principal_stands_once() -> None:
    assert [problem.path for problem in problems([ROLE, ROLE])] == ["[1]"]


def test_a_principal_is_of_the_registrys_partition() -> None:
    assert list(problems([ROLE], region="eu-west-1")) == []
    (problem,) = problems([ROLE], region="cn-north-1")
    assert problem.path == "[0]"
    assert "is in partition aws, this registry in aws-cn" in problem.reason
