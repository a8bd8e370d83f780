"""Examinations of real registries, and of one whose layers lie where nobody answers."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from ecr.doctor.checks import Check, Status, Step
from ecr.doctor.examination import Examination, Subject
from ecr.oci import registries
from ecr.oci.registry import Location
from ecr.reference import RepositoryUrl
from tests import surroundings
from tests.registries import images
from tests.registries.copying import location, with_password
from tests.registries.proxy import Action, Mischief, Proxy, Reply, Script, Seen, proxied
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import ACCOUNT, REGION, MiniStack, Server

Fresh = Callable[..., Repository]
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
# Longer than anything here takes, shorter than what hangs.
TIMEOUT_S = 2.0


def examined(at: Location, *, timeout_s: float = TIMEOUT_S) -> dict[Step, Check]:
    subject = Subject(location=at, reference=TAG, expect_private=True, timeout_s=timeout_s)
    return {check.step: check for check in Examination(subject).run()}


def statuses(found: dict[Step, Check]) -> str:
    return "".join(found[step].status[0] for step in Step)


@pytest.mark.parametrize("registry", ["distribution", "ministack"])
@pytest.mark.parametrize("content", [images.image("doctor"), images.index("doctor")], ids=["image", "index"])
def test_a_pull_that_works_is_ok_all_along(
    content: images.Content, registry: str, request: pytest.FixtureRequest, fresh: Fresh
) -> None:
    repository = fresh(request.getfixturevalue(registry))
    repository.push(content, TAG)
    found = examined(location(repository))
    assert statuses(found) == "sosoooo", [check.line for check in found.values()]
    assert content.digest in found[Step.MANIFEST].text


def test_ecr_is_reached_by_its_own_name_through_the_emulator(
    ministack: MiniStack, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    surroundings.made_up(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack.base_url)
    repository = fresh(ministack)
    repository.push(images.image("doctor"), TAG)
    found = examined(registries.locate(RepositoryUrl(HOST, repository.name)))
    assert statuses(found) == "ooooooo", [check.line for check in found.values()]
    assert found[Step.SIGN_IN].text == f"ECR has given a token for {HOST}"


def test_a_registry_that_wants_a_password_gets_it_or_says_so(guarded_distribution: Server, fresh: Fresh) -> None:
    repository = fresh(guarded_distribution)
    repository.push(images.image("doctor"), TAG)
    assert statuses(examined(location(repository, sign_in=with_password))) == "sosoooo"
    found = examined(location(repository))
    assert statuses(found) == "sosooFs"
    assert "401" in found[Step.MANIFEST].text


def layers_at(elsewhere: Proxy) -> Callable[[Seen], Action]:
    """The layers lie elsewhere; that is a signed URL's matter."""

    def decide(seen: Seen) -> Action:
        if "/blobs/" not in seen.path:
            return None
        return Reply(307, (("Location", f"{elsewhere.base_url}{seen.path}?X-Amz-Signature=signed"),))

    return decide


def test_a_layer_elsewhere_is_asked_for_by_one_byte(distribution: Server, fresh: Fresh) -> None:
    repository, script = fresh(distribution), Script()
    repository.push(images.image("doctor"), TAG)
    with (
        proxied(distribution.port, script) as elsewhere,
        proxied(distribution.port, Script(layers_at(elsewhere))) as front,
    ):
        found = examined(location(repository, front))
    assert statuses(found) == "sosoooo", [check.line for check in found.values()]
    assert f"comes from {elsewhere.host} at 127.0.0.1 (private)" in found[Step.LAYER].text
    (seen,) = script.seen
    assert seen.headers["range"] == "bytes=0-0"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        pytest.param(Mischief.STALL, "does not answer within 0.5 s", id="hangs"),
        pytest.param(Mischief.RESET, "breaks the connection", id="resets"),
        pytest.param(Mischief.GARBAGE, "breaks the connection", id="no-http"),
        pytest.param(Reply(403, body=b"<Error><Code>AccessDenied</Code></Error>"), "answers 403", id="refuses"),
    ],
)
def test_a_layer_that_does_not_come_is_told_with_its_place_and_without_its_signature(
    action: Action, words: str, distribution: Server, fresh: Fresh
) -> None:
    repository = fresh(distribution)
    repository.push(images.image("doctor"), TAG)
    with (
        proxied(distribution.port, Script(lambda _: action)) as elsewhere,
        proxied(distribution.port, Script(layers_at(elsewhere))) as front,
    ):
        begun = time.monotonic()
        found = examined(location(repository, front), timeout_s=0.5)
        assert time.monotonic() - begun < 3
    assert statuses(found) == "sosoooF", [check.line for check in found.values()]
    assert found[Step.LAYER].status is Status.FAILED
    line = found[Step.LAYER].line
    assert f"layers come from {elsewhere.host}, which" in line
    assert words in line
    assert "signed" not in line
    assert "Signature" not in line
