"""What goes into the image of a stack's steps."""

import pytest

from stacks.image import wanted
from stacks.requirements import CORE, pins
from stacks.schema import read_stack
from tests.unit.stacks.test_requirements import pins as pinned_in


def test_the_image_has_the_pins_of_the_core_and_of_the_stacks_extras() -> None:
    """Each package once, in the version of the lock."""
    found = dict(line.split("==") for line in pins(read_stack("kubeflow")))
    assert pinned_in(CORE).items() <= found.items()
    assert pinned_in("requirements-kubeflow.txt").items() <= found.items()
    assert pinned_in("requirements-s3.txt").items() <= found.items()
    assert len(found) == len(pins(read_stack("kubeflow")))


PACKAGES = pins(read_stack("docker"))


def names(packages: list[str]) -> set[str]:
    """The packages without their versions."""
    return {each.partition("==")[0] for each in packages}


@pytest.mark.parametrize("both_are_built", [True, False])
def test_an_image_is_built_without_what_no_step_of_the_run_imports(both_are_built: bool) -> None:
    """Neither torch nor what only torch needs."""
    found = wanted(PACKAGES, ["torch"], lambda _: both_are_built)
    assert names(PACKAGES) - names(found) == {"mpmath", "networkx", "sympy", "torch"}


def test_an_image_that_is_there_serves_though_it_holds_more() -> None:
    """What a deployment could do without is no reason to build a second one."""
    assert wanted(PACKAGES, ["torch"], lambda packages: packages == PACKAGES) == PACKAGES


def test_a_run_that_needs_everything_has_everything() -> None:
    """Whatever is built already."""
    assert wanted(PACKAGES, [], lambda _: True) == PACKAGES
