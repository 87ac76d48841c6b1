"""How much of a difference each change explains: one factor at a time from the older version, on the same rows.

For each factor that changed the older version is trained again with that factor as the newer version has it. What
is gained by it is the factor's share; what the shares leave of the whole difference came by them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import BadInput
from .changes import FEATURES_SETTING

BASE = "base"
"""The trial that is the older version again, by the code and environments of today: what those explain."""
REST = "code and environment"
TOLD = ("family", "parameters", "seed", "features")
"""What a training has to tell of itself to be repeated with one thing changed."""


@dataclass(frozen=True)
class Recipe:
    """What a training is made from, but for code and environments."""

    data: str
    freshness: Mapping[str, Any]
    family: str
    parameters: Mapping[str, Any]
    settings: Mapping[str, Any]
    seed: int


def recipe(lineage: Mapping[str, Any]) -> Recipe:
    """What a version was trained from. Raises BadInput where its training.json does not say that."""
    provenance, training = lineage["provenance"], lineage["training"]
    if lacking := [name for name in TOLD if name not in training]:
        what = f"{lineage['name']}:{lineage['version']} does not say its {lacking[0]} in training.json"
        raise BadInput(f"{what}: it cannot be trained again in part", "mlops compare --no-shares")
    asked, data = provenance["asked"], provenance["data"]
    freshness = asked["freshness"]
    return Recipe(
        data=f"{data['name']}:{data['version']}",
        # Without an as-of its age would be counted from today.
        freshness=freshness if "as_of" in freshness else {},
        family=training["family"],
        parameters=training["parameters"],
        settings=asked["settings"],
        seed=training["seed"],
    )


def _data(older: Recipe, newer: Recipe) -> Recipe:
    return replace(older, data=newer.data, freshness=newer.freshness)


def _parameters(older: Recipe, newer: Recipe) -> Recipe:
    kept = {FEATURES_SETTING: older.settings[FEATURES_SETTING]} if FEATURES_SETTING in older.settings else {}
    settings = {name: value for name, value in newer.settings.items() if name != FEATURES_SETTING} | kept
    return replace(older, family=newer.family, parameters=newer.parameters, seed=newer.seed, settings=settings)


def _features(older: Recipe, newer: Recipe) -> Recipe:
    return replace(older, settings={**older.settings, FEATURES_SETTING: newer.settings[FEATURES_SETTING]})


FACTORS: dict[str, Callable[[Recipe, Recipe], Recipe]] = {
    "data": _data,
    "parameters": _parameters,
    "features": _features,
}
"""Each factor: the older recipe with that factor as in the newer one."""


def trials(older: Mapping[str, Any], newer: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Recipe]:
    """The combinations to train, by their names; none where one factor alone changed: it explains everything."""
    factors = [name for name in FACTORS if changed[name]]
    rest = bool(changed["code"] or changed["environment"])
    if len(factors) + rest < 2:
        return {}
    before, after = recipe(older), recipe(newer)
    if changed["features"]:
        before, after = _with_features(older, newer), _with_features(newer, newer)
    base = {BASE: before} if rest else {}
    return base | {name: FACTORS[name](before, after) for name in factors}


def _with_features(lineage: Mapping[str, Any], newer: Mapping[str, Any]) -> Recipe:
    """The recipe of a version, its features said as those left out of all that the newer version knows."""
    found = recipe(lineage)
    left_out = str(recipe(newer).settings.get(FEATURES_SETTING, "")).split(",")
    everything = [*newer["training"]["features"], *(name.strip() for name in left_out if name.strip())]
    without = sorted(set(everything) - set(lineage["training"]["features"]))
    return replace(found, settings={**found.settings, FEATURES_SETTING: ",".join(without)})


def shares(values: Mapping[str, float], changed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The share of each factor that changed, in the unit of the metric.

    `values` has the metric of `older` and `newer`, and that of each trial, on the same rows.
    """
    total = values["newer"] - values["older"]
    base = values.get(BASE, values["older"])
    found = {name: values[name] - base for name in FACTORS if name in values}
    if BASE in values:
        found[REST] = base - values["older"]
    if not found:
        alone = [name for name in FACTORS if changed[name]]
        rest = [REST] if changed["code"] or changed["environment"] else []
        return [{"factor": name, "share": total} for name in (*alone, *rest)]
    rows = [{"factor": name, "share": share} for name, share in found.items()]
    return [*rows, {"factor": "together", "share": total - sum(found.values())}]
