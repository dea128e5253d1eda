"""How Python's threads take turns in the processes through which every message passes."""

import sys

# The interpreter's own is 5 ms: a thread that has something to say would wait that long while another one computes,
# several times for each answer. Shorter turns cost next to nothing: most of our threads wait for sockets.
SWITCH_INTERVAL = 0.0005  # seconds


def take_short_turns() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL)
