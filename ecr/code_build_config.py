"""The `codeBuild` key of a stack's configuration: which projects get a service role."""

from __future__ import annotations

from dataclasses import dataclass

from ecr.access import code_build, roles
from ecr.config_reader import Section


@dataclass(frozen=True, kw_only=True)
class CodeBuildConfig:
    """What a stack says about CodeBuild.

    Attributes:
        projects: the names of the projects, in this account and Region.
        enhanced_scanning: whether Amazon Inspector scans the repository that images are promoted from.
        role_name: the role's name; None lets Pulumi name it.
        permissions_boundary: the ARN of a policy that bounds the role; None for no boundary.
    """

    projects: tuple[str, ...]
    enhanced_scanning: bool = False
    role_name: str | None = None
    permissions_boundary: str | None = None


def read_code_build(top: Section, *, region: str | None = None) -> CodeBuildConfig | None:
    """What the stack says under `codeBuild`; None where it says nothing.

    Mistakes are noted in the section, and what is handed out then is of no use.

    Args:
        top: the stack's configuration.
        region: of the stack, None where the environment says it: then ARNs of other partitions pass.
    """
    section = top.section("codeBuild")
    if section is None:
        return None
    before = section.mistakes
    section.refuse_nulls()
    config = CodeBuildConfig(
        projects=section.names("projects", code_build.is_project, code_build.PROJECT_RULE, required=True),
        enhanced_scanning=section.flag("enhancedScanning", default=False),
        role_name=section.text("roleName", roles.is_role_name, roles.ROLE_NAME_RULE),
        permissions_boundary=roles.read_boundary(section, region),
    )
    section.finish()
    if section.mistakes == before:
        for problem in code_build.problems(config.projects):
            section.wrong(problem.path, problem.reason)
    return config
