"""What the types of the `aws` stand-in are given in their tests, and what is there before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3

from local.plugins.values import Plain, Props

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def policy(action: str, **more: Plain) -> Props:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]}


def trust(service: str = "ec2.amazonaws.com") -> str:
    return json.dumps(policy("sts:AssumeRole", Principal={"Service": service}))


@dataclass(frozen=True, kw_only=True)
class Life:
    """A resource's inputs, a change that is made in place, and the properties whose change replaces it."""

    props: Callable[[], Props]
    change: Props
    replaces: Mapping[str, Plain] = field(default_factory=dict)
    import_id: Callable[[str], str] = lambda resource_id: resource_id
    not_imported: tuple[str, ...] = ()
    gone: str = "gone:gone"  # the ID of one that is not there; "" for a setting, which is always there
    stays: bool = False  # deleting it leaves the thing itself


def role() -> Props:
    boto3.client("iam").create_policy(PolicyName="edge", PolicyDocument=json.dumps(policy("ecr:*", Resource="*")))
    return {
        "name": "deployer",
        "path": "/ci/",
        "assumeRolePolicy": trust(),
        "description": "d",
        "maxSessionDuration": 7200,
        "permissionsBoundary": "arn:aws:iam::123456789012:policy/edge",
        "forceDetachPolicies": True,
        "tags": {"Team": "yoon"},
    }


def role_policy() -> Props:
    boto3.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=trust())
    return {"role": "deployer", "name": "pull", "policy": policy("ecr:BatchGetImage", Resource="*")}


def ec2() -> EC2Client:
    return boto3.client("ec2", region_name="us-east-1")


def vpc() -> str:
    return ec2().create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]


def group(name: str = "endpoints") -> str:
    return ec2().create_security_group(GroupName=name, Description="d", VpcId=vpc())["GroupId"]


def gateway() -> Props:
    network = vpc()
    tables: list[Plain] = [ec2().create_route_table(VpcId=network)["RouteTable"]["RouteTableId"] for _ in range(2)]
    return {
        "vpcId": network,
        "serviceName": "com.amazonaws.us-east-1.s3",
        "routeTableIds": tables,
        "policy": policy("s3:GetObject", Resource="*", Principal="*"),
        "tags": {"a": "b"},
    }


TOPIC = "arn:aws:sns:us-east-1:123456789012:images"


def event_target() -> Props:
    boto3.client("events", region_name="us-east-1").put_rule(Name="pushed", EventPattern='{"source": ["aws.ecr"]}')
    return {
        "rule": "pushed",
        "targetId": "topic",
        "arn": TOPIC,
        "inputTransformer": {"inputPaths": {"tag": "$.detail.image-tag"}, "inputTemplate": '"pushed <tag>"'},
        "retryPolicy": {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 2},
    }


def registry_policy(action: str) -> Props:
    """With all that moto wants."""
    where = "arn:aws:ecr:us-east-1:123456789012:repository/*"
    return policy(action, Sid="one", Principal={"AWS": "arn:aws:iam::222222222222:root"}, Resource=where)


def secret() -> str:
    return boto3.client("secretsmanager", region_name="us-east-1").create_secret(Name="hub")["ARN"]


def key() -> str:
    return boto3.client("kms", region_name="us-east-1").create_key()["KeyMetadata"]["KeyId"]


def topic() -> str:
    return boto3.client("sns", region_name="us-east-1").create_topic(Name="images")["TopicArn"]


def bucket(name: str = "artifacts-1a2b") -> str:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=name)
    return name


def attachment() -> Props:
    role_policy()
    arn = boto3.client("iam").create_policy(
        PolicyName="extras", PolicyDocument=json.dumps(policy("ecr:*", Resource="*"))
    )["Policy"]["Arn"]
    return {"role": "deployer", "policyArn": arn}


def pipeline(**more: Plain) -> Props:
    service = boto3.client("iam").create_role(
        RoleName="pipeline", AssumeRolePolicyDocument=trust("codepipeline.amazonaws.com")
    )
    build: Props = {
        "name": "Deploy",
        "category": "Build",
        "owner": "AWS",
        "provider": "CodeBuild",
        "version": "1",
        "configuration": {"ProjectName": "shop-dev"},
        "inputArtifacts": ["source"],
        "namespace": "dev",
        "runOrder": 1,
    }
    source: Props = {**build, "name": "Source", "category": "Source", "provider": "CodeStarSourceConnection"}
    source |= {"inputArtifacts": [], "outputArtifacts": ["source"], "namespace": None}
    return {
        "name": "shop",
        "roleArn": service["Role"]["Arn"],
        "pipelineType": "V2",
        "artifactStores": [{"location": "artifacts", "type": "S3", "encryptionKey": {"id": key(), "type": "KMS"}}],
        "stages": [{"name": "Source", "actions": [source]}, {"name": "dev", "actions": [build]}],
        "tags": {"a": "b"},
        **more,
    }


ACCESS_BLOCK = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
GONE_BUCKET = "gone-1a2b"


LIVES: Mapping[str, Life] = {
    "aws:s3/bucket:Bucket": Life(
        props=lambda: {"bucket": "artifacts-1a2b", "forceDestroy": True, "tags": {"a": "b"}},
        change={"tags": {"c": "d"}},
        replaces={"bucket": "other-1a2b"},
        not_imported=("forceDestroy",),
        gone=GONE_BUCKET,
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Life(
        props=lambda: {"bucket": bucket(), **dict.fromkeys(ACCESS_BLOCK, True)},
        change={"blockPublicAcls": False},
        replaces={"bucket": "other-1a2b"},
        gone=GONE_BUCKET,
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Life(
        props=lambda: {"bucket": bucket(), "policy": policy("s3:GetObject", Resource="*", Principal="*")},
        change={"policy": policy("s3:PutObject", Resource="*", Principal="*")},
        replaces={"bucket": "other-1a2b"},
        gone=GONE_BUCKET,
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Life(
        props=lambda: {"bucket": bucket(), "versioningConfiguration": {"status": "Enabled"}},
        change={"versioningConfiguration": {"status": "Suspended"}},
        replaces={"bucket": "other-1a2b"},
        gone=GONE_BUCKET,
        stays=True,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Life(
        props=lambda: {
            "bucket": bucket(),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key()},
                    "bucketKeyEnabled": True,
                }
            ],
        },
        change={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        replaces={"bucket": "other-1a2b"},
        gone=GONE_BUCKET,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Life(
        props=lambda: {
            "bucket": bucket(),
            "rules": [
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": 30},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
                }
            ],
        },
        change={"rules": [{"id": "expire", "status": "Enabled", "filter": {"prefix": "a"}, "expiration": {"days": 7}}]},
        replaces={"bucket": "other-1a2b"},
        gone=GONE_BUCKET,
    ),
    "aws:cloudwatch/logGroup:LogGroup": Life(
        props=lambda: {"name": "/aws/codebuild/shop", "retentionInDays": 90, "tags": {"a": "b"}},
        change={"retentionInDays": None, "tags": {"c": "d"}},
        replaces={"name": "other"},
        gone="gone",
    ),
    "aws:codepipeline/pipeline:Pipeline": Life(
        props=pipeline,
        change={"pipelineType": "V1", "tags": {"c": "d"}},
        replaces={"name": "other"},
        gone="gone",
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Life(
        props=attachment,
        change={},
        replaces={"role": "other", "policyArn": "arn:aws:iam::123456789012:policy/other"},
        gone="gone/arn:aws:iam::123456789012:policy/gone",
    ),
    "aws:kms/keyPolicy:KeyPolicy": Life(
        props=lambda: {"keyId": key(), "policy": policy("kms:*", Principal={"AWS": "*"}, Resource="*")},
        change={"policy": policy("kms:Decrypt", Principal={"AWS": "*"}, Resource="*")},
        replaces={"keyId": "other"},
        gone="00000000-0000-4000-8000-000000000000",
        stays=True,
    ),
    "aws:secretsmanager/secret:Secret": Life(
        props=lambda: {
            "name": "ecr-pullthroughcache/hub",
            "description": "d",
            "recoveryWindowInDays": 7,
            "tags": {"a": "b"},
        },
        change={"description": "e", "tags": {"c": "d"}},
        replaces={"name": "other"},
        not_imported=("recoveryWindowInDays",),
        gone="arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf",
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Life(
        props=lambda: {"secretId": secret(), "secretString": "made-up-value"},
        change={},
        replaces={"secretId": "other", "secretString": "another-made-up-value"},
        gone="gone|gone",
        stays=True,
    ),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": Life(
        props=lambda: {
            "scanType": "ENHANCED",
            "rules": [
                {
                    "scanFrequency": "CONTINUOUS_SCAN",
                    "repositoryFilters": [{"filter": "prod/*", "filterType": "WILDCARD"}],
                }
            ],
        },
        change={"scanType": "BASIC", "rules": None},
        gone="",
        stays=True,
    ),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": Life(
        props=lambda: {
            "replicationConfiguration": {
                "rules": [
                    {
                        "destinations": [{"region": "eu-west-1", "registryId": "123456789012"}],
                        "repositoryFilters": [{"filter": "prod", "filterType": "PREFIX_MATCH"}],
                    }
                ]
            }
        },
        change={
            "replicationConfiguration": {
                "rules": [{"destinations": [{"region": "eu-west-2", "registryId": "123456789012"}]}]
            }
        },
        gone="",
        stays=True,
    ),
    "aws:ecr/registryPolicy:RegistryPolicy": Life(
        props=lambda: {"policy": registry_policy("ecr:ReplicateImage")},
        change={"policy": registry_policy("ecr:CreateRepository")},
    ),
    "aws:cloudwatch/eventRule:EventRule": Life(
        props=lambda: {
            "name": "pushed",
            "eventPattern": {"source": ["aws.ecr"]},
            "description": "d",
            "tags": {"a": "b"},
        },
        change={
            "eventPattern": {"source": ["aws.ecr", "aws.inspector2"]},
            "description": None,
            "state": "DISABLED",
            "tags": {"c": "d"},
        },
        replaces={"name": "other", "eventBusName": "other"},
        gone="gone",
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Life(
        props=event_target,
        change={
            "inputTransformer": {"inputPaths": {"name": "$.detail.repository-name"}, "inputTemplate": '"<name>"'},
            "retryPolicy": None,
        },
        replaces={"rule": "other", "eventBusName": "other", "targetId": "other"},
        gone="gone/gone",
    ),
    "aws:sns/topic:Topic": Life(
        props=lambda: {"name": "images", "displayName": "d", "kmsMasterKeyId": "alias/topics", "tags": {"a": "b"}},
        change={"displayName": "e", "kmsMasterKeyId": None, "tags": {"a": "c"}},
        replaces={"name": "other"},
        gone=TOPIC,
    ),
    "aws:sns/topicPolicy:TopicPolicy": Life(
        props=lambda: {"arn": topic(), "policy": policy("SNS:Publish", Principal="*", Resource=TOPIC)},
        change={"policy": policy("SNS:Publish", Principal={"Service": "events.amazonaws.com"}, Resource=TOPIC)},
        replaces={"arn": "arn:aws:sns:us-east-1:123456789012:other"},
        gone=TOPIC,
    ),
    "aws:sns/topicSubscription:TopicSubscription": Life(
        props=lambda: {
            "topic": topic(),
            "protocol": "sqs",
            "endpoint": "arn:aws:sqs:us-east-1:123456789012:images",
            "rawMessageDelivery": True,
            "filterPolicy": {"severity": ["CRITICAL"]},
        },
        change={"rawMessageDelivery": None, "filterPolicy": {"severity": ["HIGH"]}},
        replaces={
            "topic": "arn:aws:sns:us-east-1:123456789012:other",
            "protocol": "email",
            "endpoint": "a@example.com",
        },
        gone=f"{TOPIC}:0f8e55a4-0000-4000-8000-000000000000",
    ),
    "aws:ec2/securityGroup:SecurityGroup": Life(
        props=lambda: {"name": "endpoints", "description": "d", "vpcId": vpc(), "tags": {"a": "b"}},
        change={"tags": {"a": "c", "d": "e"}},
        replaces={"name": "other", "description": "e", "vpcId": "vpc-other"},
        gone="sg-0123456789abcdef0",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Life(
        props=lambda: {
            "securityGroupId": group(),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.1.0.0/16",
            "description": "d",
            "tags": {"a": "b"},
        },
        change={"cidrIpv4": "10.2.0.0/16", "description": "e", "tags": None},
        replaces={"securityGroupId": "sg-other"},
        gone="sgr-0123456789abcdef0",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Life(
        props=gateway,
        change={"policy": policy("s3:*", Resource="*", Principal="*"), "tags": {"c": "d"}},
        replaces={
            "vpcId": "vpc-other",
            "serviceName": "com.amazonaws.us-east-1.dynamodb",
            "vpcEndpointType": "Interface",
        },
        gone="vpce-0123456789abcdef0",
    ),
    "aws:iam/role:Role": Life(
        props=role,
        change={
            "assumeRolePolicy": trust("codebuild.amazonaws.com"),
            "description": "e",
            "maxSessionDuration": None,
            "permissionsBoundary": None,
            "tags": {"Stage": "dev"},
        },
        replaces={"name": "other", "path": "/"},
        not_imported=("forceDetachPolicies",),
    ),
    "aws:iam/rolePolicy:RolePolicy": Life(
        props=role_policy,
        change={"policy": policy("ecr:PutImage", Resource="*")},
        replaces={"name": "other", "role": "other"},
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Life(
        props=lambda: {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com", "other"],
            "thumbprintLists": ["a" * 40],
            "tags": {"a": "b"},
        },
        change={"thumbprintLists": ["b" * 40], "tags": None},
        replaces={"url": "https://oidc.example.com"},
        gone="arn:aws:iam::123456789012:oidc-provider/gone.example.com",
    ),
}
