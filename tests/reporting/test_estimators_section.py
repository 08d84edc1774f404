"""The comparison of estimators in the report: complete, honest about chance, absent without any."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from fabricated import HOSTILE

from taskgroup.affinity import ESTIMATORS, AffinityMatrix, Agreement
from taskgroup.reporting import palette, render_page
from taskgroup.reporting.page.matrix_svg import matrix_svg
from taskgroup.reporting.tables import estimator_table
from taskgroup.search import Estimated, Outcome


def estimated(name: str, outcome: Outcome, agreement: Agreement | None) -> Estimated:
    tasks = outcome.study.task_names
    values = np.random.default_rng(len(name)).normal(size=(len(tasks), len(tasks)))
    matrix = AffinityMatrix.of_estimate(
        pd.DataFrame(values, index=list(tasks), columns=list(tasks)),
        estimator=name,
        cost_runs=3,
        cost_flops=1.5e9,
        agreement=agreement,
    )
    return Estimated(ESTIMATORS[name], matrix)


def agreement(correlation: float, half: float) -> Agreement:
    return Agreement(correlation, correlation - half, correlation + half, 42, "independent")


@pytest.fixture
def estimates(digits_outcome) -> list[Estimated]:
    return [
        Estimated(ESTIMATORS["pairwise"], digits_outcome.affinity),
        estimated("lookahead", digits_outcome, agreement(0.6, 0.2)),
        estimated("static", digits_outcome, agreement(0.1, 0.4)),
        Estimated(ESTIMATORS["linearised"], None, "the data <b>have changed</b>"),
    ]


def section(page: str) -> str:
    found = re.search(r'<section id="estimators">.*?</section>', page, re.DOTALL)
    return found.group() if found else ""


def test_each_estimator_has_a_row_and_a_picture(digits_outcome, estimates):
    shown = section(render_page(digits_outcome, estimates))
    assert shown.count("<svg") == 3
    assert shown.count("<tr>") == 1 + 3
    assert "+0.60 (+0.40 to +0.80)" in shown
    assert "1.5 billion" in shown


def test_what_could_not_be_used_is_named_with_its_reason(digits_outcome, estimates):
    shown = section(render_page(digits_outcome, estimates))
    assert "linearised: the data &lt;b&gt;have changed&lt;/b&gt;" in shown


def test_only_agreement_beyond_chance_is_praised(digits_outcome, estimates):
    shown = section(render_page(digits_outcome, estimates))
    assert "these rank pairs better than chance here: lookahead (+0.60)." in shown
    by_chance = section(render_page(digits_outcome, [estimates[0], estimates[2]]))
    assert "none could be told from chance" in by_chance
    reversed_ = estimated("static", digits_outcome, agreement(-0.6, 0.2))
    assert "the wrong way round: static" in section(render_page(digits_outcome, [estimates[0], reversed_]))
    unknown = estimated("static", digits_outcome, None)
    assert "Too few pairs were measured" in section(render_page(digits_outcome, [estimates[0], unknown]))


def test_nothing_to_compare_leaves_the_section_out(digits_outcome, estimates):
    assert section(render_page(digits_outcome)) == ""
    assert section(render_page(digits_outcome, estimates[:1])) == ""


def test_names_cannot_become_tags(make_outcome: Callable[..., Outcome]):
    outcome = make_outcome(HOSTILE, confirmed=False)
    estimates = [estimated(name, outcome, None) for name in ("lookahead", "static")]
    assert "<script>alert" not in section(render_page(outcome, estimates))


def test_the_table_is_blank_where_nothing_is_known(digits_outcome):
    table = estimator_table([estimated("static", digits_outcome, None)])
    assert table["correlation"].isna().all()
    assert table["cost_runs"].tolist() == [3]


def test_colours_tell_helps_from_hurts_and_unknown():
    values = pd.DataFrame([[1.0, -1.0], [0.0, np.nan]])
    picture = matrix_svg(values, says="a < b")
    for place, color in (
        ("M0 0", palette.DIVERGING[-1]),
        ("M1 0", palette.DIVERGING[0]),
        ("M0 1", "#f7f7f7"),
    ):
        assert f'd="{place}h1v1h-1z" fill="{color}"' in picture
    assert "M1 1" not in picture
    assert 'aria-label="a &lt; b"' in picture
