"""What is open to everybody: whether the service works, and the pages that describe it. All else needs a key."""

PUBLIC_PATHS = frozenset({"/", "/docs", "/redoc", "/openapi.json", "/healthz", "/readyz"})

PUBLIC_FOLDER = "/static/"
"""Files of the pages."""


def is_public(path: str) -> bool:
    """Whether a path, as the router sees it, is on this list; `/healthz/` and `/static` are not."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDER)
