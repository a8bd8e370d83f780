"""Who may pull and push, and from where: each component by itself on the real engine, read back with boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pytest

from components.code_build import CodeBuildRole, CodeBuildRoleArgs
from components.eks import EksPullAccess, EksPullAccessArgs
from components.github import GitHubActionsRole, GitHubActionsRoleArgs
from components.network import EcrEndpoints, EcrEndpointsArgs
from components.notifications import Notifications, NotificationsArgs
from components.repository import ImageRepository, ImageRepositoryArgs
from ecr.access import github
from ecr.access.eks import PodIdentity, ServiceAccount
from ecr.access.github import GitHubWorkflows
from ecr.access.permissions import Permission
from ecr.access.principals import Access, PullPrincipals
from ecr.notifications.events import Events, Scope
from ecr.repository import Encryption, EncryptionType
from ecr.severity import Severity
from local.errors import ProgramRefused
from tests.engine.bench import ACCOUNT, NAME, REGION, Bench

pytestmark = pytest.mark.engine

OTHER_ACCOUNT = "222222222222"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


def actions(document: object) -> set[str]:
    """Every action that a policy document names."""
    assert isinstance(document, dict)
    found: set[str] = set()
    for statement in document["Statement"]:
        named = statement["Action"]
        found |= {named} if isinstance(named, str) else set(named)
    return found


def test_a_github_role_trusts_the_provider_that_is_made_with_it(bench: Bench) -> None:
    def program() -> None:
        role = GitHubActionsRole(
            "github",
            GitHubActionsRoleArgs(
                workflows=GitHubWorkflows(repository="acme/shop", branches=("main",)),
                permission=Permission.PUSH,
                repository_arn=REPOSITORY,
                oidc_provider=github.MAKE,
                tags={"team": "shop"},
            ),
        )
        pulumi.export("role", role.role_name)

    before = bench.roles()
    stack = bench.deploy(program)
    name = str(stack.outputs()["role"])
    assert name.startswith("github-role-")
    role = bench.iam.get_role(RoleName=name)["Role"]
    trust = role["AssumeRolePolicyDocument"]
    assert f"'Federated': '{GITHUB}'" in str(trust)
    assert role["Tags"] == [{"Key": "team", "Value": "shop"}]
    found = bench.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=GITHUB)
    assert found["ClientIDList"] == ["sts.amazonaws.com"]
    (policy,) = bench.policies_of(name).values()
    assert "ecr:PutImage" in actions(policy)
    bench.destroy()
    assert bench.roles() == before
    assert not bench.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_eks_pulls_by_node_role_by_service_account_and_by_pod_identity(bench: Bench) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    bench.iam.create_role(RoleName="nodes", AssumeRolePolicyDocument=document)
    bench.eks.create_cluster(name="blue", roleArn=f"arn:aws:iam::{ACCOUNT}:role/cluster", resourcesVpcConfig={})
    issuer = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.{REGION}.amazonaws.com/id/0123456789ABCDEF"

    def program() -> None:
        access = EksPullAccess(
            "eks",
            EksPullAccessArgs(
                repository_arn=REPOSITORY,
                node_roles=("nodes",),
                service_accounts=(ServiceAccount(oidc_provider=issuer, namespace="shop", name="builder"),),
                pod_identities=(PodIdentity(cluster="blue", namespace="shop", service_account="scanner"),),
            ),
        )
        pulumi.export("account", access.service_account_role_arn)
        pulumi.export("pod", access.pod_identity_role_arn)

    try:
        before = bench.roles()
        outputs = bench.deploy(program).outputs()
        arns = {role["Arn"]: role["AssumeRolePolicyDocument"] for role in bench.iam.list_roles()["Roles"]}
        assert issuer in str(arns[str(outputs["account"])])
        assert "pods.eks.amazonaws.com" in str(arns[str(outputs["pod"])])
        (at_node,) = bench.policies_of("nodes").values()
        assert "ecr:BatchGetImage" in actions(at_node)
        assert "ecr:PutImage" not in actions(at_node)
        (listed,) = bench.eks.list_pod_identity_associations(clusterName="blue")["associations"]
        found = bench.eks.describe_pod_identity_association(clusterName="blue", associationId=listed["associationId"])[
            "association"
        ]
        assert (found["namespace"], found["serviceAccount"]) == ("shop", "scanner")
        assert found["roleArn"] == outputs["pod"]
        bench.destroy()
        assert bench.roles() == before
        assert not bench.policies_of("nodes")
        assert not bench.eks.list_pod_identity_associations(clusterName="blue")["associations"]
    finally:
        for stack in bench.stacks:
            stack.destroy()
        bench.stacks.clear()
        bench.eks.delete_cluster(name="blue")
        bench.iam.delete_role(RoleName="nodes")


def test_a_codebuild_role_is_for_its_projects_of_this_account(bench: Bench) -> None:
    def program() -> None:
        arguments = CodeBuildRoleArgs(projects=("shop-images",), permission=Permission.PUSH, repository_arn=REPOSITORY)
        pulumi.export("role", CodeBuildRole("builds", arguments).role_name)

    before = bench.roles()
    name = str(bench.deploy(program).outputs()["role"])
    trust = str(bench.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    assert f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/shop-images" in trust
    assert {action for one in bench.policies_of(name).values() for action in actions(one)} >= {
        "ecr:PutImage",
        "logs:PutLogEvents",
    }
    bench.destroy()
    assert bench.roles() == before


@dataclass
class Network:
    vpc: str
    subnet: str
    table: str


@pytest.fixture
def network(bench: Bench) -> Iterator[Network]:
    """A VPC as a team has it, with DNS switched on."""
    ec2 = bench.ec2
    vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
    for on in ({"EnableDnsSupport": {"Value": True}}, {"EnableDnsHostnames": {"Value": True}}):
        ec2.modify_vpc_attribute(VpcId=vpc, **on)  # type: ignore[arg-type]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.42.1.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    yield Network(vpc, subnet, table)
    for stack in bench.stacks:
        stack.destroy()
    bench.stacks.clear()
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


@pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")  # importing the SDK's module warns
def test_endpoints_keep_pulls_inside_the_vpc(bench: Bench, network: Network) -> None:
    def program() -> None:
        arguments = EcrEndpointsArgs(
            vpc_id=network.vpc, subnet_ids=(network.subnet,), route_table_ids=(network.table,), tags={"team": "shop"}
        )
        endpoints = EcrEndpoints("network", arguments)
        pulumi.export("group", endpoints.security_group_id)
        pulumi.export("endpoints", endpoints.endpoint_ids)

    outputs = bench.deploy(program).outputs()
    found = {one["ServiceName"]: one for one in bench.ec2.describe_vpc_endpoints()["VpcEndpoints"]}
    prefix = f"com.amazonaws.{REGION}"
    assert set(found) == {f"{prefix}.ecr.api", f"{prefix}.ecr.dkr", f"{prefix}.s3"}
    for name in ("ecr.api", "ecr.dkr"):
        one = found[f"{prefix}.{name}"]
        assert (one["VpcEndpointType"], one["SubnetIds"]) == ("Interface", [network.subnet])
        assert one["VpcEndpointId"] == outputs["endpoints"][name]  # type: ignore[index]
        assert one["Tags"] == [{"Key": "team", "Value": "shop"}]
    gateway = found[f"{prefix}.s3"]
    assert (gateway["VpcEndpointType"], gateway["RouteTableIds"]) == ("Gateway", [network.table])
    group = bench.ec2.describe_security_groups(GroupIds=[str(outputs["group"])])["SecurityGroups"][0]
    assert group["IpPermissionsEgress"] == []
    (rule,) = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
    assert [one["CidrIp"] for one in rule["IpRanges"]] == ["10.42.0.0/16"]
    bench.destroy()
    assert not bench.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    groups = bench.ec2.describe_security_groups()["SecurityGroups"]
    assert [one["GroupName"] for one in groups if one.get("VpcId") == network.vpc] == ["default"]


def test_notifications_publish_to_a_topic_under_a_key_of_its_own(bench: Bench) -> None:
    def program() -> None:
        events = Events(push=True, scan=Severity.HIGH, lifecycle=True)
        made = Notifications(
            "images",
            NotificationsArgs(events=events, repositories=Scope.one(NAME), subscriptions=("team@example.com",)),
        )
        pulumi.export("topic", made.topic_arn)

    topic = str(bench.deploy(program).outputs()["topic"])
    attributes = bench.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    key = bench.kms.describe_key(KeyId=attributes["KmsMasterKeyId"])["KeyMetadata"]
    assert key["KeyState"] == "Enabled"
    rules = bench.events.list_rules()["Rules"]
    assert len(rules) == 4  # the basic and the enhanced scan tell of themselves in events of their own
    publishers = json.loads(attributes["Policy"])["Statement"]
    for rule in rules:
        assert rule["Arn"] in str(publishers)
        assert "aws.ecr" in rule["EventPattern"] or "aws.inspector2" in rule["EventPattern"]
        (target,) = bench.events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        assert target["Arn"] == topic
        assert target["InputTransformer"]["InputTemplate"]
    policy = bench.kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]
    assert topic in policy
    (subscription,) = bench.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "team@example.com")
    bench.destroy()
    assert not bench.events.list_rules()["Rules"]
    assert not bench.sns.list_topics()["Topics"]
    assert bench.kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_another_account_pulls_from_a_repository_under_a_key_of_its_own(bench: Bench) -> None:
    def program() -> None:
        made = ImageRepository(
            "repository",
            ImageRepositoryArgs(
                repository_name=NAME,
                encryption=Encryption(type=EncryptionType.KMS),
                access=Access(pull=PullPrincipals(accounts=(OTHER_ACCOUNT,))),
                force_delete=True,
            ),
        )
        pulumi.export("key", made.key_arn)

    key = str(bench.deploy(program).outputs()["key"])
    found = bench.ecr.describe_repositories(repositoryNames=[NAME])["repositories"][0]
    assert found["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key}
    policy = json.loads(bench.ecr.get_repository_policy(repositoryName=NAME)["policyText"])
    (statement,) = policy["Statement"]
    assert OTHER_ACCOUNT in str(statement["Principal"])
    assert "ecr:BatchGetImage" in actions(policy)
    assert "ecr:GetAuthorizationToken" not in actions(policy)
    key_policy = json.loads(bench.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert key_policy["Statement"]
    bench.destroy()
    assert not bench.ecr.describe_repositories()["repositories"]
    assert bench.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


@pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")
def test_a_stack_file_that_names_all_of_it_is_deployed_and_leaves_nothing(bench: Bench, network: Network) -> None:
    named = {
        "access": {"pull": {"accounts": [OTHER_ACCOUNT]}},
        "github": {"repository": "acme/shop", "branches": ["main"], "oidcProvider": "make"},
        "codeBuild": {"projects": ["shop-images"]},
        "endpoints": {"vpcId": network.vpc, "subnetIds": [network.subnet], "routeTableIds": [network.table]},
        "notifications": {"events": {"push": True, "lifecycle": True}},
    }
    settings = [f"{key}={json.dumps(value)}" for key, value in named.items()]
    # Staging without its promotion: it builds nothing, so that no Docker is needed.
    stack = bench.cloud.stack("staging", [f"repository={NAME}", "promote=", "forceDelete=true", *settings])
    before = bench.roles()
    try:
        assert set(stack.up().changes) == {"create"}
        assert set(stack.up().changes) == {"same"}
        outputs = stack.outputs()
        made = set(bench.roles()) - set(before)
        assert {str(outputs[f"{who}_role_arn"]).rpartition("/")[2] for who in ("github", "code_build")} == made
        assert set(outputs["vpc_endpoint_ids"]) == {"ecr.api", "ecr.dkr", "s3"}  # type: ignore[call-overload]
        for role in made:  # a stack that neither builds nor promotes lets its roles pull
            assert "ecr:PutImage" not in {one for policy in bench.policies_of(role).values() for one in actions(policy)}
        policy = bench.ecr.get_repository_policy(repositoryName=NAME)["policyText"]
        assert OTHER_ACCOUNT in policy
    finally:
        stack.destroy()
    assert bench.roles() == before
    assert not stack.export().get("resources")
    assert not bench.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert not bench.events.list_rules()["Rules"]


def test_what_is_not_there_is_refused_by_its_key_and_nothing_is_made(bench: Bench) -> None:
    named = {
        "access": {"pull": {"roles": [f"arn:aws:iam::{ACCOUNT}:role/missing"]}},
        "github": {"repository": "acme/shop", "branches": ["main"]},
        "eks": {"nodeRoles": ["missing"]},
        "endpoints": {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d"], "routeTableIds": ["rtb-0a1b2c3d"]},
    }
    settings = [f"{key}={json.dumps(value)}" for key, value in named.items()]
    stack = bench.cloud.stack("staging", [f"repository={NAME}", "promote=", *settings])
    for operation in (stack.preview, stack.up):
        with pytest.raises(ProgramRefused) as refused:
            operation()
        keys = [line.partition(": ")[0].partition(":")[2] for line in str(refused.value).splitlines()]
        assert keys == ["endpoints.vpcId", "github.oidcProvider", "eks.nodeRoles[0]", "access.pull.roles[0]"]
    assert not bench.ecr.describe_repositories()["repositories"]
