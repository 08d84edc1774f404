"""Who trains in which network, and who is served by it."""

from __future__ import annotations

import json

import pandas as pd

from taskgroup.grouping import Grouping, Network

GROUP_COLUMNS = (
    "network",
    "task",
    "served",
    "cost",
    "sharing",
    "depth",
    "weighting",
    "learning_rate",
    "weight_decay",
    "sampling",
    "distillation",
    "settings",
)


def group_table(grouping: Grouping) -> pd.DataFrame:
    """One row a network and task of it: `GROUP_COLUMNS`, networks numbered from 1.

    A task that only rides along has `served` False. Settings that are not known are None; `settings` is a
    JSON document, `Network.settings`.
    """
    rows = [
        {"network": number, "task": task, "served": task in network.serves, **_settings(network)}
        for number, network in enumerate(grouping.networks, start=1)
        for task in network.subset
    ]
    return pd.DataFrame(rows, columns=list(GROUP_COLUMNS))


def _settings(network: Network) -> dict[str, object]:
    return {
        "cost": network.cost,
        "sharing": network.sharing.kind if network.sharing else None,
        "depth": network.sharing.depth if network.sharing else None,
        "weighting": network.weighting,
        "learning_rate": network.hyperparameters.get("learning_rate"),
        "weight_decay": network.hyperparameters.get("weight_decay"),
        "sampling": network.hyperparameters.get("sampling"),
        "distillation": network.hyperparameters.get("distillation"),
        "settings": json.dumps(network.settings) if network.settings else None,
    }
