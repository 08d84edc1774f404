"""Two generated sets of texts with different labels: short reviews of films, and of hotels.

No person wrote or labelled these sentences. They are drawn from word lists, so that what can be learned is
known: a word of praise or blame means the same in both sets, and each set alone shows few of its uses. What
is reviewed, and what is asked of it, differ: whether the writer liked a film, and how a stay was as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskgroup.data.table import Table, table_from_arrays
from taskgroup.seeds import derive_seed

N_ROWS = 600
_MISLABELLED = 0.05

FILM = ("actor", "scene", "plot", "director", "camera", "script", "cast", "sequel", "score", "ending")
HOTEL = ("room", "bed", "shower", "lobby", "breakfast", "pool", "view", "staff", "parking", "lift")
_STARTS = (
    *("art", "bliss", "care", "cheer", "colour", "event", "faith", "flavour", "fruit", "grace"),
    *("help", "hope", "joy", "law", "meaning", "merci", "mind", "peace", "power", "purpose"),
    *("rest", "skill", "soul", "tact", "taste", "thought", "truth", "tune", "use", "zest"),
)
GOOD = tuple(f"{start}ful" for start in _STARTS)
BAD = tuple(f"{start}less" for start in _STARTS)
_OPINIONS = ("bad", "mixed", "good")


def film_reviews_table() -> Table:
    """600 reviews `text` of two clauses of one opinion; `liked` is 0 or 1, wrong in 5% of rows."""
    rng = np.random.default_rng(derive_seed(0, "film reviews"))
    liked = rng.integers(2, size=N_ROWS)
    texts = [_text(FILM, [bool(value)] * 2, rng) for value in liked]
    labels = liked ^ (rng.random(N_ROWS) < _MISLABELLED)
    return _table("generated:film_reviews", texts, "liked", labels.astype(np.int64))


def hotel_reviews_table() -> Table:
    """600 reviews `text` of two clauses; `stay` is bad, mixed or good, at random in 5% of rows."""
    rng = np.random.default_rng(derive_seed(0, "hotel reviews"))
    n_good = rng.integers(3, size=N_ROWS)
    texts = [_text(HOTEL, rng.permutation([n > 0, n > 1]).tolist(), rng) for n in n_good]
    labels = np.where(rng.random(N_ROWS) < _MISLABELLED, rng.integers(3, size=N_ROWS), n_good)
    return _table("generated:hotel_reviews", texts, "stay", np.array(_OPINIONS, dtype=object)[labels])


def _text(things: Sequence[str], opinions: Sequence[bool], rng: np.random.Generator) -> str:
    """A clause for each opinion."""
    clauses = (f"the {rng.choice(things)} is {rng.choice(GOOD if good else BAD)}" for good in opinions)
    return " and ".join(clauses)


def _table(place: str, texts: list[str], label: str, labels: np.ndarray) -> Table:
    columns = {"text": np.array(texts, dtype=object), label: labels}
    return table_from_arrays(place, columns, label_columns=[label])
