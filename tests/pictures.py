"""The README's pictures, taken anew of what really ran: `make pictures`."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser import PATIENCE, chromium
from tests.integration.dashboard.test_dashboard import log_in, open_run
from tests.workplace import ROOT, Workplace

PICTURES = ROOT / "docs" / "pictures"
SIZE = (1440, 860)
COLOURS = 128
WORDS = ("--stack", "local", "--config", "demo", "--no-deploy", "--set", "tuning.trials=2")


def take() -> None:
    """Train on the demo's table, and take a picture of the run and one of its report."""
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(Path(folder))
        done = place.run(*WORDS, "--json")
        assert done.status == 0, done.errors
        report = Path(done.document["reports"]["model"])
        told = place.run("dashboard", "--json").document
        try:
            with chromium() as browser:
                page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
                page.set_default_timeout(PATIENCE)
                log_in(page, told)
                open_run(page, told["last_run"])
                # The graph of so many steps is too small to read on a picture; this names them.
                page.get_by_label("Timeline view").click()
                page.get_by_text("train_forest", exact=True).first.wait_for()
                keep(page, "dashboard.png")
                page.set_viewport_size({"width": 1000, "height": SIZE[1]})
                page.goto(report.as_uri())
                keep(page, "report.png")
        finally:
            place.run("dashboard", "--stop")


def keep(page: Page, name: str) -> None:
    """Write what a page shows, in few colours so that it stays small."""
    image = Image.open(BytesIO(page.screenshot())).convert("RGB")
    few = image.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(PICTURES / name, optimize=True)
    print(f"{name}: {(PICTURES / name).stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    take()
