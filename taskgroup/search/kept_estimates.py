"""Estimates kept in the record, so that a joint training for them is made once."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taskgroup.affinity import AffinityMatrix
from taskgroup.storage import Record, RecordError, StoredStudy

_VERSION = 1  # raise it where an estimator's definition changes


@dataclass(frozen=True)
class KeptEstimates:
    """The kept estimates of one study.

    Attributes:
        record: The open record.
        study_id: The study in it.
        fingerprint: The data that the study was searched on.
    """

    record: Record
    study_id: int
    fingerprint: str

    @classmethod
    def of(cls, record: Record, stored: StoredStudy) -> KeptEstimates:
        """Those of a stored study."""
        return cls(record, stored.id, stored.data_fingerprint)

    def load(self, estimator: str, inputs: Mapping[str, Any]) -> AffinityMatrix | None:
        """The latest estimate, without agreement; None where it was made of other inputs.

        Args:
            estimator: Its name.
            inputs: What decides it, as plain JSON values.
        """
        document = self.record.affinities(self.study_id).get(estimator)
        if document is None or document.get("inputs") != _stamped(inputs):
            return None
        tasks = document["tasks"]
        sources = document.get("sources", tasks)
        return AffinityMatrix.of_estimate(
            pd.DataFrame(document["estimate"], index=tasks, columns=sources, dtype=float),
            estimator=estimator,
            cost_runs=document["cost_runs"],
            cost_flops=document["cost_flops"],
        )

    def save(self, matrix: AffinityMatrix, inputs: Mapping[str, Any]) -> None:
        """Keep an estimate, where the record can be written to."""
        document = {**matrix.document(), "inputs": _stamped(inputs)}
        with contextlib.suppress(RecordError):  # a record that is read-only still shows what it holds
            self.record.save_affinity(self.study_id, matrix.estimator, document)


def _stamped(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {**inputs, "version": _VERSION}
