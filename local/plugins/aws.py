"""The `aws` stand-in: `python -m local.plugins.aws ENGINE_ADDRESS`, started by the Pulumi engine."""

from __future__ import annotations

import sys
from collections.abc import Callable

from pulumi.provider.experimental import provider as sdk

from local.plugins import aws_invokes
from local.plugins.aws_cloud import Cloud, explain
from local.plugins.aws_codebuild import Project
from local.plugins.aws_codepipeline import Connection, Pipeline
from local.plugins.aws_ec2 import SecurityGroup, SecurityGroupIngressRule, VpcEndpoint
from local.plugins.aws_ecr import Repository
from local.plugins.aws_ecr_policies import LifecyclePolicy, RepositoryPolicy
from local.plugins.aws_ecr_registry import (
    AccountSetting,
    PullThroughCacheRule,
    PullTimeUpdateExclusion,
    RegistryPolicy,
    RegistryScanningConfiguration,
    ReplicationConfiguration,
    RepositoryCreationTemplate,
)
from local.plugins.aws_eks import PodIdentityAssociation
from local.plugins.aws_events import EventRule, EventTarget
from local.plugins.aws_iam import OpenIdConnectProvider, Role, RolePolicy, RolePolicyAttachment
from local.plugins.aws_kms import Key, KeyPolicy
from local.plugins.aws_logs import LogGroup
from local.plugins.aws_s3 import (
    Bucket,
    BucketLifecycleConfiguration,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketVersioning,
)
from local.plugins.aws_secrets import Secret, SecretVersion
from local.plugins.aws_sns import Topic, TopicPolicy, TopicSubscription
from local.plugins.resource import ResourceType, StandInProvider
from local.plugins.schema import NOT_IMPLEMENTED
from local.plugins.server import main
from local.plugins.values import plain_map, text_of, wrap, wrap_map

# Checks of the official plugin that can be switched off; the stand-in makes none of them, so switching off is harmless.
_HARMLESS = frozenset(
    {"skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId", "version"}
)


class AwsProvider(StandInProvider):
    """Resources and functions over boto3, in one Region."""

    package = "aws"

    def __init__(self, cloud: Cloud | None = None) -> None:
        self.cloud = cloud or Cloud()
        super().__init__(kind(self.cloud) for kind in _TYPES)

    def explain(self, exc: Exception) -> str | None:
        """AWS errors in words."""
        return explain(exc)

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuses the provider settings that are not implemented, such as default tags."""
        unknown = sorted(plain_map(request.new_inputs).keys() - _HARMLESS - {"region", "profile"})
        failures = [sdk.CheckFailure("", f"provider setting {key} {NOT_IMPLEMENTED}") for key in unknown]
        return sdk.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Takes Region and profile; nothing is contacted yet."""
        given = plain_map(request.args)
        values = {key: text_of(given.get(key)) or request.variables.get(f"aws:config:{key}", "") for key in _SETTINGS}
        self.cloud.configure(values["region"], values["profile"])
        return await super().configure(request)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        """Runs a function; what it returns of credentials is secret."""
        args = plain_map(request.args)
        result = await self.ask(request.tok, [request.args], lambda: aws_invokes.run(self.cloud, request.tok, args))
        secret = {key: wrap("").with_secret(is_secret=True) for key in aws_invokes.SECRET_OUTPUTS}
        return sdk.InvokeResponse(wrap_map(result, secret))


_SETTINGS = ("region", "profile")
_TYPES: tuple[Callable[[Cloud], ResourceType], ...] = (
    *(Repository, LifecyclePolicy, RepositoryPolicy),
    *(Key, KeyPolicy),
    *(Role, RolePolicy, RolePolicyAttachment, OpenIdConnectProvider),
    *(RegistryScanningConfiguration, ReplicationConfiguration, RegistryPolicy, PullThroughCacheRule),
    *(RepositoryCreationTemplate, AccountSetting, PullTimeUpdateExclusion),
    PodIdentityAssociation,
    *(Secret, SecretVersion),
    *(EventRule, EventTarget),
    *(Topic, TopicPolicy, TopicSubscription),
    *(SecurityGroup, SecurityGroupIngressRule, VpcEndpoint),
    *(Bucket, BucketPublicAccessBlock, BucketPolicy, BucketVersioning),
    *(BucketServerSideEncryptionConfiguration, BucketLifecycleConfiguration),
    *(LogGroup, Project, Pipeline, Connection),
)

if __name__ == "__main__":
    main(sys.argv[1:], AwsProvider())
