from __future__ import annotations

from ecr.access import code_build
from tests.policies import linting, review
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind
from tests.policies.tables import Row, by_others, check, survivors

PLACE = {"partition": "aws", "region": "eu-west-1", "account": "123456789012"}
PROJECTS = ("shop-build", "shop-release")
TRUST = code_build.trust_policy(PROJECTS, **PLACE).document
LOGS = code_build.logs_policy(PROJECTS, **PLACE).document

SERVICE = Principal(service="codebuild.amazonaws.com")
ARN = "arn:aws:codebuild:eu-west-1:123456789012:project/shop-build"


def build(
    arn: str | None = ARN,
    *,
    account: str | None = "123456789012",
    principal: Principal = SERVICE,
    action: str = "sts:AssumeRole",
) -> Request:
    """CodeBuild, which asks for the role on behalf of a project."""
    context = {"aws:SourceArn": arn, "aws:SourceAccount": account}
    present = {key: value for key, value in context.items() if value is not None}
    return Request(action=action, principal=principal, context=present)


TRUST_ROWS = [
    Row("a project", build(), allowed=True),
    Row("the other project", build(ARN.replace("shop-build", "shop-release")), allowed=True),
    Row("another project of the account", build(ARN.replace("shop-build", "mallory")), allowed=False),
    Row("a project that begins like it", build(f"{ARN}-evil"), allowed=False),
    Row("a project that ends like it", build(ARN.replace("shop-build", "evil-shop-build")), allowed=False),
    Row("any project", build(ARN.replace("shop-build", "*")), allowed=False),
    Row("a project of the name in another Region", build(ARN.replace("eu-west-1", "us-east-1")), allowed=False),
    Row(
        "a project of the name in another account",
        build(ARN.replace("123456789012", "999999999999"), account="999999999999"),
        allowed=False,
    ),
    Row("another account behind the project", build(account="999999999999"), allowed=False),
    Row("a build of the project, which is no project", build(ARN.replace("project/", "build/")), allowed=False),
    Row("a report group of the name", build(ARN.replace("project/", "report-group/")), allowed=False),
    Row("no source", build(None), allowed=False),
    Row("no account of the source", build(account=None), allowed=False),
    Row("neither", build(None, account=None), allowed=False),
    Row("CodePipeline", build(principal=Principal(service="codepipeline.amazonaws.com")), allowed=False),
    Row("CodeBuild in China", build(principal=Principal(service="codebuild.amazonaws.com.cn")), allowed=False),
    Row(
        "a role of the account",
        build(principal=Principal(arn="arn:aws:iam::123456789012:role/deployer")),
        allowed=False,
    ),
    Row("a user of the account", build(principal=Principal(arn="arn:aws:iam::123456789012:user/ann")), allowed=False),
    Row("nobody known", build(principal=Principal()), allowed=False),
    Row("tagging the session", build(action="sts:TagSession"), allowed=False),
    Row("a web identity", build(action="sts:AssumeRoleWithWebIdentity"), allowed=False),
    *by_others("for the project", build()),
]

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/codebuild/shop-build"
OTHER_GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/codebuild/shop-release"


def log(action: str, resource: str) -> Request:
    return Request(action=f"logs:{action}", resource=resource)


LOG_ROWS = [
    Row("making the group", log("CreateLogGroup", GROUP), allowed=True),
    Row("making the other group", log("CreateLogGroup", OTHER_GROUP), allowed=True),
    Row("making a stream", log("CreateLogStream", f"{GROUP}:log-stream:0a1b"), allowed=True),
    Row("writing to a stream", log("PutLogEvents", f"{GROUP}:log-stream:0a1b"), allowed=True),
    Row("writing to a stream of the other group", log("PutLogEvents", f"{OTHER_GROUP}:log-stream:0a1b"), allowed=True),
    Row("a group that begins like it", log("CreateLogGroup", f"{GROUP}-evil"), allowed=False),
    Row("a group below it", log("CreateLogGroup", f"{GROUP}/evil"), allowed=False),
    Row("a stream of another project", log("PutLogEvents", f"{GROUP}-evil:log-stream:0a1b"), allowed=False),
    Row("any group of CodeBuild", log("CreateLogGroup", GROUP.replace("shop-build", "*")), allowed=False),
    Row("a group of another service", log("PutLogEvents", GROUP.replace("codebuild", "lambda")), allowed=False),
    Row(
        "the group in another account",
        log("PutLogEvents", GROUP.replace("123456789012", "999999999999")),
        allowed=False,
    ),
    Row("the group in another Region", log("PutLogEvents", GROUP.replace("eu-west-1", "us-east-1")), allowed=False),
    Row("reading the logs", log("GetLogEvents", f"{GROUP}:log-stream:0a1b"), allowed=False),
    Row("deleting a stream", log("DeleteLogStream", f"{GROUP}:log-stream:0a1b"), allowed=False),
    Row("deleting the group", log("DeleteLogGroup", GROUP), allowed=False),
    Row("keeping logs for a shorter time", log("PutRetentionPolicy", GROUP), allowed=False),
    Row("listing all groups", log("DescribeLogGroups", "*"), allowed=False),
    Row("an image", Request(action="ecr:PutImage", resource=GROUP), allowed=False),
]


def test_the_trust_of_codebuild_is_the_reviewed_one_and_no_part_of_it_is_idle() -> None:
    review.compare("code-build-trust", TRUST)
    assert linting.lint(TRUST, Kind.TRUST) == []
    check(TRUST, TRUST_ROWS)
    assert survivors(TRUST, TRUST_ROWS) == []


def test_the_logs_of_builds_have_the_reviewed_policy_and_no_part_of_it_is_idle() -> None:
    review.compare("code-build-logs", LOGS)
    assert linting.lint(LOGS, Kind.IDENTITY) == []
    check(LOGS, LOG_ROWS)
    assert survivors(LOGS, LOG_ROWS) == []
