"""The report as one self-contained page."""

from taskgroup.reporting.page.document import render_page

__all__ = ["render_page"]
