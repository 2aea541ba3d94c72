"""The stages as a Kedro pipeline, run by its sequential runner; `again` runs what is missing."""

import sys
from pathlib import Path
from typing import Any

import stages  # type: ignore[import-not-found]
from kedro.io import DataCatalog, MemoryDataset  # type: ignore[import-not-found]
from kedro.pipeline import node, pipeline  # type: ignore[import-not-found]
from kedro.runner import SequentialRunner  # type: ignore[import-not-found]
from kedro_datasets.pickle import PickleDataset  # type: ignore[import-not-found]

FIVE = pipeline(
    [
        node(stages.load, "table", "rows"),
        node(stages.split, "rows", ["train", "test"]),
        node(stages.fit, "train", "model"),
        node(stages.evaluate, ["model", "test"], "score"),
        node(stages.save, ["model", "score", "folder"], "saved"),
    ]
)


def chain(count: int) -> Any:
    """So many stages that do nothing."""
    return pipeline([node(stages.add, f"v{n}", f"v{n + 1}", name=f"step{n}") for n in range(count)])


def main(kind: str, *words: str) -> None:
    """Run one of them with every result kept as a file."""
    if kind == "chain":
        asked, last = chain(int(words[0])), f"v{words[0]}"
        given: dict[str, Any] = {"v0": 0}
    else:
        asked, last = FIVE, "saved"
        given = dict(zip(("table", "folder"), words, strict=True))
    kept = {
        name: PickleDataset(filepath=str(Path.home() / "data" / name))
        for name in asked.all_outputs()
    }
    catalog = DataCatalog({**{name: MemoryDataset(v) for name, v in given.items()}, **kept})
    SequentialRunner().run(asked, catalog, only_missing_outputs=kind == "again")
    print(catalog.load(last))


if __name__ == "__main__":
    main(*sys.argv[1:])
