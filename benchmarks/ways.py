"""Does it pay to search depth, weighting and shorter trainings together with the groups, at the same runs?

Run from the repository root: `python -m benchmarks.ways [--data FOLDER] [--seeds N] [-o FOLDER] [SET ...]`. FOLDER
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

RUNS = {"few": 300, "many": 900}
SEARCHES: dict[str, dict[str, Any]] = {
    "one way, tuned": {"per_network": False},
    "a way for each network": {},
    "short trainings as well": {"per_network": False, "fidelity": [0.25]},
}
SETTINGS: dict[str, Any] = {
    "sharing": {"kind": ["hard"], "depth": [1, 2]},
    "weighting": ["equal", "uncertainty"],
    "seeds": 3,
    "confirm_seeds": 8,
}


def page(measured: pd.DataFrame) -> str:
    """The report in Markdown."""
    facts = "\n".join(f"- {name}: {value}" for name, value in machine_facts().items())
    return f"""# Groups alone, or groups with depth, weighting and length

`python -m benchmarks.ways --data FOLDER`; every figure is a mean over searches with other test rows and other
seeds, with a 95% interval over them. All searches of a row have the same number of runs, tuning and confirmation
included; a short training counts by its share. Gains are the recommendation's over single tasks, on test rows at
fresh seeds, in percent of the single-task error that goes away.

## Gain of the recommendation

{markdown(gain_table(measured, RUNS, SEARCHES))}

Differences of the two right-hand searches from the first, paired over the same searches:

{markdown(difference_table(measured, RUNS, SEARCHES))}

{verdict(measured, SEARCHES)}

## What the searches did

{markdown(effort_table(measured))}

An earlier form of the search weighed every subset in every way from the start. On two or three searches a set its
recommendations differed from those of the first column by -1.4 and -1.8 points on digits_fifth (few and many runs),
+0.7 and +0.5 on emotions, -2.8 and -0.2 on sarcos and 0 on wq_a, at up to twice the runs (715 against 306 on
digits_fifth). So other ways are now looked at for the networks in question only.

`ways` is the number of different depths and weightings among the recommended joint networks. `correlation` is
Spearman's, of the gains of trainings of a quarter of the epochs and of full ones of the same networks.

Measured on:

{facts}
"""


if __name__ == "__main__":
    raise SystemExit(compare(Comparison("ways", SEARCHES, RUNS, SETTINGS, page), str(__doc__)))
