"""What is stored, each blob once: sums worked out by hand, and what has to hold for any images."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr.cost import layers
from ecr.cost.layers import Contents, StoredBytes
from ecr.lifecycle.images import Image, ImageStatus
from ecr.oci.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, digest_of
from tests.unit.ecr.cost.making import ARCHIVED, NOW, contents, digest, image, known


@pytest.mark.parametrize(
    ("images", "made", "standard", "archived"),
    [
        pytest.param([], [], 0, 0, id="nothing"),
        # 3 + 10 + 100
        pytest.param([image("a")], [contents("a", 3, config=10, base=100)], 113, 0, id="manifest-and-configuration"),
        # base once: 100 + (3 + 10 + 20) + (4 + 11 + 30)
        pytest.param(
            [image("a"), image("b")],
            [contents("a", 3, ca=10, base=100, la=20), contents("b", 4, cb=11, base=100, lb=30)],
            178,
            0,
            id="a-shared-base",
        ),
        # two images of the same layers differ in their manifests alone: 3 + 4 + 110
        pytest.param(
            [image("a"), image("b")], [contents("a", 3, c=10, l=100), contents("b", 4, c=10, l=100)], 117, 0, id="twins"
        ),
        # index 7, platforms 3 + 10 + 100 and 4 + 11 + 200
        pytest.param(
            [image("i", media_type=OCI_INDEX, size=200), image("x", size=100), image("y", size=200)],
            [contents("i", 7, ("x", "y")), contents("x", 3, cx=10, lx=100), contents("y", 4, cy=11, ly=200)],
            335,
            0,
            id="an-index-of-two-platforms",
        ),
        # the child that is not listed is stored all the same
        pytest.param(
            [image("i", media_type=OCI_INDEX)],
            [contents("i", 7, ("x",)), contents("x", 3, cx=10, lx=100)],
            120,
            0,
            id="a-child-that-is-not-listed",
        ),
        # a signature of 5 + 2 + 50 beside its image of 3 + 10 + 100
        pytest.param(
            [image("a"), image("s", subject=digest("a"))],
            [contents("a", 3, c=10, l=100), contents("s", 5, empty=2, signature=50)],
            170,
            0,
            id="a-referrer",
        ),
        pytest.param([image("a", status=ARCHIVED)], [contents("a", 3, c=10, l=100)], 0, 113, id="archived"),
        # the base stays in standard, the archive holds 4 + 11 + 30 alone
        pytest.param(
            [image("a"), image("b", status=ARCHIVED)],
            [contents("a", 3, ca=10, base=100), contents("b", 4, cb=11, base=100, lb=30)],
            113,
            45,
            id="a-layer-of-both-classes-is-standard",
        ),
        pytest.param(
            [image("a", status=ImageStatus.ACTIVATING)], [contents("a", 3, c=10)], 13, 0, id="on-its-way-back"
        ),
        # what can't be read counts as ECR says, on top of the rest
        pytest.param(
            [image("a"), image("b", size=500, status=ARCHIVED), image("c", size=70)],
            [contents("a", 3, ca=10)],
            83,
            500,
            id="unread",
        ),
        # the index's size is that of its largest image, which counts by itself
        pytest.param([image("i", media_type=OCI_INDEX, size=200), image("x", size=200)], [], 200, 0, id="unread-index"),
        pytest.param([image("a")], [contents("a", 3, l=0)], 3, 0, id="an-empty-layer"),
        pytest.param([image("a")], [contents("a", 1, l=10**30)], 10**30 + 1, 0, id="a-huge-layer"),
    ],
)
def test_each_blob_counts_once(images: list[Image], made: list[Contents], standard: int, archived: int) -> None:
    assert layers.distinct(images, known(*made)) == StoredBytes(standard=standard, archived=archived)


def test_an_index_that_lists_itself_or_another_in_a_circle_ends() -> None:
    made = known(contents("i", 7, ("i", "j")), contents("j", 8, ("i",)))
    assert layers.distinct([image("i")], made).total == 15


def test_naively_every_image_has_all_of_its_layers() -> None:
    images = [
        image("a", size=100),
        image("b", size=100),
        image("i", size=100, media_type=OCI_INDEX),
        image("z", size=5, status=ARCHIVED),
    ]
    assert layers.naive(images) == StoredBytes(standard=200, archived=5)


def test_a_pull_sends_the_manifest_and_the_blobs_and_of_an_index_its_largest_image() -> None:
    made = known(contents("i", 7, ("x", "y", "gone")), contents("x", 3, c=10, l=100), contents("y", 4, d=11, m=200))
    assert layers.pulled(digest("x"), made) == 113
    assert layers.pulled(digest("i"), made) == 7 + 215
    assert layers.pulled(digest("gone"), made) is None


def manifest(**more: object) -> bytes:
    return json.dumps({"schemaVersion": 2, **more}).encode()


def blob(name: str, size: int) -> dict[str, object]:
    return {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(name), "size": size}


def test_a_manifest_says_what_it_is_made_of() -> None:
    raw = manifest(mediaType=OCI_MANIFEST, config=blob("c", 2), layers=[blob("l", 5), blob("l", 5)])
    found = layers.read(digest_of(raw), raw, OCI_MANIFEST)
    assert found == Contents(digest=digest_of(raw), size=len(raw), blobs=((digest("c"), 2), (digest("l"), 5)))


@pytest.mark.parametrize("stated", [{}, {"mediaType": OCI_MANIFEST}, {"mediaType": DOCKER_MANIFEST}])
def test_a_manifest_whose_type_nobody_says_is_understood(stated: dict[str, object]) -> None:
    raw = manifest(**stated, config=blob("c", 2), layers=[blob("l", 5)])
    assert len(layers.read(digest_of(raw), raw, "").blobs) == 2


def test_an_index_whose_type_nobody_says_is_understood() -> None:
    raw = manifest(manifests=[{"mediaType": OCI_MANIFEST, "digest": digest("x"), "size": 9}])
    assert layers.read(digest_of(raw), raw, "").children == (digest("x"),)


def test_an_index_says_what_it_lists() -> None:
    child = {"mediaType": OCI_MANIFEST, "digest": digest("x"), "size": 9}
    raw = manifest(mediaType=OCI_INDEX, manifests=[child])
    assert layers.read(digest_of(raw), raw, OCI_INDEX).children == (digest("x"),)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", manifest(), manifest(mediaType=OCI_MANIFEST, layers=[])])
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        layers.read("sha256:x", raw, OCI_MANIFEST)


# -- any images -------------------------------------------------------------------------------------------------------

_SIZES = {digest(f"blob{number}"): number * 7 + 1 for number in range(8)}


@st.composite
def repositories(draw: st.DrawFn) -> tuple[list[Image], dict[str, Contents]]:
    """Images of blobs that they share, with the sizes that ECR gives them."""
    images, made = [], {}
    for number in range(draw(st.integers(0, 8))):
        blobs = tuple((one, _SIZES[one]) for one in draw(st.sets(st.sampled_from(sorted(_SIZES)), max_size=5)))
        name = digest(f"image{number}")
        made[name] = Contents(digest=name, size=draw(st.integers(1, 9)), blobs=blobs)
        status = draw(st.sampled_from([ImageStatus.ACTIVE, ARCHIVED]))
        images.append(Image(digest=name, pushed_at=NOW, size=sum(size for _, size in blobs), status=status))
    unread = draw(st.sets(st.sampled_from(sorted(made)))) if made else set()
    return images, {name: each for name, each in made.items() if name not in unread}


@given(repositories())
def test_what_is_stored_is_at_most_the_sizes_added_up_and_the_manifests(
    made: tuple[list[Image], dict[str, Contents]],
) -> None:
    images, found = made
    manifests = sum(each.size for each in found.values())
    assert layers.distinct(images, found).total <= layers.naive(images).total + manifests


@given(repositories(), st.randoms())
def test_the_order_of_the_images_does_not_matter(made: tuple[list[Image], dict[str, Contents]], random: Random) -> None:
    images, found = made
    shuffled = list(images)
    random.shuffle(shuffled)
    assert layers.distinct(shuffled, found) == layers.distinct(images, found)


@given(repositories())
def test_fewer_images_never_take_more(made: tuple[list[Image], dict[str, Contents]]) -> None:
    images, found = made
    for count in range(len(images)):
        fewer = layers.distinct(images[:count], found)
        assert fewer.total <= layers.distinct(images[: count + 1], found).total
