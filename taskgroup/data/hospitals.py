"""A generated table with tasks that help another one without being wanted themselves.

Nothing in it was measured. Whether a patient is ill shows weakly in three signs; what the devices of a
hospital add to three other columns tells the hospital, and hospitals differ in how many of their patients are
ill. A network that learns the hospital so does well in those that it knows, and badly in the next one.
"""

from __future__ import annotations

import numpy as np

from taskgroup.data.table import Table, table_from_arrays
from taskgroup.seeds import derive_seed

N_HOSPITALS = 80
_PATIENTS = 20
_SHARES_ILL = (0.1, 0.9)  # every other hospital, in no order that its devices tell
_SIGNAL = 0.8  # of each sign, in its noise's standard deviations
_DEVICES = 1.5  # spread between hospitals
_WITHIN = 0.3  # and within one


def hospitals_table() -> Table:
    """1,600 rows of 80 hospitals, 6 features, and `ill`, `biopsy` (how ill), `hospital` and `bed`."""
    rng = np.random.default_rng(derive_seed(0, "hospitals"))
    hospital = np.repeat(np.arange(N_HOSPITALS), _PATIENTS)
    share = np.array(_SHARES_ILL)[rng.permutation(N_HOSPITALS) % 2][hospital]
    ill = (rng.random(len(hospital)) < share).astype(np.int64)
    severity = (2 * ill - 1) * rng.uniform(0.5, 1.5, len(ill))
    signs = _SIGNAL * severity[:, None] + rng.normal(size=(len(ill), 3))
    devices = _DEVICES * rng.normal(size=(N_HOSPITALS, 3))[hospital]
    devices += _WITHIN * rng.normal(size=devices.shape)
    columns = {
        **{f"sign_{i}": signs[:, i] for i in range(3)},
        **{f"device_{i}": devices[:, i] for i in range(3)},
        "ill": ill,
        "biopsy": severity + 0.1 * rng.normal(size=len(ill)),
        "hospital": np.array([f"hospital {i:02}" for i in hospital], dtype=object),
        "bed": rng.normal(size=len(ill)),
    }
    labels = ("ill", "biopsy", "hospital", "bed")
    return table_from_arrays("generated:hospitals", columns, label_columns=labels)
