"""Repository creation templates: how the repositories look that ECR makes by itself, and the policies of their role.

Amazon ECR user guide, "Templates to control repositories created during a pull through cache, create on push, or
replication action", "Create a custom policy for repository creation templates" and "Create an IAM role for repository
creation templates"; API reference, CreateRepositoryCreationTemplate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from ecr import regions, tagging
from ecr.access import names, repository_policy
from ecr.access.documents import PolicyDocument, PrincipalType, Statement
from ecr.access.names import RoleArn
from ecr.access.principals import Access
from ecr.config_reader import shown, stands_twice
from ecr.lifecycle import validation
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.problems import Problem, refused
from ecr.reference import SOMEWHERE, Registry, is_written_as_a_name
from ecr.registry.pull_through import ROOT
from ecr.repository import Encryption, EncryptionType, Mutability, TagMutability


class AppliedFor(StrEnum):
    """ECR's `appliedFor`: what makes it create a repository."""

    PULL_THROUGH_CACHE = "PULL_THROUGH_CACHE"
    REPLICATION = "REPLICATION"
    CREATE_ON_PUSH = "CREATE_ON_PUSH"


# API reference, CreateRepositoryCreationTemplate, prefix; without the '/' at the end, which ECR adds by itself.
_MAX_PREFIX = 256
PREFIX_RULE = (
    "1 to 256 characters as in the name of a repository, such as docker-hub or dev/team, without '/' at the end; or "
    f"{ROOT} for all repositories that no other template is for"
)

_MAX_DESCRIPTION = 256
DESCRIPTION_RULE = f"1 to {_MAX_DESCRIPTION} characters on one line"

_SERVICE = "ecr.amazonaws.com"


def is_prefix(text: str) -> bool:
    """Whether ECR accepts `text` as the prefix of a template."""
    return text == ROOT or (len(text) <= _MAX_PREFIX and is_written_as_a_name(text))


def is_description(text: str) -> bool:
    """Whether ECR accepts `text` as the description of a template."""
    return 1 <= len(text) <= _MAX_DESCRIPTION and text.isprintable()


@dataclass(frozen=True, kw_only=True)
class CreationTemplate:
    """How the repositories `PREFIX/...` look that ECR makes; those that are there already stay as they are.

    Attributes:
        prefix: of the repositories' names. Of two templates the one with the longer prefix holds; ROOT is for the rest.
        applied_for: what makes ECR use the template; at least one.
        description: what ECR shows in the console; empty for none.
        tag_mutability: by default MUTABLE, as ECR recommends for caches: in a repository with immutable tags, it does
            not update a cached image whose tag moved.
        encryption: KMS without a key has one made for all repositories of the template.
        lifecycle: what expires or archives images; None means that nothing does.
        access: who else may pull and push; None means that only this account's identities may.
        tags: AWS tags of the repositories.
        role: the ARN of the role that ECR makes repositories with; None has one made if KMS or tags need it, and is
            ECR's own service-linked role otherwise.
    """

    prefix: str
    applied_for: tuple[AppliedFor, ...]
    description: str = ""
    tag_mutability: TagMutability = TagMutability(Mutability.MUTABLE)
    encryption: Encryption = Encryption()
    lifecycle: LifecyclePolicy | None = None
    access: Access | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    role: str | None = None

    @property
    def needs_role(self) -> bool:
        """Whether ECR's service-linked role can't make these repositories: that makes plain ones only."""
        return self.encryption.type is EncryptionType.KMS or bool(self.tags)


def problems(
    templates: Sequence[CreationTemplate], *, account: str | None = None, region: str | None = None
) -> Iterator[Problem]:
    """What is wrong with the templates, with paths below them. AWS documents no quota of templates.

    Args:
        templates: all templates of the registry.
        account: of the registry, None while it is not known: then less can be told.
        region: likewise its Region.
    """
    seen: set[str] = set()
    for index, template in enumerate(templates):
        for problem in (
            *_own_problems(template),
            *_role_problems(template, account, region),
            *_key_problems(template, region),
            *_access_problems(template, account, region),
        ):
            yield problem.below(f"[{index}]")
        if template.prefix in seen:
            yield Problem(
                f"[{index}].prefix", f"{shown(template.prefix)} is the prefix of another template too; take one out"
            )
        seen.add(template.prefix)


def _own_problems(template: CreationTemplate) -> Iterator[Problem]:
    if not is_prefix(template.prefix):
        yield refused("prefix", template.prefix, PREFIX_RULE)
    if template.description and not is_description(template.description):
        yield refused("description", template.description, DESCRIPTION_RULE)
    if not template.applied_for:
        yield Problem("for", "is empty; a template is for at least one of pullThroughCache, replication, createOnPush")
    for index, applied_for in enumerate(template.applied_for):
        if applied_for in template.applied_for[:index]:
            yield Problem(f"for[{index}]", stands_twice())
    yield from (problem.below("tags") for problem in tagging.problems(template.tags))
    for problem in validation.problems(template.lifecycle) if template.lifecycle is not None else ():
        rule = "" if problem.index is None else f"[{problem.index}]"
        field_ = f".{problem.field}" if problem.field else ""
        yield Problem(f"lifecycle{rule}{field_}", problem.reason)


def _role_problems(template: CreationTemplate, account: str | None, region: str | None) -> Iterator[Problem]:
    if template.role is None:
        return
    try:
        role = RoleArn.parse(template.role)
    except ValueError:
        yield refused("role", template.role, names.ROLE_ARN_RULE)
        return
    partition = regions.PARTITIONS.get(region or "", role.partition)
    if account not in (None, role.account) or partition != role.partition:
        where = account or f"partition {partition}"
        yield Problem("role", f"is in account {role.account}, and the registry is in {where}; ECR takes its own only")


def _key_problems(template: CreationTemplate, region: str | None) -> Iterator[Problem]:
    key = template.encryption.key_arn
    if key is not None and region is not None and key.split(":")[3] != region:
        yield Problem("encryption.keyArn", f"is in {key.split(':')[3]}, and repositories in {region} need a key there")


def _access_problems(template: CreationTemplate, account: str | None, region: str | None) -> Iterator[Problem]:
    """What can't become a repository policy; the account and Region matter to its length and its partition only."""
    access = template.access
    if access is None:
        return
    partition = regions.PARTITIONS.get(region or "") or next(repository_policy.partitions(access), "aws")
    place = region or next(repository_policy.function_regions(access), SOMEWHERE.region)
    try:
        repository_policy.repository_policy(
            access, account=account or SOMEWHERE.account, partition=partition, region=place
        )
    except ValueError as error:
        yield Problem("access", str(error))


def role_trust() -> PolicyDocument:
    """Who may take on the role of a template: ECR.

    Without a condition, because the user guide has none ("Create an IAM role for repository creation templates") and
    does not say what ECR would send. Another account can't have ECR use the role: a template takes a role of its own
    account only (API reference, CreateRepositoryCreationTemplate, customRoleArn), and whoever makes the template needs
    iam:PassRole for it.
    """
    return PolicyDocument(
        (
            Statement(
                sid="CreateRepositories", actions=("sts:AssumeRole",), principals={PrincipalType.SERVICE: (_SERVICE,)}
            ),
        )
    )


def role_permissions(
    template: CreationTemplate, *, account: str, region: str, partition: str, key_arn: str | None
) -> PolicyDocument:
    """What the role of a template may do: make its repositories, with their tags and under their key.

    The user guide allows all of it on every resource ("Create a custom policy for repository creation templates").

    Args:
        template: the template that the role is for.
        account: of the registry, 12 digits.
        region: of the registry.
        partition: such as `aws`.
        key_arn: the key of the repositories; None with AES256.

    Raises:
        ValueError: for KMS without a key, or a key without KMS.
    """
    if (key_arn is not None) != (template.encryption.type is EncryptionType.KMS):
        raise ValueError("a key goes with KMS, and KMS needs one")
    below = "" if template.prefix == ROOT else f"{template.prefix}/"
    actions = ["ecr:CreateRepository"]
    if AppliedFor.REPLICATION in template.applied_for:
        actions.append("ecr:ReplicateImage")
    if template.tags:
        actions.append("ecr:TagResource")
    statements = [
        Statement(
            sid="CreateRepositories",
            actions=tuple(actions),
            resources=(Registry(partition, region, account).repositories(below),),
        )
    ]
    if key_arn is not None:
        grants = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant")
        statements.append(Statement(sid="EncryptRepositories", actions=grants, resources=(key_arn,)))
    return PolicyDocument(tuple(statements))
