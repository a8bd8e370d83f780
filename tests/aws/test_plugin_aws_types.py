"""Every table-driven type of the `aws` stand-in leads the same life: made, unchanged, changed, imported, deleted."""

from __future__ import annotations

import pytest

from local.plugins.aws import AwsProvider
from local.plugins.values import plain_map
from tests.aws.plugin_engine import Engine
from tests.aws.plugin_lives import LIVES, Life

pytestmark = pytest.mark.usefixtures("moto")

ANSWERED = (
    "aws:codebuild/project:Project",
    "aws:ecr/accountSetting:AccountSetting",
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    "aws:ecr/pullTimeUpdateExclusion:PullTimeUpdateExclusion",
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
)
"""Types whose calls moto does not implement: see test_plugin_aws_answered.py."""
OTHER = ("aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy", "aws:kms/key:Key",
         "aws:ecr/repositoryPolicy:RepositoryPolicy",
         "aws:codeconnections/connection:Connection")  # fmt: skip
"""Types with tests of their own, in test_plugin_aws.py and test_plugin_aws_pipeline.py."""


def test_no_type_is_without_a_life() -> None:
    assert set(AwsProvider().types) == {*LIVES, *OTHER, *ANSWERED}


@pytest.mark.parametrize(("token", "life"), LIVES.items(), ids=LIVES)
def test_it_is_made_changed_imported_and_deleted(token: str, life: Life) -> None:
    engine, props = Engine(token), life.props()
    engine.create(props)
    assert not engine.diff(props).changes
    assert plain_map(engine.read().inputs) == plain_map(engine.inputs)

    answer = engine.diff(props | life.change)
    assert set(answer.diffs or []) == life.change.keys()
    assert not answer.replaces
    engine.update(props | life.change)
    assert not engine.diff(props | life.change).changes
    assert not (props | life.change).keys() - {*engine.state, *(k for k, v in life.change.items() if v is None)}

    other = Engine(token)
    other.id = life.import_id(engine.id)
    seen = other.read(other.id)
    other.state, other.inputs = seen.properties, seen.inputs
    known = {key: value for key, value in (props | life.change).items() if key not in life.not_imported}
    assert not other.diff(known).changes

    engine.delete()
    engine.delete()  # gone already is success
    assert bool(engine.read().resource_id) == life.stays


REPLACEMENTS = {f"{token} {key}": (token, key) for token, life in LIVES.items() for key in life.replaces}


@pytest.mark.parametrize(("token", "key"), REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_some_changes_take_a_new_resource(token: str, key: str) -> None:
    life, engine = LIVES[token], Engine(token)
    props = life.props()
    engine.create(props)
    assert engine.diff(props | {key: life.replaces[key]}).replaces == [key]


@pytest.mark.parametrize(("token", "life"), LIVES.items(), ids=LIVES)
def test_every_replacing_property_is_in_the_table(token: str, life: Life) -> None:
    fields = AwsProvider().types[token].fields
    assert {key for key, spec in fields.items() if spec.replaces and key != "region"} == life.replaces.keys()


@pytest.mark.parametrize("token", [token for token, life in LIVES.items() if life.gone])
def test_what_is_not_there_cannot_be_imported(token: str) -> None:
    assert Engine(token).read(LIVES[token].gone).resource_id == ""
