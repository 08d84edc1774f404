"""The kinds of sharing by name: a new one is one file, one line here and its facts in `taskgroup.spec`.

Kinds that are forests of blocks (`hard` and others) are no columns to be mixed, and are wired instead
(`taskgroup.models.wiring`).
"""

from __future__ import annotations

from taskgroup.models.sharing.cgc import CGC
from taskgroup.models.sharing.cross_stitch import CrossStitch
from taskgroup.models.sharing.decision import Decision
from taskgroup.models.sharing.kind import Kind, Outline
from taskgroup.models.sharing.mmoe import MMoE
from taskgroup.models.sharing.ple import PLE
from taskgroup.models.sharing.sluice import Sluice
from taskgroup.models.sharing.soft import Soft
from taskgroup.models.sharing.trace_norm import TraceNorm
from taskgroup.spec import Sharing

SHARINGS: dict[str, type[Kind]] = {
    "soft": Soft,
    "trace_norm": TraceNorm,
    "cross_stitch": CrossStitch,
    "sluice": Sluice,
    "mmoe": MMoE,
    "cgc": CGC,
    "ple": PLE,
    "decision": Decision,
}


def in_columns(sharing: Sharing) -> bool:
    """Whether a network shares by one of these kinds, and is no forest of blocks."""
    return sharing.method.name in SHARINGS


def make_kind(sharing: Sharing, outline: Outline) -> Kind:
    """The kind that a run names, for its network."""
    return SHARINGS[sharing.method.name](outline, sharing.settings)
