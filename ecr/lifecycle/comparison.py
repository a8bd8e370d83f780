"""Our evaluation beside AWS's own preview of a policy. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecr.lifecycle.evaluation import Evaluation, Outcome


@dataclass(frozen=True, kw_only=True)
class PreviewResult:
    """One image that AWS's preview would act on (ECR API reference, LifecyclePolicyPreviewResult).

    Attributes:
        digest: `sha256:...`
        tags: its tags.
        outcome: what would happen to it.
        rule_priority: the priority of the rule that would do it; None where AWS names none.
    """

    digest: str
    tags: tuple[str, ...]
    outcome: Outcome
    rule_priority: int | None


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What one side says of an image: the outcome, and the priority of the rule; None where no rule acts."""

    outcome: Outcome
    rule: int | None = None

    def __str__(self) -> str:
        return self.outcome if self.rule is None else f"{self.outcome} by rule {self.rule}"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One image of which the two say different things.

    Attributes:
        digest: of the image.
        tags: its tags.
        ours: our evaluation; None for an image that was not in our list, such as one pushed since.
        theirs: AWS's preview.
    """

    digest: str
    tags: tuple[str, ...]
    ours: Opinion | None
    theirs: Opinion


_KEPT = Opinion(outcome=Outcome.KEEP)


def compare(evaluation: Evaluation, preview: Sequence[PreviewResult]) -> tuple[Difference, ...]:
    """The images of which outcome or rule differ, oldest first, and last those that are not in our list.

    An image that the preview does not name is kept.
    """
    ours = {
        acted.image.digest: Opinion(outcome=acted.outcome, rule=acted.rule.priority) for acted in evaluation.actions
    }
    theirs = {result.digest: Opinion(outcome=result.outcome, rule=result.rule_priority) for result in preview}
    known = {image.digest for image in evaluation.images}
    differing = [
        Difference(digest=image.digest, tags=image.tags, ours=mine, theirs=other)
        for image in reversed(evaluation.images)
        if (mine := ours.get(image.digest, _KEPT)) != (other := theirs.get(image.digest, _KEPT))
    ]
    unknown = [
        Difference(digest=result.digest, tags=result.tags, ours=None, theirs=theirs[result.digest])
        for result in sorted(preview, key=lambda result: result.digest)
        if result.digest not in known
    ]
    return (*differing, *unknown)
