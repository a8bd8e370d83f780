"""One account's registry in one Region is set up by one stack: two that claim it would undo each other's work.

Each stack with a `registry` exports `registry_settings`, its account and Region, by which the others know.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pulumi

import stack_outputs
from ecr.errors import InputError, RemoteError, printable
from settings import NAMESPACE

OUTPUT = "registry_settings"

_KEY = f"{NAMESPACE}:registry"


def check(region: str | None, project: Path) -> None:
    """Refuse to set up a registry that another stack of this project has set up.

    A stack whose outputs can't be read is warned of; one that was never deployed claims nothing.

    Args:
        region: that the stack file names; None to ask the provider.
        project: the folder with the stack files.

    Raises:
        InputError: another stack claims the registry.
    """
    from ecr import stack_file  # noqa: PLC0415 - loads PyYAML, which is needed here alone

    here = pulumi.get_stack()
    claims = {stack: claim for stack in stack_file.known(project) if stack != here and (claim := _claim(stack))}
    if not claims:
        return
    try:
        own = _own(region)
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        told = f"it can't be told whether stack {' or '.join(claims)} sets up the same registry: {error}"
        pulumi.log.warn(printable(told))
        return
    for stack, (account, claimed) in claims.items():
        if (account, claimed) == own:
            raise InputError(
                _KEY,
                f"this stack, {here}, sets up the registry of account {account} in {claimed}, and so does stack "
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


def _own(region: str | None) -> tuple[str, str]:
    """The account and Region that this stack is deployed to, as the provider says."""
    import pulumi_aws as aws  # noqa: PLC0415 - takes long to load, and most stacks need no answer

    return aws.get_caller_identity().account_id, region or aws.get_region().region
