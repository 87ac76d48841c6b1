"""Distributions: what a model was trained on, in deciles, and how far other values are from it."""

from typing import Any

import numpy as np
import numpy.typing as npt

DECILES = np.linspace(0.1, 0.9, 9)


def distribution(values: npt.NDArray[np.floating]) -> dict[str, Any]:
    """The inner edges between the tenths of the values, at most 9, and the share of the values in each part.

    Parts are open below and closed above: (edge, next edge]. A part that many equal values fill has no twin, so
    there may be fewer than ten. `nulls` and `zeros` are the shares of values that are NaN and 0.
    """
    present = values[~np.isnan(values)]
    edges = (
        np.unique(np.quantile(present, DECILES, method="lower")).astype(float) if len(present) else np.array([])
    )
    return {
        "edges": edges.tolist(),
        "shares": shares(present, edges).tolist(),
        "nulls": float(np.isnan(values).mean()) if len(values) else 0.0,
        "zeros": float((values == 0).mean()) if len(values) else 0.0,
    }


def shares(values: npt.NDArray[np.floating], edges: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The share of the values in each part between the edges, one more than there are edges; no NaN counts."""
    present = values[~np.isnan(values)]
    edges = np.asarray(edges, dtype=float)
    counts = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    return counts / max(len(present), 1)
