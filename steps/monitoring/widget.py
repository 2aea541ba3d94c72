"""Evidently's drift of one column, with its picture written as it is.

Evidently builds each picture from plotly's objects, which check and copy every part, and a second
one of the values in the order of their rows, which are drawn by chance here. Both take three
quarters of a report's time and show nothing more.
"""

from __future__ import annotations

from abc import ABC
from typing import Any

from evidently.legacy.metric_results import HistogramData
from evidently.legacy.renderers.html_widgets import (
    CounterData,
    GraphData,
    counter,
    plotly_graph,
)
from evidently.metrics.column_statistics import ValueDrift, ValueDriftCalculation


class ColumnDrift(ValueDrift):
    """The drift of a column: Evidently's own number, by its own test and threshold."""


class ColumnDriftCalculation(ValueDriftCalculation, ABC):
    """Evidently's own calculation, but for how it is shown."""

    def _render(self, result: Any, options: Any, color_options: Any) -> list[Any]:
        del options
        told = [counter(counters=[_sentence(result)])]
        sides = (result.current.distribution, result.reference.distribution)
        if any(side is None for side in sides):
            return told
        colours = (
            color_options.get_current_data_color(),
            color_options.get_reference_data_color(),
        )
        bars = [
            bar
            for side, colour, name in zip(sides, colours, ("current", "reference"), strict=True)
            for bar in _bars(HistogramData.from_distribution(side), colour, name)
        ]
        return [*told, plotly_graph(graph_data=GraphData("", bars, _layout()))]


ColumnDrift.__calculation_type__ = ColumnDriftCalculation


def _sentence(result: Any) -> CounterData:
    found = "detected" if result.drift_detected else "not detected"
    return CounterData(
        f"Data drift {found}. Drift detection method: {result.stattest_name}. "
        f"Drift score: {result.drift_score:.3f}",
        f"Drift in column '{result.column_name}'",
    )


def _bars(held: HistogramData, colour: str, name: str) -> list[dict[str, Any]]:
    """The rows a bin, and hidden behind a button what they are of a hundred."""
    x, rows = held.x.tolist(), held.count.astype(float)
    bar = {"type": "bar", "name": name, "marker": {"color": colour}, "x": x}
    shares = 100 * rows / max(rows.sum(), 1.0)
    return [
        {**bar, "y": rows.tolist(), "visible": True},
        {**bar, "y": shares.tolist(), "visible": False},
    ]


def _layout() -> dict[str, Any]:
    first = [True, False, True, False]
    return {
        "yaxis": {"title": {"text": "Count"}},
        "updatemenus": [
            {
                "type": "buttons",
                "direction": "right",
                "x": 1.05,
                "y": 1.2,
                "yanchor": "top",
                "buttons": [
                    _button("abs", "Count", first),
                    _button("perc", "Percent", [not each for each in first]),
                ],
            }
        ],
    }


def _button(label: str, title: str, visible: list[bool]) -> dict[str, Any]:
    args = [{"visible": visible}, {"yaxis": {"title": title}}]
    return {"method": "update", "label": label, "args": args}
