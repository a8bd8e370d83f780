"""Looks at a live repository beside the rest of the program: which of its images a policy would act on.

Listing has a thread of its own, because a list of thousands of images takes seconds, which the program can use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ecr.errors import RemoteError
from ecr.lifecycle.evaluation import Evaluation, evaluate
from ecr.lifecycle.guard import Arrival, expected
from ecr.lifecycle.images import Image, from_the_future
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
        arrival: the image that was counted, too; None for none.
    """

    evaluation: Evaluation
    in_use: Mapping[str, str]
    arrival: Arrival | None


class LifecycleLook:
    """A look that lists images until its result is asked for, or it is cancelled.

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
        self._listed: tuple[Sources, Listing] | None = None
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

    def result(self, arriving: Callable[[], Arrival | None]) -> Seen | None:
        """What the policy does to the images, once they are listed; None when there is no such repository.

        Args:
            arriving: tells of an image that will be there soon, and counts; asked when there is a repository.

        Raises:
            RemoteError: when AWS refuses or can't be reached, or an image is from the future.
        """
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        if self._listed is None:
            return None
        sources, listing = self._listed
        _check_clock(listing.images, self._now)
        arrival = arriving()
        evaluation = self._evaluated(listing.images, arrival)
        if not evaluation.acting:
            return Seen(evaluation, {}, arrival)
        # What an index lists can only make fewer images go, so it is asked for only now.
        evaluation = self._evaluated(sources.images.with_children(listing.images), arrival)
        in_use = sources.usage.in_use(self._now, listing.scan_statuses) if evaluation.acting else {}
        return Seen(evaluation, in_use, arrival)

    def cancel(self) -> None:
        """End the listing, at the latest when the page that is under way has been answered."""
        self._cancelled.set()
        self._thread.join()

    def _evaluated(self, images: Sequence[Image], arrival: Arrival | None) -> Evaluation:
        soon = images if arrival is None else expected(images, arrival, self._now)
        return evaluate(self._policy, soon, self._now)

    def _run(self) -> None:
        try:
            sources = self._open_sources(self._cancelled.is_set)
            listing = sources.images.listing()
            self._listed = None if listing is None else (sources, listing)
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._failure = error


def _check_clock(images: Sequence[Image], now: datetime) -> None:
    """Refuse a time that images come after: by a clock that is behind, nothing is old enough to go."""
    early = from_the_future(images, now)
    if early is not None:
        raise RemoteError(
            f"an image was pushed at {early.pushed_at.isoformat(timespec='seconds')}, which is later than now, "
            f"{now.isoformat(timespec='seconds')}; set the clock of this machine",
            service="ecr",
            operation="DescribeImages",
            code="ClockSkew",
        )
