from __future__ import annotations

from collections.abc import Callable

import botocore.session
import pytest

from ecr import repository
from ecr.access import eks, github, names, principals, roles
from ecr.notifications import topics
from ecr.reference import RepositoryArn
from ecr.regions import PARTITIONS
from ecr.registry import exclusions
from ecr.registry.upstreams import SecretArn


def test_the_regions_are_those_that_botocore_knows() -> None:
    session = botocore.session.get_session()
    known = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition)
    }
    assert dict(PARTITIONS) == known


def accepts(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def accepted(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return accepted


ARNS = [
    pytest.param(accepts(RepositoryArn.parse), "arn:aws:ecr:eu-west-1:123456789012:repository/app", id="repository"),
    pytest.param(repository.is_kms_key_arn, "arn:aws:kms:eu-west-1:123456789012:key/1234", id="key"),
    pytest.param(
        eks.is_provider_arn,
        "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF",
        id="OIDC provider of a cluster",
    ),
    pytest.param(github.is_provider, f"arn:aws:iam::123456789012:oidc-provider/{github.ISSUER}", id="OIDC provider"),
    pytest.param(names.is_role_arn, "arn:aws:iam::123456789012:role/deployer", id="role"),
    pytest.param(principals.is_function, "arn:aws:lambda:eu-west-1:123456789012:function:orders", id="function"),
    pytest.param(principals.is_source_arn, "arn:aws:codebuild:eu-west-1:123456789012:project/shop", id="source"),
    pytest.param(roles.is_policy_arn, "arn:aws:iam::123456789012:policy/boundary", id="policy"),
    pytest.param(topics.is_topic_arn, "arn:aws:sns:eu-west-1:123456789012:images", id="topic"),
    pytest.param(exclusions.is_principal, "arn:aws:iam::123456789012:user/scanner", id="excluded principal"),
    pytest.param(
        accepts(SecretArn.parse),
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf",
        id="secret",
    ),
]


@pytest.mark.parametrize(("accepted", "arn"), ARNS)
def test_an_arn_is_of_a_partition_that_exists(accepted: Callable[[str], bool], arn: str) -> None:
    assert accepted(arn)
    for partition in ("awsfoo", "aws-", "aws-cnx", "aws-us", "AWS", "xaws", ""):
        assert not accepted(arn.replace(":aws:", f":{partition}:", 1)), partition


@pytest.mark.parametrize("partition", sorted(set(PARTITIONS.values())))
def test_a_role_can_be_of_each_partition(partition: str) -> None:
    arn = f"arn:{partition}:iam::123456789012:role/deployer"
    assert names.RoleArn.parse(arn).partition == partition


@pytest.mark.parametrize(
    "region", ["nowhere", "eu-west-9", "cn-north-1", ""], ids=["misspelt", "not there", "of another partition", "empty"]
)
def test_a_key_or_a_function_is_in_a_region_of_its_partition(region: str) -> None:
    assert not repository.is_kms_key_arn(f"arn:aws:kms:{region}:123456789012:key/1234")
    assert not principals.is_function(f"arn:aws:lambda:{region}:123456789012:function:orders")
