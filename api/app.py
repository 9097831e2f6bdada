"""The FastAPI app: `uvicorn --factory api.app:create_app`."""

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from api.aliases import routes as aliases
from api.artifacts import routes as artifacts
from api.auth.access import check_routes
from api.batch_predictions import routes as batch_predictions
from api.checkpoints import routes as checkpoints
from api.code import routes as code
from api.comparison import routes as comparison
from api.datasets import routes as datasets
from api.dead_letters import routes as dead_letters
from api.drift import routes as drift
from api.evaluation import routes as evaluation
from api.events import routes as events
from api.experiments import routes as experiments
from api.explanations import routes as explanations
from api.health import routes as health
from api.http.methods import separate_verbs
from api.http.problems import install_error_handlers
from api.keys import routes as keys
from api.metrics import routes as metrics
from api.middleware import RequestMiddleware
from api.networks import routes as networks
from api.open_inference import routes as open_inference
from api.openapi.document import DESCRIPTION, install_openapi
from api.openapi.pages import install_docs_pages
from api.plots import routes as plots
from api.prediction.app import PredictionApp
from api.prediction.operations import OperationTable
from api.presets import routes as presets
from api.quotas import routes as quotas
from api.registry import routes as registry
from api.retention import routes as retention
from api.runs import routes as runs
from api.service import Service
from api.specs import routes as specs
from api.startup import check_and_close
from api.tensorboard import routes as tensorboard
from api.tensorflow_serving import routes as tensorflow_serving
from api.traced_requests import TracedRequests
from api.webhooks import routes as webhooks
from core.settings import Settings, load_settings

RESOURCES = (
    runs.router,
    events.router,
    metrics.router,
    comparison.router,
    plots.router,
    tensorboard.router,
    evaluation.router,
    code.router,
    artifacts.router,
    checkpoints.router,
    specs.router,
    presets.router,
    experiments.router,
    registry.router,
    aliases.router,
    networks.router,
    drift.router,
    tensorflow_serving.router,
    open_inference.router,
    batch_predictions.router,
    explanations.router,
    datasets.router,
    keys.router,
    webhooks.router,
    dead_letters.router,
    quotas.router,
    retention.router,
    health.router,
)
"""Resources in the order of the OpenAPI document."""

PREDICTIONS = (*tensorflow_serving.OPERATIONS, *open_inference.OPERATIONS)
"""Everything that is answered ahead of the routes."""

OFTEN_ASKED = (health.router,)
"""Resources whose routes are matched first, because each request tries the routes in order."""


class Application(FastAPI):
    """The whole app: predictions are answered first, and everything else as FastAPI does.

    Attributes:
        predictions: Answers predictions.
    """

    predictions: PredictionApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        found = self.predictions.find(scope) if scope["type"] == "http" else None
        if found is None:
            await super().__call__(scope, receive, send)
        else:
            await self.predictions.answer(scope, receive, send, *found)


def create_app(settings: Settings | None = None) -> Application:
    """Create the app. It opens no connections until it starts; then the database must be available.

    Args:
        settings: Settings; by default from the environment.

    Raises:
        InvalidSetup: If a setting is not valid.
    """
    service = Service.from_settings(settings or load_settings())
    app = Application(
        title="Trainyard",
        version=health.VERSION,
        summary="Train Keras models from a spec, and predict with them.",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=check_and_close,
        middleware=[
            Middleware(
                RequestMiddleware,
                gate=service.gate,
                counts=service.instruments.requests,
            ),
            Middleware(TracedRequests, tracer=service.tracer),
        ],
        # Nothing receives it, and it would slow down every prediction.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.service = service
    for resource in sorted(RESOURCES, key=lambda resource: resource not in OFTEN_ASKED):
        # With include_router every request would search each router for its route, and the right one twice.
        app.router.routes.extend(resource.routes)
    separate_verbs(app.router.routes)
    app.predictions = PredictionApp(service, OperationTable(PREDICTIONS, app.router.routes))
    install_docs_pages(app)
    install_error_handlers(app)
    install_openapi(app, RESOURCES)
    check_routes(app)
    return app
