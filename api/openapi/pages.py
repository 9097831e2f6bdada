"""The pages /docs and /redoc with all their files, so that they work without the internet."""

from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

STATIC_DIR = Path(__file__).parent / "static"

# Both pages set inline styles, and ReDoc runs its search in a worker from a blob.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

SWAGGER_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trainyard</title>
<link rel="icon" href="{root}/static/vendor/swagger-ui/favicon-32x32.png">
<link rel="stylesheet" href="{root}/static/vendor/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="swagger-ui" data-openapi-url="{root}/openapi.json"></div>
<script src="{root}/static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="{root}/static/swagger-page.js"></script>
</body>
</html>
"""

REDOC_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trainyard</title>
<link rel="icon" href="{root}/static/vendor/swagger-ui/favicon-32x32.png">
<style>body {{ margin: 0; }}</style>
</head>
<body>
<redoc spec-url="{root}/openapi.json"></redoc>
<script src="{root}/static/vendor/redoc/redoc.standalone.js"></script>
</body>
</html>
"""


def install_docs_pages(app: FastAPI) -> None:
    """Add the pages and their files."""
    app.mount("/static", StaticFiles(directory=STATIC_DIR), name="static")
    app.add_route("/docs", _show_swagger, include_in_schema=False)
    app.add_route("/redoc", _show_redoc, include_in_schema=False)
    app.add_route("/", _go_to_docs, include_in_schema=False)


async def _show_swagger(request: Request) -> Response:
    return _page(SWAGGER_PAGE, request)


async def _show_redoc(request: Request) -> Response:
    return _page(REDOC_PAGE, request)


async def _go_to_docs(request: Request) -> Response:
    """Send browsers to the documentation; KServe's clients look here if the server lives (its protocol 1)."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"{_root(request)}/docs")
    return JSONResponse({"status": "alive"})


def _page(template: str, request: Request) -> Response:
    return HTMLResponse(template.format(root=_root(request)), headers=HEADERS)


def _root(request: Request) -> str:
    # Set when the server starts, never by a client.
    return str(request.scope.get("root_path", "")).rstrip("/")
