from __future__ import annotations

import json
from typing import cast

import pytest

from ecr import policy_drift
from ecr.access.principals import Access, PullPrincipals
from ecr.access.repository_policy import repository_policy
from ecr.drift import Difference, Remedy

ROLE = "arn:aws:iam::123456789012:role/ci"
GONE = "AROAEXAMPLEROLEID0001"


def told(differences: tuple[Difference, ...]) -> list[tuple[str, str, str]]:
    return [(each.what, each.expected, each.found) for each in differences]


# ---------------------------------------------------------------------------------------------------------------------
# Lifecycle policies
# ---------------------------------------------------------------------------------------------------------------------


def rule(priority: int, count: float, **selection: object) -> dict[str, object]:
    return {
        "rulePriority": priority,
        "description": "keep some",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count, **selection},
        "action": {"type": "expire"},
    }


def rules(*these: dict[str, object]) -> str:
    return json.dumps({"rules": these})


TAGGED = rule(1, 5, tagStatus="tagged", tagPatternList=["a*", "b*"])
TURNED = dict(reversed(rule(1, 5, tagPatternList=["b*", "a*"], tagStatus="tagged").items()))


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param(None, None, id="none"),
        pytest.param("no JSON", "no JSON", id="equal-text"),
        pytest.param(rules(rule(1, 10)), json.dumps({"rules": [rule(1, 10)]}, indent=4), id="white-space"),
        pytest.param(rules(TAGGED, rule(2, 9)), rules(rule(2, 9), TURNED), id="order-of-everything"),
        pytest.param(rules(rule(1, 10)), rules(rule(1, 10.0)), id="the-same-number"),
        pytest.param(rules(rule(1, 10)), rules(rule(1, 10, storageClass="standard")), id="the-default-storage-class"),
    ],
)
def test_a_lifecycle_policy_in_another_form_is_no_drift(expected: str | None, found: str | None) -> None:
    assert policy_drift.lifecycle(expected, found) == ()
    assert policy_drift.lifecycle(found, expected) == ()


@pytest.mark.parametrize(
    ("expected", "found", "differences"),
    [
        pytest.param(rules(rule(1, 10)), None, [("lifecycle policy", "1 rule", "none")], id="deleted"),
        pytest.param(None, rules(TAGGED, rule(2, 1)), [("lifecycle policy", "none", "2 rules")], id="added"),
        pytest.param(
            rules(rule(1, 10)),
            rules(rule(1, 3)),
            [("lifecycle policy, rule 1", "selection.countNumber 10", "selection.countNumber 3")],
            id="number",
        ),
        pytest.param(
            rules(TAGGED),
            rules(rule(1, 5, tagStatus="tagged", tagPatternList=["a*"])),
            [("lifecycle policy, rule 1", 'selection.tagPatternList ["a*", "b*"]', 'selection.tagPatternList "a*"')],
            id="pattern",
        ),
        pytest.param(
            rules(rule(1, 10)),
            rules(rule(1, 10, countUnit="days")),
            [("lifecycle policy, rule 1", "no selection.countUnit", 'selection.countUnit "days"')],
            id="field",
        ),
        pytest.param("no JSON", rules(rule(1, 1)), [("lifecycle policy", "no JSON", "1 rule")], id="no-json"),
    ],
)
def test_a_changed_lifecycle_policy_is_told_by_its_rules(
    expected: str | None, found: str | None, differences: list[tuple[str, str, str]]
) -> None:
    assert told(policy_drift.lifecycle(expected, found)) == differences


def test_rules_that_came_and_went_are_told_whole() -> None:
    gone, came = policy_drift.lifecycle(rules(rule(1, 10)), rules(rule(2, 10)))
    assert (gone.what, gone.found) == ("lifecycle policy, rule 1", "none")
    assert "selection.countNumber 10" in gone.expected
    assert (came.what, came.expected) == ("lifecycle policy, rule 2", "none")


# ---------------------------------------------------------------------------------------------------------------------
# Repository policies
# ---------------------------------------------------------------------------------------------------------------------


def statement(**changed: object) -> dict[str, object]:
    return {
        "Sid": "Pull",
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::111122223333:root", ROLE]},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-abc"]}, "Bool": {"aws:SecureTransport": True}},
        **changed,
    }


def policy(*these: object, **head: object) -> str:
    return json.dumps({"Version": "2012-10-17", **head, "Statement": list(these)})


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        pytest.param(policy(statement()), policy(statement(Principal={"AWS": [ROLE, "111122223333"]})), id="account"),
        pytest.param(
            policy(statement()),
            policy(statement(Action=["ECR:GetDownloadUrlForLayer", "ecr:batchgetimage"])),
            id="case-and-order-of-actions",
        ),
        pytest.param(
            policy(statement(Action=["ecr:BatchGetImage"])), policy(statement(Action="ecr:BatchGetImage")), id="one"
        ),
        pytest.param(policy(statement(Principal="*")), policy(statement(Principal={"AWS": ["*"]})), id="anybody"),
        pytest.param(
            policy(statement()),
            policy(
                statement(
                    Condition={
                        "Bool": {"AWS:SecureTransport": "true"},
                        "StringEquals": {"aws:principalorgid": "o-abc"},
                    }
                )
            ),
            id="conditions",
        ),
        pytest.param(policy(statement(), {"Sid": "B"}), policy({"Sid": "B"}, statement()), id="order-of-statements"),
        pytest.param(
            policy(statement()), json.dumps({"Statement": statement(), "Version": "2012-10-17"}), id="one-statement"
        ),
        pytest.param(json.dumps({"Statement": []}), policy(Version="2008-10-17"), id="the-version-by-default"),
    ],
)
def test_a_repository_policy_in_another_form_is_no_drift(expected: str, found: str) -> None:
    assert policy_drift.repository(expected, found) == ()
    assert policy_drift.repository(found, expected) == ()


@pytest.mark.parametrize(
    ("expected", "found", "differences"),
    [
        pytest.param(policy(statement()), None, [("repository policy", "1 statement", "none")], id="deleted"),
        pytest.param(None, policy(statement()), [("repository policy", "none", "1 statement")], id="added"),
        pytest.param(
            policy(statement()),
            policy(statement(Action=["ecr:*"])),
            [
                (
                    "repository policy, statement Pull",
                    'Action ["ecr:batchgetimage", "ecr:getdownloadurlforlayer"]',
                    'Action "ecr:*"',
                )
            ],
            id="action",
        ),
        pytest.param(
            policy(statement()),
            policy(statement(Effect="Deny")),
            [("repository policy, statement Pull", 'Effect "Allow"', 'Effect "Deny"')],
            id="effect",
        ),
        pytest.param(
            policy(statement()),
            policy(statement(Condition={"Bool": {"aws:SecureTransport": "true"}})),
            [
                (
                    "repository policy, statement Pull",
                    'Condition.StringEquals.aws:principalorgid "o-abc"',
                    "no Condition.StringEquals.aws:principalorgid",
                )
            ],
            id="condition",
        ),
        pytest.param(
            policy(statement()),
            policy(statement(), Version="2008-10-17"),
            [("repository policy", 'Version "2012-10-17"', 'Version "2008-10-17"')],
            id="version",
        ),
        pytest.param(
            policy(statement()),
            policy(statement(), {"Effect": "Allow", "Principal": "*"}),
            [("repository policy, a statement without a Sid", "none", 'Effect "Allow", Principal.AWS "*"')],
            id="statement-without-a-sid",
        ),
        pytest.param(
            policy({"Sid": "A", "Effect": "Allow"}),
            policy({"Sid": "A", "Effect": "Allow"}, {"Sid": "A", "Effect": "Deny"}),
            [("repository policy, statement A", "none", 'Effect "Deny"')],
            id="the-same-sid-twice",
        ),
    ],
)
def test_a_changed_repository_policy_is_told_by_its_statements(
    expected: str | None, found: str | None, differences: list[tuple[str, str, str]]
) -> None:
    assert told(policy_drift.repository(expected, found)) == differences


def test_a_deleted_role_is_told_as_such() -> None:
    (difference,) = policy_drift.repository(
        policy(statement(Principal={"AWS": [ROLE]})), policy(statement(Principal={"AWS": GONE}))
    )
    assert difference.expected == f'Principal.AWS "{ROLE}"'
    assert difference.found == f'Principal.AWS "{GONE} (a deleted role)"'
    assert difference.remedy is Remedy.MAKE_ROLE


def test_what_was_added_by_hand_has_to_be_taken_away_by_hand() -> None:
    remedies = [
        differences[0].remedy
        for differences in (
            policy_drift.lifecycle(None, rules(rule(1, 1))),
            policy_drift.repository(None, policy(statement())),
            policy_drift.repository(policy(statement()), None),
        )
    ]
    assert remedies == [Remedy.DELETE_LIFECYCLE, Remedy.DELETE_POLICY, Remedy.PUT_BACK]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param('{"Statement": "x"}', id="text-for-a-statement"),
        pytest.param('{"Statement": [1, [2], null]}', id="no-statements"),
        pytest.param('{"Statement": {"Principal": 1, "Action": {}, "Condition": [], "Sid": 7}}', id="wrong-types"),
        pytest.param('{"Statement": {"Principal": {"AWS": {}}, "Condition": {"Bool": 1}}}', id="wrong-types-below"),
        pytest.param('{"Statement": [], "Statement": []}', id="a-key-twice"),
        pytest.param("[" * 10_000, id="nested-without-end"),
        pytest.param("[]", id="a-list"),
    ],
)
def test_a_policy_of_any_shape_is_told_and_breaks_nothing(found: str) -> None:
    assert policy_drift.repository(policy(statement()), found)
    assert policy_drift.lifecycle(rules(rule(1, 10)), found)


def test_the_projects_own_policies_are_equal_to_what_aws_hands_back() -> None:
    access = Access(pull=PullPrincipals(accounts=("111122223333",), roles=(ROLE,)))
    ours = repository_policy(access, account="123456789012", partition="aws", region="eu-west-1").text
    document = json.loads(ours)
    for each in cast("list[dict[str, object]]", document["Statement"]):
        each["Action"] = list(reversed(cast("list[str]", each["Action"])))
    assert policy_drift.repository(ours, json.dumps(document, indent=1)) == ()
