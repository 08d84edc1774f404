"""Does it pay to search kinds of sharing, weightings and distillation together with the groups, at the same runs?

Run from the repository root: `python -m benchmarks.space [--data FOLDER] [--seeds N] [-o FOLDER] [SET ...]`. FOLDER
holds the public data sets as Parquet files; sets whose file is not there are skipped, and digits needs none.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.compared_searches import (
    Comparison,
    compare,
    difference_table,
    effort_table,
    gain_table,
    markdown,
    verdict,
)
from benchmarks.machine import machine_facts

RUNS = {"same": 400}
SEARCHES: dict[str, dict[str, Any]] = {
    "groups alone": {"sharing": {"kind": ["hard"], "depth": [2]}, "weighting": ["equal"]},
    "groups, sharing, weighting, teachers": {
        "sharing": {"kind": ["hard", "soft", "cross_stitch", "mmoe", "cgc"], "depth": [1, 2]},
        "weighting": ["equal", "static", "uncertainty", "dwa", "pcgrad"],
        "distillation": ["none", "annealed"],
    },
}
SETTINGS: dict[str, Any] = {"seeds": 3, "confirm_seeds": 8, "linear": False}


def page(measured: pd.DataFrame) -> str:
    """The report in Markdown."""
    facts = "\n".join(f"- {name}: {value}" for name, value in machine_facts().items())
    wider = measured[measured["search"] != next(iter(SEARCHES))]["recommended"].fillna("")
    chosen = wider.str.replace(r" \{[^;]*\}", "", regex=True).str.split("; ").explode()
    counts = chosen[chosen != ""].value_counts().head(12).rename_axis("way").reset_index(name="networks")
    return f"""# Groups alone, or groups with every way of sharing and weighting

`python -m benchmarks.space --data FOLDER`; every figure is a mean over searches with other test rows and other
seeds, with a 95% interval over them. All searches of a row have the same number of runs, tuning and confirmation
included. Gains are the recommendation's over single tasks, on test rows at fresh seeds, in percent of the
single-task error that goes away.

## Gain of the recommendation

{markdown(gain_table(measured, RUNS, SEARCHES))}

Difference from the first search, paired over the same test rows and seeds:

{markdown(difference_table(measured, RUNS, SEARCHES))}

{verdict(measured, SEARCHES)}

## What the searches did

{markdown(effort_table(measured))}

The limit is three networks, whatever they cost to serve: `cross_stitch` computes an encoder a task, as many as single
tasks have, and `mmoe` four experts. `grouping.budget` in place of a number of networks would count that.

The ways of the joint networks that the wider search recommended, by kind, depth and weighting, most frequent first:

{markdown(counts)}

Measured on:

{facts}
"""


if __name__ == "__main__":
    raise SystemExit(compare(Comparison("space", SEARCHES, RUNS, SETTINGS, page), str(__doc__)))
