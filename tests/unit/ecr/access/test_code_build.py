from __future__ import annotations

import pytest

from ecr.access import code_build


@pytest.mark.parametrize("name", ["ab", "shop-dev", "Shop_2", "s" * 150])
def test_names_of_projects(name: str) -> None:
    assert code_build.is_project(name)


@pytest.mark.parametrize("name", ["a", "-shop", "shop.dev", "s" * 151, "shop*"])
def test_what_names_no_project(name: str) -> None:
    assert not code_build.is_project(name)


def test_a_component_is_checked_by_the_names_of_its_parameters() -> None:
    assert [problem.path for problem in code_build.problems(("ab", "*", "ab"))] == ["projects[1]", "projects[2]"]
    assert [problem.path for problem in code_build.problems(())] == ["projects"]
    assert code_build.problems(("shop-build",)) == ()


def test_policies_are_of_the_place_that_they_are_for() -> None:
    place = {"partition": "aws-cn", "region": "cn-north-1", "account": "210987654321"}
    trust = code_build.trust_policy(("shop",), **place).text
    logs = code_build.logs_policy(("shop",), **place).text
    assert '"aws:SourceArn":"arn:aws-cn:codebuild:cn-north-1:210987654321:project/shop"' in trust
    assert '"aws:SourceAccount":"210987654321"' in trust
    assert '"arn:aws-cn:logs:cn-north-1:210987654321:log-group:/aws/codebuild/shop:*"' in logs
