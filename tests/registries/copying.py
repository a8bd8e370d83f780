"""Copies as the product makes them, and what must be true of each, however it ended."""

from __future__ import annotations

from collections.abc import Callable

from ecr.errors import EcrError
from ecr.oci.copying import CopyResult, copy
from ecr.oci.credentials import Credentials
from ecr.oci.registry import Location, Registry
from ecr.oci.session import Limits, Session
from ecr.repository import TagMutability
from tests.registries.proxy import Proxy
from tests.registries.repositories import TAG, Repository
from tests.registries.servers import PASSWORD, USERNAME

# Patient enough for two cores that others use, too; never patient enough to hide a fault.
QUICK = Limits(connect_s=2, read_s=0.4, total_s=20, attempts=3, concurrency=1)
NORMAL = Limits(connect_s=5, read_s=10, total_s=60, attempts=3, concurrency=4)


def anonymous() -> Credentials | None:
    return None


def with_password() -> Credentials | None:
    return Credentials(USERNAME, PASSWORD)


def location(
    repository: Repository, through: Proxy | None = None, sign_in: Callable[[], Credentials | None] = anonymous
) -> Location:
    """A repository for the product, directly or through a proxy."""
    reached = through or repository.server
    return Location(
        Registry(reached.base_url, reached.host, sign_in), repository.name, f"{reached.host}/{repository.name}"
    )


def copied(
    source: Location,
    reference: str,
    target: Location,
    *,
    tag: str = TAG,
    limits: Limits = NORMAL,
    mutability: TagMutability | None = None,
) -> CopyResult:
    """One copy in a session of its own."""
    with Session(limits) as session:
        return copy(source, reference, target, tag, session=session, mutability=mutability)


def attempted(source: Location, reference: str, target: Location, *, limits: Limits = QUICK) -> CopyResult | EcrError:
    """The result or the clear error; anything else that is raised comes through, as a bug."""
    try:
        return copied(source, reference, target, limits=limits)
    except EcrError as error:
        return error


def clear(error: EcrError) -> bool:
    """Whether it is one line that speaks to the user."""
    text = str(error)
    foreign = ("urllib3", "Traceback", "object at 0x", "HTTPConnectionPool", "Errno", PASSWORD)
    return bool(text.strip()) and "\n" not in text and not any(word in text for word in foreign)
