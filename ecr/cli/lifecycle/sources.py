"""Where a lifecycle command takes its policy and its images from: files, a stack's file, or a live repository."""

# ruff: noqa: PLC0415 - what reads files and asks AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import typer

from ecr.cli import console, repositories
from ecr.config_reader import shown
from ecr.errors import InputError

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository
    from ecr.cli.lifecycle.files import StackFile
    from ecr.lifecycle.evaluation import Evaluation
    from ecr.lifecycle.images import Image
    from ecr.lifecycle.policy import LifecyclePolicy

PolicyFile = Annotated[str | None, typer.Option("--policy", metavar="FILE", help="The policy, as JSON in ECR's form.")]
ImagesFile = Annotated[
    str | None,
    typer.Option("--images", metavar="FILE", help="The images, as `aws ecr describe-images` writes them."),
]
Stack = Annotated[
    str | None,
    typer.Option(
        "--stack", "-s", metavar="STACK", help="The policy that Pulumi.STACK.yaml deploys, and its live repository."
    ),
]
Repository = Annotated[
    str | None,
    typer.Option("--repository", metavar="NAME", help="This live repository; also HOST/NAME, with ECR's host."),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", metavar="PROFILE", help="Profile of the AWS configuration files."),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="The Region of --repository NAME.", show_default=False)
]
Now = Annotated[
    str | None,
    typer.Option("--now", metavar="TIME", help="Instead of the present, such as 2026-11-22T12:00:00Z."),
]

_TIME_RULE = "a time such as 2026-11-22T12:00:00Z, in UTC where no zone is named"
_YEARS = range(2000, 3000)  # so that no sum of days leaves the calendar
_YEARS_RULE = "in the years 2000 to 2999"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the options of a command say.

    Attributes:
        policy: a file; it goes before the policy of `stack`, and that before the live one of `repository`.
        images: a file; it goes before `repository`, and that before the repository of `stack`.
        stack: whose file is read.
        repository: the name of a live repository, also with its host.
        profile: of the AWS configuration files; None for the stack's own or the environment's.
        region: of the repository, where its host is not named.
        now: a time; None for the present.
    """

    policy: str | None = None
    images: str | None = None
    stack: str | None = None
    repository: str | None = None
    profile: str | None = None
    region: str | None = None
    now: str | None = None

    def evaluated(self) -> Evaluation:
        """What the policy does to the images.

        Raises:
            InputError: options that contradict each other, or a file that can't be read.
            InputErrors: with a line for each mistake in a file.
            RemoteError: when AWS refuses, or there is no such repository.
        """
        from ecr.lifecycle.evaluation import evaluate

        self.check()
        now = self.at
        if self.policy is None and self.stack is None:
            # Nothing is said of the policy of a repository that is not there.
            images = self.read_images(now)
            return evaluate(self.read_policy(), images, now)
        return evaluate(self.read_policy(), self.read_images(now), now)

    def check(self) -> None:
        """Refuse options that leave something open, or are of no use."""
        check_files(self.policy, self.images)
        self._check_completeness()
        self._check_use()

    @cached_property
    def at(self) -> datetime:
        """The time that counts as the present."""
        if self.now is None:
            return datetime.now(UTC)
        try:
            parsed = datetime.fromisoformat(self.now)
        except ValueError:
            raise InputError("--now", f"{shown(self.now)} is not accepted; accepted: {_TIME_RULE}") from None
        if parsed.year not in _YEARS:
            raise InputError("--now", f"{shown(self.now)} is not accepted; accepted: {_TIME_RULE}, {_YEARS_RULE}")
        return parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)

    def read_policy(self) -> LifecyclePolicy:
        """The policy; one without rules where there is none, which is said."""
        from ecr.cli.lifecycle import files
        from ecr.lifecycle.policy import LifecyclePolicy

        if self.policy is not None:
            return files.policy(self.policy)
        if self.stack is not None:
            found, where = self.project_stack.policy, f"stack {self.stack}"
        else:
            found, where = self._live_policy(), f"repository {self.live.name}"
        if found is None:
            console.say(f"note: {where} has no lifecycle policy, so nothing expires")
        return found or LifecyclePolicy(())

    def read_images(self, now: datetime) -> tuple[Image, ...]:
        """The images; those of a live repository with what their indexes list."""
        if self.images is not None:
            from ecr.cli.lifecycle import files

            return files.images(self.images, now)
        from ecr.aws.images import EcrImages

        source = EcrImages(self.live)
        found = source.existing().images
        _check_time(found, now)
        return source.with_children(found)

    @property
    def subject(self) -> str:
        """Whose images are looked at, in a few words."""
        return self.images or self.repository or f"stack {self.stack}"

    @cached_property
    def live(self) -> EcrRepository:
        """The live repository."""
        stack = self.project_stack if self.stack is not None else None
        profile = self.profile or (stack.profile if stack else None)
        region = self.region or (stack.region if stack else None)
        if self.repository is not None:
            return repositories.named(self.repository, region=region, profile=profile)
        from ecr.aws.repository import EcrRepository

        return EcrRepository(self.project_stack.repository, region=region, profile=profile)

    @cached_property
    def project_stack(self) -> StackFile:
        """The file of the stack that is named."""
        from ecr.cli.lifecycle.files import StackFile

        return StackFile.read(self.stack or "")

    def _live_policy(self) -> LifecyclePolicy | None:
        from ecr import costing

        return costing.live_policy(self.live)

    def _check_completeness(self) -> None:
        if self.policy is None and self.stack is None and self.repository is None:
            raise InputError("--policy", "there is no policy; name one with --policy, --stack or --repository")
        if self.images is None and self.stack is None and self.repository is None:
            raise InputError("--images", "there are no images; name some with --images, --stack or --repository")

    def _check_use(self) -> None:
        """An option that changes nothing is most likely a slip, and would go unnoticed."""
        files = self.policy is not None and self.images is not None
        policy, images, stack, repository = (
            None if value is None else option
            for option, value in (
                ("--policy", self.policy),
                ("--images", self.images),
                ("--stack", self.stack),
                ("--repository", self.repository),
            )
        )
        if stack and policy and (images or repository):
            raise InputError(stack, _useless(policy, images or repository))
        if repository and images and (policy or stack):
            raise InputError(repository, _useless(policy or stack, images))
        for option, value in (("--profile", self.profile), ("--region", self.region)):
            asks_aws = not files and not (self.stack is not None and self.images is not None)
            if value is not None and not asks_aws:
                raise InputError(option, "is of no use, because everything is read from files; leave it out")
        if self.region is not None:
            self._check_region()

    def _check_region(self) -> None:
        if self.repository is not None and repositories.has_region(self.repository):
            raise InputError("--region", "is of no use, because --repository names its host; leave it out")
        if self.stack is not None and self.project_stack.region is not None:
            raise InputError(
                "--region", f"is of no use, because {self.project_stack.path} names {self.project_stack.region}"
            )


def check_files(policy: str | None, images: str | None) -> None:
    """Refuse files without a name, and two that would be read from one place.

    Raises:
        InputError: one of the two is wrong.
    """
    for option, path in (("--policy", policy), ("--images", images)):
        if path == "":
            raise InputError(option, f"{shown(path)} is not accepted; accepted: the name of a file")
    if policy == images == "-":
        raise InputError("--images", "is -, and so is --policy; only one of the two can be the standard input")


def _useless(*given: str | None) -> str:
    """Why an option is one too many."""
    return f"is of no use, because {' and '.join(name for name in given if name)} say all; leave it out"


def _check_time(images: Iterable[Image], now: datetime) -> None:
    from ecr.lifecycle.images import from_the_future

    early = from_the_future(images, now)
    if early is not None:
        when = f"{early.digest} was pushed at {early.pushed_at.isoformat()}"
        raise InputError("--now", f"is {now.isoformat()}, but {when}; correct --now or this machine's clock")
