"""Five stages of a training, as every arm calls them; on its own this is the plain script.

Nothing of this project is imported, so that the peers' environments can call them too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

TARGET = "late"
SEED = 0


def load(table: str) -> Any:
    """Read the table."""
    import pandas as pd

    return pd.read_csv(table)


def split(rows: Any) -> tuple[Any, Any]:
    """Training rows and held-out rows."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(rows, test_size=0.2, random_state=SEED)
    return train, test


def fit(train: Any) -> Any:
    """A fitted model."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression())
    return model.fit(train.drop(columns=TARGET), train[TARGET])


def evaluate(model: Any, test: Any) -> float:
    """How well it ranks the held-out rows."""
    from sklearn.metrics import roc_auc_score

    scores = model.predict_proba(test.drop(columns=TARGET))[:, 1]
    return float(roc_auc_score(test[TARGET], scores))


def save(model: Any, score: float, folder: str) -> str:
    """Write the model and its score, and say it."""
    import joblib

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, place / "model.joblib")
    (place / "score.txt").write_text(repr(score))
    return repr(score)


def add(number: int) -> int:
    """A stage that does nothing worth mentioning."""
    return number + 1


def five(table: str, folder: str) -> str:
    """The five stages, one after another."""
    train, test = split(load(table))
    model = fit(train)
    return save(model, evaluate(model, test), folder)


def chain(count: str) -> int:
    """So many stages that do nothing."""
    value = 0
    for _ in range(int(count)):
        value = add(value)
    return value


if __name__ == "__main__":
    print(five(*sys.argv[2:]) if sys.argv[1] == "five" else chain(sys.argv[2]))
