"""Measure every subset of several task lists, so that search strategies can be compared by replay.

Run from the repository root: `python -m benchmarks.tables [--data FOLDER] [-o FOLDER] [NAME ...]`. Each table trains
all 2^n - 1 subsets of its tasks with the same recipe and the same seeds, and becomes a CSV that `taskgroup group`
and `taskgroup replay` read once its seeds are averaged. FOLDER holds the public data sets as Parquet files; tables
whose file is not there are skipped, and the digits need none.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

import taskgroup as tg
from taskgroup.affinity import predict_from_pairs
from taskgroup.data import load_dataset
from taskgroup.spec import Study, Subset, parse_study, subset_from_name, subset_name
from taskgroup.transfer import relative_gain

SPLITS = {"val": "validation", "test": "test"}


@dataclass(frozen=True)
class Source:
    """Where rows come from.

    Attributes:
        file: Its name in the data folder; None where scikit-learn brings it.
        words: What it is, and its licence.
        prepare: From the file's columns to features and one column a task, blank where a label is missing.
    """

    file: str | None
    words: str
    prepare: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table


@dataclass(frozen=True)
class Table:
    """A table to measure: tasks, and the one recipe that trains all their subsets.

    Attributes:
        name: Of its CSV.
        source: Of the rows.
        tasks: The kind of each task, by name.
        depth: Encoder blocks that are shared.
        epochs: Passes over the training rows.
        learning_rate: AdamW's step size.
        widths: Of the encoder.
        weighting: How the losses are weighted.
        weight_decay: AdamW's.
        batch_size: Rows a step.
        n_seeds: Paired repetitions of every subset.
        split: Shares of the parts, where they are not the usual 60/20/20.
        max_rows: Rows drawn from the prepared ones; all by default.
        known: Single-task and all-in-one scores seen elsewhere.
        note: What else a reader should know.
    """

    name: str
    source: Source
    tasks: dict[str, str]
    depth: int
    epochs: int
    learning_rate: float
    widths: tuple[int, ...] = (64, 64)
    weighting: str = "equal"
    weight_decay: float = 1e-2
    batch_size: int = 64
    n_seeds: int = 6
    split: dict[str, float] = field(default_factory=dict)
    max_rows: int | None = None
    known: str = "—"
    note: str = ""

    @property
    def subsets(self) -> list[Subset]:
        """All subsets, small ones first, in the order of the task list."""
        names = tuple(self.tasks)
        sizes = range(1, len(names) + 1)
        return [subset for size in sizes for subset in itertools.combinations(names, size)]

    def study(self, source: str) -> Study:
        """The study over the rows that stand at `source`."""
        metric = {"metric": "accuracy"} if self.source is DIGITS else {}
        return parse_study(
            {
                "name": self.name,
                "data": {"source": source, "split": self.split},
                "tasks": [
                    {"name": name, "kind": kind, **(metric if kind == "binary" else {})}
                    for name, kind in self.tasks.items()
                ],
                "model": {"widths": list(self.widths)},
                "training": {
                    "epochs": self.epochs,
                    "batch_size": self.batch_size,
                    "learning_rate": self.learning_rate,
                    "weight_decay": self.weight_decay,
                },
                "search": {"sharing": {"depth": [self.depth]}, "weighting": [self.weighting]},
            }
        )


def prepared(table: Table, data: Path | None) -> pd.DataFrame | None:
    """The table's rows with one column a task, other targets left out; None where the file is absent."""
    file = table.source.file
    if file is None or data is None or not (data / file).is_file():
        return None
    rows = table.source.prepare(pd.read_parquet(data / file))
    columns = {f"y_{name}": name for name in table.tasks}
    others = set(rows.filter(regex="^y_").columns) - set(columns)
    rows = rows.drop(columns=list(others)).rename(columns=columns)
    rows = rows[rows[list(table.tasks)].notna().any(axis=1)]
    if table.max_rows is not None and len(rows) > table.max_rows:
        rows = rows.sample(table.max_rows, random_state=0)
    return rows.reset_index(drop=True)


def _descriptors(table: pd.DataFrame) -> pd.DataFrame:
    """Signed logarithms of the molecular descriptors, gaps filled with the median; fingerprints left out."""
    x = table.filter(regex="^d_").astype(float)
    x = x.fillna(x.median())
    logs = pd.DataFrame(np.sign(x) * np.log1p(x.abs()))
    return logs.join(table.filter(regex="^y_"))


def _one_target_a_field(table: pd.DataFrame) -> pd.DataFrame:
    """Disjoint rows: the label of a row stands in its field's column, the others are blank."""
    fields = {f"y_field{t}": table["y"].where(table["task"] == t) for t in table["task"].unique()}
    return table.filter(regex="^x").join(pd.DataFrame(fields))


def _sentences(table: pd.DataFrame) -> pd.DataFrame:
    """Word and word-pair weights, reduced to 100 features without any label.

    A sentence that stands in several sets is one row with several labels.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = table[table["task"] != "MR"].drop_duplicates(["task", "text"])
    wide = table.pivot_table(index="text", columns="task", values="y").add_prefix("y_")
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True).fit_transform(wide.index)
    x = TruncatedSVD(100, random_state=0).fit_transform(words)
    return pd.DataFrame(x).add_prefix("x").join(wide.reset_index(drop=True))


IMAGE_TASKS = {
    "animal": ("bird", "cat", "deer", "dog", "frog", "horse"),
    "wheels": ("airplane", "automobile", "truck"),
    "flies": ("airplane", "bird"),
    "water": ("ship", "frog"),
    "hooves": ("deer", "horse"),
    "pet": ("cat", "dog"),
    "road": ("automobile", "truck"),
}


def _small_images(table: pd.DataFrame) -> pd.DataFrame:
    """Images averaged to 8 x 8 pixels of three colours, with targets derived from their class."""
    from PIL import Image

    images = [
        Image.open(io.BytesIO(jpeg)).convert("RGB").resize((8, 8), Image.Resampling.BOX)
        for jpeg in table["jpeg"]
    ]
    x = np.stack([np.asarray(image, dtype=float).ravel() for image in images])
    y = {
        f"y_{name}": table["class_name"].isin(classes).astype(int).to_numpy()
        for name, classes in IMAGE_TASKS.items()
    }
    return pd.DataFrame(x).add_prefix("x").assign(**y)


DIGITS = Source(None, "handwritten digits of scikit-learn (UCI, CC BY 4.0)")
EMOTIONS = Source("emotions.parquet", "music and emotions, mulan collection (no licence stated)")
SARCOS = Source(
    "sarcos.parquet", "inverse dynamics of a robot arm, test file of the Gaussian-process book (none stated)"
)
WATER = Source("wq.parquet", "river water quality, mulan collection (no licence stated)")
TOX21 = Source("tox21.parquet", "NIH Tox21 assays (public domain), RDKit descriptors", _descriptors)
LANDMINE = Source(
    "landmine.parquet", "radar features of buried objects, Xue et al. 2007 (none stated)", _one_target_a_field
)
TEXT = Source(
    "text_sentences.parquet", "sentence classification sets of the literature (none stated)", _sentences
)
CIFAR = Source("cifar10_twohead.parquet", "CIFAR-10, Krizhevsky 2009 (free for research)", _small_images)

BINARY, REGRESSION = "binary", "regression"


def _all(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


_DIGITS = {
    "digit": "multiclass",
    **_all(BINARY, "odd ge5 has_loop prime"),
    **_all(REGRESSION, "ink left_share"),
}
_WATER_SPLIT = {"test": 0.25, "validation": 0.25}

TABLES = (
    Table(
        "emotions",
        EMOTIONS,
        _all(BINARY, "amazed-suprised happy-pleased relaxing-calm quiet-still sad-lonely angry-aggresive"),
        depth=2,
        epochs=10,
        learning_rate=3e-3,
        known=".843 → .856",
    ),
    Table(
        "digits_fifth",
        DIGITS,
        _DIGITS,
        depth=2,
        epochs=30,
        learning_rate=3e-3,
        batch_size=32,
        split={"train_fraction": 0.2},
        known=".961 → .939",
        note="All targets but `digit` are derived from it or from the pixels; binary tasks are scored by accuracy.",
    ),
    Table(
        "sarcos",
        SARCOS,
        _all(REGRESSION, " ".join(f"torque{i}" for i in range(1, 8))),
        depth=2,
        epochs=20,
        learning_rate=3e-3,
        known=".967 → .953",
        note="Every tenth row of a trajectory, so that scores on randomly drawn rows are optimistic.",
    ),
    Table(
        "wq_a",
        WATER,
        _all(REGRESSION, "25400 30400 33400 17300 19400 38100 37880"),
        depth=2,
        epochs=10,
        learning_rate=2e-3,
        split=_WATER_SPLIT,
        known=".142 → .152",
        note="Half of the 14 targets, drawn at random.",
    ),
    Table(
        "tox21_a",
        TOX21,
        _all(BINARY, "NR-AR NR-AhR NR-ER NR-ER-LBD SR-ARE SR-HSE SR-p53"),
        depth=2,
        epochs=5,
        learning_rate=1.5e-3,
        batch_size=128,
        known=".822 → .828",
        note=(
            "Seven of the 12 assays, drawn at random; some labels are missing. Features are signed logarithms of the "
            "descriptors, gaps filled with the median of all rows."
        ),
    ),
    Table(
        "landmine",
        LANDMINE,
        _all(BINARY, "field2 field5 field9 field13 field18 field22 field27"),
        depth=2,
        epochs=20,
        learning_rate=3e-3,
        widths=(32, 32),
        split={"test": 0.3, "validation": 0.3},
        known=".693 → .779",
        note="Seven of 29 fields; the first four and the last three are two terrains. No row has two labels.",
    ),
    Table(
        "text",
        TEXT,
        {"SST2": BINARY, "SST5": "multiclass", **_all(BINARY, "Subj CR MPQA"), "TREC": "multiclass"},
        depth=1,
        epochs=7,
        learning_rate=1e-3,
        batch_size=128,
        max_rows=12_000,
        note=(
            "TF-IDF of words and word pairs and its truncated SVD are fitted on all sentences, without labels. A "
            "sentence of several sets is one row; SST2 is SST5 without its neutral sentences, as two classes."
        ),
    ),
    Table(
        "wq_b",
        WATER,
        _all(REGRESSION, "29600 34500 49700 50390 55800 57500 59300"),
        depth=1,
        epochs=10,
        learning_rate=2e-3,
        widths=(32, 32),
        weighting="uncertainty",
        split=_WATER_SPLIT,
        known=".142 → .152",
        note="The other half of the 14 targets.",
    ),
    Table(
        "tox21_b",
        TOX21,
        _all(BINARY, "NR-AR-LBD NR-AhR NR-ER NR-ER-LBD NR-PPAR-gamma SR-ARE SR-HSE SR-MMP"),
        depth=1,
        epochs=6,
        learning_rate=1e-3,
        widths=(64, 32),
        weighting="inverse_size",
        batch_size=128,
        n_seeds=5,
        known=".822 → .828",
        note="Eight of the 12 assays, a second random draw; five stand in `tox21_a` too. Features as there.",
    ),
    Table(
        "cifar",
        CIFAR,
        _all(BINARY, " ".join(IMAGE_TASKS)),
        depth=2,
        epochs=15,
        learning_rate=1e-3,
        max_rows=4000,
        note="All targets are derived from the class; features are the 192 values of 8 x 8 pixels.",
    ),
    Table(
        "digits_full",
        DIGITS,
        _DIGITS,
        depth=1,
        epochs=30,
        learning_rate=3e-3,
        weighting="uncertainty",
        note="As `digits_fifth`, with all training rows.",
    ),
)


def main() -> int:
    """Measure the tables asked for, and describe all that are there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"all by default: {', '.join(t.name for t in TABLES)}"
    )
    parser.add_argument("--data", type=Path, help="folder of the public data sets")
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/tables"))
    options = parser.parse_args()
    unknown = set(options.names) - {table.name for table in TABLES}
    if unknown:
        parser.error(f"unknown table {min(unknown)!r}; known: {', '.join(t.name for t in TABLES)}")
    options.output.mkdir(parents=True, exist_ok=True)
    facts_file = options.output / "measured.json"
    facts = json.loads(facts_file.read_text()) if facts_file.is_file() else {}
    for table in TABLES:
        if options.names and table.name not in options.names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            source = source_of(table, options.data, Path(folder))
            if source is None:
                print(f"{table.name}: skipped, --data names no folder with {table.source.file}", flush=True)
                continue
            measured, facts[table.name] = measure(table, source)
        measured.to_csv(options.output / f"{table.name}.csv", index=False, float_format="%.5g")
        facts_file.write_text(json.dumps(facts, indent=1) + "\n")
        print(f"{table.name}: {len(measured)} runs, {facts[table.name]['cpu_seconds']} s of CPU", flush=True)
    frames = {t.name: read(options.output / f"{t.name}.csv") for t in TABLES if t.name in facts}
    (options.output / "README.md").write_text(page(frames, facts), encoding="utf-8")
    return 0


def source_of(table: Table, data: Path | None, folder: Path) -> str | None:
    """The `data.source` of a table's study, its rows written to a folder; None where its file is absent."""
    if table.source.file is None:
        return "sklearn:digits"
    rows = prepared(table, data)
    if rows is None:
        return None
    rows.to_parquet(folder / "rows.parquet")
    return str(folder / "rows.parquet")


def measure(table: Table, source: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Train every subset at every seed.

    Returns:
        One row a subset and seed, with a validation and a test score for every task of the subset, and the facts
        of the measurement.

    Raises:
        RuntimeError: If a run failed, since a table with holes serves no replay.
    """
    study, started = table.study(source), time.process_time()
    runs = tg.measure(study, table.subsets, seeds=table.n_seeds).runs
    cpu_seconds = time.process_time() - started
    wide = _wide(runs, table)
    if len(wide) != len(table.subsets) * table.n_seeds or wide.isna().all(axis=1).any():
        raise RuntimeError(f"{table.name}: some runs failed; lower the learning rate")
    dataset = load_dataset(study)
    rows, features = dataset.features.shape
    return wide, {
        "rows": rows,
        "features": features,
        "runs": len(wide),
        "cpu_seconds": round(cpu_seconds, 1),
        "single_task": single_task_grid(table, source),
    }


def single_task_grid(table: Table, source: str, n_seeds: int = 3) -> dict[str, Any]:
    """Mean single-task validation score with the recipe, and the best of a grid around it.

    The grid has a third, once and three times the learning rate, and half, once and twice the epochs.
    """
    singles, scores = [(task,) for task in table.tasks], {}
    for rate, length in itertools.product((1 / 3, 1, 3), (0.5, 1, 2)):
        epochs = max(1, round(table.epochs * length))
        other = replace(table, learning_rate=table.learning_rate * rate, epochs=epochs)
        runs = tg.measure(other.study(source), singles, seeds=n_seeds).runs
        scores[rate, length] = float(runs.loc[runs["split"] == "validation", "value"].mean())
    rate, length = max(scores, key=scores.__getitem__)
    best = {
        "learning_rate": round(table.learning_rate * rate, 6),
        "epochs": max(1, round(table.epochs * length)),
    }
    return {"recipe": round(scores[1, 1], 4), "best": round(scores[rate, length], 4), **best}


def _wide(runs: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The record's long table as one row a run, subsets in the table's order."""
    short = {split: prefix for prefix, split in SPLITS.items()}
    runs = runs.assign(column=runs["split"].map(short) + "_" + runs["task"])
    wide = runs.pivot_table(index=["subset", "seed"], columns="column", values="value")
    order = [subset_name(subset) for subset in table.subsets]
    columns = [f"{prefix}_{task}" for prefix in SPLITS for task in table.tasks]
    return wide.reindex(order, level="subset")[columns].reset_index().rename_axis(columns=None)


def read(path: Path) -> pd.DataFrame:
    """Read a measured table, one row a subset and seed."""
    return pd.read_csv(path, dtype={"subset": str})


def averaged(measured: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: one row a subset, as `taskgroup.group` reads it."""
    return measured.drop(columns="seed").groupby("subset", sort=False).mean().reset_index()


Cells = dict[tuple[str, Subset], np.ndarray]


def gains(measured: pd.DataFrame, prefix: str) -> Cells:
    """Gain over the single-task run of the same seed, by target and subset of two or more, each [S]."""
    by_subset = {
        subset_from_name(str(name)): rows.sort_values("seed")
        for name, rows in measured.groupby("subset", sort=False)
    }
    cells = {}
    for subset, target in ((s, t) for s in by_subset if len(s) > 1 for t in s):
        single, joint = (1 - by_subset[s][f"{prefix}_{target}"].to_numpy() for s in ((target,), subset))
        cells[target, subset] = relative_gain(single, joint)[0]
    return cells


def gain_table(measured: pd.DataFrame) -> pd.DataFrame:
    """Mean gains over single tasks, one row a subset; single tasks gain nothing by definition."""
    rows: dict[Subset, dict[str, float]] = {}
    for prefix in SPLITS:
        for (target, subset), values in gains(measured, prefix).items():
            rows.setdefault((target,), {})[f"{prefix}_{target}"] = 0.0
            rows.setdefault(subset, {})[f"{prefix}_{target}"] = float(values.mean())
    return pd.DataFrame([{"subset": subset_name(subset), **values} for subset, values in rows.items()])


def best_groupings(measured: pd.DataFrame, most: int = 4) -> list[tuple[float, float]]:
    """Mean gain of the best grouping with up to 1, 2, ... networks: by validation rows, and the same on test rows."""
    table = gain_table(measured)
    found = []
    for groups in range(1, most + 1):
        best = tg.group(table, select="val_{task}", report="test_{task}", direction="maximize", groups=groups)
        n_tasks = sum(len(network.serves) for network in best.networks)
        assert best.report_total is not None
        found.append((best.select_total / n_tasks, best.report_total / n_tasks))
    return found


def agreement(a: np.ndarray, b: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Pearson correlation of cells, overall and after each target's mean is taken away."""
    centred = [x - _target_means(x, targets) for x in (a, b)]
    return float(np.corrcoef(a, b)[0, 1]), float(np.corrcoef(*centred)[0, 1])


def _target_means(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    _, position = np.unique(targets, return_inverse=True)
    return (np.bincount(position, values) / np.bincount(position))[position]


def reliability(cells: Cells) -> tuple[float, float]:
    """Correlation of the gains between two halves of the seeds, the mean over all ways to halve them."""
    values, targets = np.stack(list(cells.values())), np.array([target for target, _ in cells])
    found = [
        agreement(values[:, half].mean(axis=1), values[:, rest].mean(axis=1), targets)
        for half, rest in _halves(values.shape[1])
    ]
    overall, within = np.mean(found, axis=0)
    return float(overall), float(within)


def hoa_rank_correlation(cells: Cells) -> tuple[float, float]:
    """Spearman correlation of gains predicted from pairs with measured ones, in subsets of three or more.

    Returns:
        Over all cells, with pairs and larger subsets of the same seeds, which share the noise of the single-task
        runs; and with pairs of one half of the seeds and larger subsets of the other, the mean over all halvings.
    """
    targets = [cell for cell in cells if len(cell[1]) > 2]

    def correlation(pair_seeds: Sequence[int], larger_seeds: Sequence[int]) -> float:
        pairs = _pair_means(cells, pair_seeds)
        predicted = {
            subset: predict_from_pairs(subset, pairs) or {} for subset in {subset for _, subset in targets}
        }
        measured = [cells[cell][larger_seeds].mean() for cell in targets]
        return float(spearmanr([predicted[subset][target] for target, subset in targets], measured).statistic)

    seeds = list(range(len(cells[targets[0]])))
    return correlation(seeds, seeds), float(np.mean([correlation(*parts) for parts in _halves(len(seeds))]))


def _pair_means(cells: Cells, seeds: Sequence[int]) -> dict[tuple[str, str], float]:
    """Mean gain of each pair, by (target, source)."""
    pairs = {}
    for (target, subset), values in cells.items():
        if len(subset) == 2:
            (source,) = set(subset) - {target}
            pairs[target, source] = float(values[seeds].mean())
    return pairs


def _halves(n_seeds: int) -> list[tuple[list[int], list[int]]]:
    """All ways to divide the seeds into two ordered halves; of an odd number the first is smaller."""
    halves = itertools.combinations(range(n_seeds), n_seeds // 2)
    return [(list(half), [seed for seed in range(n_seeds) if seed not in half]) for half in halves]


INTRODUCTION = """# Tables of measured groupings

Each CSV holds one run a row: every subset of a task list, trained with one recipe at the same seeds, so that a search
strategy can be judged by replay without training anything. Columns: `subset` (task names joined by `+`), `seed`, then
`val_TASK` and `test_TASK`, blank where the task is not in the subset. **Higher is better everywhere**: AUC for binary
tasks (accuracy in the digits tables), accuracy for multiclass, R² for regression, to five digits. The test rows are
the same at every seed; training and validation rows are drawn anew by each seed, the same for all its subsets.

Written by `python -m benchmarks.tables --data FOLDER`, one thread; `python -m benchmarks.tables NAME` measures one.
Averaged over seeds, a table is read by `tg.group` and `taskgroup group`:

```python
table = pd.read_csv("reports/tables/emotions.csv").drop(columns="seed").groupby("subset", sort=False).mean()
tg.group(table.reset_index(), select="val_{task}", report="test_{task}", direction="maximize", groups=2)
```

A gain is the share of the single-task error (1 - score) that joint training takes away at the same seed; a cell is a
target in a subset of two or more. Single tasks and subsets share one recipe, chosen for the single tasks: beside each
recipe stands what it reaches on them and the best of a grid around it (a third to three times the learning rate, half to
twice the epochs). *Known* are scores of one untuned 64-64 network on all tasks of a set, from another split.
"""

SUMMARY_COLUMNS = (
    "table",
    "tasks",
    "seeds",
    "test score alone",
    "all in one",
    "known: alone → all",
    "cells up",
    "halves r",
    "within targets",
    "val-test r",
    "within targets",
    "HOA ρ",
    "other seeds",
)


def page(frames: dict[str, pd.DataFrame], facts: dict[str, Any]) -> str:
    """The README: what holds for all tables, their summaries, and how each was measured."""
    tables = [table for table in TABLES if table.name in frames]
    summary = [_summary_row(table, frames[table.name]) for table in tables]
    groupings = [_grouping_row(table, frames[table.name]) for table in tables]
    parts = [
        INTRODUCTION,
        "## What they hold\n",
        _markdown(SUMMARY_COLUMNS, summary),
        "\n*Cells up*: share of cells whose mean gain on validation rows is above zero. *Halves*: correlation of the\n"
        "cells' validation gains between two halves of the seeds, mean over all halvings; *within targets*: after each\n"
        "target's mean is taken away, which is what choosing a grouping depends on. Where it is near zero, so few seeds\n"
        "cannot tell groupings apart, and a replay compares strategies on noise. *val-test*: correlation of the mean\n"
        "gains on validation and test rows. *HOA ρ*: rank correlation of the pair-based prediction with the measured\n"
        "validation gains of subsets of three or more. Pairs and larger subsets share the noise of their single-task\n"
        "runs, which flatters it; *other seeds*: pairs from one half of the seeds, larger subsets from the other.\n",
        "## The best groupings\n",
        _markdown(
            ("table", *(f"{k} network{'s' * (k > 1)}" for k in range(1, 5)), "over all-in-one, 2 to 4"),
            groupings,
        ),
        "\nMean gain over single tasks of the best grouping with at most so many networks, chosen among all subsets by\n"
        "validation rows: on validation rows / the same grouping on test rows. One network is all-in-one. The last column is the\n"
        "advantage over it on validation / test rows. Validation figures are optimistic, being the best of many.\n",
        "## Each table\n",
        *(_section(table, facts[table.name]) for table in tables),
    ]
    return "\n".join(parts)


def _summary_row(table: Table, measured: pd.DataFrame) -> list[str]:
    validation, test = gains(measured, "val"), gains(measured, "test")
    targets = np.array([target for target, _ in validation])
    by_mean = [np.array([values.mean() for values in cells.values()]) for cells in (validation, test)]
    agreements = (
        *reliability(validation),
        *agreement(by_mean[0], by_mean[1], targets),
        *hoa_rank_correlation(validation),
    )
    scores = averaged(measured).set_index("subset").filter(regex="^test_")
    alone = np.mean([scores.loc[task, f"test_{task}"] for task in table.tasks])
    return [
        f"[{table.name}]({table.name}.csv)",
        str(len(table.tasks)),
        str(table.n_seeds),
        f"{alone:.3f}",
        f"{scores.loc[subset_name(tuple(table.tasks))].mean():.3f}",
        table.known,
        f"{(by_mean[0] > 0).mean():.0%}",
        *(f"{value:.2f}" for value in agreements),
    ]


def _grouping_row(table: Table, measured: pd.DataFrame) -> list[str]:
    best = best_groupings(measured)
    over = [f"{val - best[0][0]:+.1%} / {test - best[0][1]:+.1%}" for val, test in best[1:]]
    return [table.name, *(f"{val:+.1%} / {test:+.1%}" for val, test in best), "; ".join(over)]


def _section(table: Table, facts: dict[str, Any]) -> str:
    network = "-".join(map(str, table.widths))
    shares = {"test": 0.2, "validation": 0.2, **table.split}
    used = shares.pop("train_fraction", 1.0)
    training = 1 - sum(shares.values())
    single = facts["single_task"]
    kinds = {
        kind: [task for task, k in table.tasks.items() if k == kind]
        for kind in dict.fromkeys(table.tasks.values())
    }
    tasks = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())
    lines = [
        f"### {table.name}\n",
        f"- data: {table.source.words}; {facts['rows']:,} rows × {facts['features']} features",
        f"- rows: {training:.0%} training{f' ({used:.0%} of them used)' if used < 1 else ''}, "
        f"{shares['validation']:.0%} validation, {shares['test']:.0%} test",
        f"- tasks: {tasks}",
        f"- network: {network} units, {table.depth} of {len(table.widths)} blocks shared, {table.weighting} weighting",
        f"- training: {table.epochs} epochs, {table.batch_size} rows a step, AdamW, learning rate "
        f"{table.learning_rate:g}, weight decay {table.weight_decay:g}",
        f"- single tasks, mean validation score: {single['recipe']:.4f}; best of the grid {single['best']:.4f}, with "
        f"{single['epochs']} epochs at learning rate {single['learning_rate']:.2g}",
        f"- measured: {len(table.subsets)} subsets × {table.n_seeds} seeds = {facts['runs']:,} runs in "
        f"{facts['cpu_seconds']:.0f} s of CPU; `python -m benchmarks.tables --data FOLDER {table.name}`",
    ]
    return "\n".join([*lines, *([f"- {table.note}"] if table.note else []), ""])


def _markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
