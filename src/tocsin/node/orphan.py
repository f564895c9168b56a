"""A program that outlives its supervisor would hold the ports of the next start: it is ended with it.

Linux tells a child of its parent's death (prctl(2), PR_SET_PDEATHSIG). Elsewhere nothing does; there a
supervisor killed with -9 leaves its programs to be ended by hand.
"""

import ctypes
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


def _load() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # loaded here: between fork and exec only the call itself may happen

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask


end_with_parent = _load()
"""To be run in the child between fork and exec (`preexec_fn`); None where the system has no such thing."""
