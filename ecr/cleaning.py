"""Carries out a plan to delete images, batch by batch, and knows at any time what is deleted and what is not."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from ecr import protection
from ecr.ahead import Ahead
from ecr.clean import Plan
from ecr.errors import EcrError, RemoteError
from ecr.lifecycle.images import Image, ImageStatus
from ecr.tables import plural

# For how long an answer about what has to stay is good: each costs half a second for every stack.
GOOD_FOR_S = 15.0
# How long a request that is under way may take to end when the command is interrupted.
GRACE_S = 2.0
# API reference, BatchDeleteImage and "Common errors": answers for good, before anything is done.
_REFUSALS = ("AccessDeniedException", "InvalidParameterException", "RepositoryNotFoundException")


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What became of one batch.

    Attributes:
        gone: digests of what is not there any more.
        left: digest -> why it is still there, or may be.
    """

    gone: frozenset[str]
    left: Mapping[str, str]


class Deletion(Protocol):
    """Who deletes images."""

    def tags(self, digests: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Digest -> the tags that the image has now, for those that are there."""

    def delete(self, digests: Sequence[str]) -> Deleted:
        """Delete images."""


@dataclass(kw_only=True)
class Outcome:
    """What came of a plan.

    Attributes:
        deleted: the images that are gone, in their order.
        spared: digest -> why an image of the plan was left alone: it has got a tag or a use meanwhile.
        refused: digest -> why ECR did not delete an image.
        unknown: images of the request that was under way when something else than a plain refusal ended it.
        interrupted: whether the user ended it.
        error: what ended it; None for nothing.
    """

    deleted: list[Image] = field(default_factory=list)
    spared: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unknown: tuple[Image, ...] = ()
    interrupted: bool = False
    error: EcrError | None = None

    @property
    def left(self) -> dict[str, str]:
        """Digest -> why an image of the plan is still there, though it was its turn."""
        return {**self.spared, **self.refused}

    def line(self, plan: Plan) -> str:
        """What is deleted and what is not, in one line."""
        rest = len(plan.going) - len(self.deleted) - len(self.unknown)
        parts = [f"deleted {len(self.deleted)} of {plural(len(plan.going), 'image')}"]
        if self.unknown:
            parts.append(f"of {len(self.unknown)} it is not known, as the request was under way")
        if rest:
            parts.append(f"{rest} {'is' if rest == 1 else 'are'} not deleted")
        if self.unknown or (rest and (self.interrupted or self.error is not None)):
            parts.append("the same command goes on from there")
        return "; ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Cleaner:
    """Deletes what a plan names, and looks once more before each batch.

    Attributes:
        deletion: who deletes.
        protected: says which digests have to stay now, and why; asked before the first batch, and again when the
            answer is some seconds old.
        say: takes a line after each batch but the last.
        clock: seconds that only ever grow.
    """

    deletion: Deletion
    protected: Callable[[], Mapping[str, str]]
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic

    def carry_out(self, plan: Plan) -> Outcome:
        """Delete. Whatever ends it early, `KeyboardInterrupt` too, becomes part of the outcome."""
        outcome = Outcome()
        try:
            with stopping_on_sigterm():
                self._delete(plan, outcome)
        except EcrError as error:
            outcome.error = error
        except KeyboardInterrupt:
            outcome.interrupted = True
        return outcome

    def _delete(self, plan: Plan, outcome: Outcome) -> None:
        reasons: Mapping[str, str] = {}
        asked_at: float | None = None
        for at, batch in enumerate(plan.batches):
            if asked_at is None or self.clock() - asked_at >= GOOD_FOR_S:
                reasons = protection.spread(self.protected(), plan.images)
                asked_at = self.clock()
            going = self._still_going(plan, batch, reasons, outcome)
            if going:
                self._delete_batch(going, outcome)
            if at + 1 < len(plan.batches):
                self.say(f"deleted {len(outcome.deleted)} of {len(plan.going)}")

    def _still_going(
        self, plan: Plan, batch: Sequence[Image], reasons: Mapping[str, str], outcome: Outcome
    ) -> list[Image]:
        """A batch without what has got a tag or a use meanwhile, and what such images need."""
        outcome.spared |= {image.digest: f"it is {reasons[image.digest]}" for image in batch if image.digest in reasons}
        # What is in the archive can't be deployed, and ECR need not show it by its digest.
        seen = [image for image in batch if image.status is ImageStatus.ACTIVE]
        tags = self.deletion.tags([image.digest for image in seen])
        for image in seen:
            now = tags.get(image.digest)
            if now is not None and now != set(image.tags):
                others = ", ".join(sorted(now)) or "none"
                outcome.spared.setdefault(image.digest, f"its tags have changed meanwhile; they are: {others}")
        left = outcome.left
        blocked = plan.needing(left) if left else set()
        for image in batch:
            if image.digest in blocked - set(left):
                outcome.spared[image.digest] = "something that has to go before it is still there"
        return [image for image in batch if image.digest not in blocked]

    def _delete_batch(self, going: Sequence[Image], outcome: Outcome) -> None:
        outcome.unknown = tuple(going)
        # In a thread, so that an interrupted request can still tell, for a moment, what came of it.
        ahead = Ahead(lambda: self.deletion.delete([image.digest for image in going]))
        try:
            ahead.begin()
            result = ahead.result()
        except KeyboardInterrupt:
            if ahead.wait(GRACE_S) and not ahead.failed:
                _note(going, ahead.result(), outcome)
            raise
        except RemoteError as error:
            if _was_refused(error):
                outcome.unknown = ()
            raise
        _note(going, result, outcome)


def _note(going: Sequence[Image], result: Deleted, outcome: Outcome) -> None:
    outcome.deleted += [image for image in going if image.digest in result.gone]
    outcome.refused |= result.left
    outcome.unknown = ()


def _was_refused(error: RemoteError) -> bool:
    """Whether AWS has answered that it did nothing.

    Whatever botocore asks again after (its user guide, "Retries") tells of the last attempt alone: an earlier one may
    have been carried out, though no answer came.
    """
    return error.code in _REFUSALS


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the block as Ctrl-C does; only the main thread can be told of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
