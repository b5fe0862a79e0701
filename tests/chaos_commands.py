"""The real command in forked children, to be ended by signals: deskpulse is imported once.

`python -m tests.chaos_commands` answers each line on stdin (arguments, environment, folder) with two: the
child's process id at once, its exit code and processor seconds when it has ended. What the command prints goes to `output` there.
"""

import json
import os
import signal
import sys
from typing import Any

import storage.migrations.alembic_config  # noqa: F401 - all imported once, not by each child
import sync.commands_care
import sync.commands_kpi
import sync.commands_sync  # noqa: F401 - all imported once, not by each child
from sync.cli import main


def run(asked: dict[str, Any]) -> None:
    os.chdir(asked["folder"])
    output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(asked["environment"])
    signal.signal(signal.SIGINT, signal.SIG_IGN if asked["is_in_background"] else signal.default_int_handler)
    sys.argv = ["deskpulse", *asked["arguments"]]
    main()


def serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return run(json.loads(line))  # ends as any process does: by its return
        print(child, flush=True)
        _child, status, used = os.wait4(child, 0)
        print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, flush=True)
    return None


if __name__ == "__main__":
    serve()
