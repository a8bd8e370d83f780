from __future__ import annotations

import pytest
from hypothesis import given

from ecr import config_reader
from ecr.code_build_config import CodeBuildConfig, read_code_build
from tests.unit.ecr import stack_files

PATH = "container-registry:codeBuild"
LEAST = {"projects": ["shop-build"]}


def read(values: object, *, region: str | None = None) -> CodeBuildConfig | None:
    return stack_files.read("codeBuild", values, lambda top: read_code_build(top, region=region))


def mistakes(values: object, *, region: str | None = None) -> list[str]:
    return stack_files.mistakes(lambda: read(values, region=region))


@pytest.mark.parametrize("values", [None, {}])
def test_a_stack_that_says_nothing_has_no_role_for_codebuild(values: object) -> None:
    assert read(values) is None


def test_every_key_is_read() -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    values = {
        "projects": ["shop-build", "Shop_2"],
        "enhancedScanning": True,
        "roleName": "shop-build",
        "permissionsBoundary": boundary,
    }
    assert read(values) == CodeBuildConfig(
        projects=("shop-build", "Shop_2"), enhanced_scanning=True, role_name="shop-build", permissions_boundary=boundary
    )
    assert read(LEAST) == CodeBuildConfig(projects=("shop-build",), role_name=None, permissions_boundary=None)


PROJECT = "the name of a CodeBuild project, 2 to 150 letters, digits, '-' and '_', such as shop-dev"
ROLE = "the name of a role without its path, 1 to 64 letters, digits and _+=,.@-, such as shop-nodes"
BOUNDARY = "the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary"
QUOTES = "; in quotes, so that YAML takes it as text"


def refused(key: str, value: object, rule: str) -> str:
    return f"{PATH}.{key}: {config_reader.shown(value)} is not accepted; accepted: {rule}"


REFUSED = [
    *(
        pytest.param({"projects": [value]}, refused("projects[0]", value, PROJECT), id=f"project {name}")
        for name, value in {
            "any": "*",
            "of a beginning": "shop-*",
            "with a question mark": "sho?",
            "as its ARN": "arn:aws:codebuild:eu-west-1:123456789012:project/shop-build",
            "with a slash": "shop/build",
            "with a colon": "shop:build",
            "with a dot": "shop.build",
            "with a blank": "shop build",
            "with a line break": "shop\n",
            "with a variable": "${aws:username}",
            "that begins with a dash": "-shop",
            "of one letter": "s",
            "of 151 letters": "s" * 151,
            "empty": "",
            "in another script": "\uc0c1\uc810",
        }.items()
    ),
    pytest.param({"projects": [12]}, refused("projects[0]", 12, PROJECT + QUOTES), id="a project that is a number"),
    pytest.param(
        {"projects": "shop-build"}, refused("projects", "shop-build", "a list"), id="projects that are no list"
    ),
    pytest.param(
        {"projects": []},
        f"{PATH}.projects: is empty; accepted: a list of at least one, each {PROJECT}",
        id="no projects",
    ),
    pytest.param(
        {"roleName": "build"},
        f"{PATH}.projects: is missing; accepted: a list of at least one, each {PROJECT}",
        id="a role for no projects",
    ),
    pytest.param(
        {"projects": ["ab", "ab"]},
        f'{PATH}.projects[1]: "ab" stands in the list twice; take one out',
        id="a project twice",
    ),
    pytest.param({**LEAST, "roleName": "a/b"}, refused("roleName", "a/b", ROLE), id="a role's name with a path"),
    pytest.param({**LEAST, "roleName": 5}, refused("roleName", 5, ROLE + QUOTES), id="a role's name that is a number"),
    pytest.param(
        {**LEAST, "permissionsBoundary": "b"}, refused("permissionsBoundary", "b", BOUNDARY), id="a boundary's name"
    ),
    pytest.param(
        {**LEAST, "permissionsBoundary": None},
        f"{PATH}.permissionsBoundary: has no value; give it one, or take the key out",
        id="a boundary without a value",
    ),
    pytest.param(
        {**LEAST, "project": "x"},
        f"{PATH}.project: is not a known key; known: enhancedScanning, permissionsBoundary, projects, roleName",
        id="an unknown key",
    ),
]


@pytest.mark.parametrize(("values", "expected"), REFUSED)
def test_a_mistake_is_refused_by_the_name_of_its_key(values: dict[str, object], expected: str) -> None:
    assert mistakes(values) == [expected]


def test_more_than_iam_takes_is_refused() -> None:
    (mistake,) = mistakes({"projects": [f"project-{number:03}" for number in range(50)]})
    assert mistake.startswith(f"{PATH}: makes a trust policy of ")
    assert mistake.endswith(" characters; IAM accepts 2048: name fewer")


KEYS = ["projects", "roleName", "permissionsBoundary", "x"]


@given(stack_files.anything(KEYS, "shop-build", "*"))
def test_whatever_stands_there_is_read_or_refused(values: dict[str, object]) -> None:
    stack_files.assert_read_or_refused("codeBuild", lambda: read(values))


def test_a_boundary_is_of_the_partition_of_the_stacks_region() -> None:
    values = {**LEAST, "permissionsBoundary": "arn:aws-cn:iam::123456789012:policy/boundary"}
    assert read(values) is not None
    assert read(values, region="cn-north-1") is not None
    (message,) = mistakes(values, region="eu-west-1")
    assert message.startswith(f"{PATH}.permissionsBoundary: ")
    assert message.endswith("is in another partition; accepted: an ARN of aws, which the stack's Region is in")
