"""What a step's container may do beside its work."""

import pytest

from stacks.flavors.docker.orchestrator import locked


@pytest.mark.parametrize("user", [0, 1000])
def test_a_steps_container_has_no_capability_that_it_does_not_need(user: int) -> None:
    """Root's own keeps what reaches the files of others; nobody gains anything inside."""
    asked = locked(user)
    assert asked["cap_drop"] == ["ALL"]
    assert asked["security_opt"] == ["no-new-privileges"]
    assert set(asked.get("cap_add", [])) == (
        {"CHOWN", "DAC_OVERRIDE", "FOWNER"} if not user else set()
    )
