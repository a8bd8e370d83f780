"""Who deploys, and where to: what policies of this account and Region are made with."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class Caller:
    """The account behind a provider's credentials, and the provider's Region.

    Attributes:
        account: 12 digits.
        partition: such as `aws`.
        region: such as `eu-west-1`.
    """

    account: pulumi.Output[str]
    partition: pulumi.Output[str]
    region: pulumi.Output[str]

    @staticmethod
    def of(parent: pulumi.Resource) -> Caller:
        """What the provider of `parent` says; known in a preview, too."""
        options = pulumi.InvokeOutputOptions(parent=parent)
        identity = aws.get_caller_identity_output(opts=options)
        return Caller(
            account=identity.account_id,
            # arn:PARTITION:sts::ACCOUNT:...
            partition=identity.arn.apply(lambda arn: arn.split(":")[1]),
            region=aws.get_region_output(opts=options).region,
        )
