"""A registry that means harm: what it serves is refused in one line, soon, and nothing gets a tag."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from ecr.errors import EcrError
from ecr.oci.registry import Location, Registry
from tests.registries import images
from tests.registries.copying import QUICK, anonymous, attempted, clear, copied, location
from tests.registries.faults import refusal
from tests.registries.images import OCI_INDEX, OCI_MANIFEST, Content, digest_of, encoded
from tests.registries.proxy import Action, Mischief, Reply, Script, Seen, proxied
from tests.registries.repositories import Repository
from tests.registries.servers import Server

Fresh = Callable[..., Repository]
SOON_S = 5.0
NO_UPSTREAM = 1
Place = tuple[str, str]  # "manifests", "blobs" or "referrers", and a tag or digest


@dataclass
class Hostile:
    """A registry made of nothing but answers."""

    answers: Mapping[Place, Action]

    def __call__(self, seen: Seen) -> Action:
        *_, kind, reference = seen.path.partition("?")[0].split("/")
        return self.answers.get((kind, reference), refusal(404, "MANIFEST_UNKNOWN"))


@contextmanager
def hostile(answers: Mapping[Place, Action]) -> Iterator[Location]:
    with proxied(NO_UPSTREAM, Script(Hostile(answers))) as proxy:
        yield Location(Registry(proxy.base_url, proxy.host, anonymous), "evil/image", f"{proxy.host}/evil/image")


def served(raw: bytes, media_type: str = OCI_MANIFEST) -> Reply:
    return Reply(200, (("Content-Type", media_type),), raw)


def serving(*contents: Content) -> dict[Place, Action]:
    """Honest answers for all of these."""
    found: dict[Place, Action] = {}
    for content in contents:
        for one in content.everything():
            found["manifests", one.digest] = served(one.raw, one.media_type)
            if one.referrers:
                listing = images.fallback_index(one)
                found["manifests", images.fallback_tag(one.digest)] = served(listing.raw, listing.media_type)
        found |= {("blobs", blob.digest): served(blob.data, "text/plain") for blob in content.all_blobs().values()}
    return found


def tagged(raw: bytes, media_type: str = OCI_MANIFEST) -> dict[Place, Action]:
    return {("manifests", digest_of(raw)): served(raw, media_type), ("manifests", "bad"): served(raw, media_type)}


def changed(**values: object) -> bytes:
    """A manifest that is fine but for these keys."""
    return encoded({**json.loads(images.image("hostile").raw), **values})


def nested(depth: int) -> Content:
    content = images.image("innermost")
    for _ in range(depth):
        content = images.of_children([content])
    return content


def descriptor(**values: object) -> dict[str, object]:
    return {**images.image("hostile").blobs[1].descriptor, **values}


ONE = images.image("hostile")
CHILD = json.loads(images.of_children([ONE]).raw)["manifests"][0]
LIE = encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{**CHILD, "size": 5}]})
SELF = encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [{**CHILD, "digest": f"sha256:{'1' * 64}"}]})
MANY = encoded({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
    {**CHILD, "digest": f"sha256:{n:064x}"} for n in range(12_000)]})  # fmt: skip
DEEP = nested(10)

SERVED: dict[str, dict[Place, Action]] = {
    "a manifest without end": {("manifests", "bad"): Mischief.ENDLESS},
    "a manifest of 5 MiB": tagged(changed(annotations={"padding": "x" * (5 << 20)})),
    "JSON without end": tagged(b'{"a":' * 100_000),
    "a list without end": tagged(b"[" * 1_000_000),
    "no JSON": tagged(b"\xff\xfe\x00"),
    "nothing": tagged(b""),
    "null": tagged(b"null"),
    "indexes nested 10 deep": tagged(DEEP.raw, OCI_INDEX) | serving(DEEP),
    "an index that names itself": tagged(SELF, OCI_INDEX)
    | {("manifests", f"sha256:{'1' * 64}"): served(SELF, OCI_INDEX)},
    "an index of 12,000 manifests": tagged(MANY, OCI_INDEX),
    "a child of another size": tagged(LIE, OCI_INDEX) | serving(ONE),
    "a layer of negative size": tagged(changed(layers=[descriptor(size=-1)])),
    "a layer of a size that is no number": tagged(changed(layers=[descriptor(size="12")])),
    "a layer of 2^60 bytes": tagged(changed(layers=[descriptor(size=1 << 60)])),
    "a digest that is a path": tagged(changed(layers=[descriptor(digest="sha256:../../../../etc/passwd")])),
    "a digest of another algorithm": tagged(changed(layers=[descriptor(digest="md5:0123")])),
    "a layer that is no object": tagged(changed(layers=["x"])),
    "layers that are no list": tagged(changed(layers=7)),
    "an image without configuration": tagged(changed(config=None)),
    "an image that is an index as well": tagged(changed(manifests=[CHILD])),
    "an image served as an index": tagged(ONE.raw, OCI_INDEX),
    "a manifest of schema 1": tagged(b'{"schemaVersion":1}', "application/vnd.docker.distribution.manifest.v1+json"),
    "a page": tagged(b"<html></html>", "text/html"),
    "one layer with two sizes": tagged(changed(layers=[descriptor(), descriptor(size=1)])),
    "a layer that never ends": tagged(ONE.raw) | serving(ONE) | {("blobs", ONE.blobs[1].digest): Mischief.ENDLESS},
    "a layer that is another": tagged(ONE.raw) | serving(ONE) | {("blobs", ONE.blobs[1].digest): served(b"x" * 2000)},
    "a manifest that is another": {("manifests", digest_of(b"{}")): served(ONE.raw)},
    "redirects in a circle": {("manifests", "bad"): Reply(307, (("Location", "/v2/evil/image/manifests/bad"),))},
    "a redirect to a file": {("manifests", "bad"): Reply(307, (("Location", "file:///etc/passwd"),))},
}


@pytest.mark.parametrize("answers", SERVED.values(), ids=SERVED)
def test_what_a_source_must_not_serve(answers: dict[Place, Action], distribution: Server, fresh: Fresh) -> None:
    target = fresh(distribution)
    reference = "bad" if ("manifests", "bad") in answers else digest_of(b"{}")
    started = time.monotonic()
    with hostile(answers) as source:
        result = attempted(source, reference, location(target), limits=replace(QUICK, read_s=2))
        took = time.monotonic() - started
    assert isinstance(result, EcrError)
    assert clear(result)
    assert len(str(result)) < 1000
    assert took < SOON_S
    assert target.digest() is None


def chain(length: int) -> Content:
    """An image with a signature that has a signature that has one, and so on."""
    subjects = [images.image("chain")]
    for _ in range(length):
        subjects.append(images.referrer(subjects[-1], images.SIGNATURE, b"another"))
    content = subjects.pop()
    while subjects:
        content = replace(subjects.pop(), referrers=(content,))
    return content


SIGNED = images.signed(images.image("hostile list"))
LIST = images.fallback_tag(SIGNED.digest)
CYCLE = images.of_children([SIGNED, *SIGNED.referrers])
LISTS: dict[str, dict[Place, Action]] = {
    "a chain of 30 signatures": serving(chain(30)),
    "a list that names the image itself": serving(SIGNED) | {("manifests", LIST): served(CYCLE.raw, OCI_INDEX)},
    "a list in the list of a signature": serving(SIGNED)
    | {("manifests", images.fallback_tag(one.digest)): served(CYCLE.raw, OCI_INDEX) for one in SIGNED.referrers},
    "a list of what is not there": serving(SIGNED) | {("manifests", LIST): served(MANY, OCI_INDEX)},
    "a list without end": serving(SIGNED) | {("manifests", LIST): Mischief.ENDLESS},
    "a list that is an image": serving(SIGNED) | {("manifests", LIST): served(ONE.raw)},
    "a list that is no JSON": serving(SIGNED) | {("manifests", LIST): served(b"<", OCI_INDEX)},
    "a list of other images' signatures": serving(SIGNED, ONE)
    | {("manifests", LIST): served(images.of_children([ONE]).raw, OCI_INDEX)},
    "pages that lead to themselves": serving(SIGNED)
    | {
        ("referrers", SIGNED.digest): Reply(
            200,
            (("Content-Type", OCI_INDEX), ("Link", f'</v2/evil/image/referrers/{SIGNED.digest}>; rel="next"')),
            images.fallback_index(SIGNED).raw,
        )
    },
}


@pytest.mark.parametrize("answers", LISTS.values(), ids=LISTS)
def test_a_hostile_list_of_referrers_ends_the_copy_or_is_left_out(
    answers: dict[Place, Action], distribution: Server, fresh: Fresh
) -> None:
    """The image itself is right: whatever becomes of its referrers, the tag is right or absent, and soon."""
    target = fresh(distribution)
    root = SIGNED if ("manifests", SIGNED.digest) in answers else chain(30)
    started = time.monotonic()
    with hostile(answers) as source:
        result = attempted(source, root.digest, location(target), limits=replace(QUICK, read_s=2))
        took = time.monotonic() - started
    assert took < 2 * SOON_S
    if isinstance(result, EcrError):
        assert clear(result)
        assert target.digest() is None
    else:
        assert target.differences(replace(root, referrers=())) == []


@pytest.mark.parametrize(
    "place",
    [
        "http://192.0.2.1/upload",
        "https://user:word@[::1/",
        "file:///tmp/upload",
        "//192.0.2.1/upload",
        "",
        "http://127.0.0.1:1/upload",
    ],
)
def test_an_upload_is_not_sent_anywhere_a_target_likes(place: str, distribution: Server, fresh: Fresh) -> None:
    source, target = fresh(distribution), fresh(distribution)
    content = source.push(images.image("sent away"))
    away = Script(lambda seen: Reply(202, (("Location", place),)) if seen.method == "POST" else None)
    started = time.monotonic()
    with proxied(distribution.port, away) as proxy:
        result = attempted(location(source), content.digest, location(target, proxy))
    assert isinstance(result, EcrError)
    assert clear(result)
    assert "word" not in str(result)
    assert time.monotonic() - started < SOON_S
    assert target.digest() is None


@pytest.mark.parametrize("side", ["source", "target"])
def test_the_whole_takes_no_longer_than_allowed_though_no_single_wait_is_long(
    side: str, distribution: Server, other_distribution: Server, fresh: Fresh
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    content = source.push(images.image("drip"))
    dripping = Script(lambda seen: Mischief.DRIP if seen.position >= 1 else None)
    started = time.monotonic()
    with proxied((source if side == "source" else target).server.port, dripping) as proxy:
        result = attempted(
            location(source, proxy if side == "source" else None),
            content.digest,
            location(target, proxy if side == "target" else None),
            limits=replace(QUICK, total_s=1.5),
        )
        took = time.monotonic() - started
    assert isinstance(result, EcrError)
    assert clear(result)
    assert took < 1.5 + 1
    assert target.digest() is None


def test_a_target_that_says_it_has_everything_gets_no_tag(
    ministack: Server, distribution: Server, fresh: Fresh
) -> None:
    """MiniStack checks nothing: the tag is put last, and read back, but nobody looks whether the blobs are there."""
    source, target = fresh(distribution), fresh(ministack)
    content = source.push(images.index("all there"))
    page = Reply(200, (("Content-Type", "text/html"),), b"<html>Sign in to the airport's network\n</html>")
    script = Script(lambda seen: page if seen.method == "HEAD" else None)
    with proxied(ministack.port, script) as proxy:
        result = attempted(location(source), content.digest, location(target, proxy))
    if isinstance(result, EcrError):
        assert target.digest() is None
        copied(location(source), content.digest, location(target))
    assert target.differences(content) == []
