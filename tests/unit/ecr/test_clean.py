"""Which images a plan deletes, in which order, and that none of them is needed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr import clean, protection
from ecr.clean import BATCH_SIZE, Plan
from ecr.image_list import Wanted
from ecr.lifecycle.images import Image
from ecr.oci.manifest import OCI_INDEX
from tests.unit.ecr.lifecycle.making import ARCHIVED, NOW, days, digest, image

UNTAGGED, OLD, ALL = Wanted(untagged=True), Wanted(older_than=days(30)), Wanted()
WHY = "deployed by stack dev"
HEX = "f" * 64


def plan(images: Sequence[Image], wanted: Wanted, *protected: str) -> Plan:
    return clean.plan(images, wanted, {digest(name): WHY for name in protected}, NOW)


def name(each: Image) -> str:
    return each.digest.removeprefix("sha256:")


def batches(made: Plan) -> str:
    """The names of what goes, a word for each batch."""
    return " ".join("".join(map(name, batch)) for batch in made.batches)


@pytest.mark.parametrize(
    ("images", "wanted", "protected", "expected"),
    [
        pytest.param([], ALL, "", "", id="no images"),
        pytest.param([image("a"), image("b", "v1")], UNTAGGED, "", "a", id="untagged"),
        pytest.param([image("a", "v1", 31), image("b", "v2", 30)], OLD, "", "a", id="older than"),
        pytest.param(
            [image("a", "", 40), image("b", "v1", 40), image("c", "", 1)],
            Wanted(untagged=True, older_than=days(30)),
            "",
            "a",
            id="untagged and older than",
        ),
        pytest.param([image("a", "v1"), image("b")], ALL, "", "ab", id="all"),
        pytest.param([image("a", "", 1), image("c", "", 3), image("b", "", 3)], UNTAGGED, "", "bca", id="oldest first"),
        pytest.param([image("a"), image("b")], UNTAGGED, "b", "a", id="protected"),
        pytest.param([image("a", "", 40), image("i", "v1", 1, children="a")], UNTAGGED, "", "", id="part of an index"),
        pytest.param(
            [image("a"), image("i", children="a")], UNTAGGED, "", "i a", id="an index goes before its entries"
        ),
        pytest.param(
            [image("a", "", 3), image("i", "", 2, children="a"), image("o", "", 1, children="i")],
            UNTAGGED,
            "",
            "o i a",
            id="indexes of indexes",
        ),
        pytest.param(
            [image("a"), image("i", children="a"), image("j", "v1", children="a")], UNTAGGED, "", "i", id="two indexes"
        ),
        pytest.param([image("a", "v1"), image("s", subject="a")], UNTAGGED, "", "", id="the signature of what stays"),
        pytest.param([image("a"), image("s", subject="a")], UNTAGGED, "", "s a", id="a signature before its image"),
        pytest.param(
            [image("a"), image("s", "sbom", 1, subject="a")], UNTAGGED, "", "s a", id="a tagged referrer goes along"
        ),
        pytest.param(
            [image("a", "v1", 40), image("s", "", 1, subject="a")], OLD, "", "s a", id="a young referrer goes along"
        ),
        pytest.param([image("s", subject="gone")], UNTAGGED, "", "s", id="the subject has gone"),
        pytest.param([image("s", "sbom", subject="gone")], UNTAGGED, "", "", id="and then it is an image like others"),
        pytest.param(
            [image("a"), image("s", subject="a"), image("t", "x", subject="s")], UNTAGGED, "", "t s a", id="chain"
        ),
        pytest.param([image("a"), image("s", "keep", subject="a")], UNTAGGED, "s", "", id="a protected referrer"),
        pytest.param(
            [image("a"), image("i", children="a"), image("s", subject="a")], ALL, "i", "", id="all that an index needs"
        ),
        pytest.param(
            [image(HEX), image("l", f"sha256-{HEX}", children="s"), image("s", subject=HEX)],
            UNTAGGED,
            "",
            f"l s {HEX}",
            id="a list of referrers by its tag",
        ),
        pytest.param([image(HEX), image("c", f"sha256-{HEX}.sig")], UNTAGGED, "", f"c {HEX}", id="cosign"),
        pytest.param([image(HEX, "v1"), image("c", f"sha256-{HEX}.sig")], OLD, "", "", id="cosign's of a young image"),
        pytest.param([image("a", subject="b"), image("b", subject="a")], UNTAGGED, "", "a b", id="a circle"),
        pytest.param(
            [image("a", "x", subject="b"), image("b", "y", subject="a")], UNTAGGED, "", "", id="meant by none"
        ),
        pytest.param([image("a", subject="a", children="a")], UNTAGGED, "", "a", id="of itself"),
    ],
)
def test_what_goes_and_in_which_order(images: list[Image], wanted: Wanted, protected: str, expected: str) -> None:
    for order in (images, images[::-1]):
        assert batches(plan(order, wanted, *protected)) == expected


def test_what_stays_says_why() -> None:
    images = [
        image("d", "v1", 50),
        image("s", "", 40, subject="d"),
        image("i", "v2", 1, children="a"),
        image("a", "", 60),
        image("b", "", 70),
    ]
    made = plan(images, Wanted(older_than=days(30)), "d")
    assert batches(made) == "b"
    assert [(name(kept.image), kept.reason) for kept in made.protected] == [
        ("d", WHY),
        ("s", f"a referrer of sha256:d, {WHY}"),
    ]
    assert [(name(kept.image), kept.reason) for kept in made.bound] == [("a", "part of sha256:i, which stays")]


def test_an_index_in_the_archive_does_not_tell_what_it_lists() -> None:
    archived = replace(image("d", status=ARCHIVED, archived=1), media_type=OCI_INDEX)
    assert [name(kept.image) for kept in plan([archived, image("a")], UNTAGGED, "d").unread] == ["d"]
    assert plan([archived, image("a")], UNTAGGED).unread == ()
    assert plan([replace(archived, children=(digest("a"),)), image("a")], UNTAGGED, "d").unread == ()


@pytest.mark.parametrize("count", [1, BATCH_SIZE, BATCH_SIZE + 1, 3 * BATCH_SIZE])
def test_a_batch_is_what_one_request_takes(count: int) -> None:
    made = plan([image(f"{at:04}", "", at, size=10) for at in range(count)], UNTAGGED)
    assert [len(batch) for batch in made.batches] == [BATCH_SIZE] * (count // BATCH_SIZE) + [count % BATCH_SIZE] * (
        count % BATCH_SIZE > 0
    )
    assert [name(each) for each in made.going] == [f"{at:04}" for at in reversed(range(count))]
    assert made.bytes_freed == 10 * count


def test_what_can_not_go_before_others() -> None:
    images = [image("i", children="a b"), image("a"), image("b"), image("s", subject="i"), image("c")]
    made = plan(images, ALL)
    assert made.needing({digest("s")}) == {digest(each) for each in "siab"}
    assert made.needing({digest("c")}) == {digest("c")}


# -- properties -------------------------------------------------------------------------------------------------------

NAMES = "abcdefgh"


@st.composite
def repositories(draw: st.DrawFn) -> list[Image]:
    """Small repositories with many ties; digests rule out circles, so an image hangs on earlier names only."""
    present = draw(st.lists(st.sampled_from(NAMES), unique=True).map(sorted))
    made = []
    for at, each in enumerate(present):
        others = st.sampled_from([*present[:at], "gone"])
        made.append(
            image(
                each,
                draw(st.sampled_from(["", "", "v1", "x y"])),
                draw(st.sampled_from([1, 29, 30, 31, 40])),
                subject=draw(st.none() | others),
                children=" ".join(draw(st.lists(others, max_size=3, unique=True))),
            )
        )
    return made


wants = st.sampled_from([UNTAGGED, OLD, ALL, Wanted(untagged=True, older_than=days(30))])
protections = st.dictionaries(st.sampled_from([digest(each) for each in NAMES]), st.just(WHY), max_size=3)
Case = tuple[list[Image], Wanted, dict[str, str]]
cases = st.tuples(repositories(), wants, protections)


@given(cases)
def test_nothing_that_is_needed_is_ever_in_a_plan(case: Case) -> None:
    images, wanted, protected = case
    made = clean.plan(images, wanted, protected, NOW)
    gone = {each.digest for each in made.going}
    assert not gone & protection.spread(protected, images).keys()
    for each in images:
        if each.digest not in gone:
            assert not gone & set(each.children), "ECR would refuse to delete what an index lists"
    for each in made.going:
        subjects = {each.subject} & {other.digest for other in images}
        assert subjects <= gone, "a referrer has lost its image"
        assert each in wanted.among(images, NOW) or subjects


@given(cases)
def test_what_was_meant_goes_or_has_a_reason_to_stay(case: Case) -> None:
    images, wanted, protected = case
    made = clean.plan(images, wanted, protected, NOW)
    staying = [kept.image.digest for kept in (*made.protected, *made.bound)]
    meant = {each.digest for each in wanted.among(images, NOW)}
    assert len(staying) == len(set(staying))
    assert meant == (meant & {each.digest for each in made.going}) | set(staying)


@given(cases, st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(case: Case, shuffler: random.Random) -> None:
    images, wanted, protected = case
    made = clean.plan(images, wanted, protected, NOW)
    shuffled = list(images)
    shuffler.shuffle(shuffled)
    again = clean.plan(shuffled, wanted, protected, NOW)
    assert (again.batches, again.protected, again.bound) == (made.batches, made.protected, made.bound)


@given(cases)
def test_no_image_goes_before_or_with_what_has_to_go_first(case: Case) -> None:
    made = clean.plan(*case, NOW)
    seen: set[str] = set()
    for batch in made.batches:
        digests = {each.digest for each in batch}
        for each in batch:
            assert not (seen | digests) & set(each.children)
            assert each.subject not in seen | digests
        seen |= digests


@settings(max_examples=200)
@given(cases, st.integers(1, 3), st.data())
def test_a_new_plan_after_an_interruption_is_exactly_the_rest(case: Case, size: int, data: st.DataObject) -> None:
    images, wanted, protected = case
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clean, "BATCH_SIZE", size)
        made = clean.plan(images, wanted, protected, NOW)
        done = data.draw(st.integers(0, len(made.batches)))
        gone = {each.digest for batch in made.batches[:done] for each in batch}
        left = [each for each in images if each.digest not in gone]
        again = clean.plan(left, wanted, protected, NOW)
    assert {each.digest for each in again.going} == {each.digest for each in made.going} - gone
