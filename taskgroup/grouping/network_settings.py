"""What a network is trained with beyond names: every setting of its ways, those at their defaults too.

Other programs have other defaults, so an export that named only what differs could not be trained again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskgroup.spec import (
    DISTILLATION_FACTS,
    SHARING_KINDS,
    WEIGHTING_FACTS,
    Method,
    Option,
    Sharing,
    Subset,
    sampling_from_text,
)

_OPTIONS: dict[str, dict[str, Mapping[str, Option]]] = {
    "sharing": {name: facts.options for name, facts in SHARING_KINDS.items()},
    "weighting": {name: facts.options for name, facts in WEIGHTING_FACTS.items()},
    "distillation": {name: facts.options for name, facts in DISTILLATION_FACTS.items()},
}


def network_settings(
    subset: Subset, sharing: Sharing | None, weighting: str | None, hyperparameters: Mapping[str, float | str]
) -> dict[str, dict[str, Any]]:
    """All settings of a network's sharing, weighting, sampling and distillation, by these words.

    Weights are those of the network's own tasks. What has no settings is left out.

    >>> network_settings(("a", "b"), Sharing("mmoe", 1), "equal", {"learning_rate": 0.01})
    {'sharing': {'experts': 4}}
    """
    texts = {
        "sharing": sharing.kind if sharing else "",
        "weighting": weighting or "",
        "distillation": str(hyperparameters.get("distillation", "")),
    }
    found = {what: _filled(what, Method.parse(text)) for what, text in texts.items()}
    if "weights" in found["weighting"] and isinstance(found["weighting"]["weights"], dict):
        weights = found["weighting"]["weights"]
        found["weighting"]["weights"] = {task: weights[task] for task in subset if task in weights}
    found["sampling"] = _of_sampling(str(hyperparameters.get("sampling", "")))
    return {what: settings for what, settings in found.items() if settings}


def _filled(what: str, method: Method) -> dict[str, Any]:
    """A trainer of the user's may have names that no catalog knows."""
    return method.filled(_OPTIONS[what].get(method.name, {}))


def _of_sampling(text: str) -> dict[str, Any]:
    if not text:
        return {}
    sampling = sampling_from_text(text)
    return {} if isinstance(sampling, str) else sampling.model_dump(mode="json")
