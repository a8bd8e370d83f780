"""The guard inside the program, against mocks: what it asks, what it says, and what it refuses before registering."""

from __future__ import annotations

import runpy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pulumi
import pytest

import deployment
import lifecycle_guard
import settings as settings_module
import stack_outputs
from ecr import stack_file
from ecr.aws import EcrRepository
from ecr.aws.images import EcrImages, Listing
from ecr.aws.usage import EcrUsage
from ecr.build import ImageBuild
from ecr.errors import InputError, LifecycleRefused, RemoteError
from ecr.lifecycle.images import Image
from ecr.lifecycle.rules import DEFAULT_POLICY, compile_policy, keep_latest
from ecr.lifecycle_config import LifecycleConfig, LifecycleGuard
from ecr.lifecycle_look import Cancelled, LifecycleLook
from ecr.lifecycle_look import Sources as Asked
from ecr.oci.manifest import OCI_INDEX
from ecr.publication import Action, PublicationPlan, PublishedImage
from settings import Settings
from tests.unit.recording import Recording, published, record

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime.now(UTC)
Sources = Mapping[str, Mapping[str, object]]  # outputs, by stack


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int, *tags: str) -> Image:
    """The higher its number, the younger it is."""
    return Image(digest=digest(number), tags=tags or (f"v{number}",), pushed_at=NOW - timedelta(days=100 - number))


@dataclass
class Repository:
    """The live repository."""

    images: tuple[Image, ...] | None = (image(1), image(2), image(3))
    failure: RemoteError | None = None
    in_use: Mapping[str, str] = field(default_factory=dict)
    scan_statuses: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def listing(self) -> Listing | None:
        self.asked.append("list")
        if self.failure is not None:
            raise self.failure
        return None if self.images is None else Listing(self.images, self.scan_statuses)

    def with_children(self, images: tuple[Image, ...]) -> tuple[Image, ...]:
        self.asked.append("children")
        return images

    def used(self, scan_statuses: frozenset[str]) -> Mapping[str, str]:
        self.asked.append("usage")
        assert scan_statuses == self.scan_statuses
        return self.in_use


@dataclass
class Said:
    """What the program has told the user, by severity."""

    warnings: list[str] = field(default_factory=list)
    infos: list[str] = field(default_factory=list)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Repository:
    found = Repository()
    monkeypatch.setattr(EcrImages, "listing", lambda _self: found.listing())
    monkeypatch.setattr(EcrImages, "with_children", lambda _self, images: found.with_children(images))
    monkeypatch.setattr(EcrUsage, "in_use", lambda _self, _now, scan_statuses: found.used(scan_statuses))
    return found


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    found = Said()
    monkeypatch.setattr(pulumi.log, "warn", found.warnings.append)
    monkeypatch.setattr(pulumi.log, "info", found.infos.append)
    return found


@pytest.fixture(autouse=True)
def _no_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other stacks pin nothing, whatever the stack files of this checkout say."""
    monkeypatch.setattr(stack_file, "read", lambda _project, _stack: {})


def program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def config_of(**settings: str) -> dict[str, str]:
    """A stack that neither builds nor promotes, with a policy that keeps the latest image."""
    values = {"repository": "prod/yoon-app", "lifecycle": '[{"keep": 1}]', **settings}
    return {f"container-registry:{key}": value for key, value in values.items()} | {"aws:region": "ap-northeast-2"}


def known(sources: Sources) -> Sources:
    """By the stacks' full names."""
    return {name if "/" in name else f"organization/container-registry/{name}": sources[name] for name in sources}


def run(sources: Sources | None = None, **settings: str) -> Recording:
    return record(program, config=config_of(**settings), stack="prod", sources=known(sources or {}))


def refusal(sources: Sources | None = None, **settings: str) -> str:
    with pytest.raises(pulumi.RunError) as raised:
        run(sources, **{"lifecycleGuard": "enforce", **settings})
    assert "\n" not in str(raised.value)
    return str(raised.value)


def deployed(number: int) -> Sources:
    return {"prod": published("prod", image_digest=digest(number))}


# -- what is said and refused -----------------------------------------------------------------------------------------


def test_what_is_not_protected_is_told_and_goes(live: Repository, said: Said) -> None:
    recording = run(deployed(3))
    assert recording.names
    assert live.asked == ["list", "children", "usage"]
    assert said.warnings == []
    assert said.infos[0] == (
        "repository prod/yoon-app: within a day, the lifecycle policy would expire 2 of 3 images:\n"
        "  expire v1 (sha256:000000000000) by rule 1 (keep the latest 1 images)\n"
        "  expire v2 (sha256:000000000000) by rule 1 (keep the latest 1 images)"
    )


def test_rules_that_cannot_act_are_warned_of(live: Repository, said: Said) -> None:
    live.images = (image(1),)
    run(lifecycle='[{"keep": 5, "tags": ["v*"]}, {"expireDays": 9, "tags": ["v1*"]}, {"keep": 9, "tags": ["x*"]}]')
    assert [warning.partition(" ")[0] for warning in said.warnings] == ["container-registry:lifecycle:"] * 2
    dead, unused = said.warnings
    assert "rule 2 " in dead
    assert "can never act" in dead
    assert "rule 3 " in unused
    assert "x*" in unused


@pytest.mark.parametrize("guard", ["warn", "enforce"])
def test_a_policy_that_will_delete_the_deployed_image_is_warned_of(live: Repository, said: Said, guard: str) -> None:
    live.images = None
    sources = {"dev": published("dev")}
    run(sources, lifecycle='[{"expireDays": 9}]', promote='{"from": "dev", "tag": "v7"}', lifecycleGuard=guard)
    (warning,) = said.warnings
    assert "rule 1 " in warning
    assert "v7" in warning


@pytest.mark.parametrize(
    ("promote", "tags"),
    [
        pytest.param('{"from": "dev"}', "v9", id="the-tag-of-the-source"),
        pytest.param(f'{{"from": "dev", "digest": "{digest(2)}"}}', "v2", id="the-tag-that-a-pinned-digest-has"),
    ],
)
@pytest.mark.usefixtures("live")
def test_the_tag_of_a_promoted_image_need_not_stand_in_the_stack_file(said: Said, promote: str, tags: str) -> None:
    sources = {"dev": published("dev", image_digest=digest(9), image_tag="v9")}
    run(sources, lifecycle='[{"expireDays": 900}]', promote=promote)
    assert [f"the image that is deployed (tagged {tags})" in warning for warning in said.warnings] == [True]


def test_a_guard_that_is_off_gives_no_advice(live: Repository, said: Said) -> None:
    run(lifecycle='[{"keep": 5, "tags": ["v*"]}, {"expireDays": 9, "tags": ["v1*"]}]', lifecycleGuard="off")
    assert (live.asked, said.warnings) == ([], [])


def test_a_protected_image_is_warned_of_by_default_and_the_program_goes_on(live: Repository, said: Said) -> None:
    assert live.images
    assert run(deployed(1)).names
    (warning,) = said.warnings
    assert "expire v1 (sha256:000000000000) by rule 1 (keep the latest 1 images), but it is deployed by this" in warning
    assert said.infos == []


def test_a_protected_image_is_refused_by_enforce_before_anything_is_registered(live: Repository, said: Said) -> None:
    def refused() -> None:
        with pytest.raises(pulumi.RunError, match="but it is deployed by this stack; change"):
            program()

    recording = record(refused, config=config_of(lifecycleGuard="enforce"), stack="prod", sources=known(deployed(1)))
    assert recording.registrations == []
    assert live.asked
    assert said == Said()


def test_enforce_lets_pass_what_takes_no_protected_image(live: Repository, said: Said) -> None:
    assert live.images
    assert run(deployed(3), lifecycleGuard="enforce").names
    assert len(said.infos) == 1


def test_no_repository_yet_is_silent(live: Repository, said: Said) -> None:
    live.images = None
    assert run(lifecycleGuard="enforce").names
    assert (live.asked, said) == (["list"], Said())


def test_where_nothing_goes_nobody_is_asked_for_more(live: Repository, said: Said) -> None:
    recording = run(lifecycle='[{"keep": 3}]', lifecycleGuard="enforce")
    assert (live.asked, said, recording.calls) == (["list"], Said(), [])


@pytest.mark.parametrize(
    ("lifecycle", "guard"),
    [pytest.param('[{"keep": 1}]', "off", id="off"), pytest.param("[]", "enforce", id="no-policy")],
)
def test_a_guard_with_nothing_to_guard_asks_nobody(live: Repository, said: Said, lifecycle: str, guard: str) -> None:
    assert run(lifecycle=lifecycle, lifecycleGuard=guard).names
    assert (live.asked, said) == ([], Said())


# -- what can't be told -----------------------------------------------------------------------------------------------

DENIED = RemoteError(
    "repository prod/yoon-app: denied", service="ecr", operation="DescribeImages", code="AccessDeniedException"
)


def test_what_can_not_be_told_is_said_by_warn(live: Repository, said: Said) -> None:
    live.failure = DENIED
    assert run().names
    assert said.warnings[0] == (
        "repository prod/yoon-app: it can't be told which images the lifecycle policy would expire: "
        "repository prod/yoon-app: denied"
    )


def test_what_can_not_be_told_is_refused_by_enforce(live: Repository) -> None:
    live.failure = DENIED
    assert refusal().startswith(
        "repository prod/yoon-app: the lifecycle guard refuses: it can't be told which images the policy would expire: "
        "repository prod/yoon-app: denied; "
    )


@pytest.mark.usefixtures("live")
def test_a_stack_whose_outputs_can_not_be_read_leaves_the_answer_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_token: str, _arguments: object) -> None:
        raise Exception("the backend has gone")  # noqa: TRY002 - as the SDK does

    monkeypatch.setattr(pulumi.runtime, "invoke", fail)
    assert "the outputs of stack organization/container-registry/prod can't be read: the backend" in refusal()


@pytest.mark.usefixtures("live")
def test_a_stack_file_that_can_not_be_read_leaves_the_answer_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_project: Path, stack: str) -> Mapping[str, object]:
        raise InputError(f"Pulumi.{stack}.yaml", "is not valid YAML")

    monkeypatch.setattr(stack_file, "read", broken)
    assert "Pulumi.dev.yaml: is not valid YAML" in refusal()


def test_credentials_that_only_the_provider_sees_leave_the_answer_open(
    live: Repository, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = lifecycle_guard.watching
    unseen = "only Pulumi's provider sees aws:accessKey"
    monkeypatch.setattr(lifecycle_guard, "watching", lambda settings: watching(replace(settings, unseen=unseen)))
    assert run().names
    assert (live.asked, len(said.warnings)) == ([], 1)
    assert unseen in said.warnings[0]


# -- what is protected ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "settings", "reason"),
    [
        pytest.param(deployed(1), {}, "deployed by this stack", id="deployed"),
        pytest.param(
            {"staging": published("staging", image_digest=digest(1))}, {}, "published by stack staging", id="published"
        ),
        pytest.param(
            {**deployed(1), "dev": published("dev", image_digest=digest(1))}, {}, "deployed by this stack", id="both"
        ),
        pytest.param(
            {"dev": published("dev")},
            {"promote": f'{{"from": "dev", "digest": "{digest(1)}"}}'},
            "pinned by this stack",
            id="pinned-here",
        ),
        pytest.param(
            {"organization/shop/dev": published("dev", image_digest=digest(1), image_tag="v1")},
            {"promote": '{"from": "shop/dev"}'},
            "published by stack shop/dev",
            id="published-by-a-source-elsewhere",
        ),
    ],
)
@pytest.mark.usefixtures("live")
def test_digests_of_stacks_are_protected(sources: Sources, settings: dict[str, str], reason: str) -> None:
    message = refusal(sources, **settings)
    assert f"expire v1 (sha256:000000000000) by rule 1 (keep the latest 1 images), but it is {reason}" in message


@pytest.mark.usefixtures("live")
def test_a_digest_that_another_stack_pins_is_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    pin = {"container-registry:promote": {"from": "dev", "digest": digest(2), "more": 1}, "other:key": 1}
    monkeypatch.setattr(stack_file, "read", lambda _project, stack: pin if stack == "staging" else {})
    message = refusal()
    assert "expire v2 (sha256:000000000000) by rule 1 (keep the latest 1 images), but it is pinned by stack" in message
    assert "expire v1" not in message


# -- the image that is about to arrive --------------------------------------------------------------------------------


def built(action: Action, held: str | None) -> deployment.Publication:
    """The plan of a build that gets the tag v9."""
    image = PublishedImage(tag="v9", digest=held, content_digest=None) if held is not None else None
    build = ImageBuild(context="images/nginx", dockerfile="images/nginx/Dockerfile", tag="v9")
    plan = PublicationPlan(
        build=build,
        content_digest="c",
        tag="v9",
        action=action,
        published=image,
        made_at=NOW,
        repository="prod/yoon-app",
    )
    return deployment.Publication(plan, EcrRepository("prod/yoon-app"))


def refused_with(publication: deployment.Publication, keep: int, settings: Settings) -> str:
    """What the guard says before a build, of a policy that keeps so many images; empty when it lets it go on."""
    policy = compile_policy([keep_latest(keep)])
    changed = replace(settings, lifecycle=LifecycleConfig(policy), lifecycle_guard=LifecycleGuard.ENFORCE)
    try:
        with lifecycle_guard.watching(changed) as guard:
            guard.check(ROOT, publication)
    except LifecycleRefused as refusal:
        return str(refusal)
    return ""


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A stack that has deployed image 1."""
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    monkeypatch.setattr(stack_outputs, "read", lambda name: {"image_digest": digest(1)} if name == "dev" else {})
    return settings_module.parse({"repository": "prod/yoon-app"}, ROOT)


@pytest.mark.usefixtures("live", "said")
def test_an_image_that_is_about_to_be_pushed_counts(stack: Settings) -> None:
    push = built(Action.PUSH, held=None)
    assert refused_with(push, 4, stack) == ""
    assert "expire v1 (sha256:000000000000) by rule 1 (keep the latest 3 images), but it is deployed by this" in (
        refused_with(push, 3, stack)
    )


@pytest.mark.usefixtures("live", "said")
@pytest.mark.parametrize("action", [Action.ADOPT, Action.FOLLOW_STATE])
def test_an_image_that_is_there_already_does_not_count_twice(stack: Settings, action: Action) -> None:
    assert refused_with(built(action, held=digest(3)), 3, stack) == ""


@pytest.mark.usefixtures("live", "said")
def test_an_image_that_is_about_to_be_deployed_without_a_push_is_protected(stack: Settings) -> None:
    assert "expire v2 (sha256:000000000000) by rule 1 (keep the latest 1 images), but it is about to be deployed" in (
        refused_with(built(Action.ADOPT, held=digest(2)), 1, stack)
    )


@pytest.mark.parametrize(
    ("promote", "refused"),
    [
        pytest.param('{"from": "dev"}', True, id="a-new-image"),
        pytest.param(f'{{"from": "dev", "digest": "{digest(3)}", "tag": "v3"}}', False, id="one-that-is-there"),
        pytest.param(f'{{"from": "dev", "digest": "{digest(7)}", "tag": "v7"}}', True, id="a-pinned-one"),
        pytest.param(f'{{"from": "dev", "digest": "{digest(7)}"}}', False, id="a-pinned-one-with-a-tag-of-its-own"),
    ],
)
@pytest.mark.usefixtures("live", "said")
def test_an_image_that_is_about_to_be_promoted_counts(promote: str, *, refused: bool) -> None:
    sources = {"dev": published("dev", image_digest=digest(9), image_tag="v9"), **deployed(1)}
    values = {"lifecycle": '[{"keep": 3}]', "promote": promote, "lifecycleGuard": "enforce"}
    if refused:
        assert "but it is deployed by this stack" in refusal(sources, **values)
    else:
        assert run(sources, **values).names


@pytest.mark.parametrize(
    "promote",
    [None, {}, "text", {"from": "dev"}, {"digest": {"secure": "x"}}, {"digest": "sha256:1"}, "{broken"],
    ids=["none", "empty", "text", "no-digest", "secret", "no-digest-at-all", "broken"],
)
@pytest.mark.usefixtures("live", "said")
def test_a_stack_file_without_a_pin_protects_nothing(monkeypatch: pytest.MonkeyPatch, promote: object) -> None:
    monkeypatch.setattr(stack_file, "read", lambda _project, _stack: {"container-registry:promote": promote})
    assert run(lifecycleGuard="enforce").names


def test_an_image_in_use_is_protected(live: Repository) -> None:
    live.scan_statuses, live.in_use = frozenset({"ACTIVE"}), {digest(2): "in use: 2 running"}
    assert "but it is in use: 2 running" in refusal()


def test_an_image_that_matches_protect_is_protected_from_the_rules_before_it(live: Repository, said: Said) -> None:
    assert live.images
    assert run(lifecycle='[{"keep": 1, "tags": ["v*"]}, {"protect": ["v1"]}]').names
    advice, protected = said.warnings
    assert "put the protection before it" in advice
    assert "but it is protected by the pattern v1" in protected


def test_what_an_index_keeps_does_not_go(live: Repository, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    index = replace(image(3), media_type=OCI_INDEX)
    live.images = (image(1), image(2), index)
    with_children = (image(1), image(2), replace(index, children=(digest(1), digest(2))))
    monkeypatch.setattr(EcrImages, "with_children", lambda _self, _images: with_children)
    assert run(lifecycleGuard="enforce").names
    assert (live.asked, said) == (["list"], Said())


# -- the look itself --------------------------------------------------------------------------------------------------


class Waiting:
    """Answers once it is let."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.cancelled: Cancelled = lambda: False

    def open(self, cancelled: Cancelled) -> Asked:
        self.cancelled = cancelled
        return Asked(self, self)  # type: ignore[arg-type]  # never asked for more than a list

    def listing(self) -> Listing | None:
        assert self.go.wait(20)
        return None


def nothing_arrives() -> None:
    """No image is about to be there."""


def begin(open_sources: Callable[[Cancelled], Asked]) -> LifecycleLook:
    return LifecycleLook.start(DEFAULT_POLICY, open_sources, NOW)


def test_a_look_goes_on_beside_the_program() -> None:
    sources = Waiting()
    look = begin(sources.open)
    sources.go.set()  # the look has not kept the program from getting here
    assert look.result(nothing_arrives) is None
    assert not sources.cancelled()


def test_a_cancelled_look_is_told_so_and_has_ended() -> None:
    sources = Waiting()
    sources.go.set()
    look = begin(sources.open)
    look.cancel()
    assert sources.cancelled()
    assert "lifecycle-look" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("error", [DENIED, ZeroDivisionError("a bug")], ids=["refusal", "bug"])
def test_what_goes_wrong_in_the_look_is_raised_where_its_result_is_asked_for(error: Exception) -> None:
    def fail(_cancelled: Cancelled) -> Asked:
        raise error

    look = begin(fail)
    with pytest.raises(type(error)):
        look.result(nothing_arrives)


def test_images_from_the_future_can_not_be_judged(live: Repository, said: Said) -> None:
    live.images = (replace(image(1), pushed_at=NOW + timedelta(hours=1)), image(2))
    assert "which is later than now" in refusal()
    assert run().names
    assert "set the clock of this machine" in said.warnings[0]


def test_a_program_that_fails_leaves_no_look_behind(live: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_stack: Settings, _root: Path) -> None:
        raise DENIED

    monkeypatch.setattr(deployment, "plan_publication", fail)
    with pytest.raises(pulumi.RunError, match="denied"):
        run()
    assert live.asked in ([], ["list"])
    assert "lifecycle-look" not in {thread.name for thread in threading.enumerate()}
