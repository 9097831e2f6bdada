"""A session with the client that openapi-python-client generates: type-checked, then run by test_tools.py."""

from io import BytesIO

from generated import AuthenticatedClient
from generated.api.datasets import get_dataset, upload_dataset
from generated.api.keys import make_key
from generated.api.runs import cancel_run, get_run, list_runs, submit_run
from generated.api.specs import validate_spec
from generated.api.tensorflow_serving import predict
from generated.models import (
    DatasetDetail,
    DatasetVersionDetail,
    DenseLayer,
    ExperimentSpec,
    IrisDataset,
    KeyRequest,
    MlpNetwork,
    NewKey,
    PredictionError,
    PredictJsonBody,
    ProblemDocument,
    Run,
    RunPage,
    RunRequest,
    RunState,
    RunSummary,
    Scope,
    SpecReport,
    SpecRequest,
    Training,
)
from generated.models.dense_layer_activation import DenseLayerActivation
from generated.models.training_loss_type_0 import TrainingLossType0
from generated.types import File

ROW = [5.1, 3.5, 1.4, 0.2]


def use(client: AuthenticatedClient) -> dict[str, object]:
    """Check a spec, submit, follow and cancel a run, upload a dataset, predict, make a key; return what came."""
    spec = ExperimentSpec(
        name="iris-mlp",
        dataset=IrisDataset(name="iris"),
        model=MlpNetwork(
            kind="mlp",
            layers=[DenseLayer(units=8), DenseLayer(units=3, activation=DenseLayerActivation.SOFTMAX)],
        ),
        training=Training(loss=TrainingLossType0.SPARSE_CATEGORICAL_CROSSENTROPY, epochs=2),
    )
    report = validate_spec.sync(client=client, body=SpecRequest(spec=spec))
    assert isinstance(report, SpecReport), report
    run = submit_run.sync(client=client, body=RunRequest(spec=spec))
    assert isinstance(run, Run), run
    seen = get_run.sync(str(run.id), client=client)
    assert isinstance(seen, Run), seen
    cancelled = cancel_run.sync(str(run.id), client=client)
    assert isinstance(cancelled, Run), cancelled
    page = list_runs.sync(client=client, state=[RunState.CANCELLED])
    assert isinstance(page, RunPage), page
    wrong = submit_run.sync(client=client, body=RunRequest(preset="iris-kera"))
    assert isinstance(wrong, ProblemDocument), wrong

    content = File(BytesIO(b"width,kind\n1,a\n2,b\n3,a\n4,b\n"))
    upload = upload_dataset.sync(client=client, body=content, name="shapes", filename="shapes.csv")
    assert isinstance(upload, DatasetVersionDetail), upload
    dataset = get_dataset.sync("shapes", client=client)
    assert isinstance(dataset, DatasetDetail), dataset

    answer = predict.sync("iris-keras", client=client, body=PredictJsonBody(instances=[ROW]))
    assert answer is not None, answer
    assert not isinstance(answer, PredictionError), answer
    key = make_key.sync(client=client, body=KeyRequest(name="ci", scopes=[Scope.READ]))
    assert isinstance(key, NewKey), key
    return {
        "parameters": report.num_parameters,
        "states": (seen.state.value, cancelled.state.value),
        "listed": [isinstance(item, RunSummary) and item.id == run.id for item in page.items],
        "problem": (wrong.status, wrong.code),
        "dataset": (upload.version, dataset.kind, dataset.num_versions),
        "predictions": answer.to_dict()["predictions"],
        "key": key.name,
    }
