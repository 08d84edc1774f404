"""The whole page: sections in their order, with style, script and plotly inside one file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from string import Template

from taskgroup.reporting.page.affinity import affinity
from taskgroup.reporting.page.auxiliaries import auxiliaries
from taskgroup.reporting.page.baseline_size import baseline_size
from taskgroup.reporting.page.effort import effort
from taskgroup.reporting.page.estimators import estimators
from taskgroup.reporting.page.gains import gains
from taskgroup.reporting.page.headline import headline
from taskgroup.reporting.page.importances import importances
from taskgroup.reporting.page.linear import linear
from taskgroup.reporting.page.markup import join, text
from taskgroup.reporting.page.negative_transfer import negative_transfer
from taskgroup.reporting.page.networks import networks
from taskgroup.reporting.page.reliability import reliability
from taskgroup.reporting.page.repeat import repeat
from taskgroup.reporting.page.ways import ways
from taskgroup.search import Estimated, Outcome

_SECTIONS = (
    headline,
    networks,
    affinity,
    auxiliaries,
    negative_transfer,
    baseline_size,
    gains,
    linear,
    ways,
    importances,
    effort,
    reliability,
)


def render_page(outcome: Outcome, estimates: Sequence[Estimated] = ()) -> str:
    """Write the report as one HTML document that needs no network and no other file.

    Args:
        outcome: What the search found.
        estimates: Cheaper estimates of the affinity, to be shown beside it.
    """
    from plotly.offline import get_plotlyjs

    parts = [*(part(outcome) for part in _SECTIONS), estimators(outcome, estimates), repeat(outcome)]
    return Template(_asset("page.html")).substitute(
        title=text(f"{outcome.study.name}: which tasks to train together"),
        style=_asset("page.css"),
        body=join(parts, separator="\n"),
        plotly=get_plotlyjs(),
        script=_asset("page.js"),
    )


def _asset(name: str) -> str:
    return resources.files("taskgroup.reporting.page").joinpath("assets", name).read_text(encoding="utf-8")
