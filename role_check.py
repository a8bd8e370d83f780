"""Roles that `access` names: those of the stack's own account must be there before ECR gets the policy.

ECR answers "Invalid repository policy provided" to a role of its own account that is not there, half-way through a
deployment, and the provider tries for minutes first, because a new role is not known everywhere at once. Roles of other
accounts can't be looked up from here, and need not be there (`ecr.access.repository_policy`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from ecr.access.names import RoleArn
from ecr.access.principals import Access
from ecr.errors import InputError, InputErrors, printable
from settings import NAMESPACE

# The engine passes on the text of an error alone. IAM API reference, GetRole: NoSuchEntity, "The role with name X
# cannot be found"; the provider shortens that (terraform-plugin-sdk, retry.NotFoundError).
_NOT_THERE = ("NoSuchEntity", "cannot be found", "couldn't find resource")


def check(access: Access | None) -> None:
    """Refuse roles of the own account that are not there; warn once where that can't be told.

    Nothing is asked unless roles are named.

    Raises:
        InputErrors: with a line for each role.
    """
    roles = list(_roles(access)) if access is not None else []
    if not roles:
        return
    # Loaded only where roles are named. These functions and not a bare invoke: they say which provider answers.
    import pulumi_aws as aws  # noqa: PLC0415

    try:
        account = aws.get_caller_identity().account_id
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        _warn(roles[0][0], error)
        return
    errors: list[InputError] = []
    untold: list[tuple[str, Exception]] = []
    for key, role in roles:
        if role.account != account:
            continue
        try:
            found = aws.iam.get_role(name=role.name).arn
        except Exception as error:  # noqa: BLE001 - as above
            if any(words in str(error) for words in _NOT_THERE):
                errors.append(InputError(key, _missing(role)))
            else:
                untold.append((key, error))
            continue
        if found != str(role):
            errors.append(InputError(key, f"{role} is not there; the role of this name is {found}"))
    if errors:
        raise InputErrors(tuple(errors))
    if untold:
        _warn(*untold[0])


def _roles(access: Access) -> Iterator[tuple[str, RoleArn]]:
    """Each role, and the key that it stands under."""
    for key, roles in (("pull", access.pull.roles), ("push", access.push.roles)):
        for index, role in enumerate(roles):
            yield f"{NAMESPACE}:access.{key}.roles[{index}]", RoleArn.parse(role)


def _missing(role: RoleArn) -> str:
    return (
        f"there is no role {role.name} in account {role.account}, which is this stack's own, and ECR refuses a policy "
        "with such a role that is not there; make the role first, or correct its ARN"
    )


def _warn(key: str, reason: Exception) -> None:
    pulumi.log.warn(
        printable(f"{key}: it can't be told whether the roles of this account are there, so ECR may refuse: {reason}")
    )
