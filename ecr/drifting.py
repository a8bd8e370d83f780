"""Compares a stack's state with the live repository: what was changed by hand since the last `pulumi up`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecr import drift, policy_drift, stack_resources, stacks
from ecr.aws import lifecycle, live, live_settings
from ecr.aws.repository import EcrRepository
from ecr.drift import Difference
from ecr.errors import EcrError
from ecr.target import Target


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What came out for one stack.

    Attributes:
        differences: in the order repository, image, settings, policies, AWS tags.
        errors: what could not be asked or read; the rest is answered all the same.
    """

    differences: tuple[Difference, ...]
    errors: tuple[EcrError, ...] = ()


def look(project: Path, target: Target) -> Examined:
    """What is not as the stack's state says; what can't be asked leaves the rest.

    Needs ecr:BatchGetImage, ecr:DescribeImages, ecr:DescribeRepositories, ecr:GetLifecyclePolicy,
    ecr:GetRepositoryPolicy and ecr:ListTagsForResource.

    Raises:
        InputError: there is no such stack or no `pulumi`.
        RemoteError: when Pulumi's backend refuses or can't be reached, or nothing can be asked of AWS.
    """
    said, repository = target.published, target.repository
    if said is None or said.repository is None:
        return Examined(differences=())
    state = stack_resources.of_repository(stacks.resources(project, said.stack), repository.name)
    there = live.ask(repository, said)
    if not there.repository:
        return Examined(differences=drift.image(said, there, state.settings))
    arn = str(said.repository)
    return _each(
        (
            lambda: drift.image(said, there, state.settings),
            lambda: _settings(state, repository),
            lambda: policy_drift.lifecycle(state.lifecycle_policy, lifecycle.live_policy(repository)),
            lambda: policy_drift.repository(state.repository_policy, live_settings.repository_policy(repository)),
            lambda: _tags(state, repository, arn),
        )
    )


def _each(comparisons: Sequence[Callable[[], tuple[Difference, ...]]]) -> Examined:
    differences: list[Difference] = []
    errors: list[EcrError] = []
    for compare in comparisons:
        try:
            differences += compare()
        except EcrError as error:
            errors.append(error)
    return Examined(differences=tuple(differences), errors=tuple(errors))


def _settings(state: stack_resources.StackResources, repository: EcrRepository) -> tuple[Difference, ...]:
    expected, found = state.settings, live_settings.settings(repository)
    return () if found is None else drift.settings(expected, found)


def _tags(state: stack_resources.StackResources, repository: EcrRepository, arn: str) -> tuple[Difference, ...]:
    expected = state.tags
    return () if expected is None else drift.tags(expected, live_settings.tags(repository, arn))
