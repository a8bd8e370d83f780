"""Promotions carried out: asks both repositories, applies the gate, copies, and proves the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ecr import gate as gates
from ecr import promotion, scan
from ecr.aws import EcrRepository
from ecr.aws.findings import EcrScans
from ecr.errors import InputError
from ecr.gate import SystemClock
from ecr.oci import copying
from ecr.oci.copying import CopyResult
from ecr.oci.session import Session
from ecr.promotion import Origin, Promotion, PromotionPlan, Release, SourceImage
from ecr.repository import TagMutability

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class TargetRepository:
    """Where an image is promoted to.

    Attributes:
        name: the repository's name.
        region: its AWS Region; None for the environment's.
        profile: the AWS profile that both repositories are reached with; None for the environment's.
        tag_mutability: which of its tags can be moved.
    """

    name: str
    region: str | None
    profile: str | None
    tag_mutability: TagMutability


class Promoter:
    """One promotion: from the repository of a source stack to this stack's.

    Args:
        promotion: what the stack file says.
        source: what the source stack says.
        target: this stack's repository; it need not exist yet.
    """

    def __init__(self, promotion: Promotion, source: SourceImage, target: TargetRepository) -> None:
        self._promotion = promotion
        self._source = source
        self._target = target

    def plan(self) -> PromotionPlan:
        """Find out what is to be promoted, and what the tag names now.

        Raises:
            InputError: when the image or its tag can't be told, or source and target are one repository.
            Conflict: when the tag names another digest and can't be moved.
            RemoteError: when AWS refuses or can't be reached.
        """
        self._refuse_same_repository()
        wanted, source, target = self._promotion, self._from, self._to
        digest = promotion.digest_of(wanted, self._source)
        in_source = source.holds(digest)
        origin = promotion.origin_of(
            wanted,
            self._source,
            in_source=in_source,
            in_target=not in_source and target.holds(digest),
            target_repository=self._target.name,
        )
        release = Release(tag=self._tag(digest), digest=digest)
        return promotion.plan(
            release,
            origin,
            tag_holds=target.find_digest(release.tag),
            mutability=self._target.tag_mutability,
            repository=self._target.name,
        )

    def examine(self, plan: PromotionPlan, *, say: Say) -> Mapping[str, object]:
        """Apply the gate to the image where it is taken from; the record of what was examined, when and by which rule.

        Raises:
            GateClosed: when the gate refuses the image.
            RemoteError: when AWS refuses or can't be reached.
        """
        clock = SystemClock()
        from_source = plan.origin is Origin.SOURCE
        repository = self._from if from_source else self._to
        image = f"{self._source.url if from_source else self._target.name}@{plan.release.digest}"
        verdict = gates.examine(EcrScans(repository), plan.release.digest, self._promotion.gate, clock=clock, say=say)
        for warning in verdict.warnings:
            say(f"warning: {warning}")
        if not verdict.passed:
            raise scan.refusal(image, verdict)
        return scan.record(verdict, self._promotion.gate, image=image, at=clock.now())

    def copy(self, release: Release, origin: Origin) -> CopyResult:
        """Copy the image by its digest and tag it; the tag is read back and compared.

        Raises:
            Conflict: when the tag names another digest and can't be moved, or somebody else moved it meanwhile.
            RemoteError: when a registry refuses, fails or can't be reached; then the tag is as it was.
        """
        target = self._to.location()
        # By its host: to ask ECR would need one more permission in the source's account.
        source = self._from.location(self._source.arn.registry_host) if origin is Origin.SOURCE else target
        with Session() as session:
            return copying.copy(
                source,
                release.digest,
                target,
                release.tag,
                session=session,
                mutability=self._target.tag_mutability,
            )

    def held(self, tag: str) -> str | None:
        """The digest that a tag of the target names; None when there is no such tag or repository.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        return self._to.find_digest(tag)

    @cached_property
    def _from(self) -> EcrRepository:
        arn = self._source.arn
        return EcrRepository(arn.name, region=arn.region, account=arn.account, profile=self._target.profile)

    @cached_property
    def _to(self) -> EcrRepository:
        return EcrRepository(self._target.name, region=self._target.region, profile=self._target.profile)

    def _tag(self, digest: str) -> str:
        if not promotion.needs_tags(self._promotion, self._source):
            return promotion.tag_of(self._promotion, self._source, None, None)
        in_source, in_target = self._from.describe_image(digest), self._to.describe_image(digest)
        return promotion.tag_of(self._promotion, self._source, in_source, in_target)

    def _refuse_same_repository(self) -> None:
        arn = self._source.arn
        if arn.name == self._target.name and arn.region == self._to.region and arn.account == self._to.own_account():
            raise InputError(
                promotion.FROM_KEY,
                f"stack {self._promotion.source_stack} has the very repository that this stack would promote to, "
                f"{arn}; accepted: a stack with a repository of its own",
            )
