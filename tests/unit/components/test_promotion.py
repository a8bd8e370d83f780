from __future__ import annotations

from dataclasses import replace

import pulumi
import pytest

from components import PromotedImage, PromotedImageArgs, PromotionSource
from ecr.promotion import Promotion
from ecr.repository import Mutability, TagMutability
from ecr.scan import GateOff, ScanGate
from tests.unit.recording import ACCOUNT, DIGEST, GATED, HOST, PROMOTION, REGION, Recording, published, record

PINNED = f"sha256:{'e' * 64}"
SOURCES = {
    "organization/container-registry/dev": published("dev"),
    "organization/container-registry/bare": published("bare", image_digest=None, image_tag=None),
    "organization/shop/dev": published("shop"),
    "acme/shop/dev": published("acme"),
}


FOLLOWING = Promotion(source_stack="dev", digest=None, tag=None, gate=ScanGate())


def promoted(
    promotion: Promotion = FOLLOWING,
    *,
    tag_mutability: TagMutability = TagMutability(),
    region: str | None = None,
    profile: str | None = None,
    preview: bool = False,
) -> Recording:
    def program() -> None:
        PromotedImage(
            "image",
            PromotedImageArgs(
                promotion=promotion,
                source=PromotionSource.from_stack(promotion.source_stack),
                repository_name="staging/app",
                repository_url=f"{HOST}/staging/app",
                tag_mutability=tag_mutability,
                region=region,
                profile=profile,
            ),
        )

    return record(program, sources=SOURCES, stack="staging", preview=preview)


def inputs(recording: Recording) -> dict[str, object]:
    found = dict(recording.only(PROMOTION).inputs)
    provider = found.pop("__provider")
    assert isinstance(provider, str)
    return found


@pytest.mark.parametrize("preview", [True, False])
def test_everything_that_decides_reaches_the_resource(preview: bool) -> None:  # noqa: FBT001 - a table
    assert inputs(promoted(preview=preview)) == {
        "sourceStack": "dev",
        "sourceArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/dev/yoon-app",
        "sourceUrl": f"{HOST}/dev/yoon-app",
        "sourceDigest": DIGEST,
        "sourceTag": "v1.0.0",
        "gate": '{"ignore": [], "maxSeverity": "MEDIUM", "wait": 600}',
        "targetRepository": "staging/app",
        "targetUrl": f"{HOST}/staging/app",
        "tagMutability": "IMMUTABLE",
        "mutabilityExclusions": [],
    }


def test_every_option_reaches_the_resource() -> None:
    found = inputs(
        promoted(
            Promotion(source_stack="dev", digest=PINNED, tag="v3", gate=GateOff("an incident")),
            tag_mutability=TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, ("v*", "release-*")),
            region="eu-west-1",
            profile="team",
        )
    )
    assert found["pinnedDigest"] == PINNED
    assert found["pinnedTag"] == "v3"
    assert found["gate"] == '{"off": "an incident"}'
    assert found["tagMutability"] == "MUTABLE_WITH_EXCLUSION"
    assert found["mutabilityExclusions"] == ["v*", "release-*"]
    assert found["targetRegion"] == "eu-west-1"
    assert found["profile"] == "team"


def test_the_state_holds_the_providers_path_and_no_secret() -> None:
    registration = promoted().only(PROMOTION)
    assert registration.secrets == frozenset()
    assert registration.name == "image-promotion"
    assert registration.parent == "image"


@pytest.mark.parametrize(
    ("name", "repository"), [("dev", "dev/yoon-app"), ("shop/dev", "shop/yoon-app"), ("acme/shop/dev", "acme/yoon-app")]
)
def test_a_source_stack_is_of_this_project_and_organization_unless_it_says_so(name: str, repository: str) -> None:
    assert inputs(promoted(replace(FOLLOWING, source_stack=name)))["sourceUrl"] == f"{HOST}/{repository}"


def test_a_source_stack_without_an_image_is_one_line_with_what_to_run() -> None:
    with pytest.raises(pulumi.RunError) as raised:
        promoted(replace(FOLLOWING, source_stack="bare"))
    assert str(raised.value).startswith("container-registry:promote.from: stack bare has no output image_")
    assert str(raised.value).endswith("it has published no image; run: pulumi up -s bare")


def test_the_outputs_are_those_of_what_was_promoted() -> None:
    assert promoted().component_outputs("image") == {
        "tag": "v1.0.0",
        "digest": DIGEST,
        "uri": f"{HOST}/staging/app@{DIGEST}",
        "pullCommand": f"docker pull {HOST}/staging/app@{DIGEST}",
        "promotedFrom": f"{HOST}/dev/yoon-app@{DIGEST}",
        "gate": GATED,
    }
