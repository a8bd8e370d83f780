"""`ImageRepository`: an ECR repository with everything that it should never be without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from components import access as grants
from components import keys, permission_policy
from components.caller import Caller
from ecr import reference
from ecr.access import repository_policy
from ecr.access.key_policy import key_policy
from ecr.access.permissions import Permission
from ecr.access.principals import Access
from ecr.errors import InputError, InputErrors
from ecr.lifecycle import validation
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.lifecycle.rules import DEFAULT_POLICY
from ecr.lifecycle.validation import Problem
from ecr.reference import RepositoryArn
from ecr.repository import Encryption, EncryptionType, TagMutability


@dataclass(frozen=True, kw_only=True)
class ImageRepositoryArgs:
    """What an `ImageRepository` is to be.

    Attributes:
        repository_name: the name in ECR, such as `dev/yoon-app`. Changing it replaces the repository.
        tag_mutability: which tags can be moved to another image; by default none.
        scan_on_push: whether ECR scans an image when it arrives. Where the registry has scanning rules of its own,
            these decide instead (ECR user guide, "Scan images for software vulnerabilities").
        encryption: how layers are encrypted at rest. Changing it replaces the repository (ECR API reference,
            CreateRepository: the encryption of a repository can't be changed).
        lifecycle: what expires or archives images, from `ecr.lifecycle.compile_policy` or any other policy; by
            default the latest 10 images stay, None means that nothing expires.
        access: who may pull and push, beside this account's identities whose policies let them. An `Output` has the
            policy wait for a role that the same program makes: ECR refuses roles of its own account that are not there.
        policy: repository policy, a JSON document, in place of `access`; without either, other accounts have no access.
        force_delete: whether deleting the repository deletes the images inside too; otherwise ECR refuses while there
            are any.
        tags: AWS tags of the repository and its key.
    """

    repository_name: str
    tag_mutability: TagMutability = TagMutability()
    scan_on_push: bool = True
    encryption: Encryption = Encryption()
    lifecycle: LifecyclePolicy | None = DEFAULT_POLICY
    access: pulumi.Input[Access] | None = None
    policy: pulumi.Input[str] | None = None
    force_delete: bool = False
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class ImageRepository(pulumi.ComponentResource):
    """An ECR repository with its lifecycle policy, scanning, encryption and, if asked for, a repository policy.

    Attributes:
        name: the repository's name.
        arn: its ARN.
        url: `HOST/NAME`, what images are pushed to.
        key_arn: the KMS key in use, None with AES256.

    Raises:
        InputError: for a name that ECR would refuse, access that makes too long a policy, or access beside a policy,
            before anything is registered.
        InputErrors: likewise for a lifecycle policy, with a line for each problem.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    key_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        _check_name(args.repository_name)
        _check_lifecycle(args.lifecycle)
        _check_access(args)
        super().__init__(
            "container-registry:index:ImageRepository", name, {"repositoryName": args.repository_name}, opts
        )
        child = pulumi.ResourceOptions(parent=self)
        self.key_arn = self._key_arn(name, args, child)
        repository = aws.ecr.Repository(
            f"{name}-repo",
            name=args.repository_name,
            image_tag_mutability=args.tag_mutability.mutability.value,
            image_tag_mutability_exclusion_filters=_exclusion_filters(args.tag_mutability),
            # Typed dictionaries: the SDK's argument classes take longer than all the rest of this component.
            image_scanning_configuration={"scan_on_push": args.scan_on_push},
            encryption_configurations=[_encryption_configuration(args.encryption, self.key_arn)],
            force_delete=args.force_delete,
            tags=args.tags or None,
            # The name is the caller's, so the old repository has to make room for its replacement.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        if args.lifecycle is not None:
            rules = args.lifecycle.text
            aws.ecr.LifecyclePolicy(f"{name}-lifecycle", repository=repository.name, policy=rules, opts=child)
        policy = args.policy if args.access is None else self._policy(args.access)
        if policy is not None:
            aws.ecr.RepositoryPolicy(f"{name}-policy", repository=repository.name, policy=policy, opts=child)

        self.name = repository.name
        self.arn = repository.arn
        self.url = repository.repository_url
        self.register_outputs({"name": self.name, "arn": self.arn, "url": self.url, "keyArn": self.key_arn})

    @property
    def registry_host(self) -> pulumi.Output[str]:
        """`ACCOUNT.dkr.ecr.REGION.amazonaws.com`, what Docker signs in to."""
        return self.url.apply(_registry_host)

    @property
    def docker_login_command(self) -> pulumi.Output[str]:
        """A shell command that signs Docker in; it holds no secret."""
        return pulumi.Output.all(self.arn, self.url).apply(_docker_login_command)

    @property
    def pull_policy(self) -> pulumi.Output[str]:
        """The policy of an identity that signs in and pulls from this repository, as JSON."""
        return permission_policy.text(Permission.PULL, self.arn)

    @property
    def push_policy(self) -> pulumi.Output[str]:
        """The policy of an identity that signs in and pushes to this repository, as JSON."""
        return permission_policy.text(Permission.PUSH, self.arn)

    def grant_pull(self, role: aws.iam.Role | str) -> aws.iam.RolePolicy:
        """Let a role of this account pull from the repository.

        The policy is a child called `{name}-pull-{role}`, by the role's name in the program, or in IAM where it is
        given by that; so a further grant renames none.

        Raises:
            InputError: for a name that IAM would refuse.
        """
        return grants.grant_pull(self._child("pull", role), role, self, pulumi.ResourceOptions(parent=self))

    def grant_push(self, role: aws.iam.Role | str) -> aws.iam.RolePolicy:
        """Let a role of this account push to the repository; `{name}-push-{role}`, and all else as `grant_pull`."""
        return grants.grant_push(self._child("push", role), role, self, pulumi.ResourceOptions(parent=self))

    def grant_promote(
        self, role: aws.iam.Role | str, *, source_arn: pulumi.Input[str], enhanced_scanning: bool = False
    ) -> aws.iam.RolePolicy:
        """Let a role of this account promote images from another repository into this one; `{name}-promote-{role}`.

        One source for each role: for more, `components.grant_promote` takes a name.

        Args:
            role: the role, or its name.
            source_arn: of the repository that is promoted from.
            enhanced_scanning: whether Amazon Inspector scans either, whose findings the gate then needs.

        Raises:
            InputError: as `grant_pull`, and for a source that is no repository, as far as it is known already.
        """
        return grants.grant_promote(
            self._child("promote", role),
            role,
            source_arn=source_arn,
            target=self,
            enhanced_scanning=enhanced_scanning,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _child(self, verb: str, role: aws.iam.Role | str) -> str:
        return f"{self.pulumi_resource_name}-{verb}-{grants.name_of(role)}"

    def _policy(self, access: pulumi.Input[Access]) -> pulumi.Output[str]:
        caller = Caller.of(self)
        made_of = pulumi.Output.all(
            access=access, account=caller.account, partition=caller.partition, region=caller.region
        )
        return made_of.apply(lambda parts: repository_policy.repository_policy(**parts).text)

    def _key_arn(self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str] | None:
        if args.encryption.type is not EncryptionType.KMS:
            return None
        if args.encryption.key_arn is not None:
            return pulumi.Output.from_input(args.encryption.key_arn)
        return keys.register_key(
            f"{name}-key",
            encrypts=f"the images of the ECR repository {args.repository_name}",
            window_days=keys.LONGEST_WINDOW_DAYS,
            policy=_key_policy(Caller.of(self), args.repository_name),
            tags=args.tags,
            opts=opts,
        ).arn


def _check_name(repository_name: str) -> None:
    if not reference.is_repository_name(repository_name):
        raise InputError(
            "repository_name", f"{repository_name!r} is not accepted; accepted: {reference.REPOSITORY_NAME_RULE}"
        )


def _check_lifecycle(policy: LifecyclePolicy | None) -> None:
    problems = validation.problems(policy) if policy is not None else ()
    if problems:
        raise InputErrors(tuple(InputError(_place(problem), problem.reason) for problem in problems))


def _place(problem: Problem) -> str:
    rule = "" if problem.index is None else f"rules[{problem.index}]"
    return ".".join(filter(None, ("lifecycle", rule, problem.field)))


def _check_access(args: ImageRepositoryArgs) -> None:
    if args.access is None:
        return
    if args.policy is not None:
        raise InputError("policy", "is given and so is access, of which the policy is made; give one of them")
    if isinstance(args.access, Access):
        try:
            # The partition is that of any ARN; the exact policy is made where the repository's account is known.
            partition = next((arn.split(":")[1] for arn in repository_policy.arns(args.access)), "aws")
            repository_policy.repository_policy(args.access, account="", partition=partition, region="")
        except ValueError as error:
            raise InputError("access", str(error)) from error


def _key_policy(caller: Caller, repository_name: str) -> pulumi.Output[str]:
    """For the repository's ARN before there is the repository, which needs the key first."""

    def text(where: Sequence[str]) -> str:
        partition, region, account = where
        return key_policy(str(RepositoryArn(partition, region, account, repository_name))).text

    return pulumi.Output.all(caller.partition, caller.region, caller.account).apply(text)


def _encryption_configuration(
    encryption: Encryption, key_arn: pulumi.Output[str] | None
) -> aws.ecr.RepositoryEncryptionConfigurationArgsDict:
    if key_arn is None:
        return {"encryption_type": encryption.type.value}
    return {"encryption_type": encryption.type.value, "kms_key": key_arn}


def _exclusion_filters(
    tag_mutability: TagMutability,
) -> list[aws.ecr.RepositoryImageTagMutabilityExclusionFilterArgsDict] | None:
    return [{"filter": pattern, "filter_type": "WILDCARD"} for pattern in tag_mutability.exclusions] or None


def _registry_host(url: str) -> str:
    return reference.RepositoryUrl.parse(url).host


def _docker_login_command(arn_and_url: Sequence[str]) -> str:
    arn, url = arn_and_url
    region = arn.split(":")[3]  # arn:aws:ecr:REGION:ACCOUNT:repository/NAME
    host = _registry_host(url)
    return f"aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}"
