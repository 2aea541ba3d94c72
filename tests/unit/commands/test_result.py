"""The last lines of a run."""

from commands.result import reports


def test_the_models_page_comes_first_and_every_place_is_whole() -> None:
    """Also one that would be markup."""
    lines = reports({"data": "/a/[b]/data.html", "model": "/a/model.html"}).splitlines()
    assert lines == ["model  /a/model.html", r"data   /a/\[b]/data.html"]


def test_a_run_without_pages_says_nothing_of_them() -> None:
    """As one does whose record is of an older release."""
    assert reports({}) == ""
