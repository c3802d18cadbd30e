"""The worker: a Faust app, and the process around it."""

from streams.app.faust_app import Options, create_app
from streams.app.worker import run_worker

__all__ = ["Options", "create_app", "run_worker"]
