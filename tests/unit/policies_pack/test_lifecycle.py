from __future__ import annotations

import json

import pytest

from policies.rules.lifecycle import LIFECYCLE
from policies.rules.values import UNKNOWN, Resource, Value
from tests.unit.policies_pack.asking import REPOSITORY, TEMPLATE, said_of_stack

RULES = json.dumps({"rules": [{"rulePriority": 1}]})


def repository(name: Value = "team/web", **properties: Value) -> Resource:
    return Resource(type=REPOSITORY, name="web-repo", urn="urn:web", properties={"name": name, **properties})


def lifecycle(of: Value = "team/web", policy: Value = RULES, urn: str = "urn:web", **properties: Value) -> Resource:
    return Resource(
        type=LIFECYCLE, name="web-lifecycle", urn="urn:lifecycle", depends={"repository": [urn]},
        properties={"repository": of, "policy": policy, **properties},
    )  # fmt: skip


def told(*resources: Resource) -> list[str]:
    return said_of_stack("lifecycle-policy", resources)


GOOD: dict[str, tuple[Resource, ...]] = {
    "by name": (repository(), lifecycle(urn="urn:other")),
    "in any order": (lifecycle(), repository()),
    "by what depends on what": (repository(UNKNOWN), lifecycle(UNKNOWN)),
    "a name that only one knows": (repository(UNKNOWN), lifecycle("team/web")),
    "in one Region": (repository(region="eu-west-1"), lifecycle(region="eu-west-1")),
    "a Region that only one names": (repository(region="eu-west-1"), lifecycle()),
    "rules as values": (repository(), lifecycle(policy={"rules": [{}]})),
    "no repository": (lifecycle(),),
    "nothing": (),
}
NONE_THERE = "repository web-repo has no lifecycle policy: add an aws.ecr.LifecyclePolicy for it"
BAD: dict[str, tuple[tuple[Resource, ...], str]] = {
    "none": ((repository(),), NONE_THERE),
    "of another": ((repository(), lifecycle("team/other")), NONE_THERE),
    "of another, and neither known": ((repository(UNKNOWN), lifecycle(UNKNOWN, urn="urn:other")), NONE_THERE),
    "in another Region": ((repository(region="eu-west-1"), lifecycle(region="eu-west-2")), NONE_THERE),
    "without rules": ((repository(), lifecycle(policy='{"rules": []}')), "LifecyclePolicy web-lifecycle has no rule"),
    "of no policy": ((repository(), lifecycle(policy=None)), "is not set: add a rule"),
    "not JSON": ((repository(), lifecycle(policy="{secret")), "is not JSON, so nobody can tell what it expires"),
    "rules twice": (
        (repository(), lifecycle(policy='{"rules": [{}], "rules": [{}]}')),
        "has the key 'rules' twice, so nobody can tell what it expires: write each key once",
    ),
    "rules to be known": ((repository(), lifecycle(policy=UNKNOWN)), "? repository web-repo: policy of its"),
}


@pytest.mark.parametrize("resources", GOOD.values(), ids=GOOD)
def test_repositories_with_a_policy_pass(resources: tuple[Resource, ...]) -> None:
    assert told(*resources) == []


@pytest.mark.parametrize(("resources", "line"), BAD.values(), ids=BAD)
def test_repositories_without_one_are_told(resources: tuple[Resource, ...], line: str) -> None:
    [found] = told(*resources)
    assert line in found
    assert "secret" not in found


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        (RULES, ""),
        (None, "lifecyclePolicy is not set: give it one"),
        ("{}", "lifecyclePolicy has no rule"),
        (UNKNOWN, "? template"),
    ],
    ids=["good", "none", "empty", "unknown"],
)
def test_templates_hold_one(policy: Value, line: str) -> None:
    found = told(Resource(type=TEMPLATE, name="cache", properties={"lifecyclePolicy": policy}))
    assert [line in one for one in found] == ([True] if line else [])


def test_exceptions_are_for_repositories_and_not_for_their_policies() -> None:
    resources = [repository(), lifecycle()]
    assert said_of_stack("lifecycle-policy", resources, {"except": ["*-lifecycle"]}) == []
    assert said_of_stack("lifecycle-policy", resources[:1], {"except": ["team/*"]}) == []
    assert said_of_stack("lifecycle-policy", resources[:1], {"except": ["web-repo"]}) == []
    assert said_of_stack("lifecycle-policy", resources[:1], {"except": ["web"]}) != []
