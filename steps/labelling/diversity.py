"""Rows that are worth a label each and do not all say the same."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from steps.labelling.doubt import Matrix
from steps.monitoring.profile import Floats, Profile, Reference

Places = NDArray[np.int64]
# So many times the rows asked for are clustered: the factor of the paper.
FACTOR = 10


def coordinates(matrix: Matrix, profile: Profile) -> Floats:
    """Encoded rows as points in which each column counts alike.

    A number is its place among the training rows, 0 to 1; two categories lie 1 apart.
    """
    pairs = zip(profile.columns, matrix.T, strict=True)
    return np.hstack([_coordinates(reference, values) for reference, values in pairs])


def pick(points: Floats, worth: Floats, count: int, seed: int) -> tuple[Places, Places]:
    """The places of the rows to label, and how many of the points each of them stands for.

    The points are clustered by k-means weighed by worth, and the one nearest to each centre is
    taken (Zhdanov, "Diverse mini-batch active learning", 2019).

    Args:
        worth: Of a label of each point, above 0.
    """
    if len(points) <= count:
        return np.arange(len(points)), np.ones(len(points), dtype=np.int64)
    clusters, distances = _clustered(points, worth, count, seed)
    picked, sizes = [], []
    for number in np.unique(clusters):
        members = np.flatnonzero(clusters == number)
        picked.append(int(members[np.argmin(distances[members])]))
        sizes.append(len(members))
    # Fewer distinct points than clusters: the most worth of the others fill up.
    rest = np.setdiff1d(np.argsort(-worth, kind="stable"), picked, assume_unique=True)
    more = rest[: count - len(picked)]
    return np.array([*picked, *more], dtype=np.int64), np.array([*sizes, *[1] * len(more)])


def _clustered(
    points: Floats, worth: Floats, count: int, seed: int
) -> tuple[Places, NDArray[np.float64]]:
    """The cluster of each point and its distance from that cluster's centre."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    means = KMeans(count, n_init=1, max_iter=50, random_state=seed)
    # In one thread a sum has one order, and the same log gives the same rows on every machine.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Number of distinct clusters")
        found = means.fit(points, sample_weight=worth)
    return found.labels_.astype(np.int64), np.linalg.norm(
        points - found.cluster_centers_[found.labels_], axis=1
    )


def _coordinates(reference: Reference, values: NDArray[np.float32]) -> Floats:
    if not reference.numeric:
        # Unseen and missing have a code of their own each.
        codes: Floats = np.eye(len(reference.counts) + 1) * np.sqrt(0.5)
        found: Floats = codes[values.astype(np.int64)]
        return found
    absent = np.isnan(values)
    bins = np.searchsorted(np.asarray(reference.edges), values, side="left")
    places = np.where(absent, 0.5, bins / max(len(reference.edges), 1))
    return np.column_stack([places, absent])
