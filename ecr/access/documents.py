"""IAM policy documents: statements and conditions as values, and the JSON that AWS takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

VERSION = "2012-10-17"

# IAM user guide, "IAM JSON policy elements: Sid": letters and digits.
_SID = re.compile(r"[A-Za-z0-9]+")

Json = str | int | bool | list["Json"] | dict[str, "Json"]


class PrincipalType(StrEnum):
    """The kinds of principals (IAM user guide, "AWS JSON policy elements: Principal")."""

    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"


@dataclass(frozen=True)
class Condition:
    """One line of a statement's condition block; all lines of a block must hold, and one of the values suffices.

    Attributes:
        operator: such as `StringEquals`.
        key: such as `aws:PrincipalOrgID`.
        values: at least one.

    Raises:
        ValueError: without a value, which AWS would take as a condition that never holds.
    """

    operator: str
    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"the condition {self.operator} {self.key} has no value")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One intention: who may do what to which resources, and when.

    Attributes:
        sid: letters and digits, unique in its document.
        actions: such as `ecr:BatchGetImage`.
        principals: in policies of resources and roles; empty in policies of identities.
        resources: ARNs; empty where the policy stands on the resource itself.
        conditions: all must hold.
        denies: whether it takes away what other policies allow, and gives nothing.

    Raises:
        ValueError: for a Sid that AWS refuses, no action, a principal of anybody without a condition, or two
            conditions on one operator and key, of which JSON would keep the last alone.
    """

    sid: str
    actions: tuple[str, ...]
    principals: Mapping[PrincipalType, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    denies: bool = False

    def __post_init__(self) -> None:
        if not _SID.fullmatch(self.sid):
            raise ValueError(f"{self.sid!r} is no Sid; accepted: letters and digits")
        if not self.actions:
            raise ValueError(f"statement {self.sid} has no action")
        if self._anybody and not self.conditions:
            raise ValueError(f"statement {self.sid} is for anybody; a principal '*' needs a condition")
        asked = [(condition.operator, condition.key) for condition in self.conditions]
        if len(set(asked)) < len(asked):
            raise ValueError(f"statement {self.sid} has two conditions on one operator and key")

    @property
    def _anybody(self) -> bool:
        return any("*" in names for names in self.principals.values())

    @property
    def document(self) -> dict[str, Json]:
        """The statement as AWS writes it: what is empty is absent."""
        document: dict[str, Json] = {"Sid": self.sid, "Effect": "Deny" if self.denies else "Allow"}
        if self._anybody:
            document["Principal"] = "*"
        elif self.principals:
            document["Principal"] = {kind.value: _one_or_many(names) for kind, names in self.principals.items()}
        document["Action"] = _one_or_many(self.actions)
        if self.resources:
            document["Resource"] = _one_or_many(self.resources)
        if self.conditions:
            block: dict[str, dict[str, Json]] = {}
            for condition in self.conditions:
                block.setdefault(condition.operator, {})[condition.key] = _one_or_many(condition.values)
            document["Condition"] = {operator: {**keys} for operator, keys in block.items()}
        return document


@dataclass(frozen=True)
class PolicyDocument:
    """A whole policy.

    Raises:
        ValueError: without a statement, which AWS refuses, or with two of the same Sid.
    """

    statements: tuple[Statement, ...]

    def __post_init__(self) -> None:
        if not self.statements:
            raise ValueError("a policy needs a statement")
        sids = [statement.sid for statement in self.statements]
        if len(set(sids)) < len(sids):
            raise ValueError(f"two statements share a Sid: {', '.join(sids)}")

    @property
    def document(self) -> dict[str, Json]:
        """The policy as AWS writes it."""
        return {"Version": VERSION, "Statement": [statement.document for statement in self.statements]}

    @property
    def text(self) -> str:
        """The policy as compact JSON, the same text for equal policies."""
        return json.dumps(self.document, separators=(",", ":"))


def _one_or_many(values: tuple[str, ...]) -> Json:
    """A single value stands by itself, as AWS hands it back."""
    return values[0] if len(values) == 1 else list(values)
