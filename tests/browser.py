"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# Nothing is measured by it: a machine that does much else may take this long to draw a page.
PATIENCE = 120_000
# Chromium's own sandbox does not start where the tests are root, and without a graphics card an
# animation such as that of ZenML's login takes all there is of the processor.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "The tests look at pages in Chromium: apt-get install chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
