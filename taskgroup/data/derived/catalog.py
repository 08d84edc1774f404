"""The ways of deriving a target by name: a new one is one file and one line here."""

from __future__ import annotations

from taskgroup.data.derived.ahead import ahead
from taskgroup.data.derived.inputs import inputs
from taskgroup.data.derived.quantise import quantise
from taskgroup.data.derived.sources import Derive

DERIVATIONS: dict[str, Derive] = {"inputs": inputs, "quantise": quantise, "ahead": ahead}
