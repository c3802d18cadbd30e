"""`pouls alerts` as a process of its own, for tests: `python -m tests.integration.one_alerts`.

Like the real one, with more heartbeats, so that tests need not wait long for one that is missing.
"""

import os
import sys

from alerting.service import Options, run_alerts
from streams.settings import load_settings

HEARTBEAT_S = 0.5

if __name__ == "__main__":
    sys.exit(run_alerts(load_settings(os.environ), os.environ, Options(heartbeat_s=HEARTBEAT_S)))
