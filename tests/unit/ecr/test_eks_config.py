from __future__ import annotations

import pytest
from hypothesis import given

from ecr import config_reader
from ecr.access.eks import PodIdentity, ServiceAccount
from ecr.eks_config import EksConfig, read_eks
from tests.unit.ecr import stack_files

PATH = "container-registry:eks"
PROVIDER = (
    "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
)

ACCOUNT = {"oidcProvider": PROVIDER, "namespace": "shop", "name": "builder"}
IDENTITY = {"cluster": "blue", "namespace": "shop", "serviceAccount": "builder"}


def read(values: object, *, region: str | None = None) -> EksConfig | None:
    return stack_files.read("eks", values, lambda top: read_eks(top, region=region))


def mistakes(values: object, *, region: str | None = None) -> list[str]:
    return stack_files.mistakes(lambda: read(values, region=region))


def account(**changes: object) -> dict[str, object]:
    return {"serviceAccounts": [{key: value for key, value in {**ACCOUNT, **changes}.items() if value is not None}]}


def identity(**changes: object) -> dict[str, object]:
    return {"podIdentities": [{key: value for key, value in {**IDENTITY, **changes}.items() if value is not None}]}


@pytest.mark.parametrize("values", [None, {}])
def test_a_stack_that_says_nothing_gives_nobody_access(values: object) -> None:
    assert read(values) is None


def test_every_key_is_read() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    values = {"nodeRoles": ["nodes", "gpu-nodes"], **account(), **identity(), "permissionsBoundary": boundary}
    assert read(values) == EksConfig(
        node_roles=("nodes", "gpu-nodes"),
        service_accounts=(ServiceAccount(oidc_provider=PROVIDER, namespace="shop", name="builder"),),
        pod_identities=(PodIdentity(cluster="blue", namespace="shop", service_account="builder"),),
        permissions_boundary=boundary,
    )


GOOD = [
    pytest.param({"nodeRoles": ["nodes"]}, id="node roles alone"),
    pytest.param({"nodeRoles": ["eksctl-shop-NodeInstanceRole-1A2B+=,.@_"]}, id="what IAM takes in a name"),
    pytest.param(account(), id="service accounts alone"),
    pytest.param(identity(), id="pod identities alone"),
    pytest.param(account(name="a.b-c.d"), id="a service account with dots"),
    pytest.param(account(namespace="n" * 63), id="a namespace of 63 letters"),
    pytest.param(identity(cluster="Blue_1"), id="what EKS takes in a cluster's name"),
    pytest.param(
        account(oidcProvider="arn:aws-cn:iam::123456789012:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/AB12"),
        id="a provider in China",
    ),
    pytest.param(
        account(oidcProvider="arn:aws:iam::123456789012:oidc-provider/oidc-eks.eu-west-1.api.aws/id/AB12"),
        id="a dual-stack provider",
    ),
]


@pytest.mark.parametrize("values", GOOD)
def test_what_kubernetes_and_aws_accept_is_accepted(values: dict[str, object]) -> None:
    assert read(values) is not None


ROLE = "the name of a role without its path, 1 to 64 letters, digits and _+=,.@-, such as shop-nodes"
NAMESPACE = "a Kubernetes namespace, 1 to 63 lower-case letters, digits and dashes, without wildcards"
NAME = "the name of a Kubernetes service account, lower-case letters, digits, '-' and '.', without wildcards"
CLUSTER = "the name of an EKS cluster of this account and Region, 1 to 100 letters, digits, '-' and '_'"
PROVIDER_RULE = f"the ARN of the cluster's OIDC provider, such as {PROVIDER}"
BOUNDARY = "the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary"
QUOTES = "; in quotes, so that YAML takes it as text"


def refused(key: str, value: object, rule: str) -> str:
    return f"{PATH}.{key}: {config_reader.shown(value)} is not accepted; accepted: {rule}"


def missing(key: str, rule: str, example: str) -> str:
    advice = f"Run: pulumi config set --path eks.{key} {example}"
    return f"{PATH}.{key}: is missing; accepted: {rule}. {advice}"


REFUSED = [
    *(
        pytest.param({"nodeRoles": [value]}, refused("nodeRoles[0]", value, ROLE), id=f"node role {name}")
        for name, value in {
            "as its ARN": "arn:aws:iam::123456789012:role/nodes",
            "with a path": "team/nodes",
            "with a wildcard": "nodes-*",
            "any": "*",
            "empty": "",
            "of 65 letters": "n" * 65,
            "with a blank": "my nodes",
            "in another script": "\u30ce\u30fc\u30c9",
        }.items()
    ),
    *(
        pytest.param(
            account(namespace=value),
            refused("serviceAccounts[0].namespace", value, NAMESPACE),
            id=f"namespace {name}",
        )
        for name, value in {
            "any": "*",
            "of a beginning": "shop-*",
            "with a colon": "shop:builder",
            "with a dot": "shop.evil",
            "in capitals": "Shop",
            "that ends with a dash": "shop-",
            "of 64 letters": "n" * 64,
            "empty": "",
            "with a variable": "${aws:username}",
            "with a line break": "shop\n",
        }.items()
    ),
    *(
        pytest.param(account(name=value), refused("serviceAccounts[0].name", value, NAME), id=f"service account {name}")
        for name, value in {
            "any": "*",
            "with a question mark": "builde?",
            "with a colon": "a:b",
            "in capitals": "Builder",
            "that ends with a dot": "builder.",
            "of 254 letters": "b" * 254,
            "empty": "",
        }.items()
    ),
    *(
        pytest.param(
            account(oidcProvider=value),
            refused("serviceAccounts[0].oidcProvider", value, PROVIDER_RULE),
            id=f"provider {name}",
        )
        for name, value in {
            "as its address": "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
            "of GitHub": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
            "of any cluster": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/*",
            "of an account that lost a zero": PROVIDER.replace("123456789012", "12345678901"),
            "without a cluster": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com",
            "of another host": PROVIDER.replace("eu-west-1.amazonaws.com", "eu-west-1.evil.com"),
            "of a host below AWS's": PROVIDER.replace("amazonaws.com", "amazonaws.com.evil.com"),
            "of no Region": PROVIDER.replace("eu-west-1", "xx-zz-9"),
            "of a Region of dashes": PROVIDER.replace("eu-west-1", "-"),
            "of a Region of another partition": PROVIDER.replace("eu-west-1", "cn-north-1"),
            "of an ordinary host in China": PROVIDER.replace("aws", "aws-cn", 1).replace("eu-west-1", "cn-north-1"),
            "of the dual-stack host under the other name": PROVIDER.replace("amazonaws.com", "api.aws"),
            "that is a role": "arn:aws:iam::123456789012:role/nodes",
        }.items()
    ),
    *(
        pytest.param(identity(cluster=value), refused("podIdentities[0].cluster", value, CLUSTER), id=f"cluster {name}")
        for name, value in {
            "any": "*",
            "as its ARN": "arn:aws:eks:eu-west-1:123456789012:cluster/blue",
            "with a slash": "blue/green",
            "of 101 letters": "c" * 101,
            "empty": "",
        }.items()
    ),
    pytest.param(
        identity(namespace="*"), refused("podIdentities[0].namespace", "*", NAMESPACE), id="any namespace of a pod"
    ),
    pytest.param(
        identity(serviceAccount="*"),
        refused("podIdentities[0].serviceAccount", "*", NAME),
        id="any service account of a pod",
    ),
    pytest.param(
        account(oidcProvider=None),
        missing("serviceAccounts[0].oidcProvider", PROVIDER_RULE, "arn:aws:iam::..."),
        id="no provider",
    ),
    pytest.param(
        account(namespace=None), missing("serviceAccounts[0].namespace", NAMESPACE, "shop"), id="no namespace"
    ),
    pytest.param(account(name=None), missing("serviceAccounts[0].name", NAME, "puller"), id="no service account"),
    pytest.param(identity(cluster=None), missing("podIdentities[0].cluster", CLUSTER, "shop"), id="no cluster"),
    pytest.param(
        identity(serviceAccount=None),
        missing("podIdentities[0].serviceAccount", NAME, "puller"),
        id="no service account of a pod",
    ),
    pytest.param(
        account(namespace=1),
        refused("serviceAccounts[0].namespace", 1, NAMESPACE + QUOTES),
        id="a namespace that is a number",
    ),
    pytest.param({"nodeRoles": [7]}, refused("nodeRoles[0]", 7, ROLE + QUOTES), id="a node role that is a number"),
    pytest.param({"nodeRoles": "nodes"}, refused("nodeRoles", "nodes", "a list"), id="node roles that are no list"),
    pytest.param(
        {"serviceAccounts": ["shop/builder"]},
        refused("serviceAccounts[0]", "shop/builder", "an object with keys"),
        id="a service account that is a text",
    ),
    pytest.param(
        {"podIdentities": {"cluster": "blue"}},
        refused("podIdentities", {"cluster": "blue"}, "a list"),
        id="pod identities that are no list",
    ),
    pytest.param(
        account(cluster="blue"),
        f"{PATH}.serviceAccounts[0].cluster: is not a known key; known: name, namespace, oidcProvider",
        id="an unknown key of a service account",
    ),
    pytest.param(
        identity(name="x"),
        f"{PATH}.podIdentities[0].name: is not a known key; known: cluster, namespace, serviceAccount",
        id="an unknown key of a pod identity",
    ),
    pytest.param(
        {"nodeRoles": ["nodes"], "nodes": []},
        f"{PATH}.nodes: is not a known key; known: nodeRoles, permissionsBoundary, podIdentities, serviceAccounts",
        id="an unknown key",
    ),
    pytest.param(
        {"nodeRoles": []},
        f"{PATH}.nodeRoles: is empty; give it a value, or take the key out",
        id="no node roles",
    ),
    pytest.param(
        {"nodeRoles": ["nodes"], "serviceAccounts": []},
        f"{PATH}.serviceAccounts: is empty; give it a value, or take the key out",
        id="no service accounts",
    ),
    pytest.param(
        {"nodeRoles": ["nodes"], "podIdentities": []},
        f"{PATH}.podIdentities: is empty; give it a value, or take the key out",
        id="no pod identities",
    ),
    pytest.param(
        {"permissionsBoundary": BOUNDARY.rpartition(" ")[2]},
        f"{PATH}: names nobody; must name node roles, service accounts or pod identities",
        id="a boundary for nobody",
    ),
    pytest.param(
        {"nodeRoles": ["nodes"], "permissionsBoundary": "boundary"},
        refused("permissionsBoundary", "boundary", BOUNDARY),
        id="a boundary's name",
    ),
    pytest.param(
        {"nodeRoles": ["nodes"], "permissionsBoundary": None},
        f"{PATH}.permissionsBoundary: has no value; give it one, or take the key out",
        id="a boundary without a value",
    ),
    pytest.param(
        {"nodeRoles": ["nodes", "nodes"]},
        f'{PATH}.nodeRoles[1]: "nodes" stands in the list twice; take one out',
        id="a node role twice",
    ),
    pytest.param(
        {"serviceAccounts": [ACCOUNT, ACCOUNT]},
        f"{PATH}.serviceAccounts[1]: stands in the list twice; take one out",
        id="a service account twice",
    ),
    pytest.param(
        {"podIdentities": [IDENTITY, IDENTITY]},
        f"{PATH}.podIdentities[1]: stands in the list twice; take one out",
        id="a pod identity twice",
    ),
]


@pytest.mark.parametrize(("values", "expected"), REFUSED)
def test_a_mistake_is_refused_by_the_name_of_its_key(values: dict[str, object], expected: str) -> None:
    assert mistakes(values) == [expected]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        pytest.param(
            "serviceAccounts", [{**ACCOUNT, "name": f"builder-{n}"} for n in range(50)], id="service accounts"
        ),
        pytest.param("podIdentities", [{**IDENTITY, "namespace": f"shop-{n}"} for n in range(9)], id="pod identities"),
    ],
)
def test_more_than_iam_takes_is_refused(key: str, values: list[dict[str, str]]) -> None:
    (mistake,) = mistakes({key: values})
    assert mistake.startswith(f"{PATH}.{key}: makes a trust policy of ")
    assert mistake.endswith(" characters; IAM accepts 2048: name fewer")


KEYS = ["nodeRoles", "serviceAccounts", "podIdentities", "namespace", "name", "cluster", "oidcProvider", "x"]


@given(stack_files.anything(KEYS, "nodes", "blue", PROVIDER))
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("eks", lambda: read(values))


CHINESE = "arn:aws-cn:iam::123456789012:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/AB12"
ELSEWHERE = [
    pytest.param(account(oidcProvider=CHINESE), "serviceAccounts[0].oidcProvider", id="provider"),
    pytest.param(
        {"nodeRoles": ["nodes"], "permissionsBoundary": "arn:aws-cn:iam::123456789012:policy/b"},
        "permissionsBoundary",
        id="boundary",
    ),
]


@pytest.mark.parametrize(("values", "key"), ELSEWHERE)
def test_an_arn_is_of_the_partition_of_the_stacks_region(values: dict[str, object], key: str) -> None:
    assert read(values) is not None
    assert read(values, region="cn-northwest-1") is not None
    (message,) = mistakes(values, region="eu-west-1")
    assert message.startswith(f"{PATH}.{key}: ")
    assert message.endswith("is in another partition; accepted: an ARN of aws, which the stack's Region is in")
