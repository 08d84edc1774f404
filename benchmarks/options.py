"""What every kind of sharing, weighting and distillation does to one network for all tasks.

Run from the repository root: `python -m benchmarks.options [--data FOLDER] [--seeds N] [-o FOLDER] [SET ...]`. FOLDER
holds the public data sets as Parquet files; sets whose file is not there are skipped, and digits needs none.

Each option gets its own learning rate, from three, by validation at three seeds that are used for nothing else;
static weights are tuned at those seeds as well, with many more proposals than any other option. Gains are of test
rows at fresh seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.compared_searches import interval, markdown
from benchmarks.machine import machine_facts
from benchmarks.tables import TABLES, source_of
from taskgroup.data import load_dataset
from taskgroup.search import Recipe
from taskgroup.seeds import derive_seed
from taskgroup.spec import (
    DISTILLATION_FACTS,
    SHARING_KINDS,
    WEIGHTING_FACTS,
    Method,
    RunResult,
    RunSpec,
    Sharing,
    Study,
    settled,
)
from taskgroup.training import Trainer

SETS = ("digits_fifth", "emotions")
RATES = (1e-3, 3e-3, 1e-2)
PROPOSALS = 12
_CHOOSING = range(900_000, 900_003)
_MEASURED = "options.csv"
_NOT_ALONE = ("low_supervision", "tree")  # their settings come from what is known of the tasks


def main() -> int:
    """Train every option on every set and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; all by default")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--without", nargs="*", default=[], metavar="OPTION", help="leave out, as too slow")
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/options"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / _MEASURED
    rows = pd.read_csv(path, keep_default_na=False).to_dict("records") if path.is_file() else []
    with tempfile.TemporaryDirectory() as folder:
        for table in (table for table in TABLES if table.name in (options.sets or SETS)):
            where = Path(folder) / table.name
            where.mkdir()
            source = source_of(table, options.data, where)
            if source is None:
                continue
            known = {row["option"] for row in rows if row["set"] == table.name} | set(options.without)
            bench = Bench(table.study(source), range(options.seeds))
            for option, recipes in _options(bench):
                if option in known:
                    continue
                rows += [{"set": table.name, "option": option, **row} for row in bench.measured(recipes)]
                pd.DataFrame(rows).to_csv(path, index=False)
                sys.stderr.write(f"{table.name}: {option}\n")
    (options.output / "README.md").write_text(page(pd.DataFrame(rows)), encoding="utf-8")
    return 0


def _options(bench: Bench) -> Iterator[tuple[str, list[Recipe]]]:
    """Each option by name, with the recipes that it may be trained by."""
    study, single = bench.study, bench.single
    depth, names = study.model.n_blocks, study.task_names
    hard = Sharing("hard", depth)

    def at_rates(sharing: Sharing, weighting: str = "equal", taught: str = "") -> list[Recipe]:
        return [Recipe(rate, 1e-2, sharing, weighting, distillation=taught) for rate in RATES]

    yield "hard sharing, equal weights", at_rates(hard)
    yield "nothing shared", at_rates(Sharing("hard", 0))
    yield "hard sharing of the first block", at_rates(Sharing("hard", 1))
    for kind in SHARING_KINDS:
        if kind == "decision":  # the whole encoder would be hard sharing again
            yield "decision, last block", at_rates(Sharing(kind, 1))
        elif kind != "hard" and kind not in _NOT_ALONE:
            yield kind, at_rates(Sharing(kind, depth))
    for weighting in WEIGHTING_FACTS:
        if weighting not in ("equal", "static"):
            yield weighting, at_rates(hard, weighting)
    rng = np.random.default_rng(derive_seed("static"))
    logs = [np.zeros(len(names)), *rng.normal(0, 1, (PROPOSALS - 1, len(names)))]
    drawn = [dict(zip(names, np.exp(log).tolist(), strict=True)) for log in logs]
    static = [Method("static", {"weights": weights}).text for weights in drawn]
    yield "static, tuned", [recipe for text in static for recipe in at_rates(hard, text)]
    for taught in DISTILLATION_FACTS:
        text = settled(taught, learning_rate=single.learning_rate, weight_decay=single.weight_decay)
        yield f"{taught} distillation", at_rates(hard, taught=text)


class Bench:
    """Trains all tasks of a set together, and each alone.

    Args:
        study: The set.
        seeds: To report at.
    """

    def __init__(self, study: Study, seeds: Sequence[int]) -> None:
        self.study, self._seeds = study, seeds
        self._trainer = Trainer(study, load_dataset(study))
        names = study.task_names
        alone = Sharing("hard", study.model.n_blocks)
        self.single = self._best(
            [Recipe(rate, 1e-2, alone, "equal") for rate in RATES], [(n,) for n in names]
        )
        self._errors_alone = self._errors([self.single], [(n,) for n in names], seeds, "test")[0]

    def measured(self, recipes: Sequence[Recipe]) -> list[dict[str, Any]]:
        """One row a seed: the mean gain over tasks on test rows, and the seconds of a run."""
        best = self._best(recipes, [self.study.task_names])
        (errors,) = self._errors([best], [self.study.task_names], self._seeds, "test")
        rows = []
        for seed in self._seeds:
            alone, together = self._errors_alone[seed], errors[seed]
            gains = [(alone[t] - together[t]) / max(alone[t], self._floor(t)) for t in self.study.task_names]
            rows.append({"seed": seed, "gain": float(np.mean(gains)), "learning_rate": best.learning_rate})
        return rows

    def _floor(self, task: str) -> float:
        return self.study.task(task).score.floor

    def _best(self, recipes: Sequence[Recipe], subsets: Sequence[tuple[str, ...]]) -> Recipe:
        found = self._errors(recipes, subsets, _CHOOSING, "validation")
        reference = found[0]
        relative = [
            np.mean([e[s][t] / max(reference[s][t], self._floor(t)) for s in e for t in e[s]]) for e in found
        ]
        return recipes[int(np.argmin(relative))]

    def _errors(
        self, recipes: Sequence[Recipe], subsets: Sequence[tuple[str, ...]], seeds: Sequence[int], split: str
    ) -> list[dict[int, dict[str, float]]]:
        """For each recipe the error of every task at every seed."""
        specs = [[self._spec(r, subset, seed) for subset in subsets for seed in seeds] for r in recipes]
        results: dict[RunSpec, RunResult] = {}
        for cohort in self._trainer.pack(list(dict.fromkeys(spec for of in specs for spec in of))):
            results |= {result.spec: result for result in self._trainer.train(cohort)}
        found = []
        for of_recipe in specs:
            errors: dict[int, dict[str, float]] = {seed: {} for seed in seeds}
            for spec in of_recipe:
                for score in results[spec].scores:
                    if score.split == split:
                        error = self.study.task(score.task).score.error(score.value)
                        errors[spec.seed][score.task] = error
            found.append(errors)
        return found

    def _spec(self, recipe: Recipe, subset: tuple[str, ...], seed: int) -> RunSpec:
        return recipe.spec(subset, seed)


def page(measured: pd.DataFrame) -> str:
    """The report in Markdown."""
    facts = "\n".join(f"- {name}: {value}" for name, value in machine_facts().items())
    parts = [f"## {name}\n\n{markdown(_table(own))}\n" for name, own in measured.groupby("set", sort=False)]
    n_seeds = measured["seed"].nunique()
    return f"""# Every kind of sharing, weighting and distillation on one network for all tasks

`python -m benchmarks.options --data FOLDER`. Gains over single tasks, on test rows at {n_seeds} fresh seeds, in
percent of the single-task error that goes away, with 95% intervals over seeds; the advantage is over hard sharing
with equal weights, paired by seed. A star marks intervals without zero, uncorrected for their number. Every option has
its own learning rate by validation, from {", ".join(f"{rate:g}" for rate in RATES)}; static weights are the best of
{PROPOSALS} proposals at each of these, equal ones among them.

{chr(10).join(parts)}

Measured on:

{facts}
"""


def _table(own: pd.DataFrame) -> pd.DataFrame:
    gains = own.pivot_table(index="seed", columns="option", values="gain", sort=False)
    first = gains.columns[0]
    rows = []
    for option in gains.columns:
        apart = (gains[option] - gains[first]).to_numpy()
        rows.append(
            {
                "option": option,
                "gain": interval(gains[option].to_numpy()),
                "advantage": "" if option == first else interval(apart, star=True),
                "learning rate": f"{own[own['option'] == option]['learning_rate'].iloc[0]:g}",
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    raise SystemExit(main())
