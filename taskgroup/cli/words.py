"""A search's findings as lines for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskgroup.grouping import Network
    from taskgroup.search import Outcome
    from taskgroup.spec import Subset

_WIDTH = 100


def recommendation_lines(outcome: Outcome) -> list[str]:
    """The recommendation, its gain, what hurts, and what must be known."""
    grouping = outcome.recommendation
    n = len(grouping.networks)
    cost = f"serving cost {grouping.cost:.3g} (1 = one standard network)"
    lines = [f"Recommended: {n} network{'s' if n > 1 else ''}, {cost}"]
    auxiliary = outcome.study.auxiliary_names
    lines += [
        f"  {i}. {_network(network, auxiliary)}" for i, network in enumerate(grouping.networks, start=1)
    ]
    lines += ["", *_gain_lines(outcome), ""]
    lines += _auxiliary_lines(outcome)
    lines += _negative_lines(outcome)
    lines += [line for note in outcome.notes for line in textwrap.wrap(f"Note: {note}", _WIDTH)]
    return lines


def _network(network: Network, auxiliary: Subset) -> str:
    text = ", ".join(network.serves)
    riding = [
        f"auxiliary {task}" if task in auxiliary else task
        for task in network.subset
        if task not in network.serves
    ]
    if riding:
        text += f"  (trained with {', '.join(riding)})"
    if network.sharing is not None and len(network.subset) > 1:
        from taskgroup.search import way_in_words

        helps = [str(network.hyperparameters.get(name, "")) for name in ("sampling", "distillation")]
        text += f"  [{way_in_words(network.sharing, network.weighting or 'equal', *helps)}]"
    return text


def _gain_lines(outcome: Outcome) -> list[str]:
    grouping = outcome.recommendation
    lines = textwrap.wrap(grouping.verdict, _WIDTH) if grouping.verdict else []
    if grouping.gain is None:
        return lines
    rows = "test" if outcome.has_test_rows else "validation"
    where = f"{rows} rows, fresh seeds" if grouping.confirmed else "not confirmed"
    alone = _advantage(grouping.versus.get("single_task"))
    joint = _advantage(grouping.versus.get("all_in_one"))
    if all(len(network.subset) == 1 for network in grouping.networks):
        alone = "none, these are the single-task networks"
    elif len(grouping.networks) == 1 and grouping.networks[0].subset == grouping.networks[0].serves:
        joint = "none, this is that network"
    lines.append(f"Gain over single-task networks: {alone}  ({where})")
    lines.append(f"Gain over one network for all:  {joint}")
    return lines


def _auxiliary_lines(outcome: Outcome) -> list[str]:
    """Which auxiliary tasks help whom; nothing where there are none."""
    tried = outcome.auxiliaries
    if tried.empty:
        return []
    alone = tried[(tried["beside"] == tried["target"]) & (tried["q_value"] < 0.05) & (tried["gain"] > 0)]
    if alone.empty:
        return ["No auxiliary task helps a single target at q < 0.05 on the validation rows of the search."]
    return ["Auxiliary tasks that help (q < 0.05, validation rows):"] + [
        f"  {row.auxiliary} helps {row.target}: {row.gain:+.0%} [{row.low:+.0%} to {row.high:+.0%}]"
        for row in alone.sort_values("gain", ascending=False).itertuples(index=False)
    ]


def _advantage(values: object) -> str:
    if not isinstance(values, dict) or values.get("gain") is None:
        return "not measured"
    text = f"{values['gain']:+.1%}"
    if values.get("low") is not None and values.get("high") is not None:
        text += f", 95% interval {values['low']:+.1%} to {values['high']:+.1%}"
    return text


def _negative_lines(outcome: Outcome) -> list[str]:
    flagged, n_tested = outcome.negative_transfer, len(outcome.transfer)
    if not len(flagged):
        return [f"No negative transfer at q < 0.05 among {n_tested} tested combinations."]
    lines = [f"Negative transfer (q < 0.05) in {len(flagged)} of {n_tested} tested combinations; the worst:"]
    for row in flagged.head(5).itertuples(index=False):
        others = ", ".join(name for name in str(row.subset).split("+") if name != row.target)
        lines.append(
            f"  {row.target}: {-float(row.gain):.0%} more error "  # type: ignore[arg-type]
            f"[{-float(row.high):.0%} to {-float(row.low):.0%}] beside {others}"  # type: ignore[arg-type]
        )
    return lines
