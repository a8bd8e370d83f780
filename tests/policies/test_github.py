from __future__ import annotations

from collections.abc import Mapping

import pytest

from ecr.access import github
from ecr.access.documents import PolicyDocument
from ecr.access.github import GitHubWorkflows, RepositoryIds
from tests.policies import linting, review, tables
from tests.policies.evaluator import Principal, Request
from tests.policies.linting import Kind
from tests.policies.tables import Row, check, survivors

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
GITHUB = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
MAIN = "repo:acme/shop:ref:refs/heads/main"


def job(
    claims: Mapping[str, str | None],
    *,
    principal: Principal = Principal(federated=PROVIDER),  # noqa: B008  # it is frozen
    action: str = "sts:AssumeRoleWithWebIdentity",
) -> Request:
    """A job of GitHub Actions that asks for the role with its token, whose claims STS puts before the policy."""
    context = {f"{GITHUB}:{key}": value for key, value in claims.items() if value is not None}
    return Request(action=action, principal=principal, context=context)


def refused(name: str, sub: str | None, **claims: str | None) -> Row:
    return Row(name, job({"aud": AUDIENCE, "sub": sub, **claims}), allowed=False)


def trusted(name: str, sub: str, **claims: str) -> Row:
    return Row(name, job({"aud": AUDIENCE, "sub": sub, **claims}), allowed=True)


def by_others(**claims: str) -> list[Row]:
    """Tokens as they should be, in hands that they should not be in, or used for something else."""
    asking = {
        "GitHub's provider in another account": Principal(federated=PROVIDER.replace("123456789012", "999999999999")),
        "an enterprise's issuer of its own": Principal(federated=f"{PROVIDER}/acme"),
        "another provider with the same claims": Principal(federated=f"{PROVIDER.rpartition('/')[0]}/gitlab.com"),
        "a role of the account": Principal(arn="arn:aws:iam::123456789012:role/deployer"),
        "a user of the account": Principal(arn="arn:aws:iam::123456789012:user/ann"),
        "a service": Principal(service="codebuild.amazonaws.com"),
        "nobody known": Principal(),
    }
    right = {"aud": AUDIENCE, "sub": MAIN, **claims}
    return [
        *tables.by_others("with the claims", job(right)),
        *(Row(name, job(right, principal=principal), allowed=False) for name, principal in asking.items()),
        *(
            Row(action, job(right, action=action), allowed=False)
            for action in ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:TagSession")
        ),
    ]


BY_NAME = github.trust_policy(
    GitHubWorkflows(
        repository="acme/shop", branches=("main", "release/*"), tags=("v*",), environments=("prod", "blue:eu")
    ),
    provider_arn=PROVIDER,
)

BY_NAME_ROWS = [
    trusted("a push to main", MAIN),
    trusted("a branch of the pattern", "repo:acme/shop:ref:refs/heads/release/1.0"),
    trusted("a branch of the pattern, deeper", "repo:acme/shop:ref:refs/heads/release/2026/11"),
    trusted("a tag of the pattern", "repo:acme/shop:ref:refs/tags/v1.0.0"),
    trusted("the environment", "repo:acme/shop:environment:prod"),
    trusted("the environment with a colon, as GitHub escapes it", "repo:acme/shop:environment:blue%3Aeu"),
    trusted(
        "main, by a reusable workflow of somebody else that it calls",
        MAIN,
        job_workflow_ref="octo-org/workflows/.github/workflows/push.yml@refs/heads/main",
    ),
    trusted("main, whatever its IDs: there are none to compare", MAIN, repository_id="1", repository_owner_id="2"),
    # Branches.
    refused("another branch", "repo:acme/shop:ref:refs/heads/dev"),
    refused("a branch that begins like main", "repo:acme/shop:ref:refs/heads/main-evil"),
    refused("a branch below main", "repo:acme/shop:ref:refs/heads/main/evil"),
    refused("a branch that ends like main", "repo:acme/shop:ref:refs/heads/evil/main"),
    refused("main in other letters", "repo:acme/shop:ref:refs/heads/Main"),
    refused("a branch that is only the beginning of main", "repo:acme/shop:ref:refs/heads/mai"),
    refused("the pattern without its slash", "repo:acme/shop:ref:refs/heads/release"),
    refused("a branch that begins like the pattern", "repo:acme/shop:ref:refs/heads/releases/1.0"),
    refused("the pattern further down", "repo:acme/shop:ref:refs/heads/mallory/release/1.0"),
    refused("a merge queue's branch", "repo:acme/shop:ref:refs/heads/gh-readonly-queue/main/pr-1-0a1b2c"),
    refused("a branch named like a tag", "repo:acme/shop:ref:refs/heads/v1.0.0"),
    refused("a branch named like the whole ref", "repo:acme/shop:ref:refs/heads/refs/heads/main"),
    # Tags.
    refused("a tag named like the branch", "repo:acme/shop:ref:refs/tags/main"),
    refused("a tag named like the branches", "repo:acme/shop:ref:refs/tags/release/1.0"),
    refused("another tag", "repo:acme/shop:ref:refs/tags/1.0.0"),
    refused("a tag in other letters", "repo:acme/shop:ref:refs/tags/V1.0.0"),
    # Environments.
    refused("another environment", "repo:acme/shop:environment:dev"),
    refused("an environment that begins like it", "repo:acme/shop:environment:prod-evil"),
    refused("an environment in other letters", "repo:acme/shop:environment:Prod"),
    refused("an environment that would go on as a ref", "repo:acme/shop:environment:x%3Aref%3Arefs/heads/main"),
    refused("an environment with a colon that is not escaped", "repo:acme/shop:environment:blue:eu"),
    refused("an environment named like the branch", "repo:acme/shop:environment:main"),
    refused("a job of main with an environment", "repo:acme/shop:environment:dev", ref="refs/heads/main"),
    # Pull requests.
    refused("a pull request", "repo:acme/shop:pull_request"),
    refused("a pull request into main", "repo:acme/shop:pull_request", ref="refs/pull/7/merge", base_ref="main"),
    refused("a pull request's merge ref", "repo:acme/shop:ref:refs/pull/7/merge"),
    refused("a fork's pull request", "repo:mallory/shop:pull_request"),
    refused("a fork's main", "repo:mallory/shop:ref:refs/heads/main"),
    refused("a fork's environment of the same name", "repo:mallory/shop:environment:prod"),
    # Other repositories.
    refused("a repository that begins like it", "repo:acme/shop-evil:ref:refs/heads/main"),
    refused("a repository that begins like it, without a dash", "repo:acme/shopping:ref:refs/heads/main"),
    refused("another repository of the owner", "repo:acme/other:ref:refs/heads/main"),
    refused("an owner that begins like it", "repo:acme-evil/shop:ref:refs/heads/main"),
    refused("an owner that ends like it", "repo:evil-acme/shop:ref:refs/heads/main"),
    refused("the repository in other letters", "repo:Acme/Shop:ref:refs/heads/main"),
    refused("an owner named like the whole beginning", "repo:mallory/repo:acme/shop:ref:refs/heads/main"),
    refused("the format with IDs, which the stack doesn't name", "repo:acme@1/shop@2:ref:refs/heads/main"),
    refused(
        "a repository of somebody else that calls our reusable workflow",
        "repo:mallory/shop:ref:refs/heads/main",
        job_workflow_ref="acme/shop/.github/workflows/push.yml@refs/heads/main",
    ),
    # Subjects that are not what they should be.
    refused("the repository alone", "repo:acme/shop"),
    refused("any subject of the repository", "repo:acme/shop:*"),
    refused("any subject", "*"),
    refused("an empty subject", ""),
    refused("no subject", None),
    refused("a line break at the end", f"{MAIN}\n"),
    refused("a blank at the beginning", f" {MAIN}"),
    refused("a subject of an owner", "repository_owner:acme"),
    refused("a subject of a reusable workflow", "job_workflow_ref:acme/shop/.github/workflows/x.yml@refs/heads/main"),
    refused("the parts of the subject in another order", "ref:refs/heads/main:repo:acme/shop"),
    refused("main, and more after it", f"{MAIN}:job_workflow_ref:acme/shop/.github/workflows/push.yml@refs/heads/main"),
    # Audiences.
    refused("the audience that GitHub gives by itself", MAIN, aud="https://github.com/acme"),
    refused("a token for somebody else", MAIN, aud="sigstore"),
    refused("an audience that begins like it", MAIN, aud="sts.amazonaws.com.evil.example"),
    refused("no audience", MAIN, aud=None),
    *by_others(),
]

IDS = {"repository_id": "456789", "repository_owner_id": "123456"}
IMMUTABLE_MAIN = "repo:acme@123456/shop@456789:ref:refs/heads/main"

BY_ID = github.trust_policy(
    GitHubWorkflows(
        repository="acme/shop",
        ids=RepositoryIds(owner=123456, repository=456789),
        branches=("main",),
        environments=("prod",),
    ),
    provider_arn=PROVIDER,
)

BY_ID_ROWS = [
    trusted("main, by names", MAIN, **IDS),
    trusted("the environment, by names", "repo:acme/shop:environment:prod", **IDS),
    trusted("main, by names and IDs", IMMUTABLE_MAIN, **IDS),
    trusted("the environment, by names and IDs", "repo:acme@123456/shop@456789:environment:prod", **IDS),
    # Names that somebody else has now.
    refused("a repository made anew under the name", MAIN, **{**IDS, "repository_id": "999999"}),
    refused("the repository, moved to who has the owner's name now", MAIN, **{**IDS, "repository_owner_id": "999999"}),
    refused("both names registered anew", MAIN, repository_id="1", repository_owner_id="2"),
    refused("names registered anew, with IDs in the subject", "repo:acme@1/shop@2:ref:refs/heads/main", **IDS),
    refused("names alone, without claims of IDs", MAIN),
    refused("names and IDs in the subject, without claims of IDs", IMMUTABLE_MAIN),
    refused("without the repository's ID", MAIN, repository_owner_id="123456"),
    refused("without the owner's ID", MAIN, repository_id="456789"),
    refused("IDs that are empty", MAIN, repository_id="", repository_owner_id=""),
    refused("a wildcard as an ID", MAIN, repository_id="*", repository_owner_id="*"),
    refused("the IDs the wrong way round", MAIN, repository_id="123456", repository_owner_id="456789"),
    # Subjects with IDs.
    refused("an ID that goes on", "repo:acme@123456/shop@4567890:ref:refs/heads/main", **IDS),
    refused("an ID with letters after it", "repo:acme@123456/shop@456789x:ref:refs/heads/main", **IDS),
    refused("an owner's ID that goes on", "repo:acme@1234567/shop@456789:ref:refs/heads/main", **IDS),
    refused("the IDs in the subject the wrong way round", "repo:acme@456789/shop@123456:ref:refs/heads/main", **IDS),
    refused("an ID for the owner only", "repo:acme@123456/shop:ref:refs/heads/main", **IDS),
    refused("an ID for the repository only", "repo:acme/shop@456789:ref:refs/heads/main", **IDS),
    refused("IDs without names", "repo:@123456/@456789:ref:refs/heads/main", **IDS),
    refused("other names with these IDs", "repo:mallory@123456/evil@456789:ref:refs/heads/main", **IDS),
    refused("a wildcard for a name", "repo:acme*/shop*:ref:refs/heads/main", **IDS),
    # As without IDs.
    refused("another branch, with IDs", "repo:acme@123456/shop@456789:ref:refs/heads/dev", **IDS),
    refused("another branch, by names", "repo:acme/shop:ref:refs/heads/dev", **IDS),
    refused("a tag named like the branch", "repo:acme@123456/shop@456789:ref:refs/tags/main", **IDS),
    refused("another environment", "repo:acme@123456/shop@456789:environment:dev", **IDS),
    refused("a pull request", "repo:acme@123456/shop@456789:pull_request", **IDS),
    refused("a fork's pull request", "repo:mallory@7/shop@8:pull_request", repository_id="8", repository_owner_id="7"),
    refused("a fork's main", "repo:mallory@7/shop@8:ref:refs/heads/main", repository_id="8", repository_owner_id="7"),
    refused(
        "another repository of the owner",
        "repo:acme@123456/x@5:ref:refs/heads/main",
        **{**IDS, "repository_id": "5"},
    ),
    refused("the IDs alone, with another subject", "repository_id:456789", **IDS),
    refused("the IDs alone, without a subject", None, **IDS),
    refused("another audience", MAIN, aud="sigstore", **IDS),
    refused("no audience", MAIN, aud=None, **IDS),
    *by_others(**IDS),
]

DOCUMENTS = [
    pytest.param("github-by-name", BY_NAME, BY_NAME_ROWS, id="by name"),
    pytest.param("github-by-id", BY_ID, BY_ID_ROWS, id="by ID"),
]


@pytest.mark.parametrize(("name", "policy", "rows"), DOCUMENTS)
def test_the_trust_of_github_is_the_reviewed_one_and_no_part_of_it_is_idle(
    name: str, policy: PolicyDocument, rows: list[Row]
) -> None:
    review.compare(name, policy.document)
    assert linting.lint(policy.document, Kind.TRUST) == []
    check(policy.document, rows)
    assert survivors(policy.document, rows) == []
