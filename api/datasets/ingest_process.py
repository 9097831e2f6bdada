"""The process that reads one upload: `python -m api.datasets.ingest_process PARENT_PID …`, then as `python -m ingest`.

What it reads may be made to harm: it is started without this service's secrets, with bounded memory, and does not
outlive the API.
"""

import runpy
import sys

from core.system.parent_watch import die_with_parent

if __name__ == "__main__":
    die_with_parent(int(sys.argv.pop(1)))
    runpy.run_module("ingest", run_name="__main__", alter_sys=True)
