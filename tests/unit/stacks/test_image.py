"""What goes into the image of a stack's steps."""

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
