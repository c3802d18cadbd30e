"""A worker as a process of its own, for tests: `python -m tests.integration.one_worker`.

Like `pouls worker`, with a shorter session, so that tests need not wait long for a frozen one.
"""

import os
import sys

from streams.app import Options, run_worker
from streams.settings import load_settings

SESSION_S = 3.0

if __name__ == "__main__":
    options = Options(session_timeout_s=SESSION_S, heartbeat_s=0.5, metadata_age_s=2.0)
    sys.exit(run_worker(load_settings(os.environ, None), options))
