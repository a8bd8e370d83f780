"""Who may publish to the topic of notifications, and use its key."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ecr.access.documents import PolicyDocument
from ecr.notifications import policies
from tests.policies import evaluator, linting, tables
from tests.policies.evaluator import Decision, Principal, Request
from tests.policies.linting import Kind
from tests.policies.review import compare
from tests.policies.tables import Row
from tests.policies.test_key_policy import ADMINISTER

ACCOUNT, OTHER = "123456789012", "210987654321"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:images-topic-1a2b"
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/images"
PUSH, SCAN = f"{RULE}-push-rule-1a2b", f"{RULE}-scan-rule-3c4d"

EVENTBRIDGE = Principal(service="events.amazonaws.com")
ADMINISTRATOR = Principal(arn=f"arn:aws:iam::{ACCOUNT}:role/administrator")
STRANGER = Principal(arn=f"arn:aws:iam::{OTHER}:role/administrator")
# Of no account that stands anywhere in the documents, and a service that is not there either.
NOBODY, MACHINES = Principal(arn="arn:aws:iam::999999999999:role/admin"), Principal(service="ec2.amazonaws.com")


def topic_policy() -> PolicyDocument:
    return policies.topic_policy(TOPIC, [PUSH, SCAN], ACCOUNT)


def key_policy() -> PolicyDocument:
    return policies.key_policy(TOPIC, "aws", ACCOUNT)


# -- the topic --------------------------------------------------------------------------------------------------------


def publishing(
    principal: Principal = EVENTBRIDGE,
    *,
    action: str = "sns:Publish",
    topic: str = TOPIC,
    rule: str | None = PUSH,
    account: str | None = ACCOUNT,
) -> Request:
    """What EventBridge asks of SNS; the keys that it does not send are None."""
    context = {"aws:SourceArn": rule, "aws:SourceAccount": account}
    return Request(
        principal=principal,
        action=action,
        resource=topic,
        context={key: value for key, value in context.items() if value is not None},
    )


TOPIC_ROWS = [
    Row("the rule for pushes", publishing(), allowed=True),
    Row("the rule for scans", publishing(rule=SCAN), allowed=True),
    Row("a rule whose account is not said", publishing(account=None), allowed=True),
    Row("a rule that is not said, of this account", publishing(rule=None), allowed=True),
    # What the EventBridge user guide says of SNS: that it sends neither.
    Row("EventBridge that says nothing of its rule", publishing(rule=None, account=None), allowed=True),
    Row("the action in other letters", publishing(action="SNS:Publish"), allowed=True),
    Row("another rule of this account", publishing(rule=f"{RULE}-other-rule-9z"), allowed=False),
    Row("a rule whose name begins like ours", publishing(rule=f"{PUSH}5"), allowed=False),
    Row("a rule whose name is the beginning of ours", publishing(rule=PUSH[:-1]), allowed=False),
    Row("a rule with a wildcard for a name", publishing(rule=f"{RULE}*"), allowed=False),
    Row("our rule's name on a bus of its own", publishing(rule=PUSH.replace("rule/", "rule/bus/")), allowed=False),
    Row(
        "our rule's name in another account",
        publishing(rule=PUSH.replace(ACCOUNT, OTHER), account=OTHER),
        allowed=False,
    ),
    Row("our rule's name in another Region", publishing(rule=PUSH.replace("eu-west-1", "eu-west-2")), allowed=False),
    Row("our rule on behalf of another account", publishing(account=OTHER), allowed=False),
    Row("a rule that is not said, of another account", publishing(rule=None, account=OTHER), allowed=False),
    Row("another topic", publishing(topic=f"{TOPIC}-2"), allowed=False),
    Row("the topic of that name in another account", publishing(topic=TOPIC.replace(ACCOUNT, OTHER)), allowed=False),
    Row("EventBridge subscribing", publishing(action="sns:Subscribe"), allowed=False),
    Row("EventBridge changing the topic", publishing(action="sns:SetTopicAttributes"), allowed=False),
    Row("EventBridge deleting the topic", publishing(action="sns:DeleteTopic"), allowed=False),
    Row("EventBridge's scheduler", publishing(Principal(service="scheduler.amazonaws.com")), allowed=False),
    Row("an alarm", publishing(Principal(service="cloudwatch.amazonaws.com"), rule=None), allowed=False),
    Row("a bucket", publishing(Principal(service="s3.amazonaws.com"), rule=None, account=None), allowed=False),
    Row("a role of this account", publishing(ADMINISTRATOR, rule=None, account=None), allowed=False),
    Row("a role of another account", publishing(STRANGER, rule=None, account=None), allowed=False),
    Row("a role that says it is our rule", publishing(STRANGER), allowed=False),
    Row("a role of any account", publishing(NOBODY), allowed=False),
    Row("a role of this account that says it is our rule", publishing(ADMINISTRATOR), allowed=False),
    Row("another service that says it is our rule", publishing(MACHINES), allowed=False),
    Row("somebody unknown", publishing(Principal(), rule=None, account=None), allowed=False),
]


# -- the key ----------------------------------------------------------------------------------------------------------


def using(
    action: str = "kms:GenerateDataKey", principal: Principal = EVENTBRIDGE, *, topic: str | None = TOPIC, **more: str
) -> Request:
    """What SNS asks of KMS on behalf of whoever publishes, or somebody asks for himself."""
    context: dict[str, str] = {} if topic is None else {"kms:EncryptionContext:aws:sns:topicArn": topic}
    return Request(
        principal=principal,
        action=action,
        resource=f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1a2b",
        context={**context, **{f"aws:{key}": value for key, value in more.items()}},
    )


KEY_ROWS = [
    Row("a data key for the topic", using(), allowed=True),
    Row("a data key for the topic, without its plain text", using("kms:GenerateDataKeyWithoutPlaintext"), allowed=True),
    Row("a data key of the topic opened", using("kms:Decrypt"), allowed=True),
    # Neither key is supported for EventBridge and encrypted topics; a statement about them would stop everything.
    Row("whatever account is said", using(SourceAccount=OTHER), allowed=True),
    Row("whatever source is said", using(SourceArn=PUSH), allowed=True),
    Row("a data key for another topic", using(topic=f"{TOPIC}-2"), allowed=False),
    Row("a data key for another account's topic", using(topic=TOPIC.replace(ACCOUNT, OTHER)), allowed=False),
    Row("a data key for no topic", using(topic=None), allowed=False),
    Row("a data key of another topic opened", using("kms:Decrypt", topic=f"{TOPIC}-2"), allowed=False),
    Row("something opened that is of no topic", using("kms:Decrypt", topic=None), allowed=False),
    Row("EventBridge encrypting", using("kms:Encrypt"), allowed=False),
    Row("EventBridge re-encrypting", using("kms:ReEncryptFrom"), allowed=False),
    Row("EventBridge making pairs of keys", using("kms:GenerateDataKeyPair", topic=None), allowed=False),
    Row("EventBridge making a grant", using("kms:CreateGrant"), allowed=False),
    Row("EventBridge changing the policy", using("kms:PutKeyPolicy"), allowed=False),
    Row("EventBridge deleting the key", using("kms:ScheduleKeyDeletion"), allowed=False),
    Row("a queue", using(principal=Principal(service="sqs.amazonaws.com")), allowed=False),
    Row("an alarm", using(principal=Principal(service="cloudwatch.amazonaws.com")), allowed=False),
    *(Row(f"administer: {action}", using(action, ADMINISTRATOR, topic=None), allowed=True) for action in ADMINISTER),
    Row("an administrator does whatever else there is", using("kms:ReplicateKey", ADMINISTRATOR), allowed=False),
    Row("a role of this account publishes", using(principal=ADMINISTRATOR), allowed=False),
    Row("a role of this account opens a data key", using("kms:Decrypt", ADMINISTRATOR), allowed=False),
    Row("a role of this account hands out the key", using("kms:CreateGrant", ADMINISTRATOR), allowed=False),
    Row("another account's role reads the policy", using("kms:GetKeyPolicy", STRANGER, topic=None), allowed=False),
    Row("another account's role publishes", using(principal=STRANGER), allowed=False),
    Row("another account's role opens a data key", using("kms:Decrypt", STRANGER), allowed=False),
    Row("another account's role makes a grant", using("kms:CreateGrant", STRANGER, topic=None), allowed=False),
    Row("a role of any account publishes", using(principal=NOBODY), allowed=False),
    Row("a role of any account changes the policy", using("kms:PutKeyPolicy", NOBODY, topic=None), allowed=False),
    Row("another service", using(principal=MACHINES), allowed=False),
    Row("somebody unknown", using(principal=Principal()), allowed=False),
]


# -- both -------------------------------------------------------------------------------------------------------------

TABLES = [pytest.param(topic_policy(), TOPIC_ROWS, id="topic"), pytest.param(key_policy(), KEY_ROWS, id="key")]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        pytest.param("notifications-topic", topic_policy(), id="topic"),
        pytest.param("notifications-key", key_policy(), id="key"),
    ],
)
def test_documents_are_the_reviewed_ones(name: str, document: PolicyDocument) -> None:
    compare(name, document.document)


@pytest.mark.parametrize(
    ("document", "kind"),
    [pytest.param(topic_policy(), Kind.TOPIC, id="topic"), pytest.param(key_policy(), Kind.KEY, id="key")],
)
def test_the_linter_has_nothing_to_say(document: PolicyDocument, kind: Kind) -> None:
    assert linting.lint(document.document, kind) == []


@pytest.mark.parametrize(("document", "rows"), TABLES)
def test_these_are_allowed_and_no_others(document: PolicyDocument, rows: list[Row]) -> None:
    tables.check(document.document, rows)


@pytest.mark.parametrize(("document", "rows"), TABLES)
def test_nothing_can_be_taken_away_or_widened_unnoticed(document: PolicyDocument, rows: list[Row]) -> None:
    assert tables.survivors(document.document, rows) == []


def test_a_topic_without_rules_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="has no value"):
        policies.topic_policy(TOPIC, [], ACCOUNT)


def test_the_account_of_a_key_is_of_its_partition() -> None:
    document: Mapping[str, object] = policies.key_policy(TOPIC, "aws-cn", ACCOUNT).document
    request = using("kms:PutKeyPolicy", Principal(arn=f"arn:aws-cn:iam::{ACCOUNT}:role/administrator"), topic=None)
    assert evaluator.decide(document, request) is Decision.ALLOWED
    assert f"arn:aws-cn:iam::{ACCOUNT}:root" in str(document)
