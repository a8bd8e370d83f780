"""What a stack file names must be there: looked up before anything is registered, and refused by its key.

The components look again when they are registered; by then half of a deployment could be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ecr.access import github
from ecr.errors import InputError, InputErrors
from settings import NAMESPACE, Settings

if TYPE_CHECKING:
    from ecr.endpoints_config import Endpoints
    from ecr.github_config import GitHubConfig

_ANSWERED = "returned an error: "


def check(settings: Settings) -> None:
    """Refuse a VPC or an OIDC provider that can't be looked up. Nothing is asked unless the stack file names one.

    Raises:
        InputErrors: with a line for each.
    """
    if errors := (*_vpc_errors(settings.endpoints), *_provider_errors(settings.github)):
        raise InputErrors(errors)


def _vpc_errors(endpoints: Endpoints | None) -> Iterator[InputError]:
    if endpoints is None:
        return
    said = _failure(lambda: _look_up_vpc(endpoints.vpc_id))
    if said is not None:
        problem = f"{endpoints.vpc_id} can't be looked up: {said}; correct it, or aws:region and the account"
        yield InputError(f"{NAMESPACE}:endpoints.vpcId", problem)


def _provider_errors(config: GitHubConfig | None) -> Iterator[InputError]:
    if config is None or config.oidc_provider != github.FIND:
        return
    said = _failure(_look_up_provider)
    if said is not None:
        problem = (
            f"the account's OIDC provider for GitHub can't be looked up: {said}; where there is none yet, let one "
            "stack of the account make it: oidcProvider: make"
        )
        yield InputError(f"{NAMESPACE}:github.oidcProvider", problem)


def _failure(look_up: Callable[[], object]) -> str | None:
    """What the provider says of a lookup that fails; None where it does not."""
    try:
        look_up()
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing narrower
        return str(error).rpartition(_ANSWERED)[2]
    return None


def _look_up_vpc(vpc_id: str) -> object:
    # Loaded only where it is needed. These functions and not a bare invoke: they say which provider answers.
    import pulumi_aws as aws  # noqa: PLC0415

    return aws.ec2.get_vpc(id=vpc_id)


def _look_up_provider() -> object:
    import pulumi_aws as aws  # noqa: PLC0415

    return aws.iam.get_open_id_connect_provider(url=f"https://{github.ISSUER}")
