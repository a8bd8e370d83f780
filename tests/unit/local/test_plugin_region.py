"""A stack whose Region was changed under it: each resource refuses, and nobody is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.plugins.aws import AwsProvider
from local.plugins.aws_cloud import Cloud
from local.plugins.aws_ecr import Repository
from local.plugins.aws_iam import Role
from local.plugins.aws_resource import CloudResource
from local.plugins.errors import StandInError
from local.plugins.values import Props

STATE: Props = {"region": "ap-northeast-2", "name": "dev/app"}
OPERATIONS: dict[str, Callable[[CloudResource], object]] = {
    "diff": lambda kind: kind.changes(STATE, {}, {"name": "dev/app"}),
    "read": lambda kind: kind.read("dev/app", STATE, {"name": "dev/app"}),
    "delete": lambda kind: kind.delete("dev/app", STATE),
}


REGIONAL = [kind for kind in AwsProvider().types.values() if "region" in kind.fields]


@pytest.mark.parametrize("kind", [type(kind) for kind in REGIONAL])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_every_operation_on_it_is_refused_with_both_regions(
    kind: Callable[[Cloud], CloudResource], operation: Callable[[CloudResource], object]
) -> None:
    cloud = Cloud()
    cloud.configure("eu-west-1", "")
    with pytest.raises(StandInError, match=r"deployed in ap-northeast-2, .* now eu-west-1; destroy it there first"):
        operation(kind(cloud))


def test_the_same_region_is_no_change() -> None:
    cloud = Cloud()
    cloud.configure("ap-northeast-2", "")
    assert Repository(cloud).changes(STATE, {}, {"name": "dev/app"}) == []


def test_a_global_type_has_no_region_to_be_in() -> None:
    cloud = Cloud()
    cloud.configure("eu-west-1", "")
    state: Props = {"name": "deployer", "path": "/", "assumeRolePolicy": "{}"}
    assert Role(cloud).changes(state, {}, state) == []
    others = [kind for kind in AwsProvider().types.values() if "region" not in kind.fields]
    assert {kind.type_name.split("/")[0] for kind in others} == {"aws:iam"}
