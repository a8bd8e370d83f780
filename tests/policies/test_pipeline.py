"""Who may do what in a pipeline: its own role, the roles of its builds, the bucket and the key of its artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ecr.access.documents import PolicyDocument
from ecr.pipeline import policies, stack_policy
from ecr.pipeline.model import Approval, Stage, State
from ecr.reference import Registry
from tests.policies import evaluator, linting, tables
from tests.policies.evaluator import Decision, Principal, Request
from tests.policies.linting import Kind
from tests.policies.review import compare
from tests.policies.tables import Row, by_others
from tests.policies.test_key_policy import ADMINISTER

ACCOUNT, OTHER, REGION = "123456789012", "210987654321", "eu-west-1"
PLACE = Registry("aws", REGION, ACCOUNT)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:approvals"
CONNECTION = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/1a2b"
BUCKET = "arn:aws:s3:::shop-artifacts"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1a2b"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/shop-dev"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop/pulumi-a1b2c3"
DEV = Stage(stack="dev", project="shop-dev", repository="dev/yoon-app", build=True)
STAGING = Stage(stack="staging", project="shop-staging", repository="staging/yoon-app")
PROD = Stage(stack="prod", project="shop-prod", repository="prod/yoon-app", approval=Approval(topic_arn=TOPIC))
STAGES = (DEV, STAGING, PROD)


PREVIEWED = "shop-prod-preview"


def elsewhere(arn: str) -> str:
    return arn.replace(ACCOUNT, OTHER)


# -- trust of the pipeline's role -------------------------------------------------------------------------------------

PIPELINE = f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:shop"


def assuming(
    source: str | None = PIPELINE,
    account: str | None = ACCOUNT,
    *,
    service: str = "codepipeline.amazonaws.com",
    action: str = "sts:AssumeRole",
) -> Request:
    context = {"aws:SourceArn": source, "aws:SourceAccount": account}
    present = {key: value for key, value in context.items() if value is not None}
    return Request(action=action, principal=Principal(service=service), context=present)


TRUST_ROWS = [
    Row("the pipeline", assuming(), allowed=True),
    Row("CodePipeline that does not name the pipeline", assuming(None), allowed=True),
    Row("another pipeline of the account", assuming(PIPELINE.replace("shop", "other")), allowed=False),
    Row("a pipeline that begins like it", assuming(f"{PIPELINE}-evil"), allowed=False),
    Row("a pipeline of the name in another Region", assuming(PIPELINE.replace(REGION, "us-east-1")), allowed=False),
    Row("a pipeline of the name in another account", assuming(elsewhere(PIPELINE), OTHER), allowed=False),
    Row("another account, that does not name its pipeline", assuming(None, OTHER), allowed=False),
    Row("another account behind the pipeline", assuming(PIPELINE, OTHER), allowed=False),
    Row("no account", assuming(PIPELINE, None), allowed=False),
    Row("neither", assuming(None, None), allowed=False),
    Row("CodeBuild", assuming(service="codebuild.amazonaws.com"), allowed=False),
    Row("tagging the session", assuming(action="sts:TagSession"), allowed=False),
    *by_others("for the pipeline", assuming()),
]


# -- permissions of the pipeline's role -------------------------------------------------------------------------------


def asks(action: str, resource: str, **context: str) -> Request:
    return Request(action=action, resource=resource, context=dict(context))


def project(name: str) -> str:
    return policies.project_arn(PLACE, name)


def repository_of(name: str) -> Mapping[str, str]:
    return {"codeconnections:FullRepositoryId": name}


PIPELINE_ROWS = [
    Row(
        "fetching the repository",
        Request(action="codeconnections:UseConnection", resource=CONNECTION, context=repository_of("acme/shop")),
        allowed=True,
    ),
    Row("fetching what is not named", asks("codeconnections:UseConnection", CONNECTION), allowed=True),
    Row(
        "fetching another repository by the connection",
        Request(action="codeconnections:UseConnection", resource=CONNECTION, context=repository_of("acme/secrets")),
        allowed=False,
    ),
    Row("another connection", asks("codeconnections:UseConnection", f"{CONNECTION}3c"), allowed=False),
    Row("passing the connection on", asks("codeconnections:PassConnection", CONNECTION), allowed=False),
    Row("deleting the connection", asks("codeconnections:DeleteConnection", CONNECTION), allowed=False),
    *(
        Row(f"looking at the bucket: {action}", asks(f"s3:{action}", BUCKET), allowed=True)
        for action in ("GetBucketAcl", "GetBucketLocation", "GetBucketVersioning")
    ),
    *(
        Row(f"an artifact: {action}", asks(f"s3:{action}", f"{BUCKET}/shop/source/1"), allowed=True)
        for action in ("GetObject", "GetObjectVersion", "PutObject")
    ),
    Row("an artifact of another bucket", asks("s3:GetObject", "arn:aws:s3:::other/shop/source/1"), allowed=False),
    Row("writing to a bucket that begins like it", asks("s3:PutObject", f"{BUCKET}-evil/x"), allowed=False),
    Row("looking at another bucket", asks("s3:GetBucketAcl", "arn:aws:s3:::other"), allowed=False),
    Row("deleting an artifact", asks("s3:DeleteObject", f"{BUCKET}/shop/source/1"), allowed=False),
    Row("opening the bucket", asks("s3:PutBucketPolicy", BUCKET), allowed=False),
    Row("encrypting an artifact", asks("kms:GenerateDataKey", KEY), allowed=True),
    Row("decrypting an artifact", asks("kms:Decrypt", KEY), allowed=True),
    Row("decrypting with another key", asks("kms:Decrypt", f"{KEY}3c"), allowed=False),
    Row("encrypting with another key", asks("kms:GenerateDataKey", f"{KEY}3c"), allowed=False),
    Row("a grant on the key", asks("kms:CreateGrant", KEY), allowed=False),
    *(
        Row(f"{action} of {stage.stack}", asks(f"codebuild:{action}", project(stage.project)), allowed=True)
        for stage in STAGES
        for action in ("BatchGetBuilds", "StartBuild")
    ),
    *(
        Row(f"{action} of prod's preview", asks(f"codebuild:{action}", project(PREVIEWED)), allowed=True)
        for action in ("BatchGetBuilds", "StartBuild")
    ),
    Row("a preview that nobody asked for", asks("codebuild:StartBuild", project("shop-dev-preview")), allowed=False),
    Row("a build of another project", asks("codebuild:StartBuild", project("other")), allowed=False),
    Row("seeing builds of another project", asks("codebuild:BatchGetBuilds", project("other")), allowed=False),
    Row("changing a project", asks("codebuild:UpdateProject", project("shop-dev")), allowed=False),
    Row("asking for approval", asks("sns:Publish", TOPIC), allowed=True),
    Row("telling another topic", asks("sns:Publish", f"{TOPIC}-2"), allowed=False),
    Row("approving", asks("codepipeline:PutApprovalResult", f"{PIPELINE}/prod/Approve"), allowed=False),
    Row("passing a role", asks("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin"), allowed=False),
    Row("an image", asks("ecr:PutImage", PLACE.repository_arn("prod/yoon-app")), allowed=False),
]


# -- permissions of a build -------------------------------------------------------------------------------------------

BUILD_ROWS = [
    Row("a stream of its log", asks("logs:CreateLogStream", f"{GROUP}:log-stream:1a"), allowed=True),
    Row("a line of its log", asks("logs:PutLogEvents", f"{GROUP}:log-stream:1a"), allowed=True),
    Row("a line in the log of another project", asks("logs:PutLogEvents", f"{GROUP}2:log-stream:1a"), allowed=False),
    Row("making a log group", asks("logs:CreateLogGroup", GROUP), allowed=False),
    Row("reading its log", asks("logs:GetLogEvents", f"{GROUP}:log-stream:1a"), allowed=False),
    Row("deleting its log", asks("logs:DeleteLogStream", f"{GROUP}:log-stream:1a"), allowed=False),
    Row("reading the source", asks("s3:GetObject", f"{BUCKET}/shop/source/1"), allowed=True),
    Row("reading a version of the source", asks("s3:GetObjectVersion", f"{BUCKET}/shop/source/1"), allowed=True),
    Row("whose the bucket is", asks("s3:GetBucketAcl", BUCKET), allowed=True),
    Row("where the bucket is", asks("s3:GetBucketLocation", BUCKET), allowed=True),
    Row("where another bucket is", asks("s3:GetBucketLocation", "arn:aws:s3:::other"), allowed=False),
    Row("putting another source there", asks("s3:PutObject", f"{BUCKET}/shop/source/1"), allowed=False),
    Row("reading from another bucket", asks("s3:GetObject", f"{BUCKET}-2/x"), allowed=False),
    Row("listing the artifacts", asks("s3:ListBucket", BUCKET), allowed=False),
    Row("decrypting the source", asks("kms:Decrypt", KEY), allowed=True),
    Row("encrypting", asks("kms:GenerateDataKey", KEY), allowed=False),
    Row("decrypting with another key", asks("kms:Decrypt", f"{KEY}3c"), allowed=False),
    Row("starting a build", asks("codebuild:StartBuild", project("shop-prod")), allowed=False),
    Row("approving", asks("codepipeline:PutApprovalResult", f"{PIPELINE}/prod/Approve"), allowed=False),
]


# -- images of a stage ------------------------------------------------------------------------------------------------

OWN = {stage.stack: PLACE.repository_arn(stage.repository) for stage in STAGES}


def managing(own: str, before: str, after: str) -> list[Row]:
    return [
        *(Row(f"managing: {action}", asks(action, own), allowed=True) for action in stack_policy.MANAGE),
        *(
            Row(f"{action} of {repository}", asks(action, repository), allowed=False)
            for action in ("ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy", "ecr:CreateRepository", "ecr:PutImage")
            for repository in (before, after)
        ),
        Row("deleting the repository", asks("ecr:DeleteRepository", own), allowed=False),
        Row("deleting images", asks("ecr:BatchDeleteImage", own), allowed=False),
        Row("settings of the registry", asks("ecr:PutRegistryPolicy", "*"), allowed=False),
        Row("a repository whose name begins like it", asks("ecr:DescribeImages", f"{own}-2"), allowed=False),
        Row("the repository of another account", asks("ecr:DescribeImages", elsewhere(own)), allowed=False),
        Row("signing in", asks("ecr:GetAuthorizationToken", "*"), allowed=True),
    ]


DEV_ROWS = [
    *managing(OWN["dev"], OWN["staging"], OWN["prod"]),
    *(
        Row(f"pushing: {action}", asks(f"ecr:{action}", OWN["dev"]), allowed=True)
        for action in (
            *("BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage"),
            *("UploadLayerPart", "GetDownloadUrlForLayer"),
        )
    ),
    *(
        Row(f"pushing elsewhere: {action}", asks(f"ecr:{action}", OWN["staging"]), allowed=False)
        for action in ("BatchGetImage", "CompleteLayerUpload", "GetDownloadUrlForLayer")
    ),
    Row("the gate's findings", asks("ecr:DescribeImageScanFindings", OWN["dev"]), allowed=False),
]
PROD_ROWS = [
    *managing(OWN["prod"], OWN["staging"], OWN["dev"]),
    *(
        Row(f"promoting to: {action}", asks(f"ecr:{action}", OWN["prod"]), allowed=True)
        for action in (
            *("BatchCheckLayerAvailability", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage"),
            *("UploadLayerPart", "GetDownloadUrlForLayer", "DescribeImageScanFindings"),
        )
    ),
    *(
        Row(f"promoting from: {action}", asks(f"ecr:{action}", OWN["staging"]), allowed=True)
        for action in (
            *("BatchCheckLayerAvailability", "BatchGetImage", "DescribeImageScanFindings", "DescribeImages"),
            "GetDownloadUrlForLayer",
        )
    ),
    Row("pulling from dev", asks("ecr:BatchGetImage", OWN["dev"]), allowed=False),
    Row("findings of dev", asks("ecr:DescribeImageScanFindings", OWN["dev"]), allowed=False),
    Row("pushing to staging", asks("ecr:InitiateLayerUpload", OWN["staging"]), allowed=False),
    Row("Inspector", asks("inspector2:ListFindings", "*"), allowed=False),
]


def looking(own: str, others: tuple[str, ...]) -> list[Row]:
    """What a preview may do with repositories whatever the stack does, and what never."""
    return [
        *(Row(f"looking: {action}", asks(action, own), allowed=True) for action in stack_policy.LOOK),
        *(
            Row(f"writing: {action}", asks(action, own), allowed=False)
            for action in (
                *(set(stack_policy.MANAGE) - set(stack_policy.LOOK)),
                *("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"),
                *stack_policy.DELETE,
            )
        ),
        *(
            Row(f"{action} of {other}", asks(f"ecr:{action}", other), allowed=False)
            for action in ("DescribeImages", "DescribeImageScanFindings", "GetDownloadUrlForLayer")
            for other in others
        ),
        Row("the repository of another account", asks("ecr:DescribeImages", elsewhere(own)), allowed=False),
        Row("signing in", asks("ecr:GetAuthorizationToken", "*"), allowed=True),
        Row("pulling", asks("ecr:GetDownloadUrlForLayer", own), allowed=True),
        Row("asking for layers", asks("ecr:BatchCheckLayerAvailability", own), allowed=True),
        Row("settings of the registry", asks("ecr:PutRegistryPolicy", "*"), allowed=False),
    ]


# What a stage's role can write as the policy of its own repository, which is enough within an account.
HOSTILE = {"Sid": "Hostile", "Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*"}


def hostile_rows(own: str) -> list[Row]:
    """What is left of that policy."""
    return [
        *(Row(f"{action}, which a policy allows", asks(action, own), allowed=False) for action in stack_policy.DELETE),
        Row("what else a policy allows", asks("ecr:StartImageScan", own), allowed=True),
        Row("deleting another repository", asks("ecr:DeleteRepository", f"{own}-2"), allowed=True),
    ]


DEV_PREVIEW_ROWS = [
    *looking(OWN["dev"], (OWN["staging"], OWN["prod"])),
    Row("the gate's findings", asks("ecr:DescribeImageScanFindings", OWN["dev"]), allowed=False),
]
PROD_PREVIEW_ROWS = [
    *looking(OWN["prod"], (OWN["dev"], f"{OWN['prod']}-2")),
    *(
        Row(f"promoting from: {action}", asks(f"ecr:{action}", OWN["staging"]), allowed=True)
        for action in (
            *("BatchCheckLayerAvailability", "BatchGetImage", "DescribeImageScanFindings", "DescribeImages"),
            "GetDownloadUrlForLayer",
        )
    ),
    Row("findings of what is there", asks("ecr:DescribeImageScanFindings", OWN["prod"]), allowed=True),
    Row("the policy of what is promoted from", asks("ecr:GetRepositoryPolicy", OWN["staging"]), allowed=False),
    Row("pushing to staging", asks("ecr:PutImage", OWN["staging"]), allowed=False),
    Row("Inspector", asks("inspector2:ListFindings", "*"), allowed=False),
]


# -- the state --------------------------------------------------------------------------------------------------------

STATE_BUCKET = "arn:aws:s3:::acme-state"
FOLDER = f"{STATE_BUCKET}/teams/shop/.pulumi"
STATE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/state"
DEV_KEY, PROD_KEY = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{stack}" for stack in ("dev", "prod"))
STATE = State(bucket="acme-state", prefix="teams/shop", key_arn=STATE_KEY, passphrase_secret_arn=SECRET)
KEYED = (replace(DEV, secrets_key_arn=DEV_KEY), STAGING, replace(PROD, secrets_key_arn=PROD_KEY))
STACKS = tuple(stage.stack for stage in STAGES)


def files(stack: str) -> dict[str, str]:
    return {
        "the state": f"{FOLDER}/stacks/shop/{stack}.json",
        "the state, compressed": f"{FOLDER}/stacks/shop/{stack}.json.gz",
        "the state before": f"{FOLDER}/stacks/shop/{stack}.json.bak",
        "the stack's tags": f"{FOLDER}/stacks/shop/{stack}.pulumi-tags",
        "the lock": f"{FOLDER}/locks/organization/shop/{stack}/1a2b.json",
        "the history": f"{FOLDER}/history/shop/{stack}/{stack}-1.history.json",
        "a backup": f"{FOLDER}/backups/shop/{stack}/{stack}.1.json",
    }


def listing(prefix: str | None, bucket: str = STATE_BUCKET) -> Request:
    context = {} if prefix is None else {"s3:prefix": f"teams/shop/.pulumi/{prefix}"}
    return Request(action="s3:ListBucket", resource=bucket, context=context)


def of_state(own: str, earlier: tuple[str, ...], later: tuple[str, ...], *, writes: bool) -> list[Row]:
    """What a stage may do with the state: with its own stack's, that of the stages before it, and of those after it."""
    seen = ("the state", "the state, compressed", "the state before")
    return [
        *(
            Row(f"{action} of {name}", asks(f"s3:{action}", file), allowed=allowed)
            for name, file in files(own).items()
            for action, allowed in (
                ("GetObject", writes or name in (*seen, "the stack's tags")),
                ("PutObject", writes),
                ("DeleteObject", writes),
            )
        ),
        *(
            Row(f"{action} of {stack}'s {name}", asks(f"s3:{action}", file), allowed=allowed)
            for stack in (*earlier, *later, f"{own}2")
            for name, file in files(stack).items()
            for action, allowed in (
                ("GetObject", stack in earlier and name in seen),
                ("PutObject", False),
                ("DeleteObject", False),
            )
        ),
        Row("which stacks there are", listing("stacks/"), allowed=True),
        Row("whether the stack is there", listing(f"stacks/shop/{own}.json"), allowed=True),
        *(
            Row(f"whether {stack} is there", listing(f"stacks/shop/{stack}.json"), allowed=True)
            for stack in (*earlier, *later)
        ),
        Row("which stacks another project has", listing("stacks/pay/"), allowed=False),
        Row("whether it is locked", listing(f"locks/organization/shop/{own}/"), allowed=writes),
        Row("another stack's locks", listing("locks/organization/shop/other/"), allowed=False),
        Row("all that the bucket holds", listing(None), allowed=False),
        Row("another bucket", listing("stacks/", "arn:aws:s3:::other"), allowed=False),
        Row("the layout of the bucket", asks("s3:GetObject", f"{FOLDER}/meta.yaml"), allowed=True),
        Row("changing the layout", asks("s3:PutObject", f"{FOLDER}/meta.yaml"), allowed=False),
        Row("another project's state", asks("s3:GetObject", f"{FOLDER}/stacks/pay/{own}.json"), allowed=False),
        Row("another team's", asks("s3:GetObject", files(own)["the state"].replace("teams/shop", "x")), allowed=False),
        Row("in another bucket", asks("s3:PutObject", files(own)["the state"].replace("acme", "evil")), allowed=False),
        Row("an older version", asks("s3:GetObjectVersion", files(own)["the state"]), allowed=False),
        Row("deleting a version", asks("s3:DeleteObjectVersion", files(own)["the state"]), allowed=False),
        Row("another key", asks("kms:Decrypt", KEY), allowed=False),
        Row("a grant on the key", asks("kms:CreateGrant", STATE_KEY), allowed=False),
        Row("the passphrase", asks("secretsmanager:GetSecretValue", SECRET), allowed=True),
        Row("another secret", asks("secretsmanager:GetSecretValue", SECRET.replace("shop", "pay")), allowed=False),
        Row("changing the passphrase", asks("secretsmanager:PutSecretValue", SECRET), allowed=False),
    ]


def with_key(key: str, *, used: bool, read: bool) -> list[Row]:
    return [
        Row(f"{action} with {key}", asks(f"kms:{action}", key), allowed=used or (read and action == "Decrypt"))
        for action in ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey")
    ]


DEV_STATE_ROWS = [
    *of_state("dev", (), ("staging", "prod"), writes=True),
    *with_key(STATE_KEY, used=True, read=True),
    *with_key(DEV_KEY, used=True, read=True),
    *with_key(PROD_KEY, used=False, read=False),
]
PROD_STATE_ROWS = [
    *of_state("prod", ("dev", "staging"), (), writes=True),
    *with_key(STATE_KEY, used=True, read=True),
    *with_key(DEV_KEY, used=False, read=True),
    *with_key(PROD_KEY, used=True, read=True),
]
PROD_PREVIEW_STATE_ROWS = [
    *of_state("prod", ("dev", "staging"), (), writes=False),
    *with_key(STATE_KEY, used=False, read=True),
    *with_key(DEV_KEY, used=False, read=True),
    *with_key(PROD_KEY, used=False, read=True),
]


# -- all of them ------------------------------------------------------------------------------------------------------


def pipeline_permissions() -> PolicyDocument:
    return policies.pipeline_permissions(
        STAGES, repository="acme/shop", place=PLACE, connection_arn=CONNECTION, bucket_arn=BUCKET, key_arn=KEY
    )


def state_permissions(index: int, state: State = STATE, *, preview: bool = False) -> PolicyDocument:
    return stack_policy.state_permissions(state, KEYED, index, project="shop", partition="aws", preview=preview)


DOCUMENTS: list[tuple[str, PolicyDocument, Kind, list[Row]]] = [
    ("pipeline-trust", policies.pipeline_trust("shop", PLACE), Kind.TRUST, TRUST_ROWS),
    ("pipeline-role", pipeline_permissions(), Kind.IDENTITY, PIPELINE_ROWS),
    (
        "pipeline-build",
        policies.build_permissions(log_group_arn=GROUP, bucket_arn=BUCKET, key_arn=KEY),
        Kind.IDENTITY,
        BUILD_ROWS,
    ),
    ("pipeline-stage-build", stack_policy.image_permissions(STAGES, 0, PLACE), Kind.IDENTITY, DEV_ROWS),
    ("pipeline-stage-promote", stack_policy.image_permissions(STAGES, 2, PLACE), Kind.IDENTITY, PROD_ROWS),
    ("pipeline-preview-build", stack_policy.preview_permissions(STAGES, 0, PLACE), Kind.IDENTITY, DEV_PREVIEW_ROWS),
    ("pipeline-preview-promote", stack_policy.preview_permissions(STAGES, 2, PLACE), Kind.IDENTITY, PROD_PREVIEW_ROWS),
    ("pipeline-state-first", state_permissions(0), Kind.IDENTITY, DEV_STATE_ROWS),
    ("pipeline-state-last", state_permissions(2), Kind.IDENTITY, PROD_STATE_ROWS),
    ("pipeline-state-preview", state_permissions(2, preview=True), Kind.IDENTITY, PROD_PREVIEW_STATE_ROWS),
]
TABLES = [pytest.param(document.document, rows, id=name) for name, document, _, rows in DOCUMENTS]


@pytest.mark.parametrize(
    ("name", "document", "kind"), [pytest.param(name, one, kind, id=name) for name, one, kind, _ in DOCUMENTS]
)
def test_documents_are_the_reviewed_ones_and_the_linter_has_nothing_to_say(
    name: str, document: PolicyDocument, kind: Kind
) -> None:
    compare(name, document.document)
    assert linting.lint(document.document, kind) == []


@pytest.mark.parametrize(("document", "rows"), TABLES)
def test_these_are_allowed_and_no_others(document: Mapping[str, object], rows: list[Row]) -> None:
    tables.check(document, rows)


@pytest.mark.parametrize(("document", "rows"), TABLES)
def test_nothing_can_be_taken_away_or_widened_unnoticed(document: Mapping[str, object], rows: list[Row]) -> None:
    # What a document denies, only another one can have allowed.
    denied = [row for own in OWN.values() for row in hostile_rows(own) if denies(document, own)]
    unnoticed = [
        change
        for change, mutant in tables.mutants(document)
        if holds(mutant, rows) and holds(with_anything(mutant, HOSTILE), denied)
    ]
    assert unnoticed == []


def holds(document: Mapping[str, object], rows: list[Row]) -> bool:
    return all(evaluator.allowed(document, row.request) is row.allowed for row in rows)


def denies(document: Mapping[str, object], own: str) -> bool:
    return evaluator.decide(document, asks("ecr:DeleteRepository", own)) is Decision.DENIED


def test_a_connection_of_the_older_name_goes_with_the_older_actions() -> None:
    older = CONNECTION.replace("codeconnections", "codestar-connections")
    document = policies.pipeline_permissions(
        STAGES, repository="acme/shop", place=PLACE, connection_arn=older, bucket_arn=BUCKET, key_arn=KEY
    ).document
    assert evaluator.allowed(document, asks("codestar-connections:UseConnection", older))
    assert not evaluator.allowed(document, asks("codeconnections:UseConnection", older))


def test_without_approvals_no_topic_is_told() -> None:
    stages = [replace(stage, approval=None) for stage in STAGES]
    document = policies.pipeline_permissions(
        stages, repository="acme/shop", place=PLACE, connection_arn=CONNECTION, bucket_arn=BUCKET, key_arn=KEY
    )
    assert "sns:" not in document.text


def test_a_first_stage_that_does_not_build_manages_its_repository_alone() -> None:
    document = stack_policy.image_permissions((STAGING,), 0, PLACE).document
    assert evaluator.allowed(document, asks("ecr:PutLifecyclePolicy", OWN["staging"]))
    assert not evaluator.allowed(document, asks("ecr:PutImage", OWN["staging"]))


def test_enhanced_scanning_lets_a_stage_read_the_findings_of_inspector() -> None:
    stages = (DEV, replace(STAGING, enhanced_scanning=True))
    document = stack_policy.image_permissions(stages, 1, PLACE).document
    assert evaluator.allowed(document, asks("inspector2:ListFindings", "*"))


def test_state_in_pulumi_cloud_takes_the_token_and_nothing_else() -> None:
    document = stack_policy.state_permissions(
        State(token_secret_arn=SECRET), STAGES, 0, project="shop", partition="aws"
    )
    (statement,) = document.statements
    assert (statement.actions, statement.resources) == (("secretsmanager:GetSecretValue",), (SECRET,))


def test_without_a_folder_the_state_is_at_the_top_of_the_bucket() -> None:
    document = state_permissions(0, State(bucket="acme-state", key_arn=STATE_KEY)).document
    top = STATE_BUCKET + "/.pulumi"
    assert evaluator.allowed(document, asks("s3:PutObject", f"{top}/stacks/shop/dev.json"))
    listed = Request(action="s3:ListBucket", resource=STATE_BUCKET, context={"s3:prefix": ".pulumi/stacks/"})
    assert evaluator.allowed(document, listed)


# -- a repository whose policy lets a role delete ----------------------------------------------------------------------


@pytest.mark.parametrize("stages", [pytest.param(STAGES, id="pipeline"), pytest.param((STAGING,), id="alone")])
def test_a_role_cannot_let_itself_delete_by_the_policy_of_its_repository(stages: tuple[Stage, ...]) -> None:
    for index, stage in enumerate(stages):
        document = stack_policy.image_permissions(stages, index, PLACE).document
        tables.check(with_anything(document, HOSTILE), hostile_rows(OWN[stage.stack]))


def test_enhanced_scanning_lets_a_preview_read_the_findings_of_inspector() -> None:
    stages = (DEV, replace(STAGING, enhanced_scanning=True))
    document = stack_policy.preview_permissions(stages, 1, PLACE).document
    assert evaluator.allowed(document, asks("inspector2:ListFindings", "*"))


def test_a_preview_of_a_first_stage_that_does_not_build_looks_at_its_repository_alone() -> None:
    (statement,) = stack_policy.preview_permissions((STAGING,), 0, PLACE).statements
    assert (statement.actions, statement.resources) == (stack_policy.LOOK, (OWN["staging"],))


# -- the bucket: what it denies, others have allowed -------------------------------------------------------------------

BUCKET_POLICY = policies.bucket_policy(BUCKET, KEY).document
ANYTHING = {"Sid": "Anything", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}


def stored(
    action: str,
    resource: str = f"{BUCKET}/x",
    *,
    tls: str = "true",
    encryption: str | None = None,
    key: str | None = None,
) -> Request:
    context = {"aws:SecureTransport": tls}
    if encryption is not None:
        context["s3:x-amz-server-side-encryption"] = encryption
    if key is not None:
        context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = key
    return Request(
        action=f"s3:{action}",
        resource=resource,
        principal=Principal(arn=f"arn:aws:iam::{ACCOUNT}:role/admin"),
        context=context,
    )


BUCKET_ROWS = [
    Row("reading by TLS", stored("GetObject"), allowed=True),
    Row("writing by TLS, encrypted with a key", stored("PutObject", encryption="aws:kms"), allowed=True),
    Row("writing with the key", stored("PutObject", encryption="aws:kms", key=KEY), allowed=True),
    Row("writing with another key", stored("PutObject", encryption="aws:kms", key=f"{KEY}3c"), allowed=False),
    Row("reading with another key", stored("GetObject", key=f"{KEY}3c"), allowed=True),
    Row("writing to another bucket with another key", stored("PutObject", f"{BUCKET}2/x", key="x"), allowed=True),
    Row("writing by TLS, as the bucket encrypts", stored("PutObject"), allowed=True),
    Row("the bucket by TLS", stored("ListBucket", BUCKET), allowed=True),
    Row("reading without TLS", stored("GetObject", tls="false"), allowed=False),
    Row("writing without TLS", stored("PutObject", tls="false", encryption="aws:kms"), allowed=False),
    Row("the bucket without TLS", stored("ListBucket", BUCKET, tls="false"), allowed=False),
    Row("writing without a key", stored("PutObject", encryption="AES256"), allowed=False),
    Row("reading with that header", stored("GetObject", encryption="AES256"), allowed=True),
    Row(
        "reading where nothing is said of TLS",
        Request(
            action="s3:GetObject", resource=f"{BUCKET}/x", principal=Principal(arn=f"arn:aws:iam::{ACCOUNT}:role/a")
        ),
        allowed=True,
    ),
    Row("another bucket without TLS", stored("GetObject", f"{BUCKET}2/x", tls="false"), allowed=True),
    Row("writing to another bucket without a key", stored("PutObject", f"{BUCKET}2/x", encryption="x"), allowed=True),
]


def with_anything(document: Mapping[str, object], anything: Mapping[str, object] = ANYTHING) -> dict[str, object]:
    """The document, and another policy that allows whatever it does not deny."""
    statements = document["Statement"]
    assert isinstance(statements, list)
    return {**document, "Statement": [anything, *statements]}


def test_the_bucket_denies_what_is_not_encrypted_on_its_way_or_where_it_lies() -> None:
    compare("pipeline-bucket", BUCKET_POLICY)
    tables.check(with_anything(BUCKET_POLICY), BUCKET_ROWS)
    survivors = [
        change
        for change, mutant in tables.mutants(BUCKET_POLICY)
        if all(evaluator.allowed(with_anything(mutant), row.request) is row.allowed for row in BUCKET_ROWS)
    ]
    assert survivors == []


def test_the_bucket_denies_without_allowing_anything() -> None:
    decisions = {evaluator.decide(BUCKET_POLICY, row.request) for row in BUCKET_ROWS}
    assert decisions == {Decision.DENIED, Decision.NOT_ALLOWED}


# -- the key ----------------------------------------------------------------------------------------------------------

ROLES = [f"arn:aws:iam::{ACCOUNT}:role/shop-pipeline", f"arn:aws:iam::{ACCOUNT}:role/shop-dev"]
KEY_POLICY = policies.key_policy(ROLES, partition="aws", account=ACCOUNT)


def using(action: str, role: str = ROLES[0]) -> Request:
    return Request(
        action=f"kms:{action}",
        resource=KEY,
        principal=Principal(arn=role),
        context={"aws:PrincipalArn": role},
    )


ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/administrator"
KEY_ROWS = [
    *(
        Row(f"{action} by {role.rpartition('/')[2]}", using(action, role), allowed=True)
        for role in ROLES
        for action in ("Decrypt", "GenerateDataKey")
    ),
    *(
        Row(f"administer: {action}", using(action.removeprefix("kms:"), ADMINISTRATOR), allowed=True)
        for action in ADMINISTER
    ),
    Row("decrypting by another role", using("Decrypt", ADMINISTRATOR), allowed=False),
    Row("encrypting by another role", using("GenerateDataKey", ADMINISTRATOR), allowed=False),
    Row("a role that begins like it", using("Decrypt", f"{ROLES[0]}-evil"), allowed=False),
    Row("the role of the name in another account", using("Decrypt", elsewhere(ROLES[0])), allowed=False),
    Row("a grant by the pipeline", using("CreateGrant"), allowed=False),
    Row("encrypting directly", using("Encrypt"), allowed=False),
    Row(
        "nobody's name",
        Request(action="kms:Decrypt", resource=KEY, principal=Principal(arn=ROLES[0])),
        allowed=False,
    ),
    Row("administering from another account", using("PutKeyPolicy", elsewhere(ADMINISTRATOR)), allowed=False),
    *by_others(
        "with the pipeline's name",
        Request(action="kms:Decrypt", resource=KEY, context={"aws:PrincipalArn": ROLES[0]}),
        account=None,
    ),
    *by_others("administering", Request(action="kms:PutKeyPolicy", resource=KEY), account=None),
]


def test_the_key_is_for_the_pipeline_and_no_part_of_its_policy_is_idle() -> None:
    compare("pipeline-key", KEY_POLICY.document)
    assert linting.lint(KEY_POLICY.document, Kind.KEY) == []
    tables.check(KEY_POLICY.document, KEY_ROWS)
    assert tables.survivors(KEY_POLICY.document, KEY_ROWS) == []


def test_inline_policies_fit_into_a_role_even_with_the_longest_names() -> None:
    """IAM and AWS STS quotas: 10,240 characters for all inline policies of a role, white space not counted."""
    long = Registry("aws-us-gov", "us-gov-west-1", ACCOUNT)
    stages = tuple(
        Stage(stack=name * 100, project=name * 150, repository=name * 256, build=not index)
        for index, name in enumerate("ab")
    )
    state = replace(STATE, bucket="b" * 63, prefix="p" * 200)
    texts = [
        policies.build_permissions(log_group_arn=f"{GROUP}{'x' * 150}", bucket_arn=f"{BUCKET}{'x' * 50}", key_arn=KEY),
        stack_policy.image_permissions(stages, 1, long),
        stack_policy.state_permissions(state, stages, 1, project="p" * 100, partition="aws-us-gov"),
    ]
    assert sum(len(document.text) for document in texts) <= 10_240
