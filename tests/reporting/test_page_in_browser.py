"""The page in a real browser, with the network off: figures are drawn and nothing goes wrong."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fabricated import HOSTILE

from taskgroup.reporting import render_page
from taskgroup.search import Outcome

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="chromium is not installed"),
]
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=6000",
    "--window-size=1280,1000",
    "--dump-dom",
)

WATCH = """<script>
window.problems = [];
window.addEventListener("error", event => problems.push(String(event.message)));
document.addEventListener("securitypolicyviolation", event => problems.push("blocked " + event.blockedURI));
console.error = console.warn = (...words) => problems.push(words.join(" "));
window.alert = words => problems.push("alert " + words);
</script>"""
TELL = """<script>
document.documentElement.dataset.seen = JSON.stringify({
  problems,
  overflow: document.documentElement.scrollWidth - window.innerWidth,
  labels: [...document.querySelectorAll("#plot-gains .ytick text")].map(label => label.textContent),
});
</script>"""


def visit(outcome: Outcome, folder: Path) -> tuple[str, dict]:
    """Open the page and return the document as drawn, with what the watching script saw."""
    assert BROWSER is not None
    page = folder / "index.html"
    text = render_page(outcome).replace("<title>", WATCH + "<title>", 1)
    page.write_text(text.replace("</body>", TELL + "</body>"), encoding="utf-8")
    command = [BROWSER, *OPTIONS, f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    drawn = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout.decode()
    seen = re.search(r'data-seen="([^"]*)"', drawn)
    assert seen is not None, "the page's scripts did not run to their end"
    return drawn, json.loads(html.unescape(seen[1]))


@pytest.mark.parametrize("names", [("a", "b"), HOSTILE], ids=["two", "hostile"])
def test_figures_are_drawn_without_network_or_errors(
    names: tuple[str, ...], make_outcome: Callable[..., Outcome], tmp_path: Path
) -> None:
    outcome = make_outcome(names)
    drawn, seen = visit(outcome, tmp_path)
    assert seen["problems"] == []
    assert seen["overflow"] <= 0
    n_figures = 4 if outcome.reliability.empty else 5
    assert len(re.findall(r'class="plot js-plotly-plot"', drawn)) == n_figures
    assert drawn.count('class="main-svg"') >= n_figures
    shown = sorted("".join(label.split()) for label in seen["labels"])
    assert shown == sorted("".join(name.split()) for name in names)
