"""One account's registry in one Region is set up by one stack: two that claim it would undo each other's work.

Each stack with a `registry` exports `registry_settings`, its account and Region, by which the others know.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pulumi

import stack_outputs
from ecr.errors import InputError, RemoteError
from settings import NAMESPACE

OUTPUT = "registry_settings"

_KEY = f"{NAMESPACE}:registry"


def check(account: str, region: str, project: Path) -> None:
    """Refuse to set up a registry that another stack of this project has set up.

    A stack whose outputs can't be read is warned of; one that was never deployed claims nothing.

    Args:
        account: that this stack is deployed to.
        region: likewise.
        project: the folder with the stack files.

    Raises:
        InputError: another stack claims the registry.
    """
    from ecr import stack_file  # noqa: PLC0415 - loads PyYAML, which is needed here alone

    here = pulumi.get_stack()
    for stack in stack_file.known(project):
        if stack != here and _claim(stack) == (account, region):
            raise InputError(
                _KEY,
                f"this stack, {here}, sets up the registry of account {account} in {region}, and so does stack "
                f"{stack}; a registry is set up by one stack: take {_KEY} out of Pulumi.{here}.yaml, or out of "
                f"Pulumi.{stack}.yaml and run: pulumi up -s {stack}",
            )


def _claim(stack: str) -> tuple[str, str] | None:
    """The account and Region whose registry a stack has set up; None for none."""
    try:
        claimed = stack_outputs.read(stack).get(OUTPUT)
    except RemoteError as error:
        pulumi.log.warn(f"it can't be told whether stack {stack} sets up the same registry: {error}")
        return None
    if not isinstance(claimed, Mapping):
        return None
    account, region = claimed.get("account"), claimed.get("region")
    return (account, region) if isinstance(account, str) and isinstance(region, str) else None
