"""Any faults, at any requests of one copy, at once or one after the other: the same promise as for each alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecr.errors import EcrError
from tests.registries import images
from tests.registries.copying import QUICK, attempted, clear, copied, location
from tests.registries.faults import FAULTS
from tests.registries.proxy import Script, proxied
from tests.registries.repositories import Repository
from tests.registries.servers import Server

REQUESTS = 40  # of an undisturbed copy; there are more when something is tried again
# A 404 may be the truth: a list of referrers is then left out, and that is right.
NAMES = sorted(set(FAULTS) - {"404"})
CONTENT = images.signed(images.image("sequences", (1000,)))


@settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(faults=st.dictionaries(st.integers(0, REQUESTS), st.sampled_from(NAMES), max_size=6))
def test_whatever_happens_the_image_is_right_or_the_error_is_clear(
    faults: Mapping[int, str],
    distribution: Server,
    other_distribution: Server,
    fresh: Callable[..., Repository],
) -> None:
    source, target = fresh(distribution), fresh(other_distribution)
    source.push(CONTENT)
    script = Script(lambda seen: FAULTS[faults[seen.position]] if seen.position in faults else None)
    with proxied(distribution.port, script) as here, proxied(other_distribution.port, script) as there:
        result = attempted(location(source, here), CONTENT.digest, location(target, there), limits=QUICK)
    if not isinstance(result, EcrError):
        assert target.differences(CONTENT) == []
        return
    assert clear(result)
    if target.digest() is not None:
        assert target.differences(CONTENT) == []
    copied(location(source), CONTENT.digest, location(target))
    assert target.differences(CONTENT) == []
