"""A generated table in the shape of a screening campaign: many rare outcomes, each known for some rows.

Nothing in it was measured. It is known which outcomes are related, so that what a search says of them can be
held against the truth; names only help to see it.
"""

from __future__ import annotations

import numpy as np

from taskgroup.data.synthetic import planted_groups
from taskgroup.data.table import Table, table_from_arrays
from taskgroup.seeds import derive_seed

ASSAY_GROUPS = (
    ("receptor_1", "receptor_2", "receptor_3", "receptor_4"),
    ("stress_1", "stress_2", "stress_3", "stress_4"),
    ("enzyme_1", "enzyme_2", "enzyme_3", "enzyme_4"),
)
"""Outcomes of one group depend on the same sum of features, those of other groups on others."""

N_ROWS = 800
_N_FEATURES = 48
_POSITIVE = (0.10, 0.30)  # the shares of positive labels, from the rarest outcome to the commonest
_MISSING = (0.10, 0.60)  # the shares of missing ones
_NOISE = 0.3
_WITHIN = 1.0


def assays_table() -> Table:
    """800 rows, 48 features `x0` and so on, 12 binary outcomes: 10 to 30% positive, 10 to 60% missing."""
    frame = planted_groups(
        groups=ASSAY_GROUPS,
        n_rows=N_ROWS,
        n_features=_N_FEATURES,
        noise=_NOISE,
        within=_WITHIN,
    )
    names = [name for group in ASSAY_GROUPS for name in group]
    rng = np.random.default_rng(derive_seed(0, "assays"))
    positive = rng.permutation(np.linspace(*_POSITIVE, len(names)))
    missing = rng.permutation(np.linspace(*_MISSING, len(names)))
    labels = {}
    for name, share, gaps in zip(names, positive, missing, strict=True):
        values = frame[name].to_numpy()
        found = (values > np.quantile(values, 1 - share)).astype(np.float64)
        labels[name] = np.where(rng.random(N_ROWS) < gaps, np.nan, found)
    features = {str(name): frame[name].to_numpy() for name in frame if name not in labels}
    return table_from_arrays("generated:assays", {**features, **labels}, label_columns=names)
