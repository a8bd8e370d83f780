"""The AWS Regions that ECR is in, so that a misspelt one is refused before anything asks for it."""

from __future__ import annotations

from types import MappingProxyType

# AWS General Reference, "Amazon ECR endpoints and quotas". A test compares this with botocore's own list.
_REGIONS = {
    "aws": (
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
        *("ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4"),
        *("ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1"),
        *("eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2"),
        *("eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    ),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "aws-iso": ("us-iso-east-1", "us-iso-west-1"),
    "aws-iso-b": ("us-isob-east-1", "us-isob-west-1"),
    "aws-iso-e": ("eu-isoe-west-1",),
    "aws-iso-f": ("us-isof-east-1", "us-isof-south-1"),
    "aws-eusc": ("eusc-de-east-1",),
}

PARTITIONS = MappingProxyType({region: partition for partition, regions in _REGIONS.items() for region in regions})
"""Region -> its partition."""

PARTITION = f"(?:{'|'.join(_REGIONS)})"
"""A pattern for the partition of an ARN."""

REGION_RULE = "an AWS Region with ECR, such as eu-west-1"


def is_region(text: str) -> bool:
    """Whether `text` is a Region that has ECR."""
    return text in PARTITIONS
