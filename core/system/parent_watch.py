"""End of a process together with its parent.

`python -m core.system.parent_watch PARENT_PID MODULE …` runs a module as `python -m MODULE …` would, in such a process.
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> None:
    """Make the kernel kill this process when the thread that started it ends (Linux, prctl(2)).

    On other systems the process has to end at the end of a pipe.

    Args:
        parent_pid: Process id of the parent; if it has ended already, this process exits here.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


if __name__ == "__main__":
    die_with_parent(int(sys.argv.pop(1)))
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
