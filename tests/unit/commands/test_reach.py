"""What the steps of a stack can read of this machine."""

import pytest

from commands.reach import require_labels_in_reach
from serving.errors import ConfigError
from stacks.schema import load_stack


@pytest.mark.parametrize("uri", ["kept/labels", "/kept/labels", "file:///kept/labels"])
def test_labels_in_a_folder_that_containers_do_not_see_are_refused(uri: str) -> None:
    """They would find it empty, and train without a word on fewer rows."""
    with pytest.raises(ConfigError, match=rf"'labels.uri': '{uri}' .* the stack 'docker' run"):
        require_labels_in_reach(uri, load_stack("docker"))


@pytest.mark.parametrize(
    ("uri", "stack"),
    [("kept/labels", "local"), ("", "docker"), ("s3://bucket/labels", "docker")],
)
def test_labels_that_every_step_finds_are_not(uri: str, stack: str) -> None:
    """The artifact store is one place for all of them."""
    require_labels_in_reach(uri, load_stack(stack))
