"""What `components` hands out, each loaded from its own module when it is asked for."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import components

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", components.__all__)
def test_a_name_is_what_its_own_module_calls_so(name: str) -> None:
    found = getattr(components, name)
    assert found.__name__ == name
    assert (ROOT / "components") in Path(inspect.getfile(found)).parents


def test_every_component_and_its_arguments_are_handed_out() -> None:
    public = {
        line.split()[1].split("(")[0].rstrip(":")
        for path in (ROOT / "components").glob("[!_]*.py")
        for line in path.read_text().splitlines()
        if line.startswith("class ") and ("(pulumi.ComponentResource)" in line or line.endswith("Args:"))
    }
    assert public
    assert public <= set(components.__all__)


def test_an_unknown_name_is_an_error_of_attributes() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'ImageRepo'"):
        getattr(components, "ImageRepo")  # noqa: B009 - a type checker refuses the attribute itself


def test_one_component_does_not_load_the_others() -> None:
    probe = "import sys; from components import ImageRepository; sys.exit('components.registry' in sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True, cwd=ROOT)
