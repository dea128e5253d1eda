"""`python -m ngb_runner.init`: the container's first process. It starts the runner, and ends with it.

Everything that the agent starts has the runner's user, and Linux lets a user into all its own processes: through
/proc/<pid>/fd such a program could write to the link behind the runner's back, and answer in the host's name. It is not
let into processes that are not dumpable. An init of Docker's own would be dumpable, and hold the link open as well.
"""

import ctypes
import os
import select
import signal
import sys
from types import FrameType

PR_SET_DUMPABLE = 4  # prctl(2); what is executed later, the agent's command line first, is dumpable again


def main() -> None:
    """Entry point of the image."""
    # Until the host speaks it compares what was mounted with what it has judged, for which it may need to look in here.
    select.select([0], [], [])
    close_to_others()
    runner = os.fork()
    if runner == 0:
        # Only the runner needs the event loop and all that comes with it.
        from ngb_runner.__main__ import main as serve  # noqa: PLC0415

        serve()
        return
    sys.exit(_attend(runner))


def close_to_others() -> None:
    """Nobody of our own user can read or change this process and its forks; raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "this process cannot be closed to others")


def _attend(runner: int) -> int:
    """Passes signals on and buries whoever lost their parents, until the runner ends; its exit code."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(runner, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == runner:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    main()
