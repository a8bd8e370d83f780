from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr import config_reader
from ecr.errors import InputErrors
from ecr.gate_config import as_config, read_gate
from ecr.scan import Gate, GateOff, Ignore, ScanGate
from ecr.severity import THRESHOLDS, Severity

PATH = "container-registry:promote.gate"
ENTRY = {"id": "CVE-2026-1", "reason": "not reachable", "until": "2027-01-31"}


def read(values: object) -> Gate:
    """As a stack's configuration has it: as the text of a JSON object, with the gate inside."""
    top = config_reader.open_section("container-registry", {"promote": json.dumps({"gate": values})})
    promote = top.section("promote")
    gate = read_gate(promote.section("gate") if promote else None)
    if promote:
        promote.finish()
    top.finish()
    return gate


def mistakes(values: object) -> list[str]:
    with pytest.raises(InputErrors) as raised:
        read(values)
    return [str(error) for error in raised.value.errors]


def entry(**changes: object) -> dict[str, object]:
    return {"ignore": [{key: value for key, value in {**ENTRY, **changes}.items() if value is not None}]}


@pytest.mark.parametrize("values", [None, {}])
def test_a_stack_that_names_no_gate_has_the_default_one(values: object) -> None:
    assert read(values) == ScanGate() == ScanGate(max_severity=Severity.MEDIUM, wait_s=600, ignore=())


@pytest.mark.parametrize("level", THRESHOLDS)
def test_every_level_is_accepted(level: str) -> None:
    assert read({"maxSeverity": level}) == ScanGate(max_severity=Severity(level))


@pytest.mark.parametrize("wait_s", [0, 1, 86400])
def test_a_wait_is_given_in_seconds(wait_s: int) -> None:
    assert read({"wait": wait_s}) == ScanGate(wait_s=wait_s)


def test_a_finding_is_ignored_with_a_reason_and_a_last_day() -> None:
    expected = Ignore(id="CVE-2026-1", reason="not reachable", until=date(2027, 1, 31))
    assert read(entry()) == ScanGate(ignore=(expected,))
    assert read(entry(reason="  not reachable ")) == ScanGate(ignore=(expected,))
    assert read({"ignore": []}) == ScanGate()


def test_a_date_without_quotes_is_read_as_the_engine_hands_it_over() -> None:
    gate = read({"ignore": [{**ENTRY, "until": "2027-01-31 00:00:00 +0000 UTC"}]})
    assert isinstance(gate, ScanGate)
    assert gate.ignore[0].until == date(2027, 1, 31)


def test_a_gate_is_switched_off_with_a_reason() -> None:
    assert read({"off": "the local cloud has no scanner"}) == GateOff("the local cloud has no scanner")


def test_what_a_gate_asks_for_may_stay_while_it_is_off() -> None:
    assert read({"off": "an incident", "maxSeverity": "LOW", "ignore": [ENTRY]}) == GateOff("an incident")


LEVELS = "NONE, INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL"
DAY = 'the last day on which it holds, such as "2027-01-31", in quotes'


@pytest.mark.parametrize(
    ("values", "mistake"),
    [
        ("HIGH", '"HIGH" is not accepted; accepted: an object with keys'),
        ({"maxSeverity": "high"}, f'.maxSeverity: "high" is not accepted; accepted: one of {LEVELS}'),
        ({"maxSeverity": "UNDEFINED"}, f'.maxSeverity: "UNDEFINED" is not accepted; accepted: one of {LEVELS}'),
        ({"maxSeverity": 3}, f".maxSeverity: 3 is not accepted; accepted: one of {LEVELS}"),
        ({"maxseverity": "HIGH"}, ".maxseverity: is not a known key; known: ignore, maxSeverity, off, wait"),
        ({"wait": -1}, ".wait: -1 is not accepted; accepted: a whole number, 0 to 86400"),
        ({"wait": 86401}, ".wait: 86401 is not accepted; accepted: a whole number, 0 to 86400"),
        ({"wait": 1.5}, ".wait: 1.5 is not accepted; accepted: a whole number, 0 to 86400"),
        ({"wait": "10m"}, '.wait: "10m" is not accepted; accepted: a whole number, 0 to 86400'),
        ({"wait": True}, ".wait: true is not accepted; accepted: a whole number, 0 to 86400"),
        ({"ignore": "CVE-2026-1"}, '.ignore: "CVE-2026-1" is not accepted; accepted: a list'),
        ({"ignore": ["CVE-2026-1"]}, '.ignore[0]: "CVE-2026-1" is not accepted; accepted: an object with keys'),
        (entry(id=None), ".ignore[0].id: is missing; accepted: the id of a finding"),
        (entry(id=""), '.ignore[0].id: "" is not accepted; accepted: the id of a finding'),
        (entry(id="CVE 1"), '.ignore[0].id: "CVE 1" is not accepted; accepted: the id of a finding'),
        (entry(id=2026), ".ignore[0].id: 2026 is not accepted; accepted: the id of a finding"),
        (entry(reason=None), ".ignore[0].reason: is missing; accepted: why, in 1 to 500 characters on one line"),
        (entry(reason=" "), '.ignore[0].reason: " " is not accepted; accepted: why, in 1 to 500 characters'),
        (entry(reason="a\nb"), '.ignore[0].reason: "a\\nb" is not accepted; accepted: why, in 1 to 500 characters'),
        (entry(reason="x" * 501), "is not accepted; accepted: why, in 1 to 500 characters"),
        (entry(until=None), f".ignore[0].until: is missing; accepted: {DAY}"),
        (entry(until="2027-02-30"), f'.ignore[0].until: "2027-02-30" is not accepted; accepted: {DAY}'),
        (entry(until="20270131"), f'.ignore[0].until: "20270131" is not accepted; accepted: {DAY}'),
        (entry(until="2027-W05-1"), f'.ignore[0].until: "2027-W05-1" is not accepted; accepted: {DAY}'),
        (entry(until="31.01.2027"), f'.ignore[0].until: "31.01.2027" is not accepted; accepted: {DAY}'),
        (entry(until="2027-01-31T00:00:00Z"), f'"2027-01-31T00:00:00Z" is not accepted; accepted: {DAY}'),
        (entry(until="\u0662\u0660\u0662\u0667-\u0660\u0661-\u0663\u0661"), f"is not accepted; accepted: {DAY}"),
        (entry(until="0000-01-01"), f'"0000-01-01" is not accepted; accepted: {DAY}'),
        (entry(until=20270131), f".ignore[0].until: 20270131 is not accepted; accepted: {DAY}"),
        (entry(untill="2027-01-31"), ".ignore[0].untill: is not a known key; known: id, reason, until"),
        ({"ignore": [ENTRY, {**ENTRY, "id": "cve-2026-1"}]}, ".ignore: CVE-2026-1 is ignored twice; name it once"),
        ({"off": ""}, '.off: "" is not accepted; accepted: why, in 1 to 500 characters on one line'),
        ({"off": True}, ".off: true is not accepted; accepted: why, in 1 to 500 characters on one line"),
        ({"off": "why", "wait": -1}, ".wait: -1 is not accepted; accepted: "),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:60],
)
def test_a_mistake_is_named_by_its_key(values: object, mistake: str) -> None:
    (line,) = mistakes(values)
    assert line.startswith(PATH)
    assert mistake in line


def test_all_mistakes_are_named_in_one_go() -> None:
    found = mistakes({"maxSeverity": "LOWER", "wait": -1, **entry(id="", until="soon"), "extra": 1})
    assert [line.partition(": ")[0].removeprefix(PATH) for line in found] == [
        ".maxSeverity", ".wait", ".ignore[0].id", ".ignore[0].until", ".extra"
    ]  # fmt: skip


gates = st.one_of(
    st.builds(GateOff, st.text("abc é", min_size=1).filter(str.strip)),
    st.builds(
        ScanGate,
        max_severity=st.sampled_from(THRESHOLDS),
        wait_s=st.integers(0, 86400),
        ignore=st.lists(
            st.builds(
                Ignore,
                id=st.text("CVE-0123", min_size=1, max_size=20),
                reason=st.text("abc", min_size=1),
                until=st.dates(),
            ),
            max_size=3,
            unique_by=lambda one: one.id,
        ).map(tuple),
    ),
)


@settings(deadline=None, max_examples=100)
@given(gates)
def test_a_gate_that_was_written_reads_back_as_itself(gate: Gate) -> None:
    section = config_reader.open_section("gate", json.loads(json.dumps(as_config(gate))))
    assert read_gate(section) == gate
