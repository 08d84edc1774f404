"""Outcomes as a search would return them, made up from planted gains: no training needed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from taskgroup.affinity import AffinityMatrix
from taskgroup.grouping import Grouping, Network
from taskgroup.search import Outcome
from taskgroup.spec import Sharing, Study, Subset, parse_study, subset_from_name, subset_name

DIGITS = ("digit", "odd", "ge5", "has_loop", "prime", "ink", "left_share")
HOSTILE = (
    "<script>alert(1)</script>",
    "a & b <b>bold</b> &lt;i&gt;",
    "%{x} $x^2$ {{ name }} ${name}",
    "=cmd|' /C calc'!A0",
    "\"quoted\" 'name' \\ back`tick`",
    "customer_lifetime_value_over_the_next_four_quarters_after_churn_campaign_2026_excluding_returns",
    "Überlebenswahrscheinlichkeit nach der zweiten Behandlung mit ungewöhnlich langer Beschreibung",
    "вероятность оттока",
    "προβλεπόμενη ζήτηση",
    "احتمال الانسحاب",
    "顧客離反率",
    "🔬 lab 🧪",
    "2026-01-01",
    "1e5",
    "nan",
    "</title><img src=x onerror=alert(2)>",
)
FORTY = tuple(f"property_{number:02d}" for number in range(40))
SEED_NOISE = 0.035


def make_outcome(
    names: Sequence[str] = DIGITS,
    *,
    seed: int = 0,
    effect: float = 1.0,
    n_seeds: int = 5,
    confirmed: bool = True,
    failed_runs: int = 0,
    unmeasured: float = 0.0,
    notes: Sequence[str] = (),
    matched: float | None = None,
) -> Outcome:
    """Fabricate the outcome of one search.

    Args:
        names: The tasks.
        seed: Fixes every random draw.
        effect: Scale of the planted gains; 0 leaves noise, where nothing beats the baselines.
        n_seeds: Paired runs behind each gain.
        confirmed: Whether finalists were retrained with fresh seeds.
        failed_runs: How many runs diverged.
        unmeasured: Share of the pairs that the search skipped (NaN in the affinity).
        notes: What a reader must know.
        matched: How much better every gain is over capacity-matched baselines; by default there are none.
    """
    rng = np.random.default_rng(seed)
    names = tuple(names)
    truth = effect * _planted_gains(len(names), rng)
    pairs = [pair for pair in combinations(names, 2) if rng.random() >= unmeasured]
    subsets = pairs + _larger_subsets(names, rng)
    transfer = _measure(names, truth, subsets, n_seeds, rng)
    affinity = _affinity(names, transfer)
    recommendation = _recommend(names, effect=effect, confirmed=confirmed)
    reliability = _reliability(transfer, affinity)
    return Outcome(
        study=make_study(names),
        runs=_runs(subsets, n_seeds, failed_runs, rng),
        transfer=transfer,
        negative_transfer=transfer[(transfer["q_value"] < 0.05) & (transfer["gain"] < 0)].sort_values("gain"),
        matched_transfer=_matched(transfer, matched),
        affinity=affinity,
        recommendation=recommendation,
        task_gains=_task_gains(names, recommendation, truth, rng, confirmed=confirmed),
        stages=_stages(len(pairs), failed_runs),
        reliability=reliability,
        rank_correlation=_rank_correlation(reliability),
        notes=tuple(notes),
        settings=_settings(n_seeds),
    )


def make_study(names: Sequence[str] = DIGITS) -> Study:
    """A valid study over these task names."""
    kinds = ("multiclass", "binary", "regression")
    tasks = [{"name": name, "kind": kinds[i % 3]} for i, name in enumerate(names)]
    return parse_study({"name": "digits", "data": {"source": "sklearn:digits"}, "tasks": tasks})


def _group_of(position: int, n_tasks: int) -> int:
    return position % max(1, min(12, round(n_tasks / 2.4)))


def _planted_gains(n_tasks: int, rng: np.random.Generator) -> np.ndarray:
    groups = np.array([_group_of(i, n_tasks) for i in range(n_tasks)])
    together = groups[:, None] == groups[None, :]
    helps = rng.uniform(0.03, 0.16, (n_tasks, n_tasks))
    hurts = rng.normal(-0.025, 0.035, (n_tasks, n_tasks))
    return np.where(together, helps, hurts)


def _larger_subsets(names: Subset, rng: np.random.Generator) -> list[Subset]:
    if len(names) < 3:
        return []
    sizes = rng.integers(3, min(len(names), 6) + 1, size=min(12, 2 * len(names)))
    drawn = [np.sort(rng.choice(len(names), size, replace=False)) for size in sizes]
    subsets = [tuple(names[i] for i in members) for members in drawn]
    return list(dict.fromkeys([*subsets, names]))


def _measure(
    names: Subset, truth: np.ndarray, subsets: list[Subset], n_seeds: int, rng: np.random.Generator
) -> pd.DataFrame:
    place = {name: i for i, name in enumerate(names)}
    rows = []
    for subset in subsets:
        for target in subset:
            sources = [place[s] for s in subset if s != target]
            true_gain = truth[place[target], sources].mean() + 0.01 * (len(sources) > 1) * rng.normal()
            seeds = true_gain + SEED_NOISE * rng.normal(size=n_seeds)
            rows.append((target, subset_name(subset), len(subset), *_interval(seeds), n_seeds))
    columns = ["target", "subset", "n_tasks", "gain", "low", "high", "p_value", "n_seeds"]
    table = pd.DataFrame(rows, columns=columns)
    q_values = stats.false_discovery_control(table["p_value"]) if rows else []
    table.insert(7, "q_value", pd.Series(q_values, dtype=float))
    return table.assign(baseline="single_task", floored=False)


def _matched(transfer: pd.DataFrame, better_by: float | None) -> pd.DataFrame:
    if better_by is None:
        return transfer.iloc[:0]
    columns = ["gain", "low", "high"]
    return transfer.assign(
        **{name: transfer[name] + better_by for name in columns}, baseline="single_task_matched"
    )


def _interval(seeds: np.ndarray) -> tuple[float, float, float, float]:
    error = SEED_NOISE / np.sqrt(len(seeds))
    gain = float(seeds.mean())
    return gain, gain - 1.96 * error, gain + 1.96 * error, float(2 * stats.norm.sf(abs(gain) / error))


def _affinity(names: Subset, transfer: pd.DataFrame) -> AffinityMatrix:
    def empty() -> pd.DataFrame:
        return pd.DataFrame(
            np.nan, index=pd.Index(names, name="target"), columns=pd.Index(names, name="source")
        )

    statistics = {name: empty() for name in ("gain", "low", "high", "q_value", "n_seeds")}
    pairs = transfer[transfer["n_tasks"] == 2]
    for row in pairs.to_dict("records"):
        (source,) = set(subset_from_name(row["subset"])) - {row["target"]}
        for name, frame in statistics.items():
            frame.loc[row["target"], source] = row[name]
    frames = tuple(statistics.values())
    return AffinityMatrix(*frames, estimator="pairs", cost_runs=len(pairs) // 2 * 5)


def _recommend(names: Subset, *, effect: float, confirmed: bool) -> Grouping:
    n_groups = max(_group_of(i, len(names)) for i in range(len(names))) + 1
    served = [tuple(n for i, n in enumerate(names) if _group_of(i, len(names)) == g) for g in range(n_groups)]
    trained = list(served)
    if len(names) > 3:
        trained[0] = tuple(n for n in names if n in served[0] or n == served[1][-1])
    networks = tuple(
        Network(
            subset, serves, 1.0, Sharing("hard", 2), "equal", {"learning_rate": 3e-3, "weight_decay": 1e-4}
        )
        for subset, serves in zip(trained, served, strict=True)
    )
    gain = 0.071 * effect
    unmeasured = {"gain": None, "low": None, "high": None}
    beats_single = {"gain": gain, "low": gain - 0.024, "high": gain + 0.024}
    beats_all = {"gain": 0.6 * gain, "low": 0.6 * gain - 0.029, "high": 0.6 * gain + 0.029}
    return Grouping(
        networks=networks,
        cost=float(len(networks)),
        select_total=gain * 1.2,
        bound=gain * 1.2,
        optimal=True,
        gain=gain if confirmed else None,
        low=gain - 0.024 if confirmed else None,
        high=gain + 0.024 if confirmed else None,
        baseline_gains={"single_task": 0.0, "all_in_one": 0.4 * gain if confirmed else None},
        versus={
            "single_task": beats_single if confirmed else unmeasured,
            "all_in_one": beats_all if confirmed else unmeasured,
        },
        confirmed=confirmed,
        verdict=_verdict(len(networks), effect, confirmed=confirmed),
    )


def _verdict(n_networks: int, effect: float, *, confirmed: bool) -> str:
    if not confirmed:
        return f"Train {n_networks} networks, if fresh seeds confirm it."
    if effect == 0:
        return "Nothing beats single-task networks beyond noise; train each task on its own."
    return f"Train {n_networks} networks: they beat single-task networks and one network for all tasks."


def _task_gains(
    names: Subset, grouping: Grouping, truth: np.ndarray, rng: np.random.Generator, *, confirmed: bool
) -> pd.DataFrame:
    columns = ["strategy", "task", "subset", "gain", "low", "high"]
    if not confirmed:
        return pd.DataFrame(columns=columns)
    subset_of = {task: network.subset for network in grouping.networks for task in network.serves}
    rows = []
    for strategy in ("recommended", "all_in_one"):
        for i, task in enumerate(names):
            subset = subset_of[task] if strategy == "recommended" else names
            sources = [j for j, name in enumerate(names) if name in subset and j != i]
            alone = not sources
            gain = 0.0 if alone else float(truth[i, sources].mean() + 0.01 * rng.normal())
            half = 0.0 if alone else 0.022
            rows.append((strategy, task, subset_name(subset), gain, gain - half, gain + half))
    return pd.DataFrame(rows, columns=columns)


def _reliability(transfer: pd.DataFrame, affinity: AffinityMatrix) -> pd.DataFrame:
    rows = []
    for row in transfer[transfer["n_tasks"] > 2].to_dict("records"):
        sources = [name for name in subset_from_name(row["subset"]) if name != row["target"]]
        predicted = affinity.estimate.loc[row["target"], sources].mean()
        rows.append((row["target"], row["subset"], predicted, row["gain"]))
    return pd.DataFrame(rows, columns=["target", "subset", "predicted", "measured"])


def _rank_correlation(reliability: pd.DataFrame) -> float | None:
    known = reliability.dropna()
    if known["subset"].nunique() < 3:
        return None
    return float(stats.spearmanr(known["predicted"], known["measured"]).statistic)


def _stages(n_pairs: int, failed: int) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "stage": ["tuning", "single_task", "pairs", "larger_subsets", "confirmation"],
            "runs": [40, 35, 5 * n_pairs, 60, 25],
            "failed": [0, 0, failed, 0, 0],
            "seconds": [2.1, 1.4, 0.065 * 5 * n_pairs, 5.2, 3.3],
        }
    )
    return table.assign(share=table["seconds"] / table["seconds"].sum())


def _runs(subsets: list[Subset], n_seeds: int, failed: int, rng: np.random.Generator) -> pd.DataFrame:
    settings = {
        "sharing": "hard",
        "depth": 2,
        "weighting": "equal",
        "learning_rate": 3e-3,
        "weight_decay": 1e-4,
        "fidelity": 1.0,
        "capacity": 1.0,
        "sampling": "",
        "distillation": "",
    }
    rows = []
    for number, (subset, seed) in enumerate((s, k) for s in subsets for k in range(n_seeds)):
        run = {"run_id": f"{number:08x}", "stage": "pairs", "subset": subset_name(subset)}
        run |= {"n_tasks": len(subset), "seed": seed, **settings, "seconds": 0.07}
        if number < failed:
            rows.append({**run, "status": "failed", "reason": "loss became non-finite at epoch 3"})
            continue
        for task in subset:
            score = {"status": "ok", "reason": None, "task": task, "metric": "accuracy"}
            score |= {"value": rng.uniform(0.7, 0.9), "gain": rng.normal(0, 0.05)}
            rows += [{**run, **score, "split": split} for split in ("validation", "test")]
    return pd.DataFrame(rows)


def _settings(n_seeds: int) -> dict[str, object]:
    return {
        "tuned": {"learning_rate": 3e-3, "weight_decay": 1e-4, "sharing_depth": 2, "weighting": "equal"},
        "seeds": list(range(n_seeds)),
        "confirmation_seeds": [101, 102, 103, 104, 105],
        "versions": {"taskgroup": "0.1.0", "python": "3.12.3", "torch": "2.13.0", "numpy": "2.3.1"},
        "machine": "x86_64, 2 cores, CPU",
    }
