"""What deploying one stack takes in AWS: its repository and images, the state, and no other stack's.

Everything that a stack can have beside its repository (a KMS key, endpoints, roles, the registry's settings) is not in
here: its stage names managed policies for it (`policyArns`), or a role (`roleArn`). Deleting a repository or its images
is not either: a pipeline that was made to deploy must not be one that deletes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecr.access import identity
from ecr.access.documents import PolicyDocument, Statement
from ecr.pipeline import stages as all_stages
from ecr.pipeline.model import Stage, State
from ecr.reference import Registry

# What the provider calls for a repository, its lifecycle policy and its own policy, but for deleting the repository
# (Service Authorization Reference, "Amazon Elastic Container Registry"), and what the lifecycle guard reads.
MANAGE = (
    "ecr:BatchGetImage",
    "ecr:CreateRepository",
    "ecr:DeleteLifecyclePolicy",
    "ecr:DeleteRepositoryPolicy",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRepositoryPolicy",
    "ecr:ListTagsForResource",
    "ecr:PutImageScanningConfiguration",
    "ecr:PutImageTagMutability",
    "ecr:PutLifecyclePolicy",
    "ecr:SetRepositoryPolicy",
    "ecr:TagResource",
    "ecr:UntagResource",
)

# What the `awskms` secrets provider calls (pulumi/pulumi, pkg/secrets/cloud; gocloud.dev/secrets/awskms), and S3 for
# a bucket that is encrypted with the key.
_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")

_WRITE = ("s3:DeleteObject", "s3:PutObject")


def image_permissions(stages: Sequence[Stage], index: int, place: Registry) -> PolicyDocument:
    """What the stack of a stage does with repositories: manages its own, and pushes or promotes to it.

    Raises:
        ValueError: for a stage that would promote to the repository that it promotes from.
    """
    stage = stages[index]
    own = place.repository_arn(stage.repository)
    manage = Statement(sid="ManageTheRepository", actions=MANAGE, resources=(own,))
    source = all_stages.promoted_from(stages, index)
    if source is not None:
        promote = identity.promote_policy(
            source_arn=place.repository_arn(source), target_arn=own, enhanced_scanning=stage.enhanced_scanning
        )
        return PolicyDocument(tuple(_each_once(manage, *promote.statements)))
    if not stage.build:
        return PolicyDocument((manage,))
    # Before it pushes, the program reads what the tag names, and the labels in its configuration.
    sign_in, pull = identity.pull_policy(own).statements
    push = identity.push_policy(own).statements[1]
    return PolicyDocument(tuple(_each_once(manage, sign_in, pull, push)))


def _each_once(*statements: Statement) -> Iterator[Statement]:
    """The statements, each without what an earlier one allows on the same resources already."""
    given: dict[tuple[str, ...], set[str]] = {}
    for statement in statements:
        before = given.setdefault(statement.resources, set())
        actions = tuple(action for action in statement.actions if action not in before)
        before.update(actions)
        yield replace(statement, actions=actions)


def state_permissions(state: State, *, project: str, stack: str, partition: str) -> PolicyDocument:
    """What Pulumi does with the state of one stack.

    The layout is that of pulumi/pulumi, pkg/backend/diy (store.go, state.go, lock.go, stack_tags.go; 3.256.0): one
    stack's files can be told from the others', so a stage writes its own alone. It reads those of the project, whose
    outputs it may need. The bucket has been used before: who signs in to an empty one has to write `meta.yaml`.

    Args:
        state: where it is.
        project: the name of the Pulumi project.
        stack: the stack's name.
        partition: such as `aws`.
    """
    statements = []
    if state.bucket is not None:
        bucket = f"arn:{partition}:s3:::{state.bucket}"
        folder = f"{bucket}/{state.prefix}/.pulumi" if state.prefix else f"{bucket}/.pulumi"
        own = f"{project}/{stack}"
        statements += [
            Statement(sid="ListTheState", actions=("s3:ListBucket",), resources=(bucket,)),
            Statement(
                sid="ReadTheState",
                actions=("s3:GetObject",),
                resources=(
                    f"{folder}/meta.yaml",
                    f"{folder}/stacks/{project}/*",
                    *(f"{folder}/{kind}" for kind in _own_folders(own)),
                ),
            ),
            Statement(
                sid="WriteTheStackOfTheStage",
                actions=_WRITE,
                resources=(
                    f"{folder}/stacks/{own}.json*",
                    f"{folder}/stacks/{own}.pulumi-tags",
                    *(f"{folder}/{kind}" for kind in _own_folders(own)),
                ),
            ),
        ]
    if state.key_arn is not None:
        statements.append(Statement(sid="OpenTheState", actions=_KEY, resources=(state.key_arn,)))
    if state.secrets:
        arns = tuple(state.secrets.values())
        statements.append(Statement(sid="ReadSecrets", actions=("secretsmanager:GetSecretValue",), resources=arns))
    return PolicyDocument(tuple(statements))


def _own_folders(own: str) -> tuple[str, ...]:
    return (f"backups/{own}/*", f"history/{own}/*", f"locks/organization/{own}/*")
