"""What a command does not have to load."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
RECORDED = """
import sys
from commands import record, train
from commands.parser import parse
from steps.data.fingerprint import fingerprint

words = ["--data", sys.argv[1], "--target", "y", "--stack", "local", "--json"]
options = parse(["train", *words])
config, files, _ = train.resolve(options)
stack = train.stack_identity(options.stack)
identity = record.fingerprint(fingerprint(config.data), files, stack)
record.remember(record.question(options), identity, [], {"endpoint": None, "told": "before"})

import run

run.main(words)
print(sorted({"zenml", "mlflow", "torch", "pandas", "numpy", "sklearn"} & set(sys.modules)))
"""


def test_an_answer_from_the_record_needs_no_zenml_and_no_table(tmp_path: Path) -> None:
    """What has not changed is told before anything heavy is imported."""
    table = tmp_path / "table.csv"
    table.write_text("x,y\n1,2\n")
    done = subprocess.run(
        [sys.executable, "-c", RECORDED, str(table)],
        cwd=ROOT,
        env={"SWITCHYARD_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert '"told": "before"' in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
