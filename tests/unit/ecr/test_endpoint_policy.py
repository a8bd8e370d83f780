from __future__ import annotations

import pytest

from ecr.endpoint_policy import MAX_PULL_FROM, Service, layer_policy, registry_policy, service_name
from ecr.regions import PARTITIONS

API, REGISTRY, LAYERS = Service.API, Service.REGISTRY, Service.LAYERS


@pytest.mark.parametrize(
    ("service", "region", "expected"),
    [
        (API, "eu-west-1", "com.amazonaws.eu-west-1.ecr.api"),
        (REGISTRY, "eu-west-1", "com.amazonaws.eu-west-1.ecr.dkr"),
        (LAYERS, "eu-west-1", "com.amazonaws.eu-west-1.s3"),
        (REGISTRY, "us-gov-west-1", "com.amazonaws.us-gov-west-1.ecr.dkr"),
        (API, "cn-north-1", "cn.com.amazonaws.cn-north-1.ecr.api"),
        (REGISTRY, "cn-northwest-1", "cn.com.amazonaws.cn-northwest-1.ecr.dkr"),
        (LAYERS, "cn-north-1", "com.amazonaws.cn-north-1.s3"),
        (API, "eusc-de-east-1", "eu.amazonaws.eusc-de-east-1.ecr.api"),
        (REGISTRY, "us-iso-east-1", "gov.ic.c2s.us-iso-east-1.ecr.dkr"),
        (REGISTRY, "us-isob-west-1", "gov.sgov.sc2s.us-isob-west-1.ecr.dkr"),
        (API, "eu-isoe-west-1", "uk.adc-e.cloud.eu-isoe-west-1.ecr.api"),
        (API, "us-isof-south-1", "gov.ic.hci.csp.us-isof-south-1.ecr.api"),
        (LAYERS, "us-isob-east-1", "com.amazonaws.us-isob-east-1.s3"),
    ],
)
def test_an_endpoint_service_has_the_name_that_its_partition_gives_it(
    service: Service, region: str, expected: str
) -> None:
    assert service_name(service, region=region, partition=PARTITIONS[region]) == expected


def test_a_region_that_is_not_known_yet_has_the_usual_name() -> None:
    assert service_name(API, region="xx-new-1", partition="aws") == "com.amazonaws.xx-new-1.ecr.api"


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        ("us-gov-west-1", "arn:aws-us-gov:s3:::prod-us-gov-west-1-starport-layer-bucket/*"),
        ("cn-north-1", "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"),
    ],
)
def test_layers_come_from_the_bucket_of_region_and_partition(region: str, arn: str) -> None:
    (statement,) = layer_policy(region=region, partition=PARTITIONS[region]).statements
    assert statement.resources == (arn,)


def test_other_accounts_repositories_are_named_in_the_partition() -> None:
    policy = registry_policy(
        account="123456789012", region="cn-north-1", partition="aws-cn", pull_from=("222222222222",)
    )
    assert policy.statements[-1].resources == ("arn:aws-cn:ecr:cn-north-1:222222222222:repository/*",)


def test_the_longest_policy_fits_an_endpoint() -> None:
    policy = registry_policy(
        account="123456789012",
        region="ap-northeast-2",
        partition="aws-us-gov",
        organization=f"o-{'a' * 32}",
        pull_from=tuple(f"{number:012}" for number in range(MAX_PULL_FROM)),
    )
    assert len(policy.text) <= 20_480


def test_equal_policies_are_the_same_text() -> None:
    one, two = (registry_policy(account="123456789012", region="eu-west-1", partition="aws").text for _ in range(2))
    assert one == two
