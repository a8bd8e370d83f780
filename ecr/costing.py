"""Asks what images are made of, and reckons what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ecr.cost.estimate import Pulls, RepositoryCost, estimate
from ecr.errors import EcrError, InputError
from ecr.layer_cache import ManifestCache, default_folder
from ecr.stack_name import short

if TYPE_CHECKING:
    from ecr.aws.images import Listing
    from ecr.aws.repository import EcrRepository
    from ecr.cost.prices import Prices
    from ecr.lifecycle.images import Image
    from ecr.lifecycle.policy import LifecyclePolicy
    from ecr.protecting import Needs
    from ecr.target import Target

_UNKNOWN_CLAIMS = "which images stacks have deployed is not known"
_UNKNOWN_HOLDERS = "which repositories and images stacks have deployed is not known"


def kept(
    project: Path | None, repository: EcrRepository, needs: Needs, listing: Listing, now: datetime
) -> tuple[Mapping[str, str], Sequence[str], tuple[str, ...]]:
    """What has to stay, as far as that can be told: digests with reasons, tag patterns, and what is not known.

    Args:
        project: the folder with the stack files; None for none.
        repository: where the images are.
        needs: what the stacks need, as far as that is known.
        listing: of the repository.
        now: the time, with its zone.
    """
    from ecr import protecting, protection  # noqa: PLC0415 (loads YAML)

    unknown: list[str] = []
    in_use: Mapping[str, str] = {}
    try:
        in_use = protecting.in_use(repository, scan_statuses=listing.scan_statuses, now=now)
    except EcrError as error:
        unknown.append(f"which images are in use is not known: {error}")
    patterns, unread = _patterns(project, repository.name, needs) if project is not None else ((), ())
    return {**in_use, **protection.reasons(needs.claims)}, patterns, (*unknown, *unread)


def _patterns(project: Path, repository: str, needs: Needs) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tag patterns that stacks with this repository protect, and what is not known of them."""
    from ecr import protecting, stack_file  # noqa: PLC0415 (loads YAML)

    unknown: list[str] = []
    try:
        files = stack_file.known(project)
        holding = {short(stack) for stack in needs.holders.get(repository, ())}
        for stack in sorted(holding.difference(files)):
            why = "it has the repository, and no file in this project"
            unknown.append(f"which tags stack {stack} protects is not known: {why}")
        return protecting.patterns(project, repository, holding.intersection(files)), tuple(unknown)
    except EcrError as error:
        return (), (*unknown, f"which tags the stacks protect is not known: {error}")


def examine(
    repository: EcrRepository,
    images: Sequence[Image],
    *,
    policy: LifecyclePolicy | None,
    prices: Prices,
    now: datetime,
    pulls_per_month: int = 0,
    to_region: str | None = None,
    pulled: str | None = None,
    protected: Mapping[str, str] | None = None,
    patterns: Sequence[str] = (),
    cache: ManifestCache | None = None,
) -> RepositoryCost:
    """What a repository costs in a month. Needs ecr:BatchGetImage for manifests that were not read before.

    Args:
        repository: where the images are.
        images: all of them, as `EcrImages.existing` lists them; what indexes list is read here.
        policy: the one that the repository has, or is to have; None for none.
        prices: of its Region: `ecr.aws.prices.current`.
        now: the time, with its zone.
        pulls_per_month: from another Region.
        to_region: that Region; None for none.
        pulled: the digest of the image that is pulled; None for the latest one with a tag.
        protected: digest -> why it has to stay, in words that follow "it is": as `kept` tells.
        patterns: tag patterns of images that have to stay.
        cache: manifests that were read before; None for those on this machine's disk.

    Raises:
        RemoteError: when AWS refuses or can't be reached.
    """
    from ecr.aws.layers import EcrLayers  # noqa: PLC0415 (loads boto3)

    found = EcrLayers(repository, cache or ManifestCache(default_folder())).contents(images)
    return estimate(
        repository.name,
        images,
        found,
        policy=policy,
        prices=prices,
        now=now,
        pulls=Pulls(per_month=pulls_per_month, to_region=to_region, digest=pulled),
        protected=protected,
        patterns=patterns,
    )


def live_policy(repository: EcrRepository) -> LifecyclePolicy | None:
    """The policy that a repository has now; None for none. Needs ecr:GetLifecyclePolicy.

    Raises:
        InputErrors: with a line for each thing in it that this program does not understand.
        RemoteError: when AWS refuses or can't be reached.
    """
    from ecr.aws import lifecycle  # noqa: PLC0415 (loads boto3)
    from ecr.lifecycle.documents import parse_policy_text  # noqa: PLC0415

    text = lifecycle.live_policy(repository)
    return None if text is None else parse_policy_text(text, f"live policy of repository {repository.name}")


class Survey:
    """Reckons what repositories cost. What they have in common is asked once, also by several threads.

    Args:
        now: the time, with its zone.
        start: a folder of the project whose stacks say what has to stay; or of none.
        profile: of the AWS configuration files; None for a stack's own or the environment's.
        profile_of: the profile that the file of a stack of a project names.
        pulls_per_month: from another Region.
        to_region: that Region; None for none.
    """

    def __init__(
        self,
        now: datetime,
        start: Path,
        *,
        profile: str | None = None,
        profile_of: Callable[[Path, str], str | None] | None = None,
        pulls_per_month: int = 0,
        to_region: str | None = None,
    ) -> None:
        self._now = now
        self._project = _project(start)
        self._profile = profile
        self._profile_of = profile_of
        self._pulls_per_month = pulls_per_month
        self._to_region = to_region
        self._lock = Lock()
        self._prices: dict[str, Prices] = {}
        self._needs: tuple[Needs, tuple[str, ...]] | None = None

    def look(
        self,
        target: Target,
        listing: Listing | None = None,
        live: Callable[[], LifecyclePolicy | None] | None = None,
    ) -> RepositoryCost:
        """What one repository costs, with what its stacks need and protect taken into account.

        Args:
            target: the repository, and its stack.
            listing: of its images; None has them listed.
            live: its live policy, where that is asked for elsewhere, too; None has it asked for.

        Raises:
            InputError: the stack's file can't be read.
            InputErrors: with a line for each mistake in its rules, or in the live policy.
            RemoteError: when AWS refuses or can't be reached, or there is no such repository.
        """
        from ecr.aws.images import EcrImages  # noqa: PLC0415 (loads boto3)

        repository, said = target.repository, target.published
        listing = listing or EcrImages(repository).existing()
        needs, notes = self._needed()
        protected, patterns, unknown = kept(self._project, repository, needs, listing, self._now)
        listed = {image.digest for image in listing.images}
        cost = examine(
            repository,
            listing.images,
            policy=self._policy(target, live or (lambda: live_policy(repository))),
            prices=self._prices_of(target),
            now=self._now,
            pulls_per_month=self._pulls_per_month,
            to_region=self._to_region,
            pulled=said.digest if said and said.digest in listed else None,
            protected=protected,
            patterns=patterns,
        )
        return replace(cost, notes=(*cost.notes, *notes, *unknown))

    def _policy(self, target: Target, live: Callable[[], LifecyclePolicy | None]) -> LifecyclePolicy | None:
        """The policy that the stack would deploy; without a stack, or a file of its own, the live one."""
        from ecr import lifecycle_config, stack_file  # noqa: PLC0415 (loads YAML)

        project, said = self._project, target.published
        name = short(said.stack) if said is not None else ""
        if said is not None and project is not None and name in stack_file.known(project):
            return lifecycle_config.of_stack(stack_file.read(project, said.stack)).policy
        return live()

    def _prices_of(self, target: Target) -> Prices:
        from ecr.aws import prices  # noqa: PLC0415 (loads boto3)

        region = target.repository.region
        with self._lock:  # the others wait for the answer that they need, too
            if region not in self._prices:
                profile = self._profile or self._stack_profile(target)
                self._prices[region] = prices.current(region, to_region=self._to_region, profile=profile)
            return self._prices[region]

    def _stack_profile(self, target: Target) -> str | None:
        if target.published is None or self._project is None or self._profile_of is None:
            return None
        return self._profile_of(self._project, target.published.stack)

    def _needed(self) -> tuple[Needs, tuple[str, ...]]:
        """What the stacks need; and a note where that is not known."""
        with self._lock:
            if self._needs is None:
                self._needs = _needs(self._project)
            return self._needs


def _needs(project: Path | None) -> tuple[Needs, tuple[str, ...]]:
    """As far as it is known, unlike `protecting.needs`: an estimate is of use also without some of it."""
    from ecr import protecting  # noqa: PLC0415 (loads YAML)

    if project is None:
        return protecting.Needs((), {}), (f"{_UNKNOWN_CLAIMS}: this is no Pulumi project",)
    try:
        outputs = protecting.outputs(project)
        holders = protecting.holders(outputs)
    except EcrError as error:
        return protecting.Needs((), {}), (f"{_UNKNOWN_HOLDERS}: {error}",)
    try:
        return protecting.Needs(protecting.claims(project, outputs), holders), ()
    except EcrError as error:
        return protecting.Needs((), holders), (f"{_UNKNOWN_CLAIMS}: {error}",)


def _project(start: Path) -> Path | None:
    from ecr import stack_file  # noqa: PLC0415 (loads YAML)

    try:
        return stack_file.find_project(start)
    except InputError:
        return None
