"""One copy as a program of its own, to be killed. Arguments: URL, repository and digest; URL, repository and tag."""

from __future__ import annotations

import dataclasses
import json
import sys

from ecr.oci.copying import copy
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Session


def at(base_url: str, repository: str) -> Location:
    host = base_url.partition("//")[2]
    return Location(Registry(base_url, host, lambda: None), repository, f"{host}/{repository}")


if __name__ == "__main__":
    from_url, from_name, reference, to_url, to_name, tag = sys.argv[1:]
    with Session() as session:
        result = copy(at(from_url, from_name), reference, at(to_url, to_name), tag, session=session)
    sys.stdout.write(json.dumps(dataclasses.asdict(result)))
