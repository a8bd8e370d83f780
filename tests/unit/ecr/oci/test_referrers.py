from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import pytest

from ecr.errors import Conflict, RemoteError
from ecr.oci.manifest import OCI_INDEX, OCI_MANIFEST, Manifest, parse
from ecr.oci.referrers import list_in_tag
from ecr.oci.repository import Repository
from ecr.oci.transport import Deadline, Request
from tests.unit.ecr.oci.fake_registry import FakeRegistry, Reply, at, digest_of, session_with

pytestmark = pytest.mark.usefixtures("_at_once")

NAME = "staging/app"
SUBJECT = f"sha256:{'a' * 64}"
TAG = SUBJECT.replace(":", "-")
PLACE = f"/v2/{NAME}/manifests/{TAG}"
CONFIG = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}


def referrer(name: str, **more: object) -> Manifest:
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [], "name": name, **more}
    return parse(json.dumps(document).encode(), OCI_MANIFEST)


def entry(manifest: Manifest) -> dict[str, object]:
    found = {"mediaType": OCI_MANIFEST, "digest": manifest.digest, "size": len(manifest.raw)}
    return {**found, "artifactType": manifest.artifact_type}


SIGNATURE, SBOM, OTHER = (referrer(name) for name in ("signature", "sbom", "somebody else's"))


def put_list(registry: FakeRegistry, *manifests: Manifest, **more: object) -> None:
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry(one) for one in manifests], **more}
    registry.put(NAME, document, OCI_INDEX, TAG)


def listed(registry: FakeRegistry) -> Mapping[str, object]:
    media_type, raw = registry.manifests[NAME, TAG]
    assert media_type == OCI_INDEX
    document = json.loads(raw)
    assert isinstance(document, dict)
    return document


def put_in_list(registry: FakeRegistry, manifests: Sequence[Manifest] = (SIGNATURE,)) -> None:
    with session_with(b=registry) as session:
        list_in_tag(session, Repository(session, at("b", NAME), Deadline(60), push=True), SUBJECT, manifests)


def pushes(registry: FakeRegistry) -> int:
    return registry.asked.count(f"PUT {PLACE}")


def test_a_list_is_begun_with_type_and_annotations_of_its_entries() -> None:
    registry = FakeRegistry()
    typed = referrer("typed", artifactType="application/spdx+json", annotations={"created": "today"})
    put_in_list(registry, (SIGNATURE, typed))
    assert listed(registry) == {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {**entry(SIGNATURE), "artifactType": CONFIG["mediaType"]},
            {**entry(typed), "artifactType": "application/spdx+json", "annotations": {"created": "today"}},
        ],
    }


def test_what_was_in_the_list_stays_and_nothing_is_in_it_twice() -> None:
    registry = FakeRegistry()
    put_list(registry, OTHER, SIGNATURE, annotations={"kept": "yes"})
    put_in_list(registry, (SIGNATURE, SBOM))
    assert listed(registry)["manifests"] == [entry(OTHER), entry(SIGNATURE), entry(SBOM)]
    assert listed(registry)["annotations"] == {"kept": "yes"}


def test_a_list_that_has_them_all_is_not_pushed() -> None:
    registry = FakeRegistry()
    put_list(registry, SIGNATURE)
    put_in_list(registry)
    assert registry.asked == [f"GET {PLACE}"]


def somebody_else(registry: FakeRegistry, times: int) -> Callable[[Request, int], None]:
    """Replaces the list each time that it has been pushed, so many times."""
    left = [times]

    def act(request: Request, _: int) -> None:
        if request.method == "GET" and left[0] and pushes(registry) > times - left[0]:
            left[0] -= 1
            put_list(registry, OTHER)

    return act


@pytest.mark.parametrize("times", [1, 3])
def test_a_list_that_somebody_else_replaces_is_mended(times: int) -> None:
    registry = FakeRegistry()
    registry.answers = somebody_else(registry, times)
    put_in_list(registry)
    assert listed(registry)["manifests"] == [entry(OTHER), entry(SIGNATURE)]
    assert pushes(registry) == times + 1


def test_a_list_that_is_replaced_all_the_time_is_given_up() -> None:
    registry = FakeRegistry()
    registry.answers = somebody_else(registry, 100)
    with pytest.raises(RemoteError, match=f"b/{NAME}:{TAG} is changed by somebody else all the time") as raised:
        put_in_list(registry)
    assert (raised.value.code, raised.value.temporary, pushes(registry)) == ("RACE", True, 5)


def test_a_list_that_can_not_be_changed_is_a_conflict_that_says_what_to_do() -> None:
    registry = FakeRegistry(immutable=True)
    put_list(registry, OTHER)
    with pytest.raises(Conflict) as raised:
        put_in_list(registry)
    assert str(raised.value) == (
        f"the list of referrers b/{NAME}:{TAG} can't be changed (TAG_INVALID); where tags are immutable, let sha256-* "
        "be an exclusion (mutabilityExclusions)"
    )
    assert listed(registry)["manifests"] == [entry(OTHER)]


def test_a_list_that_can_not_even_be_begun_is_the_registrys_refusal() -> None:
    registry = FakeRegistry()
    registry.answers = lambda request, _: Reply(403) if request.method == "PUT" else None
    with pytest.raises(RemoteError, match="answered 403 for PUT") as raised:
        put_in_list(registry)
    assert raised.value.code == "403"


def test_a_tag_that_names_an_image_is_not_made_a_list() -> None:
    registry = FakeRegistry()
    registry.put_image(NAME, "image", TAG)
    before = registry.manifests[NAME, TAG]
    with pytest.raises(RemoteError, match="should be a list of referrers and is a") as raised:
        put_in_list(registry)
    assert (raised.value.code, registry.manifests[NAME, TAG], pushes(registry)) == ("MALFORMED", before, 0)
