from __future__ import annotations

import pytest

from ecr.access import roles
from ecr.problems import Problem

NAMES = [
    pytest.param("shop-nodes", True, id="plain"),
    pytest.param("a_b+c=d,e.f@g-h", True, id="all that IAM takes"),
    pytest.param("r" * 64, True, id="64 letters"),
    pytest.param("r" * 65, False, id="65 letters"),
    pytest.param("", False, id="empty"),
    pytest.param("team/nodes", False, id="path"),
    pytest.param("nodes*", False, id="wildcard"),
    pytest.param("nodes\n", False, id="line break"),
    pytest.param("\u00e9", False, id="another letter"),
]


@pytest.mark.parametrize(("text", "accepted"), NAMES)
def test_a_role_has_a_name_that_iam_takes(text: str, accepted: bool) -> None:  # noqa: FBT001
    assert roles.is_role_name(text) is accepted


POLICIES = [
    pytest.param("arn:aws:iam::123456789012:policy/boundary", True, id="plain"),
    pytest.param("arn:aws:iam::123456789012:policy/team/ci/boundary", True, id="path"),
    pytest.param(f"arn:aws:iam::123456789012:policy/{'p' * 510}/boundary", True, id="path of 512 characters"),
    pytest.param(f"arn:aws:iam::123456789012:policy/{'p' * 511}/boundary", False, id="path of 513 characters"),
    pytest.param("arn:aws:iam::aws:policy/PowerUserAccess", True, id="AWS's own"),
    pytest.param("arn:aws-cn:iam::123456789012:policy/boundary", True, id="China"),
    pytest.param("arn:aws:iam::12345678901:policy/boundary", False, id="a lost leading zero"),
    pytest.param("arn:aws:iam::123456789012:role/boundary", False, id="a role"),
    pytest.param("arn:aws:iam::123456789012:policy/*", False, id="any"),
    pytest.param("arn:aws:iam::123456789012:policy/", False, id="no name"),
    pytest.param("boundary", False, id="a name"),
]


@pytest.mark.parametrize(("text", "accepted"), POLICIES)
def test_a_boundary_is_named_by_its_whole_arn(text: str, accepted: bool) -> None:  # noqa: FBT001
    assert roles.is_policy_arn(text) is accepted


def test_what_is_not_named_or_not_known_yet_has_no_problems() -> None:
    assert roles.name_problems(None, None) == []
    assert roles.name_problems(None, object()) == []


def test_each_repetition_is_named_once() -> None:
    problem = "stands in the list twice; take one out"
    assert roles.repeated("names", ["a", "b", "a", "a"]) == [Problem("names[2]", problem), Problem("names[3]", problem)]
    assert roles.repeated("names", ["a", "b"]) == []
