"""Does what the first word of the upload says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
words = folder.joinpath("original").read_bytes().decode(errors="replace").split() or [""]
(folder / "images.bin").write_bytes(b"pixels")
match words[0]:
    case "refuse":
        sys.stdout.write(json.dumps({"rejected": {"code": "ragged_rows", "detail": "Row 7 has 4 values."}}))
        sys.exit()
    case "hang":
        # A child of its own, which has to end too.
        child = subprocess.Popen(["/bin/sleep", "600"])
        Path(words[1]).write_text(f"{os.getpid()} {child.pid}")
        time.sleep(600)
    case "die":
        os.kill(os.getpid(), signal.SIGKILL)
    case "fail":
        sys.exit("Traceback: something of ours")
    case "full":
        sys.exit("OSError: [Errno 28] No space left on device")
    case "babble":
        sys.stdout.write("{")
        sys.exit()
    case "environment":
        Path(words[1]).write_text(json.dumps(dict(os.environ)))
described = {
    "format": "zip",
    "description": {
        "kind": "images",
        "num_images": 40,
        "classes": [{"value": "cat", "count": 20}, {"value": "dog", "count": 20}],
        **dict.fromkeys(("least_height", "greatest_height", "least_width", "greatest_width"), 16),
        "num_grey": 40,
        "sample": [{"path": "cat/1.png", "label": "cat", "height": 16, "width": 16}],
    },
    "warnings": [{"code": "files_ignored", "pointer": "/sample", "detail": "Look at this."}],
}
(folder / "description.json").write_text(json.dumps(described))
sys.stdout.write(json.dumps(described))
