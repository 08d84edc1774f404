"""Who helps whom at each sharing depth, and where the encoder should branch."""

from __future__ import annotations

from taskgroup.affinity import AffinityByDepth
from taskgroup.reporting.figures import depth_strip_figure
from taskgroup.reporting.figures.depth_strip import depth_strip_widths
from taskgroup.reporting.gain_unit import gain_unit
from taskgroup.reporting.order import leaf_order
from taskgroup.reporting.page.markup import Html, element, join, paragraph, picture, text
from taskgroup.reporting.tables import depth_strip_tables
from taskgroup.search import Outcome, affinity_by_depth_of

_MEANING = (
    "The same pairs with other numbers of blocks shared, rows and columns in the order above and all in one "
    "range of colours. Where a pair is blue on the left and red on the right, it is better to share low "
    "blocks alone."
)
_TREE = "Sharing that this recommends, for the search section of the study file:"


def by_depth(outcome: Outcome) -> Html:
    """A strip of matrices with the tree that they recommend; nothing where depths were not all measured."""
    found = affinity_by_depth_of(outcome)
    if found is None:
        return join([])
    tables = depth_strip_tables(found, leaf_order(outcome.affinity.estimate), unit=gain_unit(outcome.study))
    least, greatest = depth_strip_widths(tables)
    return join(
        [
            element("h3", text("By sharing depth")),
            paragraph(_MEANING),
            picture(
                depth_strip_figure(tables),
                key="affinity-by-depth",
                says="Matrices of gains, one for each number of shared blocks.",
                least_width=least,
                greatest_width=greatest,
            ),
            _recommended(found),
        ]
    )


def _recommended(found: AffinityByDepth) -> Html:
    if found.tree is None:
        return paragraph(found.words)
    return join(
        [
            paragraph(_TREE),
            element("pre", element("code", text(found.tree.text)), class_="scroll", tabindex="0"),
            paragraph(found.tree.sentence),
        ]
    )
