"""How an attempt can end, as its supervisor sees it."""

from enum import StrEnum


class Outcome(StrEnum):
    """Why watching a trainer stopped."""

    FINISHED = "finished"
    """It trained, exported and checked a model, and is fit for another run."""
    FAILED = "failed"
    """Another attempt would end the same."""
    CANCELLED = "cancelled"
    """A client asked for it."""
    DRAINED = "drained"
    """The worker is shutting down."""
    LOST = "lost"
    """The process ended or fell silent; another attempt may succeed."""
