"""From an error to a sentence on stderr and an exit code. The only place that does it for commands."""

import os
import sys
import traceback

from connectors import ConnectorError, Misconfigured
from storage.errors import DatabaseMisconfigured, StorageError
from sync.logs import hide
from sync.settings import BadSettings
from sync.terminal import say

DONE, FAILED, NEEDS_ADMIN, INTERRUPTED = 0, 1, 2, 130


class NotPossible(Exception):
    """What was asked cannot be done as asked; the sentence says what can."""


def tell(error: BaseException) -> int:
    """Say what happened and what to do; gives the exit code."""
    match error:
        case KeyboardInterrupt():
            say("interrupted; the next sync goes on from the last page", style="yellow")
            return INTERRUPTED
        case BrokenPipeError():  # `deskpulse kpi | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        case BadSettings():
            for problem in error.problems:
                say(str(problem), style="red")
            return NEEDS_ADMIN
        case Misconfigured() | DatabaseMisconfigured() | NotPossible():
            say(str(error), style="red")
            return NEEDS_ADMIN
        case ConnectorError() | StorageError():
            say(str(error), style="red")
            return FAILED
    sys.stderr.write(hide("".join(traceback.format_exception(error))))
    say("this is a bug in deskpulse: please report the lines above", style="red")
    return FAILED
