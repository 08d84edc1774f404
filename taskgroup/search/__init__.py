"""What to train next, under a budget, and what it all showed."""

from taskgroup.search.outcome import Outcome

__all__ = ["Outcome"]
