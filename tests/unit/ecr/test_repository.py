from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr.repository import (
    Encryption,
    EncryptionType,
    Mutability,
    TagMutability,
    is_exclusion,
    is_kms_key_arn,
)


@pytest.mark.parametrize(
    ("mutability", "takes"),
    [
        pytest.param("MUTABLE", False, id="MUTABLE"),
        pytest.param("IMMUTABLE", False, id="IMMUTABLE"),
        pytest.param("MUTABLE_WITH_EXCLUSION", True, id="MUTABLE_WITH_EXCLUSION"),
        pytest.param("IMMUTABLE_WITH_EXCLUSION", True, id="IMMUTABLE_WITH_EXCLUSION"),
    ],
)
def test_only_the_exclusion_forms_take_exclusions(mutability: str, *, takes: bool) -> None:
    assert Mutability(mutability).takes_exclusions is takes


def test_the_table_above_has_every_mutability() -> None:
    assert list(Mutability) == ["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        pytest.param("", False, id="empty"),
        pytest.param("*", True, id="1-character"),
        pytest.param("e" * 128, True, id="128-characters"),
        pytest.param("e" * 129, False, id="129-characters"),
        pytest.param("*v*", True, id="2-wildcards"),
        pytest.param("*v*a*", False, id="3-wildcards"),
        pytest.param("Az0._-", True, id="alphabet"),
        pytest.param("v?", False, id="question-mark"),
        pytest.param("[v]", False, id="class"),
        pytest.param("v1\n", False, id="line-feed"),
        pytest.param("é", False, id="accent"),
    ],
)
def test_an_exclusion_follows_ecrs_grammar(pattern: str, *, accepted: bool) -> None:
    assert is_exclusion(pattern) is accepted


EXCLUSIONS = ("latest", "dev-*", "*.tmp")


@pytest.mark.parametrize(
    ("mutability", "exclusions", "tag", "immutable"),
    [
        pytest.param(Mutability.MUTABLE, (), "v1", False, id="mutable"),
        pytest.param(Mutability.IMMUTABLE, (), "v1", True, id="immutable"),
        pytest.param(Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "v1", True, id="immutable-not-excluded"),
        pytest.param(Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "latest", False, id="immutable-excluded"),
        pytest.param(Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "dev-", False, id="star-matches-nothing"),
        pytest.param(
            Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "dev-1-2", False, id="star-matches-all-that-follows"
        ),
        pytest.param(Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "a.tmp", False, id="third-pattern"),
        pytest.param(Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "aXtmp", True, id="dot-is-a-dot"),
        pytest.param(Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "latest2", True, id="whole-tag"),
        pytest.param(Mutability.IMMUTABLE_WITH_EXCLUSION, EXCLUSIONS, "Latest", True, id="case-counts"),
        pytest.param(Mutability.MUTABLE_WITH_EXCLUSION, EXCLUSIONS, "latest", True, id="mutable-excluded"),
        pytest.param(Mutability.MUTABLE_WITH_EXCLUSION, EXCLUSIONS, "v1", False, id="mutable-not-excluded"),
    ],
)
def test_an_exclusion_turns_the_setting_round(
    mutability: Mutability, exclusions: tuple[str, ...], tag: str, *, immutable: bool
) -> None:
    assert TagMutability(mutability, exclusions).is_immutable(tag) is immutable


tags = st.text("abv1.-", min_size=1, max_size=5)
patterns = st.lists(st.text("abv1.*-", min_size=1, max_size=5).filter(is_exclusion), min_size=1, max_size=5)


@settings(deadline=None, max_examples=30)
@given(tag=tags, exclusions=patterns)
def test_the_two_exclusion_forms_are_opposites_for_every_tag(tag: str, exclusions: list[str]) -> None:
    mutable = TagMutability(Mutability.MUTABLE_WITH_EXCLUSION, tuple(exclusions))
    immutable = TagMutability(Mutability.IMMUTABLE_WITH_EXCLUSION, tuple(exclusions))
    assert mutable.is_immutable(tag) is not immutable.is_immutable(tag)


KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("arn", "accepted"),
    [
        pytest.param(KEY, True, id="key"),
        pytest.param(KEY.replace("key/", "key/mrk-"), True, id="multi-region-key"),
        pytest.param(KEY.replace("aws:kms:ap-northeast-2", "aws-us-gov:kms:us-gov-west-1"), True, id="govcloud"),
        pytest.param(KEY.replace("aws:kms:ap-northeast-2", "aws-cn:kms:cn-north-1"), True, id="china"),
        pytest.param(KEY.replace("key/", "alias/"), False, id="alias"),
        pytest.param("alias/images", False, id="alias-name"),
        pytest.param("1234abcd-12ab-34cd-56ef-1234567890ab", False, id="key-id"),
        pytest.param(KEY.replace("123456789012", "12345678901"), False, id="account-of-11-digits"),
        pytest.param(KEY.replace(":kms:", ":s3:"), False, id="other-service"),
        pytest.param(KEY.replace("ap-northeast-2", ""), False, id="no-region"),
        pytest.param("arn:aws:kms:ap-northeast-2:123456789012:key/", False, id="no-id"),
        pytest.param(f"{KEY}\n", False, id="line-feed"),
        pytest.param(f"{KEY} ", False, id="trailing-space"),
        pytest.param("", False, id="empty"),
    ],
)
def test_a_kms_key_is_named_by_its_key_arn_only(arn: str, *, accepted: bool) -> None:
    assert is_kms_key_arn(arn) is accepted


def test_the_defaults_are_the_safe_ones() -> None:
    assert TagMutability() == TagMutability(Mutability.IMMUTABLE, ())
    assert Encryption() == Encryption(EncryptionType.AES256, None)
