"""Who may pull from a repository and push to it: values that are checked once, and then written into its policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ecr.access import names
from ecr.config_reader import shown
from ecr.regions import PARTITION, PARTITIONS

# AWS Lambda API reference, FunctionConfiguration, FunctionArn; unqualified, as Lambda sends it as the source of a pull.
_FUNCTION_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):lambda:(?P<region>[a-z0-9-]+):[0-9]{{12}}:function:[A-Za-z0-9_-]{{1,64}}"
)
FUNCTION_RULE = (
    "an account ID of 12 digits, in quotes, or the ARN of a function without version or alias, such as "
    "arn:aws:lambda:eu-west-1:123456789012:function:orders"
)

# IAM user guide, "AWS service principals".
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SERVICE = re.compile(rf"(?P<label>{_LABEL}(?:\.{_LABEL})*)\.amazonaws\.com(?P<china>\.cn)?")
LAMBDA_SERVICE = "lambda.amazonaws.com"
_LAMBDA = "lambda."  # what its principals of one Region, and of China, begin with as well
SERVICE_RULE = "the principal of an AWS service, such as codebuild.amazonaws.com"

# Only the last part takes wildcards: they would let in what belongs to somebody else anywhere before it.
_SOURCE_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):[a-z0-9-]+:(?P<region>[a-z0-9-]*):(?:[0-9]{{12}})?:(?![*?]+$)[!-#%-~]+"
)
SOURCE_ARN_RULE = (
    "the ARN of what a service pulls for, with wildcards in its last part at most, such as "
    "arn:aws:codebuild:eu-west-1:123456789012:project/orders"
)


def is_function(text: str) -> bool:
    """Whether `text` is an account whose functions may pull, or one function."""
    match = _FUNCTION_ARN.fullmatch(text)
    in_a_region = match is not None and PARTITIONS.get(match["region"]) == match["partition"]
    return names.is_account(text) or in_a_region


def is_service(text: str) -> bool:
    """Whether `text` is the principal of a service that a source can be told of."""
    return _SERVICE.fullmatch(text) is not None and not text.startswith(_LAMBDA)


def is_source_arn(text: str) -> bool:
    """Whether `text` is a value for `aws:SourceArn`."""
    match = _SOURCE_ARN.fullmatch(text)
    return match is not None and (not match["region"] or PARTITIONS.get(match["region"]) == match["partition"])


def account_of(arn: str) -> str:
    """The account in the ARN of a role, a function or a source; empty where it has none."""
    return arn.split(":")[4]


def partition_of(arn: str) -> str:
    """The partition in an ARN, such as `aws`."""
    return arn.split(":")[1]


def region_of(arn: str) -> str:
    """The Region in the ARN of a function or a source; empty where it has none."""
    return arn.split(":")[3]


def _check_each(texts: Iterable[str], accept: Callable[[str], bool], rule: str) -> None:
    for text in texts:
        _check(text, accept, rule)


def _check(text: str, accept: Callable[[str], bool], rule: str) -> None:
    if not accept(text):
        raise ValueError(f"{shown(text)} is not accepted; accepted: {rule}")


@dataclass(frozen=True, kw_only=True)
class Service:
    """An AWS service that pulls by itself, for things of one account or for one thing.

    Attributes:
        service: such as `codebuild.amazonaws.com`.
        source_account: the account that it pulls for.
        source_arn: what it pulls for; the last part may have wildcards.

    Raises:
        ValueError: without a source, because then anybody's things could make the service pull ("The confused deputy
            problem" in the IAM user guide), or for names that AWS would refuse or never match.
    """

    service: str
    source_account: str | None = None
    source_arn: str | None = None

    def __post_init__(self) -> None:
        if self.service.startswith(_LAMBDA):
            raise ValueError(
                f"{shown(self.service)} needs more than a service does; name accounts or functions for Lambda"
            )
        _check(self.service, is_service, SERVICE_RULE)
        if self.source_account is None and self.source_arn is None:
            raise ValueError(
                f"{shown(self.service)} needs a source account or a source ARN, or it would pull for anybody"
            )
        if self.source_account is not None:
            _check(self.source_account, names.is_account, names.ACCOUNT_RULE)
        if self.source_arn is not None:
            _check(self.source_arn, is_source_arn, SOURCE_ARN_RULE)
            self._check_account(account_of(self.source_arn))

    def _check_account(self, account: str) -> None:
        if not account and self.source_account is None:
            raise ValueError(f"{shown(self.source_arn)} names no account; name the source account, too")
        if account and self.source_account not in (None, account):
            raise ValueError(f"{shown(self.source_arn)} is not of the source account {self.source_account}")

    @property
    def partition(self) -> str | None:
        """The only partition where the service has this name; None for a name that all have."""
        match = _SERVICE.fullmatch(self.service)
        return "aws-cn" if match and match["china"] else None

    @property
    def label(self) -> str:
        """The service's name in letters and digits, such as `EcsTasks`."""
        match = _SERVICE.fullmatch(self.service)
        return "".join(part.capitalize() for part in re.split(r"[.-]", match["label"])) if match else ""

    def covers(self, other: Service) -> bool:
        """Whether whatever `other` stands for is in this one already."""
        if self.service != other.service or self.source_arn not in (None, other.source_arn):
            return False
        account = other.source_account or account_of(other.source_arn or "::::")
        return self.source_account in (None, account)


@dataclass(frozen=True, kw_only=True)
class Principals:
    """Who may push, or pull: principals of other accounts, roles of any, and whole organizations.

    Attributes:
        accounts: account IDs. An account gives what it has got to its own identities, by their policies.
        roles: ARNs of roles; sessions of a role act as the role.
        organizations: IDs of AWS organizations.
        organization_paths: paths of organizational units, with `/*` at the end for those below, too.

    Raises:
        ValueError: for a name of the wrong form, which AWS would refuse or never match.
    """

    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    organization_paths: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_each(self.accounts, names.is_account, names.ACCOUNT_RULE)
        _check_each(self.roles, names.is_role_arn, names.ROLE_ARN_RULE)
        _check_each(self.organizations, names.is_organization, names.ORGANIZATION_RULE)
        _check_each(self.organization_paths, names.is_organization_path, names.ORGANIZATION_PATH_RULE)

    @property
    def somebody(self) -> bool:
        """Whether anybody is named."""
        return bool(self.accounts or self.roles or self.organizations or self.organization_paths)


@dataclass(frozen=True, kw_only=True)
class PullPrincipals(Principals):
    """Who may pull.

    Attributes:
        functions: Lambda functions in other accounts of the same Region: account IDs, or ARNs of functions.
        services: services that pull by themselves.
    """

    functions: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_each(self.functions, is_function, FUNCTION_RULE)

    @property
    def somebody(self) -> bool:
        """Whether anybody is named."""
        return bool(super().somebody or self.functions or self.services)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may use a repository, beside the identities of its own account whose policies let them.

    Attributes:
        pull: who may pull.
        push: who may push; pushing alone does not include pulling layers.

    Raises:
        ValueError: when nobody is named: without a policy, no other account has access anyway.
    """

    pull: PullPrincipals = PullPrincipals()
    push: Principals = Principals()

    def __post_init__(self) -> None:
        if not (self.pull.somebody or self.push.somebody):
            raise ValueError("access names nobody; name who may pull or push, or leave it out")
