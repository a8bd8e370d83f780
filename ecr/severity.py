"""How bad a finding is, and which levels a gate can name."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How bad a finding is.

    NONE to CRITICAL are levels, which a gate can name; NONE is below every finding. The rest are no level:

    UNDEFINED (basic scanning) and UNTRIAGED (Inspector) say that nobody has rated the vulnerability yet, so that it may
    be as bad as the worst (ECR user guide, "Troubleshooting image scanning"; Inspector API reference, Finding). They
    rank with CRITICAL, and pass a gate that lets CRITICAL pass.

    UNKNOWN stands for a severity that is missing, or that this program has never heard of. It never passes.
    """

    NONE = "NONE"
    INFORMATIONAL = "INFORMATIONAL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    UNDEFINED = "UNDEFINED"
    UNTRIAGED = "UNTRIAGED"
    CRITICAL = "CRITICAL"
    UNKNOWN = "UNKNOWN"

    @classmethod
    def of(cls, text: str | None) -> Severity:
        """The severity that ECR names; UNKNOWN for none, and for one that is not known here."""
        return cls(text) if text in _FOUND else cls.UNKNOWN

    @property
    def rank(self) -> int:
        """0 for NONE and more for what is worse; UNDEFINED and UNTRIAGED are equal to CRITICAL."""
        return _RANK[self]

    @property
    def counted(self) -> Severity:
        """Under which key ECR counts it: its `findingSeverityCounts` know UNDEFINED, and no UNTRIAGED."""
        return Severity.UNDEFINED if self is Severity.UNTRIAGED else self


THRESHOLDS = (
    Severity.NONE, Severity.INFORMATIONAL, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
)  # fmt: skip
_UNRATED = (Severity.UNDEFINED, Severity.UNTRIAGED)
_FOUND = frozenset({*THRESHOLDS[1:], *_UNRATED})
_RANK = MappingProxyType(
    {level: rank for rank, level in enumerate(THRESHOLDS)}
    | dict.fromkeys(_UNRATED, len(THRESHOLDS) - 1)
    | {Severity.UNKNOWN: len(THRESHOLDS)}
)
