"""What boto3 is told by default, and is told otherwise here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from botocore.utils import parse_timestamp

from ecr.aws import repository
from ecr.aws.repository import EcrRepository
from tests import surroundings


@pytest.fixture(autouse=True)
def _nobodys_account(monkeypatch: pytest.MonkeyPatch) -> None:
    surroundings.made_up(monkeypatch)


def loader(of: EcrRepository) -> object:
    return cast("object", of._session._session.get_component("data_loader"))


def test_all_repositories_share_the_descriptions_of_services_and_nothing_else() -> None:
    one, other = (EcrRepository(name, region=region) for name, region in (("a", "eu-west-1"), ("b", "us-east-1")))
    assert loader(one) is loader(other)
    assert one._session is not other._session
    assert (one.region, other.region) == ("eu-west-1", "us-east-1")


@pytest.mark.parametrize("value", [0, 1, 1_763_821_200, 1_763_821_200.25, "1763821200", "2026-11-22T14:20:00Z"])
def test_times_are_read_as_botocore_reads_them(value: float | str) -> None:
    read = repository._timestamp(value)
    assert read.utcoffset() == timedelta(0) or isinstance(value, str)
    assert read == parse_timestamp(value)  # type: ignore[arg-type]  # it takes numbers as well


def test_a_time_before_1970_is_none_to_stumble_over() -> None:
    assert repository._timestamp(-1.5) == datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("value", [1e300, "soon", None])
def test_what_is_no_time_is_refused_in_botocores_words(value: float | str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=r"Invalid timestamp|Unable to calculate"):
        repository._timestamp(value)
