"""`python -m connectors.sandbox`: a sandbox in a process of its own.

Prints one line of JSON (`url`, `settings`) when it answers, then serves until it is ended.
"""

import argparse
import json
import signal
import sys
from datetime import datetime
from types import FrameType

from connectors.sandbox.desk import Desk
from connectors.sandbox.server import Sandbox
from connectors.sandbox.vendors import VENDORS, dialect


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m connectors.sandbox", description=__doc__)
    parser.add_argument("--vendor", choices=VENDORS, default="zendesk")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--tickets", type=int, default=1_000, help="created before now")
    parser.add_argument("--days", type=float, default=365, help="length of the history")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--now",
        type=datetime.fromisoformat,
        default=None,
        help="stand still at this instant; runs without it",
    )
    parser.add_argument(
        "--running", action="store_true", help="--now dates the history, the clock is the real one"
    )
    parser.add_argument("--limits", action="store_true", help="enforce what a real plan allows")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    asked = _parse(arguments)
    desk = Desk(seed=asked.seed, tickets=asked.tickets, days=asked.days, now=asked.now)
    if asked.running:
        desk.clock.run()
    sandbox = Sandbox(desk, dialect(asked.vendor, desk, limits=asked.limits), port=asked.port)

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    print(json.dumps({"url": sandbox.url, "settings": sandbox.settings}), flush=True)
    try:
        sandbox.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        sandbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
