"""Cohorts that memory does not hold: halved and tried again, so that only a run too large by itself fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from taskgroup.spec import RunResult, RunSpec

_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")

Train = Callable[[Sequence[RunSpec]], list[RunResult]]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, in main memory or on a CUDA device.

    torch raises `OutOfMemoryError` for most allocations on a device, and a bare `RuntimeError` for main
    memory and for what its libraries allocate themselves.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried ..."))
    True
    >>> is_out_of_memory(RuntimeError("expected a float tensor"))
    False
    """
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


def train_in_parts(
    train: Train, members: Sequence[RunSpec], *, make_room: Callable[[], None]
) -> list[RunResult]:
    """Train a cohort, or its halves where memory runs out, down to single runs.

    Args:
        train: Trains runs together.
        members: The cohort.
        make_room: Lets go of what can be made again; called after each failure.

    Returns:
        One result for each member, in their order; a run that does not fit by itself has failed.
    """
    try:
        return train(members)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        said = " ".join(str(error).split()) or type(error).__name__
    # Not in the handler above: while the error lives, its traceback holds the tensors of the failed try.
    make_room()
    if len(members) == 1:
        return [RunResult(members[0], "failed", reason=_reason(said))]
    middle = (len(members) + 1) // 2
    halves = members[:middle], members[middle:]
    return [result for half in halves for result in train_in_parts(train, half, make_room=make_room)]


def _reason(said: str) -> str:
    return (
        "memory ran out even with this run alone; lower training.batch_size or model.widths, or free memory "
        f"({said:.200})"
    )
