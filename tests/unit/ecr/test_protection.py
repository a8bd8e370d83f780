from __future__ import annotations

from itertools import permutations

import pytest

from ecr import protection
from ecr.lifecycle.images import Image
from ecr.protection import Claim
from tests.unit.ecr.lifecycle.making import image

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
HEX = "a" * 64


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([Claim(stack="dev")], {}, id="a stack without an image"),
        pytest.param([Claim(stack="dev", deployed=A)], {A: "deployed by stack dev"}, id="deployed"),
        pytest.param([Claim(stack="prod", pinned=A)], {A: "pinned by stack prod"}, id="pinned"),
        pytest.param(
            [Claim(stack="prod", deployed=A), Claim(stack="dev", deployed=A)],
            {A: "deployed by stacks dev, prod"},
            id="by several",
        ),
        pytest.param(
            [Claim(stack="dev", deployed=A, pinned=A), Claim(stack="qa", pinned=B)],
            {A: "deployed by stack dev", B: "pinned by stack qa"},
            id="deployed comes before pinned",
        ),
    ],
)
def test_what_stacks_need_in_words(claims: list[Claim], expected: dict[str, str]) -> None:
    for order in permutations(claims):
        assert protection.reasons(order) == expected


def test_any_tag_may_match_any_pattern() -> None:
    images = [image("a", "x release-1"), image("b", "dev-1"), image("c")]
    found = protection.matching(images, ("prod-*", "release-*"))
    assert found == {"sha256:a": "protected by the pattern release-*"}


@pytest.mark.parametrize(
    ("tags", "subject", "expected"),
    [
        pytest.param((), A, A, id="the manifest says so"),
        pytest.param((f"sha256-{HEX}",), None, A, id="a list of referrers"),
        pytest.param((f"sha256-{HEX}.sig",), None, A, id="a signature of cosign's"),
        pytest.param(("v1", f"sha256-{HEX}.att"), None, A, id="one tag of several"),
        pytest.param((f"sha256-{HEX}.sig",), B, B, id="the manifest counts more"),
        pytest.param((f"sha256-{HEX[1:]}",), None, None, id="a digest that is too short"),
        pytest.param((f"x-sha256-{HEX}",), None, None, id="another tag"),
        pytest.param((), None, None, id="nothing"),
    ],
)
def test_what_an_image_belongs_to(tags: tuple[str, ...], subject: str | None, expected: str | None) -> None:
    made = Image(digest=C, tags=tags, pushed_at=image("a").pushed_at, subject=subject)
    assert protection.subject_of(made) == expected


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        pytest.param([image("d")], {"d": "why"}, id="itself"),
        pytest.param([image("x")], {}, id="what is not there"),
        pytest.param(
            [image("d", children="x y"), image("x"), image("y"), image("z")],
            {"d": "why", "x": "part of sha256:d, why", "y": "part of sha256:d, why"},
            id="what an index lists",
        ),
        pytest.param(
            [image("d"), image("i", children="d x"), image("x"), image("o", children="i")],
            {"d": "why", "i": "the index of sha256:d, why", "o": "the index of sha256:d, why"},
            id="the indexes that keep it, and not what else they list",
        ),
        pytest.param(
            [image("d"), image("s", subject="d"), image("t", subject="s"), image("u", subject="x")],
            {"d": "why", "s": "a referrer of sha256:d, why", "t": "a referrer of sha256:d, why"},
            id="referrers, and those of referrers",
        ),
        pytest.param(
            [image("d", children="x"), image("x"), image("s", subject="x")],
            {"d": "why", "x": "part of sha256:d, why", "s": "a referrer of sha256:x, part of sha256:d, why"},
            id="the referrers of what it lists",
        ),
        pytest.param(
            [image("d", subject="x"), image("x")],
            {"d": "why", "x": "the subject of sha256:d, why"},
            id="what it refers to itself",
        ),
        pytest.param(
            [image("d"), image("s", subject="d", children="p"), image("p")],
            {
                "d": "why",
                "s": "a referrer of sha256:d, why",
                "p": "part of sha256:s, a referrer of sha256:d, why",
            },
            id="what a referrer lists",
        ),
        pytest.param(
            [image("d"), image("i", children="d x"), image("x"), image("s", subject="i"), image("t", subject="x")],
            {
                "d": "why",
                "i": "the index of sha256:d, why",
                "s": "a referrer of sha256:i, the index of sha256:d, why",
            },
            id="the referrers of the index that keeps it",
        ),
        pytest.param([image("d", children="d", subject="d")], {"d": "why"}, id="of itself"),
    ],
)
def test_what_a_protected_image_needs_stays_with_it(images: list[Image], expected: dict[str, str]) -> None:
    found = protection.spread({"sha256:d": "why"}, images)
    assert {digest.removeprefix("sha256:"): reason for digest, reason in found.items()} == expected


def test_the_claims_of_others_are_those_of_stacks_that_pulumi_lists_by_another_name() -> None:
    dev, prod, file = (
        Claim(stack="dev", deployed="x"),
        Claim(stack="prod", deployed="y"),
        Claim(stack="dev", pinned="x"),
    )
    assert protection.of_others("dev", [dev, prod, file]) == (prod,)
    assert protection.of_others("prod", [dev, prod, file]) == (dev, file)
    assert protection.of_others(None, [dev, prod, file]) == (dev, prod, file)


def test_a_stack_of_the_same_name_in_another_organization_is_another() -> None:
    own, other = Claim(stack="dev", deployed="x"), Claim(stack="acme/dev", deployed="x")
    file = Claim(stack="dev", pinned="z")
    assert protection.of_others("dev", [own, other, file]) == (other, file)
    assert protection.of_others("acme/dev", [own, other, file]) == (own, file)
    assert protection.of_others("acme/dev", [other, file]) == ()
    assert protection.of_others("acme/shop/dev", [own, file]) == (own, file)
