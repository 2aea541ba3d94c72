"""How the doctor shows what it finds."""

from commands.doctor import told
from stacks.doctor.finding import Finding


def test_each_check_is_a_line_and_a_problem_has_what_mends_it_below() -> None:
    """In columns that keep their place."""
    lines = str(
        told(
            [
                Finding("stack", "ok", "all is there"),
                Finding("artifact_store 's3'", "problem", "no bucket", "aws s3 mb s3://b"),
            ]
        )
    ).splitlines()
    assert lines[0] == "ok       stack                all is there"
    assert lines[1] == "problem  artifact_store 's3'  no bucket"
    assert lines[2] == " " * 30 + "aws s3 mb s3://b"
