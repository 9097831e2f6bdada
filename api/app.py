"""The app: `uvicorn --factory api.app:create_app`."""

from fastapi import FastAPI
from starlette.middleware import Middleware

from api.artifacts import routes as artifacts
from api.auth.access import check_routes
from api.auth.gate import Gate
from api.auth.origins import Origins
from api.datasets import routes as datasets
from api.datasets import uploading as uploads
from api.evaluation import routes as evaluation
from api.experiments import routes as experiments
from api.health import routes as health
from api.http.errors import install_error_handlers
from api.http.middleware import Frame, HeadAsGet
from api.keys import routes as keys
from api.metrics import routes as metrics
from api.monitoring import routes as monitoring
from api.monitoring.requests import RequestMeter
from api.openapi.document import DESCRIPTION, TAGS, install_openapi
from api.openapi.pages import install_docs_pages
from api.prediction import routes as prediction
from api.presets import routes as presets
from api.registry import routes as registry
from api.runs import routes as runs
from api.service import Service
from api.specs import routes as specs
from api.startup import ShortRefusal, check_and_close
from core.settings import Settings, load_settings

RESOURCES = (
    runs,
    metrics,
    artifacts,
    evaluation,
    specs,
    presets,
    experiments,
    registry,
    datasets,
    uploads,
    prediction,
    health,
    monitoring,
    keys,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the app. It connects to nothing before it starts to serve; then the database has to be there.

    Args:
        settings: How it is set up; by default from the environment.

    Raises:
        InvalidSetup: If a setting can not be used.
    """
    service = Service.from_settings(settings or load_settings())
    app = FastAPI(
        title="Trainyard",
        version=health.VERSION,
        summary="Train Keras models from a spec, and predict with them.",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=check_and_close,
        generate_unique_id_function=lambda route: route.name,
        middleware=[
            Middleware(ShortRefusal),
            Middleware(HeadAsGet),
            Middleware(RequestMeter, counts=service.instruments.requests),
            Middleware(Frame, origins=Origins(service.settings)),
            Middleware(Gate, authenticator=service.authenticator),
        ],
        # Nothing here is set up to receive it, and it costs every prediction.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.service = service
    for resource in RESOURCES:
        app.include_router(resource.router)
    install_docs_pages(app)
    install_error_handlers(app)
    install_openapi(app)
    check_routes(app)
    return app
