"""What a report is made of, and where something is missing, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ecr.lifecycle.images import Image
from ecr.lifecycle.policy import LifecyclePolicy
from ecr.status import StatusRow


@dataclass(frozen=True)
class Unknown:
    """Stands in the place of what could not be found out.

    Attributes:
        reason: why not, on one line.
    """

    reason: str


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """One stack.

    Attributes:
        row: what it says, next to what its registry says.
        differences: what was changed behind its back, a line each, beside what the row tells.
        unknown: why something about it could not be found out, a line each.
    """

    row: StatusRow
    differences: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.row.published.stack

    @property
    def has_drifted(self) -> bool:
        """Whether anything was changed behind its back."""
        return self.row.has_drifted or bool(self.differences)


@dataclass(frozen=True, kw_only=True)
class CostFacts:
    """What a repository costs in a month.

    Attributes:
        stored_bytes: what is stored, each layer counted once.
        naive_bytes: the sizes of all images, added up.
        archived_bytes: what of it is in the archive.
        monthly_usd: for what is stored.
        naive_monthly_usd: the same, had each image layers of its own.
        saved_by_policy_usd: what the lifecycle policy saves in a month; None where there is none, or nobody knows.
        cheapest: what `ecr.cost.variants` calls the cheapest policy that leaves alone what has to stay; empty when none
            of those that it compares does.
        cheapest_rules: what that one says, in words.
        notes: what is uncertain, a line each.
    """

    stored_bytes: int
    naive_bytes: int
    archived_bytes: int
    monthly_usd: Decimal
    naive_monthly_usd: Decimal
    saved_by_policy_usd: Decimal | None = None
    cheapest: str = ""
    cheapest_rules: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """One repository.

    Attributes:
        name: such as `dev/yoon-app`.
        account: 12 digits; empty where nobody told.
        region: such as `eu-west-1`; empty where nobody told.
        images: all of them, with what indexes list.
        findings: digest -> severity -> how many; without the images that were not scanned.
        policy: the live lifecycle policy; None where there is none.
        cost: None where nobody asked.
        protected: digest -> why no policy should delete it, such as `deployed by stack dev`.
    """

    name: str
    account: str = ""
    region: str = ""
    images: tuple[Image, ...] | Unknown = ()
    findings: Mapping[str, Mapping[str, int]] | Unknown = field(default_factory=dict)
    policy: LifecyclePolicy | Unknown | None = None
    cost: CostFacts | Unknown | None = None
    protected: Mapping[str, str] = field(default_factory=dict)

    @property
    def known_images(self) -> tuple[Image, ...]:
        """The images, none where they could not be listed."""
        return () if isinstance(self.images, Unknown) else self.images


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a report tells.

    Attributes:
        at: the moment, with its zone.
        program: which program has made it.
        stacks: in the order of promotion.
        repositories: each one once.
        unknown: what could not be asked at all, a line each.
        prices: where prices come from, in a few words; empty without costs.
    """

    at: datetime
    program: str
    stacks: tuple[StackFacts, ...] = ()
    repositories: tuple[RepositoryFacts, ...] = ()
    unknown: tuple[str, ...] = ()
    prices: str = ""

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(len(each.known_images) for each in self.repositories)

    @property
    def has_drifted(self) -> bool:
        """Whether any stack has drifted."""
        return any(stack.has_drifted for stack in self.stacks)
