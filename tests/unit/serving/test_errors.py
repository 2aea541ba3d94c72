"""What is shown of errors that other packages raise."""

import run
from serving.errors import RunError, spoken

SAID = "API request to https://ann:p@ss/w0rd@mlflow.example.org/api failed with :8080 closed"


def test_a_packages_own_words_hold_no_password() -> None:
    """Clients put the address that they were given into what they say."""
    shown = SAID.replace("p@ss/w0rd", "***")
    assert spoken(ValueError(SAID)) == shown
    plain = "nothing answers at http://127.0.0.1:1/a (ann@example.org)"
    assert spoken(plain) == plain


def test_neither_does_the_traceback_that_debug_shows() -> None:
    """Its causes among them."""
    try:
        try:
            raise ValueError(SAID)
        except ValueError as cause:
            raise RunError("It failed.") from cause
    except RunError as error:
        told = run.traced(error)
    assert "https://ann:***@mlflow.example.org" in told
    assert "p@ss" not in told.replace(f'SAID = "{SAID}', "")
