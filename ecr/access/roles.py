"""What all IAM roles of this project have in common: names, boundaries, and how long a trust policy may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ecr.access import names
from ecr.access.documents import PolicyDocument
from ecr.config_reader import Section, stands_twice
from ecr.problems import Problem, refused
from ecr.regions import PARTITION

# IAM API reference, CreateRole, RoleName.
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
ROLE_NAME_RULE = "the name of a role without its path, 1 to 64 letters, digits and _+=,.@-, such as shop-nodes"

# IAM user guide, "IAM identifiers"; `aws` in place of an account is AWS's own. No wildcard can get in.
_POLICY_ARN = re.compile(
    rf"arn:{PARTITION}:iam::(?:[0-9]{{12}}|aws):policy(?P<path>/(?:[\w+=,.@-]+/)*)[\w+=,.@-]{{1,128}}", re.ASCII
)
POLICY_ARN_RULE = "the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary"

# IAM user guide, "IAM and AWS STS quotas": the length of a role trust policy, where nobody has asked AWS for more.
MAX_TRUST = 2048
# The same: the policies inside a role, all together and without white space; nobody gets more.
MAX_INLINE = 10_240

WEB_IDENTITY = ("sts:AssumeRoleWithWebIdentity",)

# What AWS's own clients ask of an identity provider, and IAM's documentation of them: `aud` in the conditions.
AUDIENCE = "sts.amazonaws.com"


def is_role_name(text: str) -> bool:
    """Whether IAM takes `text` as the name of a role."""
    return _ROLE_NAME.fullmatch(text) is not None


def is_policy_arn(text: str) -> bool:
    """Whether `text` is the ARN of one managed policy."""
    match = _POLICY_ARN.fullmatch(text)
    return match is not None and len(match["path"]) <= names.MAX_PATH


def read_boundary(section: Section, region: str | None) -> str | None:
    """The permissions boundary of a section, which is in the partition of the stack's Region where that is known."""
    return read_arn(section, "permissionsBoundary", is_policy_arn, POLICY_ARN_RULE, region)


def read_arn(section: Section, key: str, accept: Callable[[str], bool], rule: str, region: str | None) -> str | None:
    """The text under a key; if it is an ARN, it is in the partition of the stack's Region where that is known."""
    text = section.text(key, accept, rule)
    if text is not None and ":" in text and (problem := names.other_partition(text, region)):
        section.wrong(key, problem)
    return text


def name_problems(role_name: str | None, permissions_boundary: object) -> list[Problem]:
    """What is wrong with the name and the permissions boundary of a role; a boundary yet unknown passes."""
    problems = []
    if role_name is not None and not is_role_name(role_name):
        problems.append(refused("role_name", role_name, ROLE_NAME_RULE))
    if isinstance(permissions_boundary, str) and not is_policy_arn(permissions_boundary):
        problems.append(refused("permissions_boundary", permissions_boundary, POLICY_ARN_RULE))
    return problems


def repeated(field: str, values: Sequence[object]) -> list[Problem]:
    """A problem for each object that stands in the list before."""
    first: dict[object, int] = {}
    return [
        Problem(f"{field}[{index}]", stands_twice())
        for index, value in enumerate(values)
        if first.setdefault(value, index) != index
    ]


def too_long(trust: PolicyDocument) -> list[Problem]:
    """A problem if IAM would refuse the trust policy for its length."""
    return _longer_than(MAX_TRUST, trust, "trust policy")


def too_long_inside(policy: PolicyDocument) -> list[Problem]:
    """A problem if IAM would refuse the policy inside a role for its length."""
    return _longer_than(MAX_INLINE, policy, "policy inside a role")


def _longer_than(most: int, policy: PolicyDocument, kind: str) -> list[Problem]:
    characters = len(policy.text)
    if characters <= most:
        return []
    return [Problem("", f"makes a {kind} of {characters} characters; IAM accepts {most}: name fewer")]
