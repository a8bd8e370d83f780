"""What the stack file's ARNs and lists may be, in a stack of a Region, across all keys of access."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ecr.errors import InputErrors
from settings import parse

CHINA = "arn:aws-cn:iam::123456789012"
ELSEWHERE = [
    ({"access": {"pull": {"roles": [f"{CHINA}:role/x"]}}}, "access.pull.roles[0]"),
    (
        {"access": {"pull": {"lambda": ["arn:aws:lambda:us-east-1:123456789012:function:orders"]}}},
        "access.pull.lambda[0]",
    ),
    ({"eks": {"nodeRoles": ["nodes"], "permissionsBoundary": f"{CHINA}:policy/b"}}, "eks.permissionsBoundary"),
    (
        {"codeBuild": {"projects": ["shop"], "permissionsBoundary": f"{CHINA}:policy/b"}},
        "codeBuild.permissionsBoundary",
    ),
    (
        {
            "github": {
                "repository": "acme/shop",
                "branches": ["main"],
                "oidcProvider": f"{CHINA}:oidc-provider/token.actions.githubusercontent.com",
            }
        },
        "github.oidcProvider",
    ),
]


@pytest.mark.parametrize(("values", "key"), ELSEWHERE, ids=[key for _, key in ELSEWHERE])
def test_an_arn_that_is_not_of_the_stacks_region_is_refused(values: dict[str, object], key: str) -> None:
    whole = {"repository": "dev/yoon-app", **values}
    assert parse(whole, Path()).region is None
    with pytest.raises(InputErrors) as raised:
        parse(whole, Path(), region="ap-northeast-2")
    assert [error.key for error in raised.value.errors] == [f"container-registry:{key}"]


PROVIDERS = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id"
MANY = range(2_000)
LONG = [
    pytest.param({"codeBuild": {"projects": [f"shop-{number}" for number in MANY]}}, id="names"),
    pytest.param({"endpoints": {"pullFrom": [f"{number:012}" for number in MANY]}}, id="accounts"),
    pytest.param(
        {
            "eks": {
                "serviceAccounts": [{"oidcProvider": f"{PROVIDERS}/{n}", "namespace": "a", "name": "b"} for n in MANY]
            }
        },
        id="service accounts",
    ),
    pytest.param(
        {"eks": {"podIdentities": [{"cluster": f"c{n}", "namespace": "a", "serviceAccount": "b"} for n in MANY]}},
        id="pod identities",
    ),
    pytest.param(
        {"registry": {"creationTemplates": [{"prefix": f"p{n}", "for": ["replication"]} for n in MANY]}}, id="templates"
    ),
    pytest.param({"registry": {"policy": {"replicateFrom": [f"{n:012}" for n in MANY]}}}, id="sources of replication"),
]


class Counted(str):
    """Text that counts how often it is compared with another."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def counted(value: object) -> object:
    """The same, with all texts counted."""
    match value:
        case str():
            return Counted(value)
        case list():
            return [counted(item) for item in value]
        case dict():
            return {key: counted(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("values", LONG)
def test_a_list_of_thousands_is_not_compared_each_with_each(values: dict[str, object]) -> None:
    Counted.comparisons = 0
    with contextlib.suppress(InputErrors):
        parse({"repository": "dev/yoon-app", **{key: counted(value) for key, value in values.items()}}, Path())
    assert Counted.comparisons < 20 * len(MANY)
