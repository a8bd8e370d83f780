"""Names that policies are made of: accounts, roles, organizations. Each is checked before it gets near a document."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecr.config_reader import shown
from ecr.regions import PARTITION, PARTITIONS

# AWS General Reference, "AWS account identifiers". YAML takes one without quotes as a number and drops leading zeros.
_ACCOUNT = re.compile(r"[0-9]{12}")
ACCOUNT_RULE = 'an account ID of 12 digits, in quotes, such as "012345678901"'

# IAM user guide, "IAM identifiers" (path and name) and "Amazon Resource Names". No wildcard can get in.
_ROLE_ARN = re.compile(
    rf"arn:(?P<partition>{PARTITION}):iam::(?P<account>[0-9]{{12}}):"
    r"role(?P<path>/(?:[!-.0-~]+/)*)(?P<name>[\w+=,.@-]{1,64})",
    re.ASCII,
)
MAX_PATH = 512  # IAM API reference, CreateRole and CreatePolicy, Path
_WILD = re.compile(r"[*?$]")
ROLE_ARN_RULE = "the ARN of a role, such as arn:aws:iam::123456789012:role/deployer, without wildcards"

# AWS Organizations API reference, Organization, Root and OrganizationalUnit.
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
ORGANIZATION_RULE = "an organization ID such as o-a1b2c3d4e5"
_ORGANIZATION_PATH = re.compile(r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(?:ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)+\*?")
ORGANIZATION_PATH_RULE = (
    "the path of an organizational unit with a '/' at its end, or '/*' to include those below it, such as "
    "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"
)


def is_account(text: str) -> bool:
    """Whether `text` is an AWS account ID."""
    return _ACCOUNT.fullmatch(text) is not None


def is_role_arn(text: str) -> bool:
    """Whether `text` is the ARN of one IAM role."""
    match = _ROLE_ARN.fullmatch(text)
    return match is not None and len(match["path"]) <= MAX_PATH and not _WILD.search(text)


def is_organization(text: str) -> bool:
    """Whether `text` is the ID of an organization."""
    return _ORGANIZATION.fullmatch(text) is not None


def is_organization_path(text: str) -> bool:
    """Whether `text` is a value for `aws:PrincipalOrgPaths`: one unit, or one and all below it."""
    return _ORGANIZATION_PATH.fullmatch(text) is not None


def other_partition(arn: str, region: str | None) -> str | None:
    """What is wrong with an ARN of another partition than a stack's Region; None while that is not known."""
    own = PARTITIONS.get(region or "")
    if own in (None, arn.split(":")[1]):
        return None
    return f"{shown(arn)} is in another partition; accepted: an ARN of {own}, which the stack's Region is in"


def account_root(partition: str, account: str) -> str:
    """The ARN that stands for all identities of an account, as far as their own policies let them."""
    return f"arn:{partition}:iam::{account}:root"


@dataclass(frozen=True)
class RoleArn:
    """The ARN of a role, in its parts.

    Attributes:
        partition: such as `aws`.
        account: 12 digits.
        path: `/`, or `/division/team/`.
        name: what IAM's API takes.
    """

    partition: str
    account: str
    path: str
    name: str

    @staticmethod
    def parse(text: str) -> RoleArn:
        """Raises: ValueError for anything but the ARN of one role."""
        match = _ROLE_ARN.fullmatch(text)
        if match is None or not is_role_arn(text):
            raise ValueError(f"{shown(text)} is not accepted; accepted: {ROLE_ARN_RULE}")
        return RoleArn(match["partition"], match["account"], match["path"], match["name"])

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role{self.path}{self.name}"
