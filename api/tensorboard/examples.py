"""Description of archives; bytes have no examples."""

from typing import Any

HEADERS = {"Content-Disposition": "The name for saving the archive."}

ARCHIVE: dict[str, Any] = {
    "responses": {
        "200": {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    }
}
