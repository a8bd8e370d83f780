"""Finds out which images of a repository have to stay: asks the project's stacks, their files, and who runs what."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ecr import config_reader, lifecycle_config, protection, reference, stack_file, stacks, status
from ecr.protection import Claim

if TYPE_CHECKING:
    from ecr.aws.repository import EcrRepository

# Each stack costs a process of Pulumi's, which takes half a second of a core.
_AT_ONCE = 8
_REPOSITORY = f"{stack_file.NAMESPACE}:repository"


def gather(project: Path, repository: EcrRepository, *, scan_statuses: frozenset[str], now: datetime) -> dict[str, str]:
    """Digest -> why it has to stay, in words that follow "it is". Nothing is guessed: what can't be told is an error.

    Deployed or pinned by any stack of the project counts whatever the repository, since a digest is one image
    everywhere; so does what Amazon Inspector saw in use in the last 30 days.

    Args:
        project: the folder with the stack files.
        repository: where the images are.
        scan_statuses: what ECR says about the scans of its images (`Listing.scan_statuses`).
        now: the time, with its zone.

    Raises:
        InputError: `pulumi` is not there, or a stack file can't be read.
        InputErrors: with a line for each mistake in a stack file.
        RemoteError: Pulumi's backend, ECR or Inspector can't tell.
    """
    running = in_use(repository, scan_statuses=scan_statuses, now=now)
    return {**running, **protection.reasons(claims(project))}


def in_use(repository: EcrRepository, *, scan_statuses: frozenset[str], now: datetime) -> Mapping[str, str]:
    """Digest -> in what way it is in use, as Amazon Inspector saw it in the last 30 days. Arguments as of `gather`.

    Raises:
        RemoteError: Inspector may know of some, but does not tell.
    """
    from ecr.aws.usage import EcrUsage  # noqa: PLC0415 (loads boto3)

    return EcrUsage(repository).certainly_in_use(now, scan_statuses)


def claims(project: Path) -> tuple[Claim, ...]:
    """What each stack of the project needs, of those that Pulumi knows and those with a file. Raises as `gather`."""
    deployed = stacks.names(project)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = list(pool.map(lambda stack: status.published(stack, stacks.outputs(project, stack)), deployed))
    files = stack_file.known(project)
    return (
        *(Claim(stack=each.stack, deployed=each.digest) for each in said),
        *(Claim(stack=stack, pinned=pinned(stack_file.read(project, stack))) for stack in files),
    )


def patterns(project: Path, repository: str) -> tuple[str, ...]:
    """The tag patterns that the lifecycle rules of the stacks with this repository protect.

    Args:
        project: the folder with the stack files.
        repository: the name of the repository.

    Raises:
        InputError: a stack file can't be read.
        InputErrors: with a line for each mistake in its rules.
    """
    files = (stack_file.read(project, stack) for stack in stack_file.known(project))
    mine = (config for config in files if config.get(_REPOSITORY) == repository)
    return tuple(dict.fromkeys(each for config in mine for each in lifecycle_config.of_stack(config).protect))


def pinned(config: Mapping[str, object]) -> str | None:
    """The digest that a stack file pins (`promote.digest`), whose other mistakes are its own stack's affair.

    Raises:
        InputErrors: it is no digest.
    """
    top = config_reader.open_section(stack_file.NAMESPACE, {"promote": config.get(f"{stack_file.NAMESPACE}:promote")})
    section = top.section("promote")
    digest = section.text("digest", reference.is_digest, reference.DIGEST_RULE) if section is not None else None
    top.finish()
    return digest
