"""What the sections of a study file have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

SECTION = ConfigDict(frozen=True, extra="forbid")
"""A section is a value, and knows no other keys than its own."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
