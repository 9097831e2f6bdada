"""The programs that XLA keeps on disk, where TF_XLA_FLAGS tells it to."""

import os
import re
from pathlib import Path

FOLDER = re.compile(r"--tf_xla_persistent_cache_directory='?([^']*?)(?:'|\s--|$)")


def forget_compiled_programs() -> None:
    """Delete them all: XLA gives up on a file that it can not read, such as half of one."""
    match = FOLDER.search(os.environ.get("TF_XLA_FLAGS", ""))
    if match is not None:
        for path in Path(match.group(1)).glob("*.pb"):
            path.unlink(missing_ok=True)
