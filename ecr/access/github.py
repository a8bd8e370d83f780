"""Which jobs of GitHub Actions may assume a role, and the trust policy that says so.

GitHub Docs, "OpenID Connect reference", sections "Example subject claims" and "Immutable subject claims"; IAM user
guide, "IAM and AWS STS condition context keys", section "Available keys for AWS OIDC federation", GitHub.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from ecr.access import roles
from ecr.access.documents import Condition, PolicyDocument, PrincipalType, Statement
from ecr.config_reader import COUNTS
from ecr.problems import Problem, refused, refused_items
from ecr.reference import SOMEWHERE
from ecr.regions import PARTITION

ISSUER = "token.actions.githubusercontent.com"

# How the IAM OIDC provider is come by; anything else is its ARN.
FIND, MAKE = "find", "make"

_PROVIDER_ARN = re.compile(rf"arn:{PARTITION}:iam::[0-9]{{12}}:oidc-provider/{re.escape(ISSUER)}")
PROVIDER_RULE = (
    f"{FIND} (the account has GitHub's OIDC provider), {MAKE} (this stack makes it), or its ARN, "
    f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
)

# GitHub Docs, "About enterprise managed users" (the underscore) and the rules that GitHub's sign-up form states. '@' is
# in neither name, so that it can stand between names and IDs in a subject.
_REPOSITORY = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9-]{0,38}(?:_[A-Za-z0-9]{1,8})?/(?!\.{1,2}$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}"
)
REPOSITORY_RULE = "OWNER/REPOSITORY, spelt as GitHub spells it, without wildcards, such as acme/shop"

# git-check-ref-format(1). '$' would begin a variable of IAM's; a ref can't contain ':', which GitHub would escape.
_NO_REF = re.compile(r"[^!-~]|[~^:?\[\\$]|\.\.|@\{|//|^[/.-]|/\.|\.lock(?:/|$)|[/.]$|^@$|\*\*")
_MAX_REF = 240
_PATTERN_RULE = "{}; a '*' may stand in it, but not first"
BRANCH_RULE = _PATTERN_RULE.format("a branch such as main or release/*, as git writes it without refs/heads/")
TAG_RULE = _PATTERN_RULE.format("a tag such as v1.0.0 or v*, as git writes it without refs/tags/")

# GitHub Docs, "Managing environments for deployment": up to 255 characters.
_ENVIRONMENT = re.compile(r"(?! )[ -~]{1,255}(?<! )")
ENVIRONMENT_RULE = "an environment such as prod, spelt as the job spells it, in plain letters without *, ? and $"

_LONGEST_PROVIDER = f"arn:{SOMEWHERE.partition}:iam::{SOMEWHERE.account}:oidc-provider/{ISSUER}"


@dataclass(frozen=True, kw_only=True)
class RepositoryIds:
    """The numbers that GitHub gives once and for all: they outlive renames, and nobody else ever gets them.

    `gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id'` prints them.
    """

    owner: int
    repository: int


@dataclass(frozen=True, kw_only=True)
class GitHubWorkflows:
    """The jobs that are meant: of one repository, and of any one of the branches, tags and environments named.

    A job that names an environment is known by that alone, whatever its branch: who may deploy to it is for the
    environment's protection rules to say. Never accepted are the subjects of pull requests.

    What a subject doesn't tell: that a job was triggered by `pull_request_target`, which runs a workflow of the
    repository itself on one of its own branches, and which reusable workflow a job calls. A repository that hands its
    token to code of strangers in one of these ways hands them the role, too.

    Attributes:
        repository: `OWNER/REPOSITORY`. AWS compares it letter by letter, GitHub does not: spell it as GitHub does.
        ids: its IDs and its owner's. With them the role trusts this very repository, and not what is registered under
            its name later; repositories made, renamed or transferred after 15 July 2026 need them, because their
            subjects contain them.
        branches: such as `main`, or with a wildcard `release/*`, which also covers `release/a/b`.
        tags: such as `v*`.
        environments: deployment environments, without wildcards.
    """

    repository: str
    ids: RepositoryIds | None = None
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()


def is_repository(text: str) -> bool:
    """Whether `text` is `OWNER/REPOSITORY` by GitHub's grammar of names."""
    return _REPOSITORY.fullmatch(text) is not None


def is_ref_pattern(text: str) -> bool:
    """Whether `text` is a branch or tag by git's grammar, or a pattern of them with a beginning of its own."""
    return 1 <= len(text) <= _MAX_REF and not text.startswith("*") and not _NO_REF.search(text)


def is_environment(text: str) -> bool:
    """Whether `text` names one deployment environment."""
    return _ENVIRONMENT.fullmatch(text) is not None and not set("*?$") & set(text)


def is_provider(text: str) -> bool:
    """Whether `text` says how the OIDC provider is come by: `find`, `make` or its ARN."""
    return text in (FIND, MAKE) or _PROVIDER_ARN.fullmatch(text) is not None


def problems(workflows: GitHubWorkflows) -> tuple[Problem, ...]:
    """What can't be accepted about `workflows`, by the names of its fields."""
    found = [*_field_problems(workflows)]
    if not (workflows.branches or workflows.tags or workflows.environments):
        found.append(Problem("", "names no branches, tags or environments; must name at least one of them"))
    if not found:
        found += roles.too_long(trust_policy(workflows, provider_arn=_LONGEST_PROVIDER))
    return tuple(found)


def _field_problems(workflows: GitHubWorkflows) -> Iterator[Problem]:
    if not is_repository(workflows.repository):
        yield refused("repository", workflows.repository, REPOSITORY_RULE)
    if workflows.ids is not None:
        for field, number in (("ids.owner", workflows.ids.owner), ("ids.repository", workflows.ids.repository)):
            if number not in COUNTS:
                yield refused(field, number, f"a whole number, 1 to {COUNTS[-1]}")
    lists: tuple[tuple[str, tuple[str, ...], Callable[[str], bool], str], ...] = (
        ("branches", workflows.branches, is_ref_pattern, BRANCH_RULE),
        ("tags", workflows.tags, is_ref_pattern, TAG_RULE),
        ("environments", workflows.environments, is_environment, ENVIRONMENT_RULE),
    )
    for field, values, accept, rule in lists:
        yield from refused_items(field, values, accept, rule)


def subjects(workflows: GitHubWorkflows) -> tuple[str, ...]:
    """The subjects (`sub`) of the tokens of these jobs: by names, and with IDs also by names and IDs."""
    owner, _, name = workflows.repository.partition("/")
    repositories = [f"{owner}/{name}"]
    if workflows.ids is not None:
        repositories.append(f"{owner}@{workflows.ids.owner}/{name}@{workflows.ids.repository}")
    contexts = [
        *(f"ref:refs/heads/{branch}" for branch in workflows.branches),
        *(f"ref:refs/tags/{tag}" for tag in workflows.tags),
        # "Filtering for metadata containing `:`": no name can go on as another part of the subject.
        *(f"environment:{environment.replace(':', '%3A')}" for environment in workflows.environments),
    ]
    return tuple(f"repo:{repository}:{context}" for repository in repositories for context in contexts)


def trust_policy(workflows: GitHubWorkflows, *, provider_arn: str) -> PolicyDocument:
    """The trust policy of a role for these jobs.

    The subject is always evaluated, as IAM demands of issuers that many customers share (IAM user guide,
    "Identity-provider controls for shared OIDC providers"), and compared to its end. The IDs are compared by keys of
    their own, so that a subject by names alone is not enough either.
    """
    conditions = [Condition("StringEquals", f"{ISSUER}:aud", (roles.AUDIENCE,))]
    if workflows.ids is not None:
        conditions += [
            Condition("StringEquals", f"{ISSUER}:repository_id", (str(workflows.ids.repository),)),
            Condition("StringEquals", f"{ISSUER}:repository_owner_id", (str(workflows.ids.owner),)),
        ]
    trusted = subjects(workflows)
    # One condition for all: two would both have to hold. What has no wildcard means the same to StringLike.
    operator = "StringLike" if any("*" in subject for subject in trusted) else "StringEquals"
    conditions.append(Condition(operator, f"{ISSUER}:sub", trusted))
    statement = Statement(
        sid="GitHubActions",
        principals=MappingProxyType({PrincipalType.FEDERATED: (provider_arn,)}),
        actions=roles.WEB_IDENTITY,
        conditions=tuple(conditions),
    )
    return PolicyDocument((statement,))
