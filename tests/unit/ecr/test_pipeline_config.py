"""The pipeline of a stack file, read and refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from ecr.pipeline.model import Approval, Artifacts, Builds, ComputeType, Provider, Source, Stage, State
from ecr.pipeline.validation import stages_problems
from ecr.pipeline_config import PipelineConfig, read_pipeline
from tests.unit.ecr import stack_files

KEY = "container-registry:pipeline"
ACCOUNT, REGION = "123456789012", "eu-west-1"
CONNECTION = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/1a2b"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:approvals"
KMS = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1a2b"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop/pulumi-a1b2c3"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/extras"
NAMESAKE = "arn:aws:iam::aws:policy/extras"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"

SOURCE: dict[str, object] = {"repository": "acme/shop"}
DEV: dict[str, object] = {"stack": "dev", "repository": "dev/yoon-app", "build": True}
PROD: dict[str, object] = {"stack": "prod", "repository": "prod/yoon-app"}
STATE: dict[str, object] = {"bucket": "acme-state", "keyArn": KMS}
LEAST: dict[str, object] = {"name": "shop", "source": SOURCE, "stages": [DEV], "state": STATE}


def read(value: object, *, region: str | None = REGION) -> PipelineConfig | None:
    return stack_files.read("pipeline", value, lambda top: read_pipeline(top, region=region))


def mistakes(value: object, *, region: str | None = REGION) -> list[str]:
    lines = stack_files.mistakes(lambda: read(value, region=region))
    assert all(line.startswith(KEY) for line in lines)
    return [line.removeprefix(KEY).removeprefix(":").removeprefix(".").strip() for line in lines]


@pytest.mark.parametrize("value", [None, {}, "{}"])
def test_without_a_pipeline_there_is_none(value: object) -> None:
    assert read(value) is None


def test_the_least_that_can_be_said() -> None:
    assert read(LEAST) == PipelineConfig(
        name="shop",
        source=Source(repository="acme/shop"),
        stages=(Stage(stack="dev", project="shop-dev", repository="dev/yoon-app", build=True),),
        state=State(bucket="acme-state", key_arn=KMS),
    )


def test_every_key_is_read() -> None:
    approval = {"topicArn": TOPIC, "timeoutMinutes": 60, "message": "Really?", "policyArns": [POLICY]}
    value = {
        "name": "shop",
        "source": {"repository": "acme/shop", "branch": "release", "connectionArn": CONNECTION},
        "stages": [
            {**DEV, "policyArns": [POLICY]},
            {**PROD, "project": "ship-it", "enhancedScanning": True, "approval": approval, "secretsKeyArn": KMS},
        ],
        "state": {"bucket": "acme-state", "prefix": "teams/shop", "keyArn": KMS, "passphraseSecretArn": SECRET},
        "artifacts": {"keyArn": KMS, "expireDays": 7, "forceDelete": True},
        "builds": {
            "image": "aws/codebuild/standard:8.0",
            "computeType": "BUILD_GENERAL1_LARGE",
            "timeoutMinutes": 90,
            "buildspec": "deploy/spec.yml",
            "logKeepDays": 365,
        },
        "permissionsBoundary": POLICY,
    }
    assert read(value) == PipelineConfig(
        name="shop",
        source=Source(repository="acme/shop", branch="release", connection_arn=CONNECTION),
        stages=(
            Stage(stack="dev", project="shop-dev", repository="dev/yoon-app", build=True, policy_arns=(POLICY,)),
            Stage(
                stack="prod",
                project="ship-it",
                repository="prod/yoon-app",
                enhanced_scanning=True,
                approval=Approval(topic_arn=TOPIC, timeout_minutes=60, message="Really?", policy_arns=(POLICY,)),
                secrets_key_arn=KMS,
            ),
        ),
        state=State(bucket="acme-state", prefix="teams/shop", key_arn=KMS, passphrase_secret_arn=SECRET),
        artifacts=Artifacts(key_arn=KMS, expire_days=7, force_delete=True),
        builds=Builds(
            image="aws/codebuild/standard:8.0",
            compute_type=ComputeType.LARGE,
            timeout_minutes=90,
            buildspec="deploy/spec.yml",
            log_keep_days=365,
        ),
        permissions_boundary=POLICY,
    )


GOOD = [
    pytest.param({"source": {**SOURCE, "provider": "GitLab"}}, id="provider"),
    pytest.param({"source": {"repository": "group/sub/group/shop"}}, id="groups"),
    pytest.param({"stages": [{**DEV, "approval": True}]}, id="approval-true"),
    pytest.param({"stages": [{**DEV, "approval": False}]}, id="approval-false"),
    pytest.param(
        {"stages": [{**DEV, "policyArns": [POLICY], "approval": {"policyArns": [NAMESAKE]}}]},
        id="policies-of-one-name-in-two-lists",
    ),
    pytest.param({"stages": [{**DEV, "roleArn": ROLE}], "state": None}, id="roles-of-ones-own"),
    pytest.param(
        {"stages": [{**DEV, "roleArn": ROLE, "approval": {"roleArn": ROLE}}], "state": None}, id="role-for-a-preview"
    ),
    pytest.param({"stages": [{**DEV, "stack": "source"}]}, id="stack-called-almost-like-the-source"),
    pytest.param(
        {"stages": [{**DEV, "secretsKeyArn": KMS}], "state": {"bucket": "acme-state"}}, id="keys-of-the-stages"
    ),
    pytest.param(
        {"stages": [{**DEV, "stack": "a", "project": "s" * 142, "approval": True}]}, id="longest-project-of-a-preview"
    ),
    pytest.param({"state": {"tokenSecretArn": SECRET}}, id="pulumi-cloud"),
    pytest.param({"state": {"bucket": "acme-state", "passphraseSecretArn": SECRET}}, id="passphrase"),
    pytest.param({"name": "s" * 100, "source": {**SOURCE, "connectionArn": CONNECTION}}, id="long-name"),
    pytest.param({"name": "s" * 32}, id="longest-name-of-a-connection"),
]


@pytest.mark.parametrize("changes", GOOD)
def test_good_pipelines_are_read(changes: dict[str, object]) -> None:
    value = {key: item for key, item in {**LEAST, **changes}.items() if item is not None}
    assert read(value) is not None


def test_what_is_read_of_them() -> None:
    asked = read({**LEAST, "stages": [{**DEV, "approval": "true"}]})
    assert asked is not None
    assert asked.stages[0].approval == Approval()
    gitlab = read({**LEAST, "source": {**SOURCE, "provider": "GitLab"}})
    assert gitlab is not None
    assert gitlab.source.provider is Provider.GITLAB


def long(number: int) -> str:
    """The name of a project, as long as CodeBuild has them."""
    return f"shop-{number:0145}"


def test_as_many_stages_as_a_pipeline_has() -> None:
    stages = [{"stack": f"stack-{n}", "repository": f"r/s{n}", "approval": True} for n in range(49)]
    found = read({**LEAST, "stages": stages})
    assert found is not None
    assert len(found.stages) == 49


def staged(**changes: object) -> dict[str, object]:
    return {**LEAST, "stages": [{**DEV, **changes}]}


def sourced(**changes: object) -> dict[str, object]:
    return {**LEAST, "source": {**SOURCE, **changes}}


BAD = [
    pytest.param("shop", ['"shop" is not accepted; accepted: an object with keys'], id="text"),
    pytest.param(["dev"], ['["dev"] is not accepted; accepted: an object with keys'], id="list"),
    pytest.param({"name": "shop"}, ["source: is missing", "stages: is missing"], id="name-alone"),
    pytest.param({**LEAST, "name": None}, ["name: has no value"], id="name-null"),
    pytest.param({**LEAST, "name": "a b"}, ['name: "a b" is not accepted'], id="name-with-a-blank"),
    pytest.param({**LEAST, "name": "s" * 33}, ["name: has 33 characters; the connection"], id="name-33"),
    pytest.param({**LEAST, "name": "s" * 101}, ["name: "], id="name-101"),
    pytest.param({**LEAST, "name": 7}, ["name: 7 is not accepted"], id="name-a-number"),
    pytest.param({**LEAST, "stage": []}, ["stage: is not a known key; known: artifacts, builds"], id="unknown"),
    pytest.param({**LEAST, "source": {}}, ["source: is empty; give it keys"], id="source-empty"),
    pytest.param({**LEAST, "source": None}, ["source: has no value"], id="source-null"),
    pytest.param({**LEAST, "source": "acme/shop"}, ['source: "acme/shop" is not accepted'], id="source-a-text"),
    pytest.param({**LEAST, "source": {"branch": "main"}}, ["source.repository: is missing"], id="no-repository"),
    pytest.param(sourced(repository="shop"), ['source.repository: "shop" is not'], id="no-owner"),
    pytest.param(sourced(repository="acme/*"), ["source.repository: "], id="any-repository"),
    pytest.param(sourced(repository="https://github.com/acme/shop"), ["source.repository: "], id="an-address"),
    pytest.param(sourced(branch="release/*"), ["source.branch: "], id="branch-pattern"),
    pytest.param(sourced(branch="refs/heads/.."), ["source.branch: "], id="no-branch"),
    pytest.param(sourced(branch=""), ["source.branch: "], id="branch-empty"),
    pytest.param(sourced(provider="Gitea"), ["source.provider: "], id="another-provider"),
    pytest.param(
        sourced(provider="GitHub", connectionArn=CONNECTION), ["source.provider: is of a connection"], id="both"
    ),
    pytest.param(sourced(connectionArn="shop"), ['source.connectionArn: "shop" is not accepted'], id="no-arn"),
    pytest.param(
        sourced(connectionArn=CONNECTION.replace(REGION, "eu-west-2")),
        [f'source.connectionArn: "{CONNECTION.replace(REGION, "eu-west-2")}" is not in eu-west-1'],
        id="connection-elsewhere",
    ),
    pytest.param(sourced(connectionArn=f"{CONNECTION}*"), ["source.connectionArn: "], id="connection-wildcard"),
    pytest.param({**LEAST, "stages": []}, ["stages: is empty; accepted: a list of at least one"], id="no-stages"),
    pytest.param({**LEAST, "stages": "dev"}, ['stages: "dev" is not accepted; accepted: a list'], id="stages-a-text"),
    pytest.param({**LEAST, "stages": ["dev"]}, ['stages[0]: "dev" is not accepted; accepted: an'], id="stage-a-text"),
    pytest.param({**LEAST, "stages": [DEV, None]}, ["stages[1]: null is not"], id="stage-null"),
    pytest.param({**LEAST, "stages": [{"stack": "dev"}]}, ["stages[0].repository: is missing"], id="no-registry"),
    pytest.param(staged(stack="eu.dev"), ['stages[0].stack: "eu.dev" is not'], id="dot"),
    pytest.param(staged(stack=""), ["stages[0].stack: "], id="stack-empty"),
    pytest.param(
        {**LEAST, "name": "shop.eu"},
        ['stages[0].project: "shop.eu-dev" is not accepted'],
        id="name-no-project-can-have",
    ),
    pytest.param(staged(project="shop.dev"), ["stages[0].project: "], id="project"),
    pytest.param(staged(project="s" * 151), ["stages[0].project: "], id="project-151"),
    pytest.param(staged(repository="Dev/App"), ["stages[0].repository: "], id="capitals"),
    pytest.param(staged(repository="dev/*"), ["stages[0].repository: "], id="any-ecr-repository"),
    pytest.param(staged(build="yes"), ['stages[0].build: "yes" is not accepted; accepted: true'], id="build-yes"),
    pytest.param(staged(build=None), ["stages[0].build: has no value"], id="build-null"),
    pytest.param(staged(docker=True), ["stages[0].docker: is not a known key"], id="unknown-of-a-stage"),
    pytest.param(
        staged(enhancedScanning=True), ["stages[0].enhancedScanning: is true, and acts in a stage that"], id="scan"
    ),
    pytest.param(staged(policyArns=[]), ["stages[0].policyArns: is empty"], id="no-policies"),
    pytest.param(staged(policyArns=[POLICY, POLICY]), ["stages[0].policyArns[1]: "], id="policy-twice"),
    pytest.param(
        staged(policyArns=[POLICY, f"{POLICY}2", NAMESAKE]),
        [f'stages[0].policyArns[2]: "{NAMESAKE}" is called what an earlier policy is'],
        id="policies-of-one-name",
    ),
    pytest.param(
        staged(policyArns=[POLICY.replace("extras", "team/extras"), POLICY]),
        [f'stages[0].policyArns[1]: "{POLICY}" is called what'],
        id="policies-of-one-name-in-two-paths",
    ),
    pytest.param(staged(policyArns=["extras"]), ["stages[0].policyArns[0]: "], id="policy-by-name"),
    pytest.param(
        staged(policyArns=["team/extras", POLICY]), ["stages[0].policyArns[0]: "], id="policy-by-the-name-of-another"
    ),
    pytest.param(
        staged(policyArns=[f"{POLICY}{n}" for n in range(11)]), ["stages[0].policyArns: has 11 policies"], id="eleven"
    ),
    pytest.param(
        staged(policyArns=[POLICY.replace("arn:aws:", "arn:aws-cn:")]), ["stages[0].policyArns[0]: "], id="partition"
    ),
    pytest.param(
        staged(policyArns=[POLICY], roleArn=ROLE), ["stages[0].policyArns: go with a role that is made"], id="role-too"
    ),
    pytest.param(staged(roleArn="deployer"), ["stages[0].roleArn: "], id="role-by-name"),
    pytest.param(staged(roleArn=f"{ROLE}*"), ["stages[0].roleArn: "], id="role-wildcard"),
    pytest.param(
        staged(stack="Source"), ['stages[0].stack: "Source" is what the pipeline\'s first'], id="source-stack"
    ),
    pytest.param(staged(secretsKeyArn="alias/dev"), ["stages[0].secretsKeyArn: "], id="secrets-alias"),
    pytest.param(staged(secretsKeyArn=None), ["stages[0].secretsKeyArn: has no value"], id="secrets-null"),
    pytest.param(
        staged(secretsKeyArn=KMS.replace("arn:aws:", "arn:aws-cn:").replace(REGION, "cn-north-1")),
        ["stages[0].secretsKeyArn: "],
        id="secrets-partition",
    ),
    pytest.param(
        {**LEAST, "stages": [{**DEV, "secretsKeyArn": KMS}, PROD], "state": {"bucket": "acme-state"}},
        ["state: says nothing of what opens"],
        id="one-stage-without-a-key",
    ),
    pytest.param(
        staged(project="s" * 143, approval=True),
        ["stages[0].project: has 143 characters; before an approval, 142 are accepted"],
        id="project-143-with-a-preview",
    ),
    pytest.param(
        {**LEAST, "stages": [{**DEV, "approval": True}, {**PROD, "stack": "dev-preview"}]},
        ['stages[1].stack: "dev-preview" is what the preview of', 'stages[1].project: "shop-dev-preview" is what'],
        id="stack-called-like-a-preview",
    ),
    pytest.param(
        {**LEAST, "stages": [{**DEV, "approval": True}, {**PROD, "project": "SHOP-dev-preview"}]},
        ['stages[1].project: "SHOP-dev-preview" is what the preview of another stage is called'],
        id="project-called-like-a-preview",
    ),
    pytest.param(staged(approval={"policyArns": ["x"]}), ["stages[0].approval.policyArns[0]: "], id="preview-policy"),
    pytest.param(
        staged(approval={"policyArns": [POLICY, NAMESAKE]}),
        ["stages[0].approval.policyArns[1]: "],
        id="preview-policies-of-one-name",
    ),
    pytest.param(
        staged(approval={"policyArns": [POLICY], "roleArn": ROLE}),
        ["stages[0].approval.policyArns: go with a role that is made"],
        id="preview-policy-and-role",
    ),
    pytest.param(
        staged(approval={"policyArns": [POLICY.replace("arn:aws:", "arn:aws-cn:")]}),
        ["stages[0].approval.policyArns[0]: "],
        id="preview-policy-partition",
    ),
    pytest.param(staged(approval={"roleArn": "x"}), ["stages[0].approval.roleArn: "], id="preview-role-by-name"),
    pytest.param(
        {
            **{key: item for key, item in LEAST.items() if key != "state"},
            "stages": [{**DEV, "roleArn": ROLE, "approval": True}],
        },
        ["state: is missing; accepted: bucket"],
        id="no-state-for-a-preview",
    ),
    pytest.param(staged(approval={}), ["stages[0].approval: is empty; give it keys"], id="approval-empty"),
    pytest.param(staged(approval=None), ["stages[0].approval: has no value"], id="approval-null"),
    pytest.param(staged(approval="ann"), ['stages[0].approval: "ann" is not accepted'], id="approver"),
    pytest.param(staged(approval={"topicArn": "x"}), ["stages[0].approval.topicArn: "], id="approval-topic"),
    pytest.param(
        staged(approval={"topicArn": TOPIC.replace(REGION, "us-east-1")}),
        ["stages[0].approval.topicArn: "],
        id="approval-topic-elsewhere",
    ),
    pytest.param(
        staged(approval={"timeoutMinutes": 4}), ["stages[0].approval.timeoutMinutes: 4 is not"], id="approval-4"
    ),
    pytest.param(staged(approval={"timeoutMinutes": 86401}), ["stages[0].approval.timeoutMinutes: "], id="86401"),
    pytest.param(staged(approval={"message": "a\nb"}), ["stages[0].approval.message: "], id="two-lines"),
    pytest.param(staged(approval={"message": "m" * 1001}), ["stages[0].approval.message: "], id="message-1001"),
    pytest.param(
        {**LEAST, "stages": [DEV, {**DEV}]},
        ["stages[1].stack: ", "stages[1].project: ", "stages[1].repository: "],
        id="stage-twice",
    ),
    pytest.param(
        {**LEAST, "stages": [DEV, {**PROD, "project": "SHOP-dev"}]},
        ['stages[1].project: "SHOP-dev" is that of an earlier stage'],
        id="project-twice",
    ),
    pytest.param(
        {**LEAST, "stages": [{"stack": f"s{n}", "repository": f"r/s{n}"} for n in range(50)]},
        ["stages: has 50 stages; CodePipeline accepts 1 to 49"],
        id="fifty-stages",
    ),
    pytest.param(
        {**LEAST, "stages": [{"stack": f"s{n}", "repository": f"r/s{n}", "project": long(n)} for n in range(49)]},
        ["stages: makes a policy inside a role of 11796 characters; IAM accepts 10240: name fewer"],
        id="names-too-long-together",
    ),
    pytest.param(
        {key: item for key, item in LEAST.items() if key != "state"},
        ["state: is missing; accepted: bucket (Pulumi's state in S3)"],
        id="no-state",
    ),
    pytest.param({**LEAST, "state": {}}, ["state: is empty; give it keys"], id="state-empty"),
    pytest.param({**LEAST, "state": {"prefix": "a"}}, ["state: names one of", "state.prefix: goes"], id="prefix-alone"),
    pytest.param({**LEAST, "state": {"bucket": "acme-state"}}, ["state: says nothing of what opens"], id="no-secrets"),
    pytest.param(
        {**LEAST, "state": {**STATE, "tokenSecretArn": SECRET}}, ["state: names one of bucket"], id="bucket-and-cloud"
    ),
    pytest.param({**LEAST, "state": {**STATE, "bucket": "Acme"}}, ["state.bucket: "], id="bucket"),
    pytest.param({**LEAST, "state": {**STATE, "bucket": "s3://acme"}}, ["state.bucket: "], id="bucket-as-address"),
    pytest.param({**LEAST, "state": {**STATE, "prefix": "/a/"}}, ["state.prefix: "], id="prefix"),
    pytest.param({**LEAST, "state": {**STATE, "prefix": "a/*"}}, ["state.prefix: "], id="prefix-wildcard"),
    pytest.param({**LEAST, "state": {**STATE, "keyArn": "alias/pulumi"}}, ["state.keyArn: "], id="alias"),
    pytest.param(
        {**LEAST, "state": {**STATE, "passphraseSecretArn": "hunter"}}, ["state.passphraseSecretArn: "], id="secret"
    ),
    pytest.param({**LEAST, "artifacts": {"expireDays": 0}}, ["artifacts.expireDays: 0 is not"], id="expiry"),
    pytest.param({**LEAST, "artifacts": {"bucket": "x"}}, ["artifacts.bucket: is not a known key"], id="own-bucket"),
    pytest.param(
        {**LEAST, "artifacts": {"keyArn": KMS.replace(REGION, "us-east-1")}}, ["artifacts.keyArn: "], id="key-elsewhere"
    ),
    pytest.param({**LEAST, "builds": {"logKeepDays": 2}}, ["builds.logKeepDays: 2 is not accepted"], id="log-2"),
    pytest.param({**LEAST, "builds": {"computeType": "BUILD_LAMBDA_1GB"}}, ["builds.computeType: "], id="lambda"),
    pytest.param({**LEAST, "builds": {"timeoutMinutes": 2161}}, ["builds.timeoutMinutes: "], id="timeout"),
    pytest.param({**LEAST, "builds": {"buildspec": "../x.yml"}}, ["builds.buildspec: "], id="buildspec-outside"),
    pytest.param({**LEAST, "builds": {"buildspec": "/x.yml"}}, ["builds.buildspec: "], id="buildspec-from-the-root"),
    pytest.param({**LEAST, "builds": {"image": "a b"}}, ["builds.image: "], id="image"),
    pytest.param({**LEAST, "permissionsBoundary": "x"}, ["permissionsBoundary: "], id="boundary"),
]


@pytest.mark.parametrize(("value", "beginnings"), BAD)
def test_what_is_refused_and_why(value: object, beginnings: list[str]) -> None:
    lines = mistakes(value)
    assert len(lines) == len(beginnings), lines
    assert [line for line, start in zip(lines, beginnings, strict=True) if not line.startswith(start)] == []


@pytest.mark.parametrize(
    ("policy_arns", "indices"),
    [
        ((POLICY, POLICY), (1,)),
        ((POLICY, NAMESAKE, NAMESAKE, POLICY), (1, 2, 3)),
        (("team/extras", POLICY), (0,)),
    ],
    ids=["twice", "namesakes-each-twice", "a-namesake-that-is-no-arn"],
)
def test_a_policy_in_a_program_has_one_problem_at_most(policy_arns: tuple[str, ...], indices: tuple[int, ...]) -> None:
    stage = Stage(stack="dev", project="shop-dev", repository="dev/yoon-app", build=True, policy_arns=policy_arns)
    assert sorted(problem.path for problem in stages_problems([stage])) == [
        f"[0].policy_arns[{index}]" for index in indices
    ]


def test_arns_of_anywhere_pass_while_the_region_is_not_known() -> None:
    elsewhere = sourced(connectionArn=CONNECTION.replace(REGION, "eu-west-2"))
    assert read(elsewhere, region=None) is not None


KEYS = [
    *("name", "source", "stages", "state", "artifacts", "builds", "permissionsBoundary"),
    *("repository", "branch", "connectionArn", "provider", "stack", "project", "build", "approval", "policyArns"),
    *(
        "roleArn",
        "secretsKeyArn",
        "topicArn",
        "timeoutMinutes",
        "message",
        "bucket",
        "prefix",
        "keyArn",
        "tokenSecretArn",
        "x",
    ),
]


@given(stack_files.anything(KEYS, "shop", "acme/shop", "dev", "true", "GitHub", KMS, ROLE))
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("pipeline", lambda: read(values))
