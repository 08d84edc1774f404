"""What it takes to repeat the search: settings, versions, and the study itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from taskgroup.reporting.page.markup import Html, definitions, details, element, paragraph, section, text
from taskgroup.reporting.words import phrase
from taskgroup.search import Outcome


def repeat(outcome: Outcome) -> Html:
    """Settings and versions as terms, the study as YAML."""
    study = yaml.safe_dump(outcome.study.document(), sort_keys=False, allow_unicode=True, width=100)
    settings = list(_flat(outcome.settings))
    return section(
        "To repeat this",
        definitions(settings) if settings else paragraph("No settings were recorded."),
        details("The study file, with every default filled in", element("pre", text(study))),
        key="repeat",
    )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        term = f"{prefix}{phrase(str(name))}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{term}: ")
        else:
            yield term, _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return str(value)
