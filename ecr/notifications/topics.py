"""Topics that exist already, and the mailboxes that subscribe to new ones."""

from __future__ import annotations

import re

from ecr import regions

# SNS API reference, CreateTopic, Name; a FIFO topic ends in .fifo.
_TOPIC_ARN = re.compile(
    rf"arn:(?P<partition>{regions.PARTITION}):sns:(?P<region>[a-z0-9-]+):[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}"
)
# EventBridge user guide, "Event bus targets": "EventBridge does not support Amazon SNS FIFO topics."
TOPIC_ARN_RULE = (
    "the ARN of a standard topic (EventBridge knows no FIFO ones), such as arn:aws:sns:eu-west-1:123456789012:images"
)

_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
_MAX_EMAIL = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
EMAIL_RULE = "a mailbox, such as team@example.com"


def is_topic_arn(text: str) -> bool:
    """Whether `text` is the ARN of a standard topic, in a Region of its partition."""
    match = _TOPIC_ARN.fullmatch(text)
    return match is not None and regions.PARTITIONS.get(match["region"]) == match["partition"]


def region_of(topic_arn: str) -> str:
    """The Region of a topic."""
    return topic_arn.split(":")[3]


def is_email(text: str) -> bool:
    """Whether `text` is a mailbox that SNS could send to."""
    return len(text) <= _MAX_EMAIL and _EMAIL.fullmatch(text) is not None and ".." not in text
