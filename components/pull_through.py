"""Pull through cache rules and repository creation templates, with the roles, keys and secrets that they need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import keys
from ecr.access import key_policy, repository_policy
from ecr.access.documents import PolicyDocument
from ecr.access.principals import Access
from ecr.reference import Registry
from ecr.registry import pull_through, templates
from ecr.registry.pull_through import MAKE, ROOT, PullThroughCacheRule
from ecr.registry.templates import CreationTemplate
from ecr.registry.upstreams import SECRET_PREFIX
from ecr.repository import EncryptionType

# With the name of the component, what is added to it and what Pulumi adds, a role's name has up to 64 characters.
_MAX_LABEL = 30
_HASH_LENGTH = 8


@dataclass(frozen=True, kw_only=True)
class UpstreamCredentials:
    """What ECR signs in to an upstream with; it gets into the state encrypted, and nowhere else.

    Attributes:
        username: of the upstream.
        access_token: of the upstream; a token that can do no more than pull.
    """

    username: pulumi.Input[str]
    access_token: pulumi.Input[str]


_NO_CREDENTIALS: Mapping[str, UpstreamCredentials] = MappingProxyType({})


def register_pull_through(
    name: str,
    rules: Sequence[PullThroughCacheRule],
    creation_templates: Sequence[CreationTemplate],
    *,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
    registry: pulumi.Output[Registry],
    credentials: Mapping[str, UpstreamCredentials] = _NO_CREDENTIALS,
) -> None:
    """Make the rules and templates of one registry as children of a component, which has checked them.

    Rules come after all templates: the first image that is pulled through a rule makes a repository, and a template
    does nothing for repositories that are there already.

    Args:
        name: of the component; names of children start with it and go on with `-cache-PREFIX` or `-template-PREFIX`.
        rules: all rules that the stack makes.
        creation_templates: likewise the templates.
        tags: AWS tags of roles, keys and secrets; repositories get those of their template.
        parent: the component.
        registry: which registry it is; nothing is registered before this is known, or where it fails.
        credentials: prefix of a rule -> what a secret is made of; other rules that need one name theirs.
    """
    children = _Children(name, registry, tags, parent)
    first = [children.template(template) for template in creation_templates]
    for rule in rules:
        children.rule(rule, credentials.get(rule.prefix), first)


@dataclass(frozen=True)
class _Children:
    """What all children have in common."""

    name: str
    registry: pulumi.Output[Registry]
    tags: Mapping[str, str]
    parent: pulumi.Resource

    def template(self, template: CreationTemplate) -> aws.ecr.RepositoryCreationTemplate:
        name = f"{self.name}-template-{_label(template.prefix)}"
        encryption, access = template.encryption, template.access
        key_arn = self._key_arn(name, template)
        role_arn: pulumi.Input[str] | None = template.role
        needed: list[pulumi.Resource] = []
        if template.needs_role and role_arn is None:
            permissions = pulumi.Output.all(self.registry, key_arn).apply(
                lambda known: templates.role_permissions(
                    template,
                    account=known[0].account,
                    region=known[0].region,
                    partition=known[0].partition,
                    key_arn=known[1],
                )
            )
            role_arn, policy = self._role(name, templates.role_trust(), permissions)
            needed.append(policy)
        configuration: aws.ecr.RepositoryCreationTemplateEncryptionConfigurationArgsDict = {
            "encryption_type": encryption.type.value
        }
        if key_arn is not None:
            configuration["kms_key"] = key_arn
        return aws.ecr.RepositoryCreationTemplate(
            name,
            prefix=template.prefix,
            applied_fors=[cause.value for cause in template.applied_for],
            description=template.description or None,
            image_tag_mutability=template.tag_mutability.mutability.value,
            image_tag_mutability_exclusion_filters=[
                {"filter": pattern, "filter_type": "WILDCARD"} for pattern in template.tag_mutability.exclusions
            ]
            or None,
            encryption_configurations=[configuration],
            lifecycle_policy=template.lifecycle.text if template.lifecycle is not None else None,
            repository_policy=self._repository_policy(access) if access is not None else None,
            resource_tags=template.tags or None,
            custom_role_arn=role_arn,
            # Without its permissions, the role is of no use to the first repository.
            opts=self._options(needed),
        )

    def rule(
        self, rule: PullThroughCacheRule, credentials: UpstreamCredentials | None, first: Sequence[pulumi.Resource]
    ) -> None:
        name = f"{self.name}-cache-{_label(rule.prefix)}"
        needed = list(first)
        credential_arn: pulumi.Input[str] | None = rule.credentials
        if credentials is not None:
            credential_arn, version = self._secret(name, rule.prefix, credentials)
            needed.append(version)
        role_arn: pulumi.Input[str] | None = rule.role
        if rule.role == MAKE:
            permissions = self.registry.apply(
                lambda known: pull_through.role_permissions(
                    rule, account=known.account, region=known.region, partition=known.partition
                )
            )
            role_arn, policy = self._role(name, pull_through.role_trust(), permissions)
            needed.append(policy)
        aws.ecr.PullThroughCacheRule(
            name,
            ecr_repository_prefix=rule.prefix,
            upstream_registry_url=rule.upstream.host,
            credential_arn=credential_arn,
            custom_role_arn=role_arn,
            upstream_repository_prefix=rule.upstream_prefix,
            # The prefix is taken, so the old rule has to make room for its replacement.
            opts=self._options(needed, delete_before_replace=True),
        )

    def _options(
        self, needed: Sequence[pulumi.Resource] = (), *, delete_before_replace: bool | None = None
    ) -> pulumi.ResourceOptions:
        """Of a child, which waits for the registry, too: where that fails, nothing is registered."""
        return pulumi.ResourceOptions(
            parent=self.parent,
            depends_on=self.registry.apply(lambda _: list(needed)),
            delete_before_replace=delete_before_replace,
        )

    def _repository_policy(self, access: Access) -> pulumi.Output[str]:
        return self.registry.apply(
            lambda known: (
                repository_policy.repository_policy(
                    access, account=known.account, partition=known.partition, region=known.region
                ).text
            )
        )

    def _role(
        self, name: str, trust: PolicyDocument, permissions: pulumi.Output[PolicyDocument]
    ) -> tuple[pulumi.Output[str], pulumi.Resource]:
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=trust.text,
            tags=self.tags or None,
            opts=self._options(),
        )
        policy = aws.iam.RolePolicy(
            f"{name}-role-policy",
            role=role.name,
            policy=permissions.apply(lambda document: document.text),
            opts=self._options(),
        )
        return role.arn, policy

    def _key_arn(self, name: str, template: CreationTemplate) -> pulumi.Output[str] | None:
        if template.encryption.type is not EncryptionType.KMS:
            return None
        if template.encryption.key_arn is not None:
            return pulumi.Output.from_input(template.encryption.key_arn)
        below = "" if template.prefix == ROOT else f"{template.prefix}/"
        policy = self.registry.apply(
            lambda known: (
                key_policy.template_key_policy(
                    below, partition=known.partition, region=known.region, account=known.account
                ).text
            )
        )
        return keys.register_key(
            f"{name}-key",
            encrypts=f"the ECR repositories that the template {template.prefix} makes",
            window_days=keys.LONGEST_WINDOW_DAYS,
            policy=policy,
            tags=self.tags,
            opts=self._options(),
        ).arn

    def _secret(
        self, name: str, prefix: str, credentials: UpstreamCredentials
    ) -> tuple[pulumi.Output[str], pulumi.Resource]:
        """A secret as ECR reads it, under AWS's own key, as ECR takes no other (see `SecretArn`)."""
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            name=f"{SECRET_PREFIX}{prefix}",
            description=f"Signs ECR in to the upstream of the pull through cache {prefix}",
            tags=self.tags or None,
            opts=self._options(),
        )
        version = aws.secretsmanager.SecretVersion(
            f"{name}-secret-version",
            secret_id=secret.id,
            # The SDK makes a secret of it, whatever it is given.
            secret_string=pulumi.Output.json_dumps(
                {"username": credentials.username, "accessToken": credentials.access_token}
            ),
            opts=self._options(),
        )
        return secret.arn, version


def _label(prefix: str) -> str:
    """The prefix as a part of names; cut and with a hash where it can't stand there whole, so that no two are equal."""
    if "/" not in prefix and len(prefix) <= _MAX_LABEL:
        return prefix
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{prefix.replace('/', '-')[: _MAX_LABEL - _HASH_LENGTH - 1]}-{digest}"
