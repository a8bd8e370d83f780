"""The lifecycle guard: what this stack's policy would do to the images that are there, told before anything changes.

with lifecycle_guard.watching(stack) as guard:
    ...  # the images are listed meanwhile
    guard.check(root)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

import stack_outputs
from ecr import config_reader, reference
from ecr.errors import InputError, LifecycleRefused, RemoteError, printable
from ecr.lifecycle import advice
from ecr.lifecycle import guard as guards
from ecr.lifecycle.guard import Arrival
from ecr.lifecycle_config import LifecycleGuard
from ecr.lifecycle_look import Cancelled, LifecycleLook, Seen, Sources
from settings import NAMESPACE, Settings

if TYPE_CHECKING:
    from deployment import Publication
    from ecr.lifecycle.guard import GuardVerdict
    from ecr.lifecycle.images import Image
    from ecr.lifecycle.policy import LifecyclePolicy

_KEY = f"{NAMESPACE}:lifecycleGuard"
_HOW_TO_KEEP = f"change {NAMESPACE}:lifecycle, such as by a rule {{protect: [PATTERN]}} before the others"
_KEEP_IT = f"{_HOW_TO_KEEP}, or set {_KEY} to warn"


@contextmanager
def watching(settings: Settings) -> Iterator[Guard]:
    """A guard that looks at the live repository while the body of `with` runs.

    It asks nobody when it is off, or when the stack has no policy.
    """
    look = _begin(settings)
    try:
        yield Guard(settings, look)
    finally:
        if look is not None:
            look.cancel()


def _begin(settings: Settings) -> LifecycleLook | None:
    policy = settings.lifecycle.policy
    if policy is None or settings.lifecycle_guard is LifecycleGuard.OFF or settings.unseen is not None:
        return None
    return LifecycleLook.start(policy, partial(_open, settings), datetime.now(UTC))


def _open(settings: Settings, cancelled: Cancelled) -> Sources:
    # Loaded in the look's thread: boto3 takes a third of a second.
    from ecr.aws import EcrRepository  # noqa: PLC0415
    from ecr.aws.images import EcrImages  # noqa: PLC0415
    from ecr.aws.usage import EcrUsage  # noqa: PLC0415

    repository = EcrRepository(settings.repository, region=settings.region, profile=settings.profile)
    return Sources(EcrImages(repository, cancelled=cancelled), EcrUsage(repository))


class Guard:
    """What a stack's guard makes of a look.

    Args:
        settings: of the stack.
        look: at its repository; None where there is nothing to guard, or nothing to be seen.
    """

    def __init__(self, settings: Settings, look: LifecycleLook | None) -> None:
        self._settings = settings
        self._look = look
        # Another stack's outputs take the engine a quarter of a second, and two questions may be about one stack.
        self._outputs = cache(stack_outputs.read)

    def check(self, project: Path, publication: Publication | None) -> None:
        """Warn of the images that the policy would expire or archive, or refuse it for a protected one.

        Args:
            project: the folder with the stack files.
            publication: the plan for the image that the stack builds; None for none.

        Raises:
            LifecycleRefused: the guard enforces, and a protected image would go, or it can't be told.
        """
        policy = self._settings.lifecycle.policy
        if policy is None or self._settings.lifecycle_guard is LifecycleGuard.OFF:
            return
        try:
            seen = self._seen(publication)
            verdict = guards.NOTHING if seen is None else self._judge(seen, project, publication)
        except (RemoteError, InputError) as error:
            self._advise(policy, (), _named_tags(self._settings))
            self._blind(str(error))
            return
        images = () if seen is None else seen.evaluation.images
        self._advise(policy, images, _deployed_tags(self._settings, publication, seen))
        if verdict.violations and self._settings.lifecycle_guard is LifecycleGuard.ENFORCE:
            reasons = tuple(f"the policy would {violation}" for violation in verdict.violations)
            raise LifecycleRefused(self._settings.repository, reasons, advice=_KEEP_IT)
        if lines := verdict.lines(self._settings.repository):
            if verdict.violations:
                pulumi.log.warn("\n".join([*lines, f"  to keep what is protected, {_HOW_TO_KEEP}"]))
            else:
                pulumi.log.info("\n".join(lines))

    def _seen(self, publication: Publication | None) -> Seen | None:
        if self._settings.unseen is not None:
            raise InputError(_KEY, self._settings.unseen)
        return None if self._look is None else self._look.result(partial(self._arrival, publication))

    def _arrival(self, publication: Publication | None) -> Arrival | None:
        """The image that is about to be pushed or copied to the repository; None for none, and where it isn't known."""
        promote = self._settings.promote
        if publication is not None:
            return Arrival(publication.plan.tag) if publication.adopted is None else None
        if promote is None:
            return None
        source = self._outputs(promote.source_stack)
        published = _digest_in(source)
        digest = promote.digest or published
        # The tag of a pinned digest is the one that it has, which its own repository knows.
        tag = promote.tag or (source.get("image_tag") if digest == published else None)
        return Arrival(tag, digest) if digest is not None and isinstance(tag, str) and reference.is_tag(tag) else None

    def _judge(self, seen: Seen, project: Path, publication: Publication | None) -> GuardVerdict:
        # Whether anything is protected matters only where something goes.
        adopted = publication.adopted if publication is not None else None
        protected = self._protected(project, adopted) if seen.evaluation.acting else {}
        return guards.judge(seen.evaluation, {**seen.in_use, **protected}, self._settings.lifecycle.protect)

    def _advise(self, policy: LifecyclePolicy, images: Iterable[Image], deployed: Sequence[str] | None) -> None:
        """Warn of rules that can't do what they seem to."""
        tags = frozenset(tag for image in images for tag in image.tags)
        for line in advice.lines(policy, tags_in_use=tags, deployed_tags=deployed):
            pulumi.log.warn(printable(f"{NAMESPACE}:lifecycle: {line}"))

    def _blind(self, reason: str) -> None:
        if self._settings.lifecycle_guard is LifecycleGuard.ENFORCE:
            untold = f"it can't be told which images the policy would expire: {reason}"
            raise LifecycleRefused(self._settings.repository, (untold,), advice=f"mend that, or set {_KEY} to warn")
        pulumi.log.warn(
            f"repository {self._settings.repository}: it can't be told which images the lifecycle policy would "
            f"expire: {reason}"
        )

    def _protected(self, project: Path, deploying: str | None) -> dict[str, str]:
        """Digest -> why it is protected. What this stack itself needs is named before what others need."""
        from ecr import stack_file  # noqa: PLC0415 - loads PyYAML, which is needed here alone

        here, promote = pulumi.get_stack(), self._settings.promote
        source = [promote.source_stack] if promote is not None else []
        others = [stack for stack in stack_file.known(project) if stack != here]
        own = {
            promote.digest if promote is not None else None: "pinned by this stack",
            deploying: "about to be deployed by this stack",
            _digest_in(self._outputs(here)): "deployed by this stack",
        }
        reasons = {
            **{_pinned_digest(stack_file.read(project, stack)): f"pinned by stack {stack}" for stack in others},
            **{
                _digest_in(self._outputs(stack)): f"published by stack {stack}"
                for stack in dict.fromkeys((*others, *source))
            },
            **own,
        }
        return {digest: reason for digest, reason in reasons.items() if digest is not None}


def _deployed_tags(settings: Settings, publication: Publication | None, seen: Seen | None) -> Sequence[str] | None:
    """The tags of the image that the stack will have deployed; None where they are not known."""
    if publication is not None:
        return (publication.plan.tag,)
    if seen is None or settings.promote is None:
        return _named_tags(settings)
    if seen.arrival is not None:
        return (seen.arrival.tag,)
    pinned = settings.promote.digest
    return next((image.tags for image in seen.evaluation.images if image.digest == pinned), None)


def _named_tags(settings: Settings) -> tuple[str, ...] | None:
    """The tag that the stack file gives to the stack's image; None where it names none."""
    tag = settings.build.tag if settings.build is not None else settings.promote and settings.promote.tag
    return (tag,) if tag and reference.is_tag(tag) else None


def _pinned_digest(config: Mapping[str, object]) -> str | None:
    """`promote.digest` of a stack file, whose other mistakes are that stack's own affair."""
    top = config_reader.open_section(NAMESPACE, {"promote": config.get(f"{NAMESPACE}:promote")})
    section = top.section("promote")
    return section.text("digest", reference.is_digest, reference.DIGEST_RULE) if section is not None else None


def _digest_in(outputs: Mapping[str, object]) -> str | None:
    """The digest that a stack has published; None when it has published none."""
    digest = outputs.get("image_digest")
    return digest if isinstance(digest, str) and reference.is_digest(digest) else None
