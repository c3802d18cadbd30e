"""Folds what the transport brings, stores what was folded, tells the group and the readers."""

from streams.pipeline.pipeline import Pipeline, Stopped

__all__ = ["Pipeline", "Stopped"]
