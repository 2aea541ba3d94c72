"""How much a label of a row would tell, from the answer it got or from how odd it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.schema import Column, TableSchema
from steps.monitoring.profile import Floats, Profile, Reference

Matrix = NDArray[np.float32]


def margin_doubt(scores: NDArray[np.float32]) -> Floats:
    """One less the margin between the two likeliest classes: 1 where they are level.

    Margin sampling (Scheffer, Decomain and Wrobel, "Active hidden Markov models for information
    extraction", IDA 2001).

    Args:
        scores: Class probabilities [rows, classes].
    """
    best = np.sort(scores.astype(np.float64), axis=1)
    doubt: Floats = 1.0 - (best[:, -1] - best[:, -2])
    return doubt


def oddness(matrix: Matrix, profile: Profile, schema: TableSchema) -> Floats:
    """How far out each value of each row lies in the training rows, [rows, columns].

    A single number holds no doubt, so that in a regression the rows that training knows least are
    asked for. Of a number it is the negative logarithm of its tail (ECOD: Li, Zhao, Hu, Botta,
    Ionescu and Chen, "Unsupervised outlier detection using empirical cumulative distribution
    functions", IEEE TKDE 2022), of a category that of its share (HBOS: Goldstein and Dengel,
    "Histogram-based outlier score", KI 2012). The sum over the columns is the row's.

    Args:
        matrix: Encoded rows [rows, columns] of the profile's columns.
        schema: Of the matrix.
    """
    pairs = zip(profile.columns, schema.columns, matrix.T, strict=True)
    return np.column_stack([_odd(reference, column, values) for reference, column, values in pairs])


def _odd(reference: Reference, column: Column, values: NDArray[np.float32]) -> Floats:
    if column.kind == "categorical":
        counts = np.array([*reference.counts, reference.missing], dtype=np.float64)
        shares: Floats = (counts + 1) / (reference.rows + 1)
        found: Floats = -np.log(shares[values.astype(np.int64)].clip(max=1.0))
        return found
    absent = np.isnan(values)
    tails = _tails(reference, column, np.where(absent, 0.0, values))
    gap = (reference.missing + 1) / (reference.rows + 1)
    odd: Floats = -np.log(np.where(absent, gap, tails).clip(max=1.0))
    return odd


def _tails(reference: Reference, column: Column, values: Floats) -> Floats:
    """Twice the share of training values that lie at least as far out, on the nearer side."""
    counts = np.asarray(reference.counts, dtype=np.float64)
    total = counts.sum() + 1
    places = np.searchsorted(np.asarray(reference.edges), values, side="left")
    below, above = np.cumsum(counts)[places], np.cumsum(counts[::-1])[::-1][places]
    if column.minimum is not None:
        below = np.where(values < column.minimum, 0.0, below)
    if column.maximum is not None:
        above = np.where(values > column.maximum, 0.0, above)
    tails: Floats = 2 * (np.minimum(below, above) + 1) / total
    return tails
