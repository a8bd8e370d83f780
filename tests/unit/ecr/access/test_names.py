from __future__ import annotations

import pytest

from ecr.access import names
from ecr.access.names import RoleArn

ACCOUNTS = [
    pytest.param("012345678901", True, id="leading zero"),
    pytest.param("12345678901", False, id="a lost leading zero"),
    pytest.param("1234567890123", False, id="13 digits"),
    pytest.param("1234-5678-9012", False, id="dashes"),
    pytest.param("12345678901\n", False, id="line break"),
    pytest.param("\u0661" * 12, False, id="digits of another script"),
    pytest.param("*", False, id="wildcard"),
    pytest.param("", False, id="empty"),
]


@pytest.mark.parametrize(("text", "accepted"), ACCOUNTS)
def test_an_account_is_12_digits(text: str, accepted: bool) -> None:  # noqa: FBT001
    assert names.is_account(text) is accepted


ROLES = [
    pytest.param("arn:aws:iam::123456789012:role/deployer", True, id="plain"),
    pytest.param("arn:aws:iam::123456789012:role/team/ci/deployer", True, id="path"),
    pytest.param("arn:aws-cn:iam::123456789012:role/deployer", True, id="China"),
    pytest.param("arn:aws:iam::12345678901:role/deployer", False, id="a lost leading zero"),
    pytest.param("arn:aws:iam::123456789012:user/ann", False, id="a user"),
    pytest.param("arn:aws:iam::123456789012:root", False, id="the account"),
    pytest.param("arn:aws:sts::123456789012:assumed-role/deployer/me", False, id="a session"),
    pytest.param("arn:aws:iam::123456789012:role/*", False, id="any role"),
    pytest.param("arn:aws:iam::123456789012:role/dep*", False, id="some roles"),
    pytest.param(f"arn:aws:iam::123456789012:role/{'p' * 510}/deployer", True, id="path of 512 characters"),
    pytest.param(f"arn:aws:iam::123456789012:role/{'p' * 511}/deployer", False, id="path of 513 characters"),
    pytest.param("arn:aws:iam::123456789012:role/team?/deployer", False, id="a wildcard in the path"),
    pytest.param("arn:aws:iam::123456789012:role/${aws:username}/deployer", False, id="a variable"),
    pytest.param("arn:aws:iam::*:role/deployer", False, id="any account"),
    pytest.param("arn:aws:iam::123456789012:role/" + "r" * 65, False, id="65 letters"),
    pytest.param("arn:aws:iam::123456789012:role/", False, id="no name"),
    pytest.param("*", False, id="anybody"),
]


@pytest.mark.parametrize(("text", "accepted"), ROLES)
def test_a_role_is_named_by_its_whole_arn(text: str, accepted: bool) -> None:  # noqa: FBT001
    assert names.is_role_arn(text) is accepted
    if accepted:
        assert str(RoleArn.parse(text)) == text
    else:
        with pytest.raises(ValueError, match="is not accepted; accepted: the ARN of a role"):
            RoleArn.parse(text)


def test_the_parts_of_a_role() -> None:
    role = RoleArn.parse("arn:aws:iam::123456789012:role/team/ci/deployer")
    assert role == RoleArn("aws", "123456789012", "/team/ci/", "deployer")


PATHS = [
    pytest.param("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", True, id="one unit"),
    pytest.param("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*", True, id="and below"),
    pytest.param("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/", True, id="nested"),
    pytest.param("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111", False, id="without the slash at the end"),
    pytest.param("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111*", False, id="a wildcard within a name"),
    pytest.param("o-a1b2c3d4e5/*", False, id="the whole organization"),
    pytest.param("o-*/r-ab12/ou-ab12-11111111/", False, id="any organization"),
    pytest.param("*", False, id="anything"),
]


@pytest.mark.parametrize(("text", "accepted"), PATHS)
def test_a_path_names_units_of_one_organization(text: str, accepted: bool) -> None:  # noqa: FBT001
    assert names.is_organization_path(text) is accepted


def test_an_organization_is_named_by_its_id() -> None:
    assert names.is_organization("o-a1b2c3d4e5")
    assert not any(map(names.is_organization, ("o-short", "o-*", "a1b2c3d4e5", "o-A1B2C3D4E5", "")))
