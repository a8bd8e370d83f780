from __future__ import annotations

import botocore.session

from ecr.regions import PARTITIONS


def test_the_regions_are_those_that_botocore_knows() -> None:
    session = botocore.session.get_session()
    known = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ecr", partition)
    }
    assert dict(PARTITIONS) == known
