"""The `promote.gate` section of a stack's configuration."""

from __future__ import annotations

import re
from datetime import date

from ecr.config_reader import Section
from ecr.scan import MAX_WAIT_S, Gate, GateOff, Ignore, ScanGate
from ecr.severity import THRESHOLDS, Severity

_ID = re.compile(r"[!-~]{1,200}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What the engine makes of a date in a stack file that stands without quotes (seen with 3.256.0).
_UNQUOTED = " 00:00:00 +0000 UTC"
_MAX_REASON = 500

_LEVEL_RULE = f"one of {', '.join(THRESHOLDS)}"
_ID_RULE = "the id of a finding, such as CVE-2026-1234"
_REASON_RULE = f"why, in 1 to {_MAX_REASON} characters on one line"
_DAY_RULE = 'the last day on which it holds, such as "2027-01-31", in quotes'


def read_gate(section: Section | None) -> Gate:
    """The gate that a stack names; the default one where it names none.

    Keys: `maxSeverity`, the highest severity that still passes; `wait`, whole seconds; `ignore`, a list of `id`,
    `reason` and `until`; and `off`, the reason why none of these is applied for now. Mistakes are noted in the section,
    and the gate handed out then is of no use.
    """
    if section is None:
        return ScanGate()
    gate = _scan_gate(section)
    off = section.text("off", _is_reason, _REASON_RULE)
    section.finish()
    return GateOff(off) if off else gate


def _scan_gate(section: Section) -> ScanGate:
    default = ScanGate()
    level = section.text("maxSeverity", lambda text: text in THRESHOLDS, _LEVEL_RULE)
    wait_s = section.number("wait", range(MAX_WAIT_S + 1))
    entries = [ignore for entry in section.sections("ignore") if (ignore := _ignore(entry)) is not None]
    try:
        return ScanGate(
            max_severity=Severity(level) if level else default.max_severity,
            wait_s=default.wait_s if wait_s is None else wait_s,
            ignore=tuple(entries),
        )
    except ValueError as error:
        section.wrong("ignore", str(error))
    return default


def _ignore(section: Section) -> Ignore | None:
    before = section.mistakes
    name = section.required_text("id", _is_id, _ID_RULE, example="CVE-2026-1234")
    reason = section.required_text("reason", _is_reason, _REASON_RULE, example="'not reachable from outside'")
    until = section.required_text("until", _is_day, _DAY_RULE, example="2027-01-31")
    section.finish()
    if section.mistakes > before:
        return None
    return Ignore(id=name, reason=reason.strip(), until=date.fromisoformat(until.removesuffix(_UNQUOTED)))


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _is_reason(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _MAX_REASON and text.isprintable()


def _is_day(text: str) -> bool:
    day = text.removesuffix(_UNQUOTED)
    if _DAY.fullmatch(day) is None:
        return False
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def as_config(gate: Gate) -> dict[str, object]:
    """The section that `read_gate` reads as this gate, in plain JSON types, with nothing left to defaults."""
    if isinstance(gate, GateOff):
        return {"off": gate.reason}
    return {
        "maxSeverity": gate.max_severity.value,
        "wait": gate.wait_s,
        "ignore": [{"id": one.id, "reason": one.reason, "until": one.until.isoformat()} for one in gate.ignore],
    }
