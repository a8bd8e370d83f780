"""Looks at a live repository beside the rest of the program: which of its images a policy would act on.

The look has a thread of its own, because a list of thousands of images takes seconds, which the program can use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ecr.lifecycle.evaluation import Evaluation, evaluate
from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import LifecyclePolicy

if TYPE_CHECKING:
    from ecr.aws.images import Listing

Cancelled = Callable[[], bool]


class Images(Protocol):
    """Where the images are listed."""

    def listing(self) -> Listing | None:
        """All images; None when there is no such repository."""

    def with_children(self, images: Sequence[Image]) -> tuple[Image, ...]:
        """The same images, with what each index lists."""


class Usage(Protocol):
    """Who knows which images are in use."""

    def in_use(self, now: datetime, scan_statuses: frozenset[str]) -> Mapping[str, str]:
        """Digest -> in what way it is in use; empty where nobody knows."""


@dataclass(frozen=True)
class Sources:
    """Who is asked."""

    images: Images
    usage: Usage


@dataclass(frozen=True)
class Seen:
    """What a look has found.

    Attributes:
        evaluation: what the policy does to the images.
        in_use: digest -> in what way it is in use, where anything goes.
    """

    evaluation: Evaluation
    in_use: Mapping[str, str]


class LifecycleLook:
    """A look that goes on until its result is asked for, or it is cancelled.

    Args:
        policy: the policy that is to be deployed.
        open_sources: makes the sources, in the thread of the look, since loading boto3 takes its time too. It gets a
            function that says whether the look was cancelled.
        now: the time, with its zone.
    """

    def __init__(self, policy: LifecyclePolicy, open_sources: Callable[[Cancelled], Sources], now: datetime) -> None:
        self._policy = policy
        self._open_sources = open_sources
        self._now = now
        self._cancelled = threading.Event()
        self._seen: Seen | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="lifecycle-look", daemon=True)

    @classmethod
    def start(
        cls, policy: LifecyclePolicy, open_sources: Callable[[Cancelled], Sources], now: datetime
    ) -> LifecycleLook:
        """Begin to look."""
        look = cls(policy, open_sources, now)
        look._thread.start()
        return look

    def result(self) -> Seen | None:
        """What was found, once it is; None when there is no such repository.

        Raises:
            RemoteError: when AWS refuses or can't be reached.
        """
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._seen

    def cancel(self) -> None:
        """End the look, at the latest when the call to AWS that is under way has been answered."""
        self._cancelled.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._seen = self._look()
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._failure = error

    def _look(self) -> Seen | None:
        sources = self._open_sources(self._cancelled.is_set)
        listing = sources.images.listing()
        if listing is None:
            return None
        evaluation = evaluate(self._policy, listing.images, self._now)
        if not evaluation.acting:
            return Seen(evaluation, {})
        # What an index lists can only make fewer images go, so it is asked for only now.
        images = sources.images.with_children(listing.images)
        evaluation = evaluate(self._policy, images, self._now)
        in_use = sources.usage.in_use(self._now, listing.scan_statuses) if evaluation.acting else {}
        return Seen(evaluation, in_use)
