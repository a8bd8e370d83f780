from __future__ import annotations

import pytest

from policies.rules.values import UNKNOWN, Value
from tests.unit.policies_pack.asking import REPOSITORY, TEMPLATE, said


def exclusions(*patterns: Value) -> dict[str, Value]:
    filters: list[Value] = [{"filter": pattern, "filterType": "WILDCARD"} for pattern in patterns]
    return {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": filters}


GOOD: dict[str, dict[str, Value]] = {
    "immutable": {"imageTagMutability": "IMMUTABLE"},
    "but for some tags": exclusions("latest", "dev-*"),
    "but for no tag": {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
}
BAD: dict[str, tuple[dict[str, Value], str]] = {
    "not set": ({}, "imageTagMutability is not set, so AWS lets every tag be moved"),
    "none": ({"imageTagMutability": None}, "imageTagMutability is not set"),
    "mutable": ({"imageTagMutability": "MUTABLE"}, "imageTagMutability is 'MUTABLE'"),
    "mutable but for some": ({"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}, "is 'MUTABLE_WITH_EXCLUSION'"),
    "misspelt": ({"imageTagMutability": "immutable"}, "is 'immutable'"),
    "another type": ({"imageTagMutability": True}, "is True"),
    "all tags excepted": (exclusions("latest", "*"), "imageTagMutabilityExclusionFilters[1].filter is '*'"),
    "all tags excepted twice over": (exclusions("**"), "is '**', which leaves no tag immutable"),
}
UNDECIDED: dict[str, tuple[dict[str, Value], str]] = {
    "the setting": ({"imageTagMutability": UNKNOWN}, "? imageTagMutability"),
    "all filters": (
        {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": UNKNOWN},
        "? imageTagMutabilityExclusionFilters",
    ),
    "one filter": (exclusions("a*", UNKNOWN), "? imageTagMutabilityExclusionFilters[1].filter"),
}


@pytest.mark.parametrize("type_token", [REPOSITORY, TEMPLATE])
@pytest.mark.parametrize("properties", GOOD.values(), ids=GOOD)
def test_tags_that_stay_pass(type_token: str, properties: dict[str, Value]) -> None:
    assert said("immutable-tags", type_token, **properties) == []


@pytest.mark.parametrize("type_token", [REPOSITORY, TEMPLATE])
@pytest.mark.parametrize(("properties", "line"), BAD.values(), ids=BAD)
def test_tags_that_move_are_told(type_token: str, properties: dict[str, Value], line: str) -> None:
    [told] = said("immutable-tags", type_token, **properties)
    assert line in told
    assert ": set it to IMMUTABLE" in told or ": name the tags" in told


@pytest.mark.parametrize(("properties", "line"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_is_not_known_is_told_as_such(properties: dict[str, Value], line: str) -> None:
    assert said("immutable-tags", REPOSITORY, **properties) == [line]


@pytest.mark.parametrize(
    ("causes", "passes"),
    [
        (["PULL_THROUGH_CACHE"], True),
        (["PULL_THROUGH_CACHE", "REPLICATION"], False),
        (["REPLICATION"], False),
        ([], False),
        (UNKNOWN, False),
    ],
    ids=str,
)
def test_tags_of_a_pull_through_cache_move_upstream(causes: Value, passes: bool) -> None:  # noqa: FBT001
    assert (said("immutable-tags", TEMPLATE, appliedFors=causes, imageTagMutability="MUTABLE") == []) is passes


def test_other_resources_are_none_of_its_business() -> None:
    assert said("immutable-tags", "aws:s3/bucket:Bucket") == []
