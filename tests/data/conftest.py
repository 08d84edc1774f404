from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taskgroup.spec import Study, parse_study

StudyOf = Callable[..., Study]


@pytest.fixture(scope="session")
def study_of() -> StudyOf:
    """Make a study of tasks given as name=kind, or as name={...}; options go to its data section."""

    def make(
        source: str = "memory",
        *,
        data: dict[str, Any] | None = None,
        model: dict[str, Any] | None = None,
        **tasks: Any,
    ) -> Study:
        described = [
            {"name": name, **(value if isinstance(value, dict) else {"kind": value})}
            for name, value in tasks.items()
        ]
        sections = {"data": {"source": source, **(data or {})}, "model": model or {}}
        return parse_study({"name": "s", "tasks": described, **sections})

    return make
