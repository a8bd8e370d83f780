"""Which CodeBuild projects may assume a role, and what a build needs beside the images: its logs.

AWS CodeBuild user guide, "Allow CodeBuild to interact with other AWS services" (the service role).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from types import MappingProxyType

from ecr.access import roles
from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement
from ecr.problems import Problem, refused_items
from ecr.reference import SOMEWHERE

# AWS CodeBuild API reference, CreateProject, name: 2 to 150, which is fewer than the pattern of ARNs lets through.
MAX_PROJECT = 150
_PROJECT = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{1,{MAX_PROJECT - 1}}}")
PROJECT_RULE = "the name of a CodeBuild project, 2 to 150 letters, digits, '-' and '_', such as shop-dev"

_SERVICE = "codebuild.amazonaws.com"
_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")


def is_project(text: str) -> bool:
    """Whether CodeBuild makes a project of this name."""
    return _PROJECT.fullmatch(text) is not None


def problems(projects: Sequence[str]) -> tuple[Problem, ...]:
    """What can't be accepted about the names of projects."""
    found = [*refused_items("projects", projects, is_project, PROJECT_RULE)]
    if not projects:
        found.append(Problem("projects", f"is empty; accepted: {PROJECT_RULE}"))
    if not found:
        found += roles.too_long(trust_policy(projects, **asdict(SOMEWHERE)))
    return tuple(found)


def trust_policy(projects: Sequence[str], *, partition: str, region: str, account: str) -> PolicyDocument:
    """The trust policy of a service role for these projects.

    Without the conditions, whoever may pass the role could run it in a project of their own, and CodeBuild would be a
    confused deputy.
    """
    arns = tuple(f"arn:{partition}:codebuild:{region}:{account}:project/{project}" for project in projects)
    statement = Statement(
        sid="CodeBuild",
        principals=MappingProxyType({PrincipalType.SERVICE: (_SERVICE,)}),
        actions=("sts:AssumeRole",),
        conditions=(
            Condition("ArnEquals", "aws:SourceArn", arns),
            Condition("StringEquals", "aws:SourceAccount", (account,)),
        ),
    )
    return PolicyDocument((statement,))


def logs_policy(projects: Sequence[str], *, partition: str, region: str, account: str) -> PolicyDocument:
    """The policy of a service role whose builds write their logs: to the log groups of these projects, by their names.

    CodeBuild names the group `/aws/codebuild/PROJECT` where a project says nothing else. The second form of each ARN is
    that of its streams; the name of a group has no ':'.
    """
    groups = [f"arn:{partition}:logs:{region}:{account}:log-group:/aws/codebuild/{project}" for project in projects]
    resources = tuple(arn for group in groups for arn in (group, f"{group}:*"))
    return PolicyDocument((Statement(sid="WriteLogs", actions=_LOGS, resources=resources),))
