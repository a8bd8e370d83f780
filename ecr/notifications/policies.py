"""Who may publish to the topic of notifications, and use the key that its messages are encrypted with.

AWS's own key for SNS (`alias/aws/sns`) is no use: its policy can't be changed, and has no place for EventBridge (SNS
developer guide, "Enable compatibility between event sources from AWS services and encrypted topics", step 1).
"""

from __future__ import annotations

from collections.abc import Sequence

from ecr.access import key_policy as key_policies
from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement

_EVENTBRIDGE = {PrincipalType.SERVICE: ("events.amazonaws.com",)}


def topic_policy(topic_arn: str, rule_arns: Sequence[str], account: str) -> PolicyDocument:
    """EventBridge may publish, on behalf of these rules of this account.

    The EventBridge user guide says two things: that the ARN of the rule is what `aws:SourceArn` must be ("Cross-service
    confused deputy prevention"), and that a topic's policy can't have conditions for EventBridge ("Using resource-based
    policies", "Amazon SNS permissions"). `...IfExists` holds whichever is true: a rule that is named must be one of
    these, and notifications arrive where AWS names none.

    There is no statement about TLS: all requests to an encrypted topic must use it anyway (SNS developer guide,
    "Securing Amazon SNS data with server-side encryption").

    Raises:
        ValueError: without a rule, as nobody could publish then.
    """
    return PolicyDocument(
        (
            Statement(
                sid="NotificationsOfTheseRules",
                actions=("sns:Publish",),
                principals=_EVENTBRIDGE,
                resources=(topic_arn,),
                conditions=(
                    Condition("ArnEqualsIfExists", "aws:SourceArn", tuple(rule_arns)),
                    Condition("StringEqualsIfExists", "aws:SourceAccount", (account,)),
                ),
            ),
        )
    )


def key_policy(topic_arn: str, partition: str, account: str) -> PolicyDocument:
    """The account administers the key; EventBridge may use it for messages of this topic, and nobody else may.

    `aws:SourceArn` and `aws:SourceAccount` are "not supported for EventBridge-to-encrypted topics" (SNS developer
    guide, "Managing Amazon SNS encryption keys and costs", important note), so none of them stands here. What SNS does
    hand to KMS with each message is the topic, as encryption context.
    """
    return PolicyDocument(
        (
            key_policies.administration(partition, account),
            Statement(
                sid="NotificationsOfThisTopic",
                actions=("kms:Decrypt", "kms:GenerateDataKey*"),
                principals=_EVENTBRIDGE,
                resources=("*",),
                conditions=(Condition("StringEquals", "kms:EncryptionContext:aws:sns:topicArn", (topic_arn,)),),
            ),
        )
    )
