"""The linter really looks into each kind of document."""

from __future__ import annotations

import pytest

from tests.policies.linting import Kind, lint

ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}
_WITHOUT_RESOURCE = {Kind.TRUST, Kind.REPOSITORY}
_SAID = {Kind.IDENTITY: "E3510", Kind.TRUST: "E3530", Kind.REPOSITORY: "E3513"}

everywhere = pytest.mark.parametrize("kind", Kind)


def document(kind: Kind, **changes: object) -> dict[str, object]:
    """A good document of a kind, with changes to its statement; None takes an element away."""
    statement: dict[str, object] = {
        "Sid": "One",
        "Effect": "Allow",
        "Action": {Kind.TRUST: "sts:AssumeRole", Kind.TOPIC: "sns:Publish"}.get(kind, "ecr:BatchGetImage"),
        "Principal": None if kind is Kind.IDENTITY else ACCOUNT,
        "Resource": None if kind in _WITHOUT_RESOURCE else "*",
        **changes,
    }
    whole = {element: value for element, value in statement.items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [whole]}


def rules(kind: Kind, **changes: object) -> set[str]:
    return {line.partition(":")[0] for line in lint(document(kind, **changes), kind)}


@everywhere
def test_a_good_document_passes(kind: Kind) -> None:
    assert lint(document(kind), kind) == []


@everywhere
def test_a_misspelt_action_is_found(kind: Kind) -> None:
    misspelt = {Kind.TRUST: "sts:AssumeRol", Kind.TOPIC: "sns:Publis"}.get(kind, "ecr:BatchGetImag")
    assert rules(kind, Action=misspelt) == {"W3037"}


@everywhere
def test_an_unknown_service_is_found(kind: Kind) -> None:
    assert "W3037" in rules(kind, Action="ecrr:BatchGetImage")


@everywhere
def test_a_missing_effect_is_found(kind: Kind) -> None:
    assert rules(kind, Effect=None) == {_SAID.get(kind, "E3512")}


@everywhere
def test_an_unknown_effect_is_found(kind: Kind) -> None:
    assert rules(kind, Effect="Alow") == {_SAID.get(kind, "E3512")}


@everywhere
def test_an_unknown_element_is_found(kind: Kind) -> None:
    assert rules(kind, Conditions={}) == {_SAID.get(kind, "E3512")}


@everywhere
def test_an_unknown_operator_is_found(kind: Kind) -> None:
    assert rules(kind, Condition={"StringEqual": {"aws:SourceAccount": "123456789012"}}) == {_SAID.get(kind, "E3512")}


@everywhere
def test_an_unknown_version_is_found(kind: Kind) -> None:
    assert lint({**document(kind), "Version": "2012-10-71"}, kind) != []


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.IDENTITY}))
def test_a_missing_principal_is_found(kind: Kind) -> None:
    assert rules(kind, Principal=None) == {_SAID.get(kind, "E3512")}


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.IDENTITY}))
def test_a_malformed_principal_is_found(kind: Kind) -> None:
    assert rules(kind, Principal={"AWS": "arn:aws:iam::12345678901:root"}) == {_SAID.get(kind, "E3512")}


def test_a_principal_in_the_policy_of_an_identity_is_found() -> None:
    assert rules(Kind.IDENTITY, Principal=ACCOUNT) == {"E3510"}


@pytest.mark.parametrize("kind", sorted(set(Kind) - _WITHOUT_RESOURCE))
def test_a_missing_resource_is_found(kind: Kind) -> None:
    assert _SAID.get(kind, "E3512") in rules(kind, Resource=None)


def test_a_resource_in_the_trust_of_a_role_is_found() -> None:
    assert rules(Kind.TRUST, Resource="*") == {"E3530"}


def test_a_resource_that_an_action_does_not_take_is_found_in_the_policy_of_an_identity() -> None:
    assert rules(Kind.IDENTITY, Resource="arn:aws:s3:::bucket") == {"I3510"}


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.REPOSITORY}))
def test_a_sid_that_stands_twice_is_found(kind: Kind) -> None:
    statements = document(kind)["Statement"]
    assert isinstance(statements, list)
    assert lint({"Version": "2012-10-17", "Statement": statements * 2}, kind) != []


# What the linter does not see is checked elsewhere: `ecr.access.documents` refuses a Sid that stands twice or has other
# characters than letters and digits, and the tables of rows hold each condition key to what AWS sends.
@everywhere
def test_an_unknown_condition_key_is_not_found(kind: Kind) -> None:
    assert rules(kind, Condition={"StringEquals": {"aws:NoSuchKey": "a"}}) == set()


def test_a_resource_in_the_policy_of_a_repository_is_not_found() -> None:
    assert rules(Kind.REPOSITORY, Resource="*") == set()
