"""The `github` key of a stack's configuration: which workflow jobs get a role."""

from __future__ import annotations

from dataclasses import dataclass

from ecr.access import github, roles
from ecr.access.github import GitHubWorkflows, RepositoryIds
from ecr.config_reader import Section


@dataclass(frozen=True, kw_only=True)
class GitHubConfig:
    """What a stack says about GitHub Actions.

    Attributes:
        workflows: the jobs that may assume the role.
        oidc_provider: `find`, `make` or an ARN.
        enhanced_scanning: whether Amazon Inspector scans the repository that images are promoted from.
        role_name: the role's name; None lets Pulumi name it.
        permissions_boundary: the ARN of a policy that bounds the role; None for no boundary.
    """

    workflows: GitHubWorkflows
    oidc_provider: str = github.FIND
    enhanced_scanning: bool = False
    role_name: str | None = None
    permissions_boundary: str | None = None


def read_github(top: Section, *, region: str | None = None) -> GitHubConfig | None:
    """What the stack says under `github`; None where it says nothing.

    Mistakes are noted in the section, and what is handed out then is of no use.

    Args:
        top: the stack's configuration.
        region: of the stack, None where the environment says it: then ARNs of other partitions pass.
    """
    section = top.section("github")
    if section is None:
        return None
    before = section.mistakes
    # `ids` or `permissionsBoundary` without a value would mean more trust than somebody had in mind.
    section.refuse_nulls()
    workflows = GitHubWorkflows(
        repository=section.required_text(
            "repository", github.is_repository, github.REPOSITORY_RULE, example="acme/shop"
        ),
        ids=_ids(section),
        branches=section.names("branches", github.is_ref_pattern, github.BRANCH_RULE),
        tags=section.names("tags", github.is_ref_pattern, github.TAG_RULE),
        environments=section.names("environments", github.is_environment, github.ENVIRONMENT_RULE),
    )
    config = GitHubConfig(
        workflows=workflows,
        oidc_provider=roles.read_arn(section, "oidcProvider", github.is_provider, github.PROVIDER_RULE, region)
        or github.FIND,
        enhanced_scanning=section.flag("enhancedScanning", default=False),
        role_name=section.text("roleName", roles.is_role_name, roles.ROLE_NAME_RULE),
        permissions_boundary=roles.read_boundary(section, region),
    )
    section.finish()
    if section.mistakes == before:
        for problem in github.problems(workflows):
            section.wrong(problem.path, problem.reason)
    return config


def _ids(section: Section) -> RepositoryIds | None:
    before = section.mistakes
    ids = section.section("ids")
    if ids is None:
        # An empty object counts as missing, but here leaving it out would trust more.
        if section.has("ids") and section.mistakes == before:
            section.wrong("ids", "is empty; accepted: {owner: NUMBER, repository: NUMBER}, or no ids at all")
        return None
    numbers = {}
    for key in ("owner", "repository"):
        numbers[key] = ids.count(key)
        if not ids.has(key):
            ids.wrong(key, "is missing; accepted: the number that GitHub gave it, 1 or more. The two IDs go together")
    ids.finish()
    return RepositoryIds(owner=numbers["owner"] or 0, repository=numbers["repository"] or 0)
