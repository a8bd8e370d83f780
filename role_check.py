"""Roles that a stack file names: those of the stack's own account must be there before they get a policy, or ECR one.

ECR answers "Invalid repository policy provided" to a role of its own account that is not there, half-way through a
deployment, and the provider tries for minutes first, because a new role is not known everywhere at once. Roles of other
accounts can't be looked up from here, and need not be there (`ecr.access.repository_policy`).
"""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from ecr.access.names import RoleArn
from ecr.errors import InputError, printable

# The engine passes on the text of an error alone: IAM's code, or what the provider makes of it (terraform-plugin-sdk,
# retry.NotFoundError). Credentials that "cannot be found" are no missing role.
_NOT_THERE = ("NoSuchEntity", "couldn't find resource")


def errors(roles: Iterable[tuple[str, str]], account: str) -> list[InputError]:
    """A line for each role of the account that is not there; a warning, once, where that can't be told.

    Nothing is asked about roles of other accounts.

    Args:
        roles: the key that each stands under, and its ARN, or its name for one of the account.
        account: of the stack.
    """
    found: list[InputError] = []
    untold: list[tuple[str, str]] = []
    for key, named in roles:
        role = RoleArn.parse(named) if ":" in named else None
        if role is not None and role.account != account:
            continue
        name = named if role is None else role.name
        try:
            there = _look_up(name)
        except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
            if any(words in str(error) for words in _NOT_THERE):
                found.append(InputError(key, _missing(name, account)))
            else:
                untold.append((key, str(error)))
            continue
        if there is None:
            untold.append((key, "the provider names no role"))
        elif there != named and role is not None:
            found.append(InputError(key, f"{named} is not there; the role of this name is {there}"))
    if untold and not found:
        key, reason = untold[0]
        whether = "it can't be told whether the roles of this account are there, so ECR may refuse"
        pulumi.log.warn(printable(f"{key}: {whether}: {reason}"))
    return found


def _look_up(name: str) -> str | None:
    """The ARN of the role of a name."""
    # Loaded only where roles are named. This function and not a bare invoke: it says which provider answers.
    import pulumi_aws as aws  # noqa: PLC0415

    arn: str | None = aws.iam.get_role(name=name).arn
    return arn


def _missing(name: str, account: str) -> str:
    return (
        f"there is no role {name} in account {account}, which is this stack's own, and AWS refuses a policy of or with "
        "a role that is not there; make the role first, or correct its name"
    )
