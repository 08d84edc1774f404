"""What the search cost, by stage, and which of its runs failed."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.figures import stage_figure
from taskgroup.reporting.page.markup import Html, paragraph, picture, section, table
from taskgroup.reporting.tables import failure_table, stage_table
from taskgroup.reporting.words import count, duration, phrase, share
from taskgroup.search import Outcome

_TITLE = "What the search cost"


def effort(outcome: Outcome) -> Html:
    """Runs and time by stage."""
    stages = stage_table(outcome)
    if stages.empty:
        return section(_TITLE, paragraph("Nothing has been trained."), key="effort")
    runs, failed = int(stages["runs"].sum()), int(stages["failed"].sum())
    total = f"{count(runs, 'run')} (one network trained once) in {duration(stages['seconds'].sum())}"
    return section(
        _TITLE,
        paragraph(f"{total}, {count(failed, 'run')} failed." if failed else f"{total}; none failed."),
        picture(stage_figure(stages), key="stages", says="Time that each stage took.", greatest_width=760),
        table(_written(stages), numeric=("runs", "failed", "time", "share of the time")),
        *_failures(failure_table(outcome)),
        key="effort",
    )


def _written(stages: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stage": [phrase(stage) for stage in stages["stage"]],
            "runs": [f"{n:,}" for n in stages["runs"]],
            "failed": [f"{n:,}" for n in stages["failed"]],
            "time": [duration(seconds) for seconds in stages["seconds"]],
            "share of the time": [share(part) for part in stages["share"]],
        }
    )


def _failures(failures: pd.DataFrame) -> list[Html]:
    if failures.empty:
        return []
    written = pd.DataFrame(
        {"why runs failed": failures["reason"], "runs": [f"{n:,}" for n in failures["runs"]]}
    )
    return [paragraph("Failed runs are left out of every figure."), table(written, numeric=("runs",))]
