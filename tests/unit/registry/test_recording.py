"""What is kept beside a version."""

from typing import Any

from steps.registry.recording import keep_page


class Store:
    """As much of a tracking server as pages need: one run, and others that are gone."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def log_text(self, run_id: str, text: str, name: str) -> None:
        if run_id != "there":
            raise ConnectionError(f"No run {run_id}.")
        self.kept[name] = text


def test_a_page_that_cannot_be_kept_is_told_and_ends_nothing() -> None:
    """A trial that was carried out is not undone for it."""
    store: Any = Store()
    assert keep_page(store, "there", "<p>é</p>", "rollout/r.html") == ""
    assert store.kept == {"rollout/r.html": "<p>é</p>"}
    assert keep_page(store, "gone", "<p></p>", "x.html") == "ConnectionError: No run gone."
