"""Trained networks of recorded runs, read back for use elsewhere."""

from __future__ import annotations

from numbers import Integral

from torch import Tensor

from taskgroup.errors import InputError
from taskgroup.storage import open_record, weights_folder
from taskgroup.training import read_kept


def load_weights(run_id: int, *, storage: str) -> dict[str, Tensor]:
    """Read what one run has learned, where the study said `search: {keep_weights: all}` (or `single`).

    With hard sharing, trees and heads at different heights the names are those of plain modules: `nodes.L.N`
    for the N-th copy of block L (one where it is shared, one a task of the subset where it is private) and
    `heads.T` for the T-th task, as in `heads.0.weight`; networks of other kinds give
    their stacked tensors by place. With early stopping the weights are those of the best epoch. The file
    itself, `<key>.safetensors` in the folder beside the storage, opens in any tool that reads safetensors and
    says in its metadata how the run was trained.

    Args:
        run_id: The run, as in the column of `SearchResult.runs` and `Measurement.runs`.
        storage: SQLAlchemy URL of the record.

    Returns:
        Tensors by name, on the CPU.

    Raises:
        NotFoundError: If there is no such record or run, or its weights were not kept.
        InputError: If the storage cannot be used.
    """
    if not isinstance(run_id, Integral):
        raise InputError(f"run_id is {run_id!r:.80}; give a number of the column run_id")
    folder = weights_folder(storage)
    if folder is None:
        raise InputError(f"storage {storage!r} is in memory, which keeps no weights; give that of a search")
    with open_record(storage, must_exist=True) as record:
        key = record.run_key(int(run_id))
    return read_kept(folder, key)
