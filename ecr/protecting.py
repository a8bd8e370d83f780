"""Finds out which images of a repository have to stay: asks the project's stacks, their files, and who runs what."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ecr import at_once, config_reader, lifecycle_config, reference, stack_file, stack_resources, stacks, status
from ecr.errors import InputError
from ecr.protection import Claim
from ecr.stack_name import short

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository

_REPOSITORY, _PROMOTE, _LIFECYCLE = (f"{stack_file.NAMESPACE}:{key}" for key in ("repository", "promote", "lifecycle"))

# By which a command is told that a stack deploys nothing.
OPTION = "--deploys-nothing"


def in_use(repository: EcrRepository, *, scan_statuses: frozenset[str], now: datetime) -> Mapping[str, str]:
    """Digest -> in what way it is in use, as Amazon Inspector saw it in the last 30 days.

    Args:
        repository: where the images are.
        scan_statuses: what ECR says about the scans of its images (`Listing.scan_statuses`).
        now: the time, with its zone.

    Raises:
        RemoteError: Inspector may know of some, but does not tell.
    """
    from ecr.aws.usage import EcrUsage  # noqa: PLC0415 (loads boto3)

    return EcrUsage(repository).certainly_in_use(now, scan_statuses)


def outputs(project: Path) -> Mapping[str, Mapping[str, object]]:
    """The outputs of each stack that Pulumi knows, by its name. Raises as `needs`."""
    names = stacks.names(project)
    return dict(zip(names, at_once.ask(names, lambda stack: stacks.outputs(project, stack)), strict=True))


def holders(said: Mapping[str, Mapping[str, object]]) -> Mapping[str, Sequence[str]]:
    """The name of a repository -> the stacks whose outputs say that they have it."""
    found: dict[str, list[str]] = {}
    for stack, of_stack in said.items():
        if (arn := status.published(stack, of_stack).repository) is not None:
            found.setdefault(arn.name, []).append(stack)
    return found


def claims(project: Path, said: Mapping[str, Mapping[str, object]]) -> tuple[Claim, ...]:
    """What each stack of the project needs, of those that Pulumi knows and those with a file.

    Args:
        project: the folder with the stack files.
        said: as `outputs` has it.

    Raises:
        InputError: as `needs`.
        InputErrors: as `needs`.
        RemoteError: as `needs`.
    """
    return _claims(project, _with_states(project, said))


@dataclass(frozen=True)
class Needs:
    """What the stacks of a project need.

    Attributes:
        claims: of all stacks.
        holders: the name of a repository -> the stacks that say they have it.
    """

    claims: tuple[Claim, ...]
    holders: Mapping[str, Sequence[str]]


def certain_claims(project: Path, deploying_nothing: Collection[str] = ()) -> tuple[Claim, ...]:
    """The claims of `needs`."""
    return needs(project, deploying_nothing).claims


def needs(project: Path, deploying_nothing: Collection[str] = ()) -> Needs:
    """What the stacks need; an error where anything suggests that there is more to it than can be seen.

    Deployed or pinned by any stack of the project counts whatever the repository, since a digest is one image
    everywhere. A stack with a file of which the backend knows nothing is most likely in another backend, organization
    or project.

    Args:
        project: the folder with the stack files.
        deploying_nothing: stacks with a file that are known to deploy nothing, though the backend can't tell.

    Raises:
        InputError: `pulumi` is not there, or a stack file can't be read, or it can't be told what a stack needs.
        InputErrors: with a line for each mistake in a stack file.
        RemoteError: Pulumi's backend can't tell.
    """
    of_stacks = outputs(project)
    said, files = _with_states(project, of_stacks), stack_file.known(project)
    seen = {short(each.name) for each in said if not each.is_empty}
    for stack in deploying_nothing:
        if stack not in files:
            raise InputError(
                OPTION, f"{config_reader.shown(stack)} is no stack with a file; those are: {', '.join(files) or 'none'}"
            )
        if stack in seen:
            raise InputError(OPTION, f"stack {stack} is in the backend, and it has deployed something; leave it out")
    if lost := [stack for stack in files if stack not in seen and stack not in deploying_nothing]:
        raise InputError(
            f"stack {lost[0]}",
            "it can't be told what it deploys: it has a file, and the backend that pulumi is signed in to knows "
            f"nothing of it; sign in to the right one, or say that it deploys nothing: {' '.join(_named(lost))}",
        )
    if elsewhere := [stack for stack in files if stack_file.environments(project, stack)]:
        raise InputError(
            f"stack {elsewhere[0]}", "it can't be told what it pins or protects: an environment of Pulumi ESC sets it"
        )
    return Needs(_claims(project, said), holders(of_stacks))


def patterns(project: Path, repository: str, stacks_with_it: Collection[str] = ()) -> tuple[str, ...]:
    """The tag patterns that the lifecycle rules of the stacks with this repository protect.

    Args:
        project: the folder with the stack files.
        repository: the name of the repository.
        stacks_with_it: stacks that have it, whatever their files say meanwhile.

    Raises:
        InputError: a stack file can't be read or is missing, or what matters in it is encrypted.
        InputErrors: with a line for each mistake in its rules.
    """
    files = {stack: stack_file.read(project, stack) for stack in stack_file.known(project)}
    holding = {short(stack) for stack in stacks_with_it}
    mine = [config for stack, config in files.items() if _repository(stack, config) == repository or stack in holding]
    if missing := sorted(holding - set(files)):
        raise InputError(
            f"stack {missing[0]}",
            "it can't be told what it protects: it has the repository, and no file in this project",
        )
    for config in mine:
        _refuse_encrypted(config, _LIFECYCLE)
    return tuple(dict.fromkeys(each for config in mine for each in lifecycle_config.of_stack(config).protect))


def pinned(config: Mapping[str, object]) -> str | None:
    """The digest that a stack file pins (`promote.digest`), whose other mistakes are its own stack's affair.

    Raises:
        InputError: it is encrypted.
        InputErrors: it is no digest.
    """
    _refuse_encrypted(config, _PROMOTE)
    top = config_reader.open_section(stack_file.NAMESPACE, {"promote": config.get(_PROMOTE)})
    section = top.section("promote")
    digest = section.text("digest", reference.is_digest, reference.DIGEST_RULE) if section is not None else None
    top.finish()
    return digest


@dataclass(frozen=True)
class _Said:
    """What Pulumi says of a stack: its name, its outputs and its state."""

    name: str
    outputs: Mapping[str, object]
    state: Mapping[str, object]

    @property
    def is_empty(self) -> bool:
        return not (self.outputs or self.state.get("resources") or self.state.get("pending_operations"))


def _with_states(project: Path, said: Mapping[str, Mapping[str, object]]) -> list[_Said]:
    states = at_once.ask(said, lambda stack: stacks.state(project, stack))
    return [_Said(stack, said[stack], state) for stack, state in zip(said, states, strict=True)]


def _claims(project: Path, said: Sequence[_Said]) -> tuple[Claim, ...]:
    for each in said:
        if (image := stack_resources.unreadable_image(each.state, each.outputs)) is not None:
            raise InputError(
                f"stack {each.name}",
                f"it can't be told which image it deploys: {image} shows no digest; take it out of the stack's secrets",
            )
    found = ((each.name, stack_resources.digests(each.outputs, each.state)) for each in said)
    files = ((stack, pinned(stack_file.read(project, stack))) for stack in stack_file.known(project))
    return (
        *(Claim(stack=stack, deployed=digest) for stack, digests in found for digest in sorted(digests)),
        *(Claim(stack=stack, pinned=digest) for stack, digest in files if digest is not None),
    )


def _repository(stack: str, config: Mapping[str, object]) -> str | None:
    _refuse_encrypted(config, _REPOSITORY)
    name = config.get(_REPOSITORY)
    if name is not None and not isinstance(name, str):
        raise InputError(_REPOSITORY, f"is no text in stack {stack}, so it can't be told which repository it means")
    return name


def _refuse_encrypted(config: Mapping[str, object], key: str) -> None:
    if stack_file.is_encrypted(config.get(key)):
        raise InputError(key, "is encrypted, so it can't be told what it says; it is no secret: write it in clear")


def _named(stacks_: Sequence[str]) -> list[str]:
    return [f"{OPTION} {shlex.quote(stack)}" for stack in stacks_]
