"""Names that a pipeline is made of, at their boundaries, and what botocore's models of the APIs say of them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from botocore.loaders import Loader

from ecr.pipeline import model, names

ACCEPTED = [
    (names.is_pipeline, ["s", "Shop.eu@2_b-1", "s" * 100]),
    (names.is_stack, ["dev", "DEV_2-b", "s" * 100]),
    (
        names.is_connection_arn,
        [
            "arn:aws:codeconnections:eu-west-1:123456789012:connection/1a-2b",
            "arn:aws:codestar-connections:eu-west-1:123456789012:connection/1a",
            "arn:aws-us-gov:codeconnections:us-gov-west-1:123456789012:connection/1a",
        ],
    ),
    (names.is_source, ["acme/shop", "acme/shop.py", "group/sub/shop", "a/b/c/d/e/f"]),
    (names.is_branch, ["main", "release/1.2", "a", "feature/a-b_c"]),
    (names.is_bucket, ["abc", "acme-pulumi-state", "a" * 63, "1-2"]),
    (names.is_prefix, ["shop", "teams/shop", "a/b/c"]),
    (names.is_secret_arn, ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/pulumi-a1b2c3"]),
    (names.is_image, ["aws/codebuild/standard:7.0", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ci@sha256:0a"]),
    (names.is_file, ["ci/buildspec.yml", ".ci/b.yml", "a..b"]),
    (names.is_message, ["Deploy?", "m" * 1000]),
]
REFUSED = [
    (names.is_pipeline, ["", "a b", "s" * 101, "a/b", "\uc0c1", "shop\n", "*"]),
    (names.is_stack, ["", "eu.dev", "acme/dev", "d*", "s" * 101]),
    (
        names.is_connection_arn,
        [
            "arn:aws:codeconnections:eu-west-1:123456789012:connection/*",
            "arn:aws:codeconnections:eu-west-1:123456789012:host/1a",
            "arn:aws:codeconnections:nowhere-1:123456789012:connection/1a",
            "arn:aws-cn:codeconnections:eu-west-1:123456789012:connection/1a",
            "arn:aws:codecommit:eu-west-1:123456789012:connection/1a",
        ],
    ),
    (names.is_source, ["shop", "/shop", "acme/", "acme/*", "https://github.com/acme/shop", f"a/{'b' * 199}", "a b/c"]),
    (names.is_branch, ["", "main*", "a..b", "a//b", "a.lock", "a.lock/b", "/a", "a/", "a.", "-a", "a b", "b" * 241]),
    (names.is_bucket, ["ab", "a" * 64, "Acme", "a.b", "-ab", "ab-", "xn--ab", "ab-s3alias", "ab--ol-s3", "s3://ab"]),
    (names.is_prefix, ["", "/a", "a/", "a//b", "a/*", "..", "p" * 201]),
    (
        names.is_secret_arn,
        [
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-*",
            "shop/pulumi",
        ],
    ),
    (names.is_image, ["", "A", "a b", "a" * 256]),
    (names.is_file, ["", "/a", "../a", "a/../b", "a/..", "a b"]),
    (names.is_message, ["", "a\nb", "m" * 1001, "\uc0c1"]),
]


@pytest.mark.parametrize(("accepts", "texts"), ACCEPTED, ids=[one.__name__ for one, _ in ACCEPTED])
def test_what_is_accepted(accepts: Callable[[str], bool], texts: list[str]) -> None:
    assert [text for text in texts if not accepts(text)] == []


@pytest.mark.parametrize(("accepts", "texts"), REFUSED, ids=[one.__name__ for one, _ in REFUSED])
def test_what_is_refused(accepts: Callable[[str], bool], texts: list[str]) -> None:
    assert [text for text in texts if accepts(text)] == []


def test_the_limits_are_those_of_the_apis_models() -> None:
    def shapes(service: str) -> dict[str, dict[str, object]]:
        return dict(Loader().load_service_model(service, "service-2")["shapes"])

    pipeline, build, connections = (shapes(name) for name in ("codepipeline", "codebuild", "codeconnections"))
    assert pipeline["PipelineName"]["max"] == pipeline["StageName"]["max"] == pipeline["ActionName"]["max"] == 100
    timeout = pipeline["ActionTimeout"]
    assert (timeout["min"], timeout["max"]) == (model.APPROVAL_MINUTES.start, model.APPROVAL_MINUTES.stop - 1)
    assert pipeline["ActionConfigurationValue"]["max"] == 1000
    assert build["ProjectName"]["max"] == 150
    assert (build["BuildTimeOut"]["min"], build["BuildTimeOut"]["max"]) == (5, model.BUILD_MINUTES.stop - 1)
    assert connections["ConnectionName"]["max"] == names.MAX_CONNECTION_NAME
    assert set(model.Provider) <= set(connections["ProviderType"]["enum"])  # type: ignore[call-overload]
    assert set(model.ComputeType) <= set(build["ComputeType"]["enum"])  # type: ignore[call-overload]
    days = str(shapes("logs")["Days"]["documentation"]).partition("Possible values are: ")[2]
    assert [int(day) for day in re.findall(r"[0-9]+", days.partition(".")[0])] == list(model.KEEP_DAYS)
