"""The repositories that a command looks at: those of the project's stacks, or ones that are named."""

# ruff: noqa: PLC0415 - what talks to Pulumi and AWS is loaded when it is needed: help has to be quick

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

import typer

from ecr import at_once
from ecr.cli import arguments, console, repositories
from ecr.errors import EcrError, ExitCode, InputError

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository
    from ecr.status import Published

T = TypeVar("T")

Stacks = Annotated[
    list[str] | None,
    typer.Option("--stack", "-s", metavar="STACK", help="The repository of this stack; repeatable."),
]
Repositories = Annotated[
    list[str] | None,
    typer.Option(repositories.OPTION, metavar="NAME", help="This repository; also HOST/NAME; repeatable."),
]
Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="The Region of --repository NAME.", show_default=False)
]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A repository that a command looks at.

    Attributes:
        name: for messages, such as `stack dev` or `repository dev/yoon-app`.
        repository: it need not exist.
        published: what its stack says in its outputs; None for a repository that was named by itself.
    """

    name: str
    repository: EcrRepository
    published: Published | None = None


@dataclass(frozen=True, kw_only=True)
class Answer(Generic[T]):
    """What came out for one stack or repository: a value, or why there is none.

    Attributes:
        name: as a target's.
        target: None where not even that could be found out.
        value: None where `error` says why.
        error: what went wrong with this one; the others are still worth an answer.
    """

    name: str
    target: Target | None = None
    value: T | None = None
    error: EcrError | None = None


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What the options of a command name. Without any, all stacks of the project are meant.

    Attributes:
        stacks: names of stacks.
        repositories: `NAME` or `HOST/NAME` of repositories.
        region: of the repositories that are named without ECR's host.
        profile: of the AWS configuration files; None for a stack's own or the environment's.
    """

    stacks: Sequence[str] = ()
    repositories: Sequence[str] = ()
    region: str | None = None
    profile: str | None = None

    def each(self, look: Callable[[Target], T]) -> list[Answer[T]]:
        """Look at each of them, several at once; the answers in the order of the options, stacks first.

        A stack that has no repository is left out, which is said.

        Args:
            look: called in threads; an `EcrError` of it becomes that target's answer.

        Raises:
            InputError: options that name nothing, or are of no use; or there is no project or `pulumi` to ask.
            RemoteError: nobody can tell which stacks there are.
        """
        if self.region is not None and all(map(repositories.has_region, self.repositories)):
            raise InputError("--region", f"is of no use without {repositories.OPTION} NAME; leave it out")
        named = [self._named(text) for text in dict.fromkeys(self.repositories)]
        of_stacks = at_once.ask(self._stacks(), lambda stack: self._of_stack(stack, look))
        of_repositories = at_once.ask(named, lambda target: _answered(target, look))
        return [answer for answer in (*of_stacks, *of_repositories) if answer is not None]

    def _named(self, text: str) -> Target:
        repository = repositories.named(text, region=self.region, profile=self.profile)
        return Target(name=f"repository {text}", repository=repository)

    def _stacks(self) -> Sequence[str]:
        if self.stacks or self.repositories:
            return list(dict.fromkeys(self.stacks))
        from ecr import stack_file, stacks

        return stacks.names(stack_file.find_project(Path.cwd()))

    def _of_stack(self, stack: str, look: Callable[[Target], T]) -> Answer[T] | None:
        try:
            target = of_stack(stack, self.profile)
        except EcrError as error:
            return Answer(name=f"stack {stack}", error=error)
        if target is None:
            console.say(f"note: stack {stack} has no repository; `pulumi up -s {stack}` makes one")
            return None
        return _answered(target, look)


def each_once(answers: Sequence[Answer[T]]) -> list[Answer[T]]:
    """The answers without those about a repository that an earlier one with a value is about.

    Without an account, a repository is the caller's own, which is most likely that of the stack.
    """
    accounts: dict[tuple[str, str], set[str]] = {}
    once: list[Answer[T]] = []
    for answer in answers:
        if answer.target is None or answer.value is None:
            once.append(answer)
            continue
        repository = answer.target.repository
        account = repository.registry_id.get("registryId", "")
        known = accounts.setdefault((repository.region, repository.name), set())
        if not known or (account and account not in known and "" not in known):
            once.append(answer)
        known.add(account)
    return once


def of_stack(stack: str, profile: str | None = None) -> Target | None:
    """The repository that a stack says it has; None when it has none.

    Raises:
        InputError: there is no project, `pulumi` or stack.
        RemoteError: Pulumi's backend failed.
    """
    from ecr import stack_file, stacks, status
    from ecr.aws.repository import EcrRepository

    project = stack_file.find_project(Path.cwd())
    said = status.published(stack, stacks.outputs(project, stack))
    if said.repository is None:
        return None
    arn, used = said.repository, profile or arguments.profile_of_stack(project, stack)
    return Target(
        name=f"stack {stack}",
        repository=EcrRepository(arn.name, region=arn.region, account=arn.account, profile=used),
        published=said,
    )


def report(answers: Sequence[Answer[T]]) -> None:
    """Say what went wrong, a line for each."""
    for answer in answers:
        if answer.error is not None:
            say(answer.name, answer.error)


def say(name: str, error: EcrError) -> None:
    """Say what went wrong with one of them, a line each; a message may begin with its name already."""
    for line in str(error).splitlines():
        console.say(f"error: {line}" if line.startswith(f"{name}: ") else f"error: {name}: {line}")


def exit_code(answers: Sequence[Answer[T]], *, refused: bool = False) -> ExitCode:
    """The worst of what went wrong; else whether the answer is no."""
    failed = [answer.error.exit_code for answer in answers if answer.error is not None]
    return max([*failed, *([ExitCode.REFUSED] if refused else [])], default=ExitCode.DONE)


def _answered(target: Target, look: Callable[[Target], T]) -> Answer[T]:
    try:
        return Answer(name=target.name, target=target, value=look(target))
    except EcrError as error:
        return Answer(name=target.name, target=target, error=error)
