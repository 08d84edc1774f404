"""What a grouping is: the networks to train, who each serves, and how sure we are that it is the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taskgroup.grouping.network_settings import network_settings
from taskgroup.spec import Sharing, Subset


@dataclass(frozen=True)
class Network:
    """One network of a grouping.

    Attributes:
        subset: The tasks that train in it.
        serves: Those whose predictions are taken from it; the others only ride along.
        cost: Its serving cost in network equivalents.
        sharing: How the tasks share the encoder, where that is known.
        weighting: How the losses are weighted, where that is known.
        hyperparameters: The training settings, where they are known.
    """

    subset: Subset
    serves: Subset
    cost: float = 1.0
    sharing: Sharing | None = None
    weighting: str | None = None
    hyperparameters: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, dict[str, Any]]:
        """All settings of its sharing, weighting, sampling and distillation; none for one task alone."""
        if len(self.subset) == 1:
            return {}
        return network_settings(self.subset, self.sharing, self.weighting, self.hyperparameters)

    def document(self) -> dict[str, Any]:
        """The network as plain JSON values; `settings` where it has any, for readers without the defaults."""
        sharing = self.sharing
        document = {
            "subset": list(self.subset),
            "serves": list(self.serves),
            "cost": self.cost,
            "sharing": None if sharing is None else {"kind": sharing.kind, "depth": sharing.depth},
            "weighting": self.weighting,
            "hyperparameters": dict(self.hyperparameters),
        }
        return {**document, "settings": self.settings} if self.settings else document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Network:
        """Rebuild a network from `document()`."""
        given = {key: value for key, value in document.items() if key != "settings"}
        sharing = given["sharing"]
        return cls(
            **{
                **given,
                "subset": tuple(given["subset"]),
                "serves": tuple(given["serves"]),
                "sharing": None if sharing is None else Sharing(**sharing),
            }
        )


@dataclass(frozen=True)
class Grouping:
    """The networks that serve every task once.

    Attributes:
        networks: In the order of the first task that each serves.
        cost: Total serving cost in network equivalents.
        select_total: The chosen assignment's total on the values it was chosen by, importance-weighted;
            under a `risk`, of the values made worse by that many standard errors.
        report_total: The same assignment's total on the values to report, where given.
        bound: No assignment of these candidates under this limit and these rules has a better
            `select_total`.
        optimal: Whether `select_total` was proved to reach the bound; a recommended baseline need not.
        gain: Mean gain over single-task networks on the test split with fresh seeds.
        low: Lower end of the gain's 95% interval.
        high: Upper end of the gain's 95% interval.
        baseline_gains: Mean gains of `single_task` (0 by definition) and `all_in_one`.
        versus: For each baseline, the grouping's advantage as `{"gain", "low", "high"}`.
        confirmed: Whether gain and interval come from fresh seeds on the test split.
        verdict: The recommendation in one sentence.
    """

    networks: tuple[Network, ...]
    cost: float
    select_total: float
    report_total: float | None = None
    bound: float | None = None
    optimal: bool = False
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    baseline_gains: Mapping[str, float | None] = field(default_factory=dict)
    versus: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    confirmed: bool = False
    verdict: str = ""

    def document(self) -> dict[str, Any]:
        """The grouping as plain JSON values."""
        return {
            "networks": [network.document() for network in self.networks],
            "cost": self.cost,
            "select_total": self.select_total,
            "report_total": self.report_total,
            "bound": self.bound,
            "optimal": self.optimal,
            "gain": self.gain,
            "low": self.low,
            "high": self.high,
            "baseline_gains": dict(self.baseline_gains),
            "versus": {name: dict(values) for name, values in self.versus.items()},
            "confirmed": self.confirmed,
            "verdict": self.verdict,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Grouping:
        """Rebuild a grouping from `document()`."""
        networks = tuple(Network.from_document(network) for network in document["networks"])
        return cls(**{**document, "networks": networks})
