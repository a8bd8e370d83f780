"""The dynamic provider with a promoter of the test's own: what it asks, what it makes of the answers."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime import rpc

from components.promotion_provider import PromotionProvider
from ecr import promoter
from ecr.errors import Conflict, EcrError, GateClosed, InputError, InputErrors
from ecr.oci.copying import CopyResult
from ecr.promotion import Origin, Promotion, PromotionPlan, Release, SourceImage
from ecr.repository import Mutability, TagMutability
from ecr.scan import ScanGate
from ecr.severity import Severity

OLD, NEW = (f"sha256:{digit * 64}" for digit in "ab")
ARN = "arn:aws:ecr:eu-west-1:123456789012:repository/dev/app"
Say = Callable[[str], None]


def properties(**changes: object) -> dict[str, object]:
    return {
        "sourceStack": "dev",
        "sourceArn": ARN,
        "sourceUrl": "host.example/dev/app",
        "sourceDigest": NEW,
        "sourceTag": "v2",
        "gate": '{"maxSeverity": "LOW"}',
        "targetRepository": "staging/app",
        "targetRegion": "eu-central-1",
        "targetUrl": "host.example/staging/app",
        "tagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "mutabilityExclusions": ["latest"],
        **changes,
    }


def found(**changes: object) -> dict[str, object]:
    """Inputs as `check` has completed them, for an image that is promoted."""
    known = {"tag": "v2", "digest": NEW, "origin": "source", "drift": "", "gated": '{"passed": true}'}
    return {**properties(), **known, **changes}


@dataclass
class FakePromoter:
    """Answers as it is told, and remembers what it was asked."""

    promotion: Promotion
    source: SourceImage
    target: promoter.TargetRepository
    asked: list[str] = field(default_factory=list)

    tag_holds: ClassVar[str | None] = None
    refuses: ClassVar[EcrError | None] = None
    closed: ClassVar[EcrError | None] = None
    made: ClassVar[list[FakePromoter]] = []

    def __post_init__(self) -> None:
        self.made.append(self)

    def plan(self) -> PromotionPlan:
        if self.refuses:
            raise self.refuses
        release = Release(tag="v2", digest=self.promotion.digest or self.source.digest)
        return PromotionPlan(release=release, origin=Origin.SOURCE, tag_holds=self.tag_holds)

    def examine(self, plan: PromotionPlan, *, say: Say) -> Mapping[str, object]:
        self.asked.append(f"examine {plan.release.digest}")
        say("the scan is PENDING")
        if self.closed:
            raise self.closed
        return {"passed": True}

    def copy(self, release: Release, origin: Origin) -> CopyResult:
        self.asked.append(f"copy {release.digest} from {origin}")
        return CopyResult(
            digest=release.digest, bytes_moved=7, blobs_mounted=1, blobs_skipped=2, blobs_copied=3,
            manifests_copied=1, referrers=0, seconds=0.1,
        )  # fmt: skip

    def held(self, tag: str) -> str | None:
        assert tag == "v2"
        return self.tag_holds


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakePromoter]:
    monkeypatch.setattr(promoter, "Promoter", FakePromoter)
    for name in ("tag_holds", "refuses", "closed"):
        monkeypatch.setattr(FakePromoter, name, None)
    monkeypatch.setattr(FakePromoter, "made", [])
    return FakePromoter


PROVIDER = PromotionProvider()


def test_the_properties_say_everything_that_a_promotion_needs(fake: type[FakePromoter]) -> None:
    PROVIDER.check({}, properties(pinnedDigest=OLD, pinnedTag="v1", profile="team"))
    (made,) = fake.made
    gate = ScanGate(max_severity=Severity.LOW)
    assert made.promotion == Promotion(source_stack="dev", digest=OLD, tag="v1", gate=gate)
    assert str(made.source.arn) == ARN
    assert (made.source.url, made.source.digest, made.source.tag) == ("host.example/dev/app", NEW, "v2")
    assert made.target == promoter.TargetRepository(
        name="staging/app",
        region="eu-central-1",
        profile="team",
        tag_mutability=TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, ("latest",)),
    )


def test_check_adds_what_it_found_and_says_what_will_happen(
    fake: type[FakePromoter], capfd: pytest.CaptureFixture[str]
) -> None:
    result = PROVIDER.check({}, properties())
    assert result.failures == []
    assert result.inputs == found()
    assert fake.made[0].asked == [f"examine {NEW}"]
    assert capfd.readouterr().err == f"staging/app:v2 becomes {NEW}; the tag is new there\nthe scan is PENDING\n"


@pytest.mark.parametrize(
    ("olds", "news", "tag_holds", "examined"),
    [
        pytest.param(found(), properties(), NEW, False, id="promoted-already"),
        pytest.param(found(), properties(), None, True, id="the-tag-was-deleted"),
        pytest.param(found(), properties(), OLD, True, id="the-tag-was-moved"),
        pytest.param(found(), properties(gate='{"maxSeverity": "NONE"}'), NEW, True, id="another-rule"),
        pytest.param(found(digest=OLD), properties(), NEW, True, id="another-digest-that-is-there"),
        pytest.param(found(tag="v1"), properties(), NEW, True, id="another-tag"),
        pytest.param({}, properties(), NEW, True, id="adopted"),
    ],
)
def test_the_gate_is_asked_when_something_would_be_promoted_or_the_rule_changes(
    olds: dict[str, object],
    news: dict[str, object],
    tag_holds: str | None,
    examined: bool,  # noqa: FBT001 - a table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakePromoter, "tag_holds", tag_holds)
    result = PROVIDER.check(olds, news)
    assert bool(FakePromoter.made[0].asked) is examined
    assert result.inputs["gated"] == '{"passed": true}'


@pytest.mark.parametrize(
    ("olds", "tag_holds", "drift"),
    [
        pytest.param(found(), NEW, "", id="as-it-should-be"),
        pytest.param(found(), None, "nothing", id="deleted"),
        pytest.param(found(), OLD, OLD, id="moved"),
        pytest.param(found(digest=OLD), OLD, "", id="the-next-release"),
        pytest.param({}, None, "", id="the-first"),
    ],
)
def test_drift_is_what_a_tag_names_that_was_promoted_before(
    olds: dict[str, object], tag_holds: str | None, drift: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakePromoter, "tag_holds", tag_holds)
    assert PROVIDER.check(olds, properties()).inputs["drift"] == drift


def test_an_image_that_stays_keeps_its_record_and_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePromoter, "tag_holds", NEW)
    inputs = PROVIDER.check(found(gated="old record", origin="target"), properties()).inputs
    assert (inputs["gated"], inputs["origin"]) == ("old record", "target")


def test_what_is_said_stays_on_its_line(capfd: pytest.CaptureFixture[str]) -> None:
    PROVIDER.check({}, properties(targetRepository="a\nerror: forged\x1b[31m"))
    assert capfd.readouterr().err.splitlines()[0].startswith("a\\nerror: forged\\x1b[31m:v2 becomes")


@pytest.mark.parametrize(
    ("name", "error", "lines"),
    [
        pytest.param("refuses", Conflict("the tag can't be moved"), ["the tag can't be moved"], id="conflict"),
        pytest.param(
            "refuses",
            InputErrors((InputError("a", "is wrong"), InputError("b", "is wrong"))),
            ["a: is wrong", "b: is wrong"],
            id="two-mistakes",
        ),
        pytest.param("closed", GateClosed("app", ("1 finding",)), [str(GateClosed("app", ("1 finding",)))], id="gate"),
    ],
)
def test_a_refusal_is_a_failure_for_each_line_that_names_no_property(
    name: str, error: EcrError, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakePromoter, name, error)
    failures = PROVIDER.check({}, properties()).failures
    assert [(failure.property, failure.reason) for failure in failures] == [("", line) for line in lines]


@pytest.mark.parametrize("key", ["sourceDigest", "sourceArn", "gate"])
def test_nothing_is_decided_on_what_is_not_known_yet(key: str) -> None:
    news = properties(**{key: rpc.UNKNOWN})
    assert PROVIDER.check({}, news).inputs == news
    assert FakePromoter.made == []


def test_a_target_that_is_still_to_be_made_can_be_decided_on() -> None:
    assert PROVIDER.check({}, properties(targetUrl=rpc.UNKNOWN)).inputs["digest"] == NEW


@pytest.mark.parametrize(
    ("olds", "news", "changes", "replaces"),
    [
        pytest.param(found(), found(), False, [], id="nothing"),
        pytest.param(found(), found(sourceDigest=OLD), False, [], id="the-source-went-on-but-the-digest-is-pinned"),
        pytest.param(found(), found(targetUrl="other.example/staging/app"), False, [], id="another-host-name"),
        pytest.param(found(digest=OLD), found(), True, [], id="digest"),
        pytest.param(found(tag="v1"), found(), True, [], id="tag"),
        pytest.param(found(gate="{}"), found(), True, [], id="rule"),
        pytest.param(found(gated="{}"), found(), True, [], id="examined-anew"),
        pytest.param(found(profile="old"), found(profile="new"), True, [], id="profile"),
        pytest.param(found(origin="target"), found(), False, [], id="origin-alone"),
        pytest.param(found(), found(drift="nothing"), True, [], id="deleted"),
        pytest.param(found(), found(drift=OLD), True, [], id="moved"),
        pytest.param(found(digest=OLD), found(), True, [], id="moved-and-refreshed"),
        pytest.param(found(targetRepository="a/b"), found(), True, ["targetRepository"], id="repository"),
        pytest.param(found(targetRegion="eu-west-2"), found(), True, ["targetRegion"], id="region"),
        pytest.param(found(), found(digest=rpc.UNKNOWN), True, [], id="not-known-yet"),
    ],
)
def test_a_change_is_another_release_another_rule_or_a_tag_that_was_touched(
    olds: dict[str, object],
    news: dict[str, object],
    changes: bool,  # noqa: FBT001 - a table
    replaces: list[str],
) -> None:
    result = PROVIDER.diff("id", olds, news)
    assert (result.changes, result.replaces) == (changes, replaces)


@pytest.mark.parametrize("operation", ["create", "update"])
def test_promoting_copies_and_records_what_was_moved(operation: str) -> None:
    props = found(drift=OLD)
    outs = PROVIDER.create(props).outs if operation == "create" else PROVIDER.update("id", {}, props).outs
    assert outs is not None
    assert FakePromoter.made[0].asked == [f"copy {NEW} from source"]
    promoted_at = outs.pop("promotedAt")
    assert isinstance(promoted_at, str)
    assert promoted_at.endswith("+00:00")
    moved = {"bytesMoved": 7, "blobsMounted": 1, "blobsSkipped": 2, "blobsCopied": 3}
    assert outs == {**found(), **moved}


def test_refresh_sees_what_the_tag_names_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePromoter, "tag_holds", OLD)
    result = PROVIDER.read("id", found())
    assert result.id == "id"
    assert result.outs == found(digest=OLD)


def test_refresh_forgets_what_is_gone() -> None:
    result = PROVIDER.read("id", found())
    assert (result.id, result.outs) == ("", {})


def test_deleting_keeps_the_image() -> None:
    PROVIDER.delete("id", found())
    assert FakePromoter.made == []


def test_the_state_holds_the_providers_path_and_not_its_code() -> None:
    serialized = base64.b64decode(serialize_provider(PROVIDER))
    assert b"components.promotion_provider" in serialized
    assert b"PromotionProvider" in serialized
    assert len(serialized) < 300


@pytest.fixture
def _configured() -> Iterator[None]:
    whole = traceback.format_exc
    PROVIDER.configure(ConfigureRequest(Config({}, "container-registry")))
    yield
    traceback.format_exc = whole


@pytest.mark.usefixtures("_configured")
def test_our_own_errors_are_reported_in_one_line_and_bugs_with_their_traceback() -> None:
    try:
        raise Conflict("the tag can't be moved") from ValueError("hidden")
    except EcrError:
        assert traceback.format_exc() == "the tag can't be moved"
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        assert traceback.format_exc().startswith("Traceback (most recent call last)")
