"""`run.py dashboard`, as a reviewer sees it: a real server in a real browser."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import PATIENCE, chromium
from tests.workplace import Workplace

expect.set_options(timeout=PATIENCE)
CANDIDATES = "candidates=[{name: linear, kind: linear}, {name: forest, kind: forest}]"
FEW = ("--set", "tuning.trials=1", "--set", "report.enabled=false")
FAST = ("--set", CANDIDATES, *FEW, "--no-deploy")
STEPS = ("load_table", "validate", "train_linear", "train_forest", "evaluate", "compare", "promote")


@dataclass(frozen=True)
class Shown:
    """A dashboard that runs, with a page that is logged in.

    Args:
        trained, failed: The pages of two runs.
    """

    told: dict[str, Any]
    page: Page
    trained: str
    failed: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A place with one run that completed and one that failed."""
    place = Workplace(tmp_path_factory.mktemp("dashboard"))
    done = place.run("--stack", "local", "--config", "breast_cancer", *FAST)
    assert done.status == 0, done.errors
    return place


@pytest.fixture(scope="module")
def shown(place: Workplace) -> Iterator[Shown]:
    told = place.run("dashboard", "--json").document
    try:
        constant = place.home / "constant.csv"
        constant.write_text("a,b,y\n" + "".join(f"{n},{n * n},x\n" for n in range(200)))
        failed = place.run("--data", str(constant), "--target", "y", *FAST)
        assert failed.status == 2
        again = place.run("dashboard", "--json").document
        assert again["url"] == told["url"]
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.set_default_timeout(PATIENCE)
            log_in(page, told)
            yield Shown(told, page, told["last_run"], again["last_run"])
    finally:
        assert place.run("dashboard", "--stop", "--json").document == {"stopped": True}


def log_in(page: Page, told: dict[str, Any]) -> None:
    page.goto(told["url"])
    page.locator("input[name=username]").fill(told["user"])
    page.locator("input[name=password]").fill(told["password"])
    page.keyboard.press("Enter")
    # Past ZenML's survey for those who come first.
    expect(page.get_by_text("Welcome back")).to_be_visible()


def open_run(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".react-flow__node").first.wait_for()
    page.get_by_label("Fit view").click()


def test_a_run_shows_its_steps_by_name_and_all_of_them_green(shown: Shown) -> None:
    """The first page that a reviewer sees names what happened, and in which order."""
    open_run(shown.page, shown.trained)
    for step in STEPS:
        expect(shown.page.locator(".react-flow__node", has_text=step).first).to_be_visible()
    shown.page.get_by_label("Timeline view").click()
    expect(shown.page.get_by_text("train_forest", exact=True).first).to_be_visible()
    insights = shown.page.inner_text("body")
    total = insights.split("Total Steps\n")[1].split()[0]
    assert f"Completed\n{total}\n" in insights
    assert "Failed\n0\n" in insights


def test_a_run_shows_what_it_stands_on_and_what_it_came_to(shown: Shown) -> None:
    """Data digest, commit and metrics are on the run."""
    open_run(shown.page, shown.trained)
    shown.page.get_by_role("tab", name="Metadata").click()
    expect(shown.page.get_by_text("data_digest")).to_be_visible()
    said = shown.page.inner_text("body")
    for key in ("commit", "roc_auc", "outcome", "challenger"):
        assert f"\n{key}\n" in said
    assert "\nsha256:" in said


def test_the_report_is_drawn_inside_the_dashboard(shown: Shown) -> None:
    """Its frame blocks scripts: what it shows needs none."""
    open_run(shown.page, shown.trained)
    shown.page.locator(".react-flow__node", has_text="model_report").click()
    shown.page.get_by_role("tab", name="Visualization").last.click()
    shown.page.get_by_role("button", name="Load Preview").click()
    report = shown.page.frame_locator("iframe").first
    expect(report.get_by_text("becomes champion")).to_be_visible()
    expect(report.locator("svg").first).to_be_visible()
    assert report.locator("script").count() == 0


def test_a_failed_run_gives_its_reason_in_two_clicks(shown: Shown) -> None:
    """The step that failed, then its log."""
    page = shown.page
    page.goto(shown.failed)
    page.locator(".react-flow__node", has_text="Execution failed").click()
    page.get_by_role("tab", name="Logs").last.click()
    expect(page.get_by_text("The target 'y' is constant").first).to_be_visible()


def test_nobody_looks_without_the_password(shown: Shown) -> None:
    """On a machine with other users, the address alone shows nothing."""
    runs = f"{shown.told['url']}/api/v1/runs"
    assert httpx.get(runs, timeout=60).status_code == 401
    wrong = {"username": shown.told["user"], "password": "wrong"}
    login = f"{shown.told['url']}/api/v1/login"
    assert httpx.post(login, data=wrong, timeout=60).status_code == 401


def test_the_password_is_told_once_and_kept_nowhere(place: Workplace, shown: Shown) -> None:
    """A second call gives the address alone."""
    again = place.run("dashboard", "--json").document
    assert "password" not in again
    secret = shown.told["password"].encode()
    kept = [path for path in Path(place.home).rglob("*") if path.is_file()]
    assert [path for path in kept if secret in path.read_bytes()] == []


def test_the_client_works_on_as_before(place: Workplace, shown: Shown) -> None:
    """Unlike `zenml login --local`, it leaves the client where it is."""
    done = place.run("history", "--json")
    assert done.status == 0, done.errors
    assert done.document
    assert shown.told["url"] not in (place.home / "zenml" / "config.yaml").read_text()


def test_a_taken_port_is_refused_by_its_option(place: Workplace, shown: Shown) -> None:
    """The user's mistake names the option and what to do."""
    elsewhere = {"SWITCHYARD_HOME": str(place.home / "elsewhere")}
    port = shown.told["url"].rpartition(":")[2]
    refused = place.run("dashboard", "--port", port, **elsewhere)
    assert refused.status == 2
    assert f"--port {port} is taken" in refused.errors


def test_to_stop_what_does_not_run_is_no_error(place: Workplace) -> None:
    """It says so."""
    elsewhere = {"SWITCHYARD_HOME": str(place.home / "nowhere")}
    assert place.run("dashboard", "--stop", **elsewhere).output == "No dashboard is running.\n"
