"""Affinity matrices and comparisons of estimators, in the forms that `taskgroup affinity` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskgroup.affinity import AffinityByDepth, AffinityMatrix
    from taskgroup.search import Estimated

COLUMNS = ("estimator", "uses", "runs", "flops", "correlation", "low", "high", "pairs", "agreement")
_USES = {"gains": "measured gains", "joint": "joint training", "rows": "data alone"}
_GAIN_TITLE = "Gain in % of the row's single-task error when trained with the column; * q < 0.05"
_SCORE_TITLE = (
    "Scores, not gains: what the column does to the row; above zero helps, and only the order counts"
)


def one_in_form(affinity: AffinityMatrix, form: str) -> str:
    """One matrix as `table`, `csv` or `json`."""
    if form == "json":
        return _json(affinity.document())
    if form == "csv":
        return affinity.table().to_csv(index=False).rstrip()
    return "\n".join([*_matrix_lines(affinity), "", _said(affinity)])


def depths_in_form(found: AffinityByDepth, form: str) -> str:
    """Affinity at each depth and the recommended tree as `table`, `csv` (without the tree) or `json`."""
    if form == "json":
        return _json(found.document())
    if form == "csv":
        return found.table().to_csv(index=False).rstrip()
    lines: list[str] = []
    for depth, matrix in found.matrices.items():
        title, blank, *rows = _matrix_lines(matrix)
        lines += [*([] if lines else [title]), blank, f"{depth} block{'s' * (depth > 1)} shared:", *rows]
    return "\n".join(
        [*lines, "", "Recommended sharing, for the study file's search section:", "", found.words]
    )


def all_in_form(estimates: Sequence[Estimated], form: str) -> str:
    """All estimators side by side as `table`, `csv` or `json`."""
    if form == "json":
        return _json({"estimators": [_document(estimated) for estimated in estimates]})
    if form == "csv":
        import pandas as pd

        return pd.DataFrame([_row(e) for e in estimates], columns=list(COLUMNS)).to_csv(index=False).rstrip()
    return "\n".join(_comparison_lines(estimates))


def _matrix_lines(affinity: AffinityMatrix) -> list[str]:
    from taskgroup.affinity import ESTIMATORS

    estimator = ESTIMATORS[affinity.estimator]
    targets, sources = list(affinity.estimate.index), list(affinity.estimate.columns)
    width = max(8, *map(len, sources))
    lines = [_GAIN_TITLE if estimator.in_gains else f"{estimator.summary}. {_SCORE_TITLE}", ""]
    lines.append(" " * width + "".join(f"  {source:>{width}}" for source in sources))
    for target in targets:
        cells = [_cell(affinity, target, source, percent=estimator.in_gains) for source in sources]
        lines.append(f"{target:<{width}}" + "".join(f"  {cell:>{width}}" for cell in cells))
    return lines


def _cell(affinity: AffinityMatrix, target: str, source: str, *, percent: bool) -> str:
    value: Any = affinity.estimate.loc[target, source]
    q_value: Any = affinity.q_value.loc[target, source]
    if value != value:
        return "" if target == source else "."
    if not percent:
        return f"{value:+.2g}"
    mark = "*" if q_value < 0.05 else " "
    return f"{100 * value:+.1f}{mark}"


def _said(affinity: AffinityMatrix) -> str:
    """What it cost and how well it agrees, in a line."""
    agreement = affinity.agreement
    cost = f"{affinity.cost_runs} run{'' if affinity.cost_runs == 1 else 's'}"
    if agreement is None:
        return f"Cost: {cost}. Too few pairs were measured to say how well this agrees with them."
    interval = f"{agreement.correlation:+.2f} [{agreement.low:+.2f}, {agreement.high:+.2f}]"
    compared = {
        "independent": "with measured gains",
        "left_out_pairs": "with measured gains of pairs left out of the fit",
        "left_out_pairs_and_seeds": "with single seeds' gains of pairs, pair and seed left out of the fit",
        "between_seeds": "between one seed and the others",
    }
    return (
        f"Cost: {cost}. Rank correlation {compared[agreement.kind]}: {interval} over {agreement.n_pairs} "
        "ordered pairs."
    )


def _comparison_lines(estimates: Sequence[Estimated]) -> list[str]:
    head = ("estimator", "uses", "runs", "FLOPs", "agreement [95% interval]", "pairs")
    rows = [head, *(_words(estimated) for estimated in estimates)]
    width = [max(len(row[i]) for row in rows) for i in range(len(head))]
    right = {2, 3, 5}
    lines = [
        "  ".join(
            f"{c:>{w}}" if i in right else f"{c:<{w}}"
            for i, (c, w) in enumerate(zip(row, width, strict=True))
        )
        for row in rows
    ]
    lines = [line.rstrip() for line in lines]
    lines += [
        "",
        "Agreement: rank correlation with measured pair gains that are new to the estimator (1: same order,",
        "0: unrelated). Those that use gains are compared at single seeds, which are noisier: pairwise with",
        "the same pairs at other seeds, hoa and subset_regression with other subsets at other seeds. The",
        "others are compared with means over seeds. Single-task baselines are not counted as runs.",
    ]
    return lines + [f"{e.estimator.name}: {e.reason}" for e in estimates if e.reason]


def _words(estimated: Estimated) -> tuple[str, ...]:
    row = _row(estimated)
    if estimated.matrix is None:
        return row["estimator"], row["uses"], "-", "-", "not available", "-"
    agreement = "not enough measured pairs"
    if row["correlation"] is not None:
        agreement = f"{row['correlation']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"
    flops = "-" if row["flops"] is None else f"{row['flops']:.2g}"
    return row["estimator"], row["uses"], str(row["runs"]), flops, agreement, str(row["pairs"] or "-")


def _row(estimated: Estimated) -> dict[str, Any]:
    matrix = estimated.matrix
    agreement = matrix.agreement if matrix else None
    return {
        "estimator": estimated.estimator.name,
        "uses": _USES[estimated.estimator.uses],
        "runs": matrix.cost_runs if matrix else None,
        "flops": matrix.cost_flops if matrix else None,
        "correlation": agreement.correlation if agreement else None,
        "low": agreement.low if agreement else None,
        "high": agreement.high if agreement else None,
        "pairs": agreement.n_pairs if agreement else None,
        "agreement": agreement.kind if agreement else None,
    }


def _document(estimated: Estimated) -> dict[str, Any]:
    about: dict[str, Any] = {"estimator": estimated.estimator.name, "summary": estimated.estimator.summary}
    about |= {
        "source": estimated.estimator.source,
        "uses": estimated.estimator.uses,
        "reason": estimated.reason,
    }
    return about | (estimated.matrix.document() if estimated.matrix else {})


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False)
