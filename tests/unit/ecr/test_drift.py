from __future__ import annotations

import pytest

from ecr import drift
from ecr.drift import Difference, Remedy, Settings
from ecr.reference import RepositoryArn
from ecr.status import Live, Published

ARN = RepositoryArn("aws", "eu-west-1", "123456789012", "prod/yoon-app")
DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
SAID = Published(stack="prod", repository=ARN, tag="v1.0.0", digest=DIGEST)
KEY = "arn:aws:kms:eu-west-1:123456789012:key/one"


def told(differences: tuple[Difference, ...]) -> list[tuple[str, str, str]]:
    return [(each.what, each.expected, each.found) for each in differences]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(Live(repository=True, tag_digest=DIGEST, image=True), [], id="all-there"),
        pytest.param(
            Live(repository=True, tag_digest=OTHER, image=True), [("tag v1.0.0", DIGEST, OTHER)], id="tag-moved"
        ),
        pytest.param(Live(repository=True, image=True), [("tag v1.0.0", DIGEST, "none")], id="tag-deleted"),
        pytest.param(Live(repository=True), [("image", DIGEST, "none")], id="image-deleted"),
        pytest.param(
            Live(repository=True, tag_digest=OTHER),
            [("image", DIGEST, "none"), ("tag v1.0.0", DIGEST, OTHER)],
            id="image-deleted-and-another-pushed",
        ),
        pytest.param(
            Live(repository=False), [("repository prod/yoon-app", "that it exists", "none")], id="repository-deleted"
        ),
    ],
)
def test_the_image_and_its_tag(live: Live, expected: list[tuple[str, str, str]]) -> None:
    assert told(drift.image(SAID, live, Settings())) == expected


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        pytest.param(Settings(tag_mutability="IMMUTABLE"), Remedy.FREE_TAG, id="immutable"),
        pytest.param(
            Settings(tag_mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("v*",)), Remedy.BRING_BACK, id="excluded"
        ),
        pytest.param(Settings(tag_mutability="MUTABLE"), Remedy.BRING_BACK, id="mutable"),
        pytest.param(Settings(), Remedy.BRING_BACK, id="not-known"),
        pytest.param(Settings(tag_mutability="SOMETIMES"), Remedy.BRING_BACK, id="no-such-setting"),
    ],
)
def test_a_tag_that_was_moved_is_brought_back_as_far_as_it_can_be_moved(settings: Settings, remedy: Remedy) -> None:
    (moved,) = drift.image(SAID, Live(repository=True, tag_digest=OTHER, image=True), settings)
    assert moved.remedy is remedy
    if remedy is Remedy.FREE_TAG:
        assert "--repository-name prod/yoon-app --region eu-west-1 --image-ids imageTag=v1.0.0`" in moved.advice(
            "prod", ARN
        )


def test_a_stack_without_an_image_expects_none() -> None:
    assert drift.image(Published(stack="prod", repository=ARN), Live(repository=True), Settings()) == ()


SETTINGS = Settings(tag_mutability="IMMUTABLE", scan_on_push=True, encryption="KMS", key=KEY)
EXCLUDING = Settings(tag_mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("dev-*", "latest"))


@pytest.mark.parametrize(
    ("expected", "found", "differences"),
    [
        pytest.param(SETTINGS, SETTINGS, [], id="equal"),
        pytest.param(Settings(), SETTINGS, [], id="nothing-said"),
        pytest.param(
            SETTINGS, Settings(tag_mutability="MUTABLE"), [("tag mutability", "IMMUTABLE", "MUTABLE")], id="mutability"
        ),
        pytest.param(
            EXCLUDING,
            Settings(tag_mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("dev-*",)),
            [("tag mutability", "IMMUTABLE_WITH_EXCLUSION dev-*, latest", "IMMUTABLE_WITH_EXCLUSION dev-*")],
            id="an-exclusion",
        ),
        pytest.param(
            EXCLUDING,
            Settings(tag_mutability="IMMUTABLE"),
            [("tag mutability", "IMMUTABLE_WITH_EXCLUSION dev-*, latest", "IMMUTABLE")],
            id="all-exclusions",
        ),
        pytest.param(SETTINGS, Settings(scan_on_push=False), [("scan on push", "on", "off")], id="scanning"),
        pytest.param(
            Settings(encryption="AES256"),
            Settings(encryption="KMS", key=KEY),
            [("encryption", "AES256", f"KMS with {KEY}")],
            id="encryption",
        ),
        pytest.param(
            SETTINGS,
            Settings(encryption="KMS", key=f"{KEY}2"),
            [("encryption", f"KMS with {KEY}", f"KMS with {KEY}2")],
            id="key",
        ),
    ],
)
def test_the_settings(expected: Settings, found: Settings, differences: list[tuple[str, str, str]]) -> None:
    assert told(drift.settings(expected, found)) == differences


@pytest.mark.parametrize(
    ("expected", "found", "differences"),
    [
        pytest.param({"a": "1"}, {"a": "1"}, [], id="equal"),
        pytest.param({"a": "1"}, {"a": "2"}, [("AWS tag a", "'1'", "'2'")], id="changed"),
        pytest.param({"a": ""}, {}, [("AWS tag a", "''", "none")], id="removed"),
        pytest.param({}, {"b": "x"}, [("AWS tag b", "none", "'x'")], id="added"),
        pytest.param({}, {"aws:cloudformation:stack-name": "x"}, [], id="awss-own"),
    ],
)
def test_the_aws_tags(expected: dict[str, str], found: dict[str, str], differences: list[tuple[str, str, str]]) -> None:
    assert told(drift.tags(expected, found)) == differences


def test_a_difference_is_one_line_of_bounded_length() -> None:
    line = str(Difference(what="x", expected="a\nb\x1b[2J", found="c" * 100_000))
    assert line.startswith("x: the state says a\\nb\\x1b[2J, ECR has ccc")
    assert "\n" not in line
    assert len(line) < 400


@pytest.mark.parametrize("remedy", Remedy)
def test_every_advice_names_what_to_run(remedy: Remedy) -> None:
    advice = Difference(what="x", expected="a", found="b", remedy=remedy).advice("acme/registry/prod", ARN)
    assert "{" not in advice
    assert "`pulumi up -s acme/registry/prod" in advice or "`pulumi refresh" in advice
    assert "Pulumi.acme" not in advice


def test_a_stacks_name_can_be_pasted_into_a_shell() -> None:
    assert "-s 'a b; rm' " in Difference(what="x", expected="a", found="b").advice("a b; rm", ARN)
