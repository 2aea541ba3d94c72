"""What a failed step is told as."""

from types import SimpleNamespace

from commands.failure import explain, explain_step
from serving.errors import DataError, RunError


def failed(source: str, message: str, end_time: str = "2") -> SimpleNamespace:
    """What ZenML keeps of a step that raised."""
    info = SimpleNamespace(source=source, message=message, traceback="the traceback")
    return SimpleNamespace(name="validate", exception_info=info, end_time=end_time)


def test_an_error_of_ours_keeps_its_kind_and_its_words() -> None:
    """The user's mistake stays exit status 2 through ZenML."""
    error = explain_step(failed("serving.errors.DataError", "column 'x' is empty"))
    assert isinstance(error, DataError)
    assert str(error) == "column 'x' is empty"
    assert error.exit_status == 2


def test_any_other_error_is_a_failed_run_that_names_the_step() -> None:
    """An unforeseen exception is exit status 1."""
    error = explain_step(failed("builtins.OSError", "[Errno 28] No space left on device"))
    assert isinstance(error, RunError)
    assert "'validate' failed: OSError: [Errno 28] No space left" in str(error)


def test_an_interrupt_stays_an_interrupt() -> None:
    """Ctrl-C inside a step is no failure of the step."""
    step = failed("zenml.exceptions.RunInterruptedException", "The execution was interrupted.")
    assert isinstance(explain_step(step), KeyboardInterrupt)


def test_the_first_failure_explains_the_run() -> None:
    """A later failure may only follow from the first."""
    steps = {
        "b": failed("serving.errors.DataError", "later", end_time="3"),
        "a": failed("serving.errors.DataError", "first", end_time="1"),
    }
    run = SimpleNamespace(name="training-1", status="failed", steps=steps)
    assert str(explain(run)) == "first"


def test_a_run_without_a_reason_says_so() -> None:
    """A run that ended with no step's exception is told plainly."""
    run = SimpleNamespace(name="training-1", status="failed", steps={})
    assert "no step says why" in str(explain(run))


def test_what_is_told_names_the_step_the_end_of_its_log_and_the_way_on() -> None:
    """A step that the message names is not named twice."""
    error = explain_step(failed("serving.errors.DataError", "column 'x' is empty"))
    assert isinstance(error, DataError)
    assert error.told() == "column 'x' is empty\n  in the step 'validate'"
    error = explain_step(failed("builtins.OSError", "No space left"))
    assert isinstance(error, RunError)
    error.log, error.advice = ("epoch 3", "epoch 4"), "`python run.py resume` goes on from it"
    assert error.told().splitlines()[1:] == [
        "  whose log ends:",
        "    epoch 3",
        "    epoch 4",
        "  What finished is kept: `python run.py resume` goes on from it.",
    ]
