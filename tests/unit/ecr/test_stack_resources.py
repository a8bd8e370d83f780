from __future__ import annotations

import pytest

from ecr import stack_resources
from ecr.drift import Settings
from ecr.errors import InputError
from ecr.stack_resources import LIFECYCLE_POLICY, REPOSITORY, REPOSITORY_POLICY, StackResources

NAME = "prod/yoon-app"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}


def resource(kind: str, **outputs: object) -> dict[str, object]:
    return {"type": kind, "urn": "urn:pulumi:...", "outputs": outputs}


def test_a_repository_is_read_with_its_settings_tags_and_policies() -> None:
    found = stack_resources.of_repository(
        [
            {"type": "pulumi:pulumi:Stack", "outputs": {"name": NAME}},
            resource(REPOSITORY, name="other", imageTagMutability="MUTABLE"),
            resource(
                REPOSITORY,
                name=NAME,
                imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                imageTagMutabilityExclusionFilters=[
                    {"filter": "latest", "filterType": "WILDCARD"},
                    {"filter": "dev-*", "filterType": "WILDCARD"},
                ],
                imageScanningConfiguration={"scanOnPush": True},
                encryptionConfigurations=[{"encryptionType": "KMS", "kmsKey": "arn:aws:kms:..."}],
                tagsAll={"team": "platform"},
            ),
            resource(LIFECYCLE_POLICY, repository=NAME, policy="a"),
            resource(REPOSITORY_POLICY, repository="other", policy="b"),
            resource(REPOSITORY_POLICY, repository=NAME, policy="c"),
        ],
        NAME,
    )
    assert found.settings == Settings(
        tag_mutability="IMMUTABLE_WITH_EXCLUSION",
        exclusions=("dev-*", "latest"),
        scan_on_push=True,
        encryption="KMS",
        key="arn:aws:kms:...",
    )
    assert (found.tags, found.lifecycle_policy, found.repository_policy) == ({"team": "platform"}, "a", "c")


def test_what_the_state_does_not_have_is_not_said() -> None:
    found = stack_resources.of_repository([], NAME)
    assert found == StackResources()
    assert (found.settings, found.tags) == (Settings(), None)
    assert (found.lifecycle_policy, found.repository_policy) == (None, None)


@pytest.mark.parametrize("mark", ["delete", "external"])
def test_what_waits_to_be_deleted_or_is_only_looked_up_does_not_count(mark: str) -> None:
    old = resource(REPOSITORY, name=NAME, imageTagMutability="MUTABLE") | {mark: True}
    new = resource(REPOSITORY, name=NAME, imageTagMutability="IMMUTABLE")
    assert stack_resources.of_repository([old, new], NAME).settings.tag_mutability == "IMMUTABLE"


@pytest.mark.parametrize(
    ("resource_of", "read"),
    [
        pytest.param(resource(REPOSITORY, name=NAME, imageTagMutability=SECRET), "settings", id="setting"),
        pytest.param(resource(REPOSITORY, name=NAME, tagsAll={"a": SECRET}), "tags", id="tag"),
        pytest.param(resource(LIFECYCLE_POLICY, repository=NAME, policy=SECRET), "lifecycle_policy", id="policy"),
    ],
)
def test_a_secret_is_neither_compared_nor_shown(resource_of: dict[str, object], read: str) -> None:
    found = stack_resources.of_repository([resource_of], NAME)
    with pytest.raises(InputError, match="is a secret in the state") as refused:
        getattr(found, read)
    assert "v1:x" not in str(refused.value)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(["x", None, {}, {"type": REPOSITORY}, {"type": REPOSITORY, "outputs": []}], id="no-resources"),
        pytest.param([resource(REPOSITORY, name=NAME, imageScanningConfiguration=1, tagsAll=[])], id="wrong-types"),
        pytest.param([resource(REPOSITORY, name=NAME, encryptionConfigurations=["x"])], id="wrong-types-below"),
    ],
)
def test_what_is_of_another_form_counts_as_not_said(state: list[object]) -> None:
    found = stack_resources.of_repository(state, NAME)
    assert found.settings == Settings()
    assert found.tags is None
