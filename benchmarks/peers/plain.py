"""The training as a plain script: no ZenML, no registry, no server; a bundle in a directory."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.peers import work
from serving.bundle import write_bundle


def main(path: str, folder: Path) -> None:
    """Train, evaluate and compare as a run config says, and write what won."""
    config = work.read(path)
    table = work.load(config.data)
    checks = work.check(table, config)
    train_rows, test_rows, schema = work.split(table, checks, config)
    candidates = [work.fit(train_rows, schema, each, config) for each in config.candidates]
    candidates = [*candidates, work.mix(candidates, train_rows, schema, config)]
    evaluations = work.judge(candidates, test_rows, config)
    decision, page = work.face(candidates, evaluations, train_rows, test_rows, checks, config)
    best = next(each for each in candidates if each.name == decision.challenger)
    folder.mkdir()
    write_bundle(folder, best.onnx, best.schema, name=config.model)
    (folder / "decision.html").write_text(page, encoding="utf-8")
    print(decision.challenger_digest)


if __name__ == "__main__":
    main(sys.argv[1], Path.home() / "bundle")
