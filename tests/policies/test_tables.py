"""Tables of rows and reviewed documents: what they find, and what they refuse."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from tests.policies import review, tables
from tests.policies.evaluator import Principal, Request
from tests.policies.tables import Row

KEY = "aws:PrincipalTag/job-category"
CODEBUILD = "codebuild.amazonaws.com"
REPOSITORY = "arn:aws:ecr:eu-west-1:123456789012:repository/dev/app"


def policy(*statements: dict[str, object]) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


IDLE: dict[str, object] = {"Sid": "Idle", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}

TABLED = policy(
    {
        "Sid": "Pull",
        "Effect": "Allow",
        "Principal": {"AWS": ["111111111111", "222222222222"], "Service": CODEBUILD},
        "Action": ["ecr:BatchGetImage", "ecr:PutImage"],
        "Resource": [REPOSITORY, f"{REPOSITORY}2"],
        "Condition": {"StringEquals": {KEY: ["a", "b"]}},
    }
)


def row(name: str, *, expected: bool, arn: str = "arn:aws:iam::111111111111:user/a", **changes: object) -> Row:
    values: dict[str, object] = {
        "action": "ecr:BatchGetImage",
        "resource": REPOSITORY,
        "principal": Principal(arn=arn),
        "context": {KEY: "a"},
        **changes,
    }
    return Row(name, Request(**values), expected)  # type: ignore[arg-type]  # a table


ROWS = [
    row("first account", expected=True),
    row("second account", expected=True, arn="arn:aws:iam::222222222222:user/a"),
    row("service", expected=True, principal=Principal(service=CODEBUILD)),
    row("push", expected=True, action="ecr:PutImage"),
    row("second repository", expected=True, resource=f"{REPOSITORY}2"),
    row("second value", expected=True, context={KEY: "b"}),
    row("other account", expected=False, arn="arn:aws:iam::333333333333:user/a"),
    row("other repository", expected=False, resource=f"{REPOSITORY}3"),
    row("no condition key", expected=False, context={}),
    *tables.by_others("pulling", Request(action="ecr:BatchGetImage", resource=REPOSITORY, context={KEY: "a"})),
]
OURS, STRANGER, PROVIDER = tables.OURS, tables.STRANGER, "arn:aws:iam::111111111111:oidc-provider/oidc.example.org"


def test_a_whole_table_leaves_no_survivor() -> None:
    tables.check(TABLED, ROWS)
    assert tables.survivors(TABLED, ROWS) == []


@pytest.mark.parametrize(
    ("missing", "survivors"),
    [
        ("second account", ["Pull: Principal without 222222222222"]),
        ("service", [f"Pull: Principal without {CODEBUILD}"]),
        ("push", ["Pull: Action without ecr:PutImage"]),
        ("second repository", [f"Pull: Resource without {REPOSITORY}2"]),
        ("second value", [f"Pull: StringEquals {KEY} without b"]),
        ("pulling, by our own account", [f"Pull: Principal and {OURS}"]),
        ("pulling, by a stranger", [f"Pull: Principal and {STRANGER}"]),
        ("pulling, by another service", ["Pull: Principal and ec2.amazonaws.com"]),
        ("other repository", [f"Pull: Resource {REPOSITORY} widened", f"Pull: Resource {REPOSITORY}2 widened"]),
        ("no condition key", [f"Pull: without StringEquals {KEY}", f"Pull: StringEqualsIfExists {KEY}"]),
    ],
)
def test_without_a_row_something_survives(missing: str, survivors: list[str]) -> None:
    assert tables.survivors(TABLED, [each for each in ROWS if each.name != missing]) == survivors


def test_without_a_row_of_others_everybody_could_be_let_in() -> None:
    others = ("other account", "pulling, by ")
    survivors = tables.survivors(TABLED, [each for each in ROWS if not each.name.startswith(others)])
    widened = [f"Pull: Principal {name} widened" for name in ("111111111111", "222222222222", CODEBUILD)]
    more = [f"Pull: Principal and {name}" for name in (OURS, STRANGER, tables.OTHER_SERVICE)]
    assert survivors == [*widened, *more]


@pytest.mark.parametrize(
    ("principal", "more"),
    [
        pytest.param({"AWS": "111111111111"}, [OURS, STRANGER], id="account"),
        pytest.param({"AWS": [OURS, f"arn:aws-cn:iam::{STRANGER}:root"]}, [], id="both"),
        pytest.param({"Service": CODEBUILD}, [OURS, STRANGER, tables.OTHER_SERVICE], id="service"),
        pytest.param({"Service": tables.OTHER_SERVICE}, [OURS, STRANGER], id="that-service"),
        pytest.param({"Federated": PROVIDER}, [OURS, STRANGER, tables.OTHER_PROVIDER], id="provider"),
        pytest.param("*", [], id="everybody"),
    ],
)
def test_who_is_let_in_beside_those_who_are_named(principal: object, more: list[str]) -> None:
    statement = {"Sid": "One", "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    changes = [change for change, _ in tables.mutants(policy(statement)) if " and " in change]
    assert changes == [f"One: Principal and {name}" for name in more]


def test_whose_a_document_is_says_the_table() -> None:
    named = {"Service": CODEBUILD}
    document = policy({"Sid": "One", "Effect": "Allow", "Principal": named, "Action": "sts:AssumeRole"})
    rows = tables.by_others("taking it on", Request(action="sts:AssumeRole"), account="111111111111")
    assert "One: Principal and 111111111111" not in tables.survivors(document, rows, account="111111111111")
    assert f"One: Principal and {OURS}" in tables.survivors(document, rows, account=OURS)
    assert [row.request.principal.account for row in rows] == ["111111111111", STRANGER, "", ""]
    assert len(tables.by_others("taking it on", rows[0].request, account=None)) == 3


@pytest.mark.parametrize(
    ("operator", "changed"),
    [
        ("StringEquals", True), ("StringLike", True), ("ArnLike", True), ("Bool", True), ("StringNotEquals", False),
        ("NotIpAddress", False), ("Null", False), ("StringEqualsIfExists", False),
        ("ForAnyValue:StringEquals", False),
    ],
)  # fmt: skip
def test_a_condition_may_not_hold_without_its_key(operator: str, *, changed: bool) -> None:
    document = policy({**IDLE, "Condition": {operator: {KEY: "true"}}})
    loosened = [mutant for change, mutant in tables.mutants(document) if change == f"Idle: {operator}IfExists {KEY}"]
    expected = policy({**IDLE, "Condition": {operator: {}, f"{operator}IfExists": {KEY: "true"}}})
    assert loosened == [expected] * changed


def test_a_statement_that_no_row_needs_survives() -> None:
    statements = TABLED["Statement"]
    assert isinstance(statements, list)
    document = policy(*statements, IDLE)
    assert tables.survivors(document, ROWS) == ["Idle: gone"]


def test_mutants_leave_the_document_as_it_was() -> None:
    before = copy.deepcopy(TABLED)
    mutants = list(tables.mutants(TABLED))
    assert before == TABLED
    assert all(mutant != TABLED for _, mutant in mutants)
    assert len({change for change, _ in mutants}) == len(mutants)


def test_every_row_that_fails_is_named() -> None:
    wrong = [row("one", expected=False), row("two", expected=True, context={}), row("three", expected=True)]
    with pytest.raises(AssertionError, match="one: allowed\ntwo: not allowed") as error:
        tables.check(TABLED, wrong)
    assert "three" not in str(error.value)


def test_a_table_says_who_may_and_who_may_not() -> None:
    with pytest.raises(AssertionError, match="needs rows"):
        tables.check(TABLED, ROWS[:3])


def test_rows_have_names_of_their_own() -> None:
    with pytest.raises(AssertionError, match="share a name"):
        tables.check(TABLED, [*ROWS, ROWS[0]])


# ---------------------------------------------------------------------------------------------------------------------
# Reviewed documents
# ---------------------------------------------------------------------------------------------------------------------


def test_a_document_that_nobody_reviewed_is_refused() -> None:
    with pytest.raises(AssertionError, match="missing"):
        review.compare("no-such-document", TABLED)


def test_a_document_that_differs_from_the_reviewed_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "FOLDER", tmp_path)
    (tmp_path / "a.json").write_text(json.dumps(TABLED))
    review.compare("a", TABLED)
    with pytest.raises(AssertionError, match="ecr:PutImage"):
        review.compare("a", policy(IDLE))
