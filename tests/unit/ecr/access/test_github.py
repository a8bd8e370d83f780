from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr.access import github
from ecr.access.github import GitHubWorkflows, RepositoryIds
from ecr.problems import Problem

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def test_subjects_are_written_as_github_writes_them() -> None:
    """The examples of GitHub Docs, "OpenID Connect reference"."""
    workflows = GitHubWorkflows(
        repository="octo-org/octo-repo",
        branches=("demo-branch",),
        tags=("demo-tag",),
        environments=("Production", "Production:V1"),
    )
    assert github.subjects(workflows) == (
        "repo:octo-org/octo-repo:ref:refs/heads/demo-branch",
        "repo:octo-org/octo-repo:ref:refs/tags/demo-tag",
        "repo:octo-org/octo-repo:environment:Production",
        "repo:octo-org/octo-repo:environment:Production%3AV1",
    )


def test_with_ids_both_formats_are_trusted() -> None:
    workflows = GitHubWorkflows(
        repository="octo-org/octo-repo", ids=RepositoryIds(owner=123456, repository=456789), branches=("main",)
    )
    assert github.subjects(workflows) == (
        "repo:octo-org/octo-repo:ref:refs/heads/main",
        "repo:octo-org@123456/octo-repo@456789:ref:refs/heads/main",
    )


OPERATORS = [
    pytest.param(GitHubWorkflows(repository="a/b", branches=("main",)), "StringEquals", id="no wildcard"),
    pytest.param(GitHubWorkflows(repository="a/b", branches=("main", "r/*")), "StringLike", id="a branch's"),
    pytest.param(GitHubWorkflows(repository="a/b", tags=("v*",)), "StringLike", id="a tag's"),
]


@pytest.mark.parametrize(("workflows", "operator"), OPERATORS)
def test_wildcards_are_looked_for_only_where_there_are_some(workflows: GitHubWorkflows, operator: str) -> None:
    (statement,) = github.trust_policy(workflows, provider_arn=PROVIDER).statements
    assert [condition.operator for condition in statement.conditions if condition.key.endswith(":sub")] == [operator]


TEXTS = st.text(st.sampled_from("ab1/*?.:@-_ $%{}[~^\n\u00e9"), max_size=6)


@given(st.builds("{}/{}".format, TEXTS, TEXTS))
def test_an_accepted_repository_can_not_reach_out_of_its_place(text: str) -> None:
    if github.is_repository(text):
        assert set(text) <= set("ab1/.-_")
        assert text.count("/") == 1


@given(TEXTS)
def test_an_accepted_branch_or_tag_can_not_reach_out_of_its_place(text: str) -> None:
    if github.is_ref_pattern(text):
        assert not set("?:$[~^ \n\u00e9") & set(text)
        assert text[0] not in "*/.-"


@given(TEXTS)
def test_an_accepted_environment_can_not_reach_out_of_its_place(text: str) -> None:
    if github.is_environment(text):
        (subject,) = github.subjects(GitHubWorkflows(repository="a/b", environments=(text,)))
        assert subject.count(":") == 3
        assert not set("*?$\n\u00e9") & set(subject)


def test_a_whole_component_is_checked_by_the_same_rules() -> None:
    workflows = GitHubWorkflows(
        repository="acme",
        ids=RepositoryIds(owner=0, repository=-1),
        branches=("*", "main", "main"),
        tags=("*",),
        environments=("*",),
    )
    assert [problem.path for problem in github.problems(workflows)] == [
        *("repository", "ids.owner", "ids.repository", "branches[0]", "branches[2]", "tags[0]", "environments[0]")
    ]
    assert github.problems(GitHubWorkflows(repository="acme/shop")) == (
        Problem("", "names no branches, tags or environments; must name at least one of them"),
    )


@pytest.mark.parametrize("number", [2**63, 10**40, 10**5000], ids=["64 bits", "41 digits", "5001 digits"])
def test_an_id_is_no_larger_than_any_that_github_gives(number: int) -> None:
    workflows = GitHubWorkflows(
        repository="acme/shop", ids=RepositoryIds(owner=number, repository=number), branches=("main",)
    )
    assert [problem.path for problem in github.problems(workflows)] == ["ids.owner", "ids.repository"]
    largest = RepositoryIds(owner=2**63 - 1, repository=2**63 - 1)
    assert github.problems(GitHubWorkflows(repository="acme/shop", ids=largest, branches=("main",))) == ()


def test_a_trust_policy_may_be_as_long_as_iam_takes() -> None:
    def problems(count: int) -> tuple[Problem, ...]:
        return github.problems(GitHubWorkflows(repository="a/b", branches=tuple(f"b{n:02}" for n in range(count))))

    shown = [bool(problems(count)) for count in range(1, 80)]
    fits = shown.index(True)
    assert shown == [False] * fits + [True] * (79 - fits)
    longest = GitHubWorkflows(repository="a/b", branches=tuple(f"b{n:02}" for n in range(fits)))
    provider = PROVIDER.replace("arn:aws:", "arn:aws-us-gov:")
    assert len(github.trust_policy(longest, provider_arn=provider).text) <= 2048
