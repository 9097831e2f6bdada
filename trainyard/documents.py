"""Responses of the service as types, generated from its OpenAPI document by `make types`. Not to be edited."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Alias(TypedDict):
    """
    Movable name of a version of a model, or of several.
    """

    model: str
    alias: str
    version: int
    """
    The version that answers; of several the one with the lowest number.
    """

    versions: dict[str, int] | None
    """
    Weights of the versions that share the requests; null if one answers all.
    """

    shadow: int | None
    """
    Version that receives each request too; null for none.
    """

    updated_at: str


AliasAction: TypeAlias = Literal["set", "rolled_back", "deleted", "version_deleted"]
"""
Cause of a change of an alias.
"""


class AliasPage(TypedDict):
    """
    Page of the aliases of a model, by name.
    """

    items: list[Alias]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class AliasTargets(TypedDict):
    """
    Versions behind an alias.
    """

    version: int
    """
    The version that answers; of several the one with the lowest number.
    """

    versions: dict[str, int] | None
    """
    Weights of the versions that share the requests; null if one answers all.
    """

    shadow: int | None
    """
    Version that receives each request too; null for none.
    """


AnswerKind: TypeAlias = Literal["labels", "probabilities", "values"]
"""
Columns of a result that hold the answers.
"""


class ArtifactEntry(TypedDict):
    """
    File that a run created.
    """

    name: str
    sha256: str
    num_bytes: int
    media_type: str


class ArtifactList(TypedDict):
    """
    Files of a run.
    """

    items: list[ArtifactEntry]


class Attempt(TypedDict):
    """
    Attempt at a run.
    """

    number: int
    owner: str
    started_at: str
    ended_at: str | None
    outcome: str | None
    detail: str | None
    resumed_at_step: int | None
    """
    Training step of the checkpoint that it went on from; null if it began from the start.
    """


class AverageEvaluation(TypedDict):
    """
    Means over the classes for which the number is defined; null if there are none.

    Equal to those of scikit-learn's `classification_report` if it leaves out undefined numbers.
    """

    precision: float | None
    recall: float | None
    f1: float | None


class BatchDatasetVersion(TypedDict):
    """
    Version of a dataset.
    """

    name: str
    version: int


class BatchPredictionAttempt(TypedDict):
    """
    One attempt at a batch prediction.
    """

    number: int
    owner: str
    """
    Worker.
    """

    started_at: str
    ended_at: str | None
    outcome: str | None
    """
    `succeeded`, `failed`, `cancelled`, `released`, `crashed`, `lease_expired` or `stalled`; null while it runs.
    """

    detail: str | None


class BatchPredictionError(TypedDict):
    """
    Error of a failed batch prediction.
    """

    code: str
    """
    Stable error code for programs.
    """

    detail: str
    attempt: int | None


class BatchPredictionLinks(TypedDict):
    """
    Paths of related resources.
    """

    self: str
    result: str | None
    """
    Null until the batch prediction has succeeded.
    """

    model: str
    dataset: str


class BatchPredictionProgress(TypedDict):
    """
    Progress of a batch prediction.
    """

    num_done: int
    """
    Rows that are answered, those of earlier attempts included.
    """

    num_rows: int
    fraction: float
    """
    Fraction of answered rows, 0 to 1.
    """

    rows_per_second: float | None
    """
    Of the latest attempt; null before its first rows.
    """

    eta_seconds: float | None
    """
    Estimated time from `updated_at` to the last row; null if there is no estimate.
    """


class BatchResult(TypedDict):
    """
    File with the answers.
    """

    name: str
    sha256: str
    num_bytes: int
    media_type: str


class BatchRowRange(TypedDict):
    """
    Rows that are answered, counted from 0.
    """

    start: int
    stop: int
    """
    Row after the last one.
    """


class BitsEvaluation(TypedDict):
    """
    Predictions that are sequences of bits.
    """

    bit_accuracy: float
    """
    Share of correct bits.
    """

    sequence_accuracy: float
    """
    Share of sequences with every bit correct.
    """

    accuracy_by_place: list[float]
    """
    Share of correct bits at each place, the least significant first.
    """


class CheckpointEntry(TypedDict):
    """
    Checkpoint of a run.
    """

    step: int
    """
    Training steps taken.
    """

    epoch: int
    """
    Epochs finished.
    """

    attempt: int
    """
    Attempt that wrote it; 0 if it is that of the run that this one goes on from.
    """

    monitor: str | None
    """
    Metric by which checkpoints are compared, that of early stopping or the loss; null in the middle of an epoch.
    """

    value: float | Literal["NaN", "Infinity", "-Infinity"] | None
    is_best: bool
    num_bytes: int
    sha256: str
    created_at: str


class CheckpointList(TypedDict):
    """
    Checkpoints of a run.
    """

    items: list[CheckpointEntry]
    """
    Newest first.
    """


class ClassEvaluation(TypedDict):
    """
    Precision, recall and counts of one class.
    """

    label: bool | int | float | str
    """
    As it was uploaded: text, a number, true or false.
    """

    precision: float | None
    """
    Share of the samples predicted as this class that are of it; null if there are none.
    """

    recall: float | None
    """
    Share of the samples of this class that are predicted as it; null if there are none.
    """

    f1: float | None
    """
    Harmonic mean of both, 2·correct / (support + predicted); null if both counts are 0.
    """

    support: int
    """
    Samples of this class.
    """

    predicted: int
    """
    Samples predicted as this class.
    """

    correct: int
    """
    Samples of this class predicted as it.
    """


class ClassificationEvaluation(TypedDict):
    """
    Predictions of a classifier: for each sample the class that the model would return to a client.
    """

    accuracy: float
    """
    Share of samples predicted as their class.
    """

    macro_average: AverageEvaluation
    """
    Unweighted mean over classes.
    """

    weighted_average: AverageEvaluation
    """
    Mean over classes weighted by support.
    """

    classes: list[ClassEvaluation]
    """
    In the order of the network's outputs.
    """

    confusion_matrix: list[list[int]] | None
    """
    A row for each actual class with a column for each predicted class, in the order of `classes`; null for more than
    200 classes.
    """


class ColumnContribution(TypedDict):
    """
    Contribution of a column to a prediction.
    """

    name: str
    value: bool | int | float | str | None
    """
    As it was sent; null for a series.
    """

    contribution: float | Literal["NaN", "Infinity", "-Infinity"]
    """
    Part of the difference between prediction and baseline; of `occlusion` the fall of the prediction when the column
    is replaced.
    """

    standard_error: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    Of a sampled contribution; null if it is exact.
    """


class ColumnNumbers(TypedDict):
    """
    Rows of one side of a column. The numbers are null for categories, and without a value.
    """

    num_rows: int
    num_missing: int
    """
    Rows without a value; of predictions, those that are NaN.
    """

    mean: float | None
    std: float | None
    least: float | None
    greatest: float | None


class ColumnReading(TypedDict):
    """
    Options for one column; fields that are left out are found from its values.

    Attributes:
        type: Type that its values are read as; the upload is rejected if one of them cannot be.
        date_format: Format of its dates with the directives of strptime, such as `%d.%m.%Y`.
        decimal: Decimal mark of its numbers.
        thousands: Mark between groups of three digits.
    """

    type: NotRequired[Literal["integer", "number", "boolean", "date", "text"] | None]
    date_format: NotRequired[str | None]
    decimal: NotRequired[Literal[".", ","] | None]
    thousands: NotRequired[Literal["", ",", ".", " ", "'", "_"] | None]


class ComparedCurve(TypedDict):
    """
    Curve of a run.
    """

    run_id: str
    x: list[float] | None
    """
    Places of its points; null if aligned: then those of the grid.
    """

    y: list[float | Literal["NaN", "Infinity", "-Infinity"] | None]
    """
    Values; aligned curves have null before their first point and after their last, and are smoothed if asked for.
    """

    y_min: list[float | Literal["NaN", "Infinity", "-Infinity"]] | None
    """
    Minimum of the steps up to each x, if downsampled with minmax and not aligned; else null.
    """

    y_max: list[float | Literal["NaN", "Infinity", "-Infinity"]] | None
    smoothed: list[float | Literal["NaN", "Infinity", "-Infinity"]] | None
    """
    Smoothed values of a curve that is not aligned; null without smoothing.
    """

    total: int
    """
    Points stored.
    """


class ComparisonGap(TypedDict):
    """
    Parts that a comparison lacks.
    """

    run_id: str
    key: str | None
    """
    Metric or pattern; null if the whole run is missing.
    """

    code: str
    """
    `unknown_run`, `no_points` or `epochs_unknown`.
    """

    detail: str


class ComponentState(TypedDict):
    """
    State of a component that the service needs.
    """

    ok: bool
    detail: NotRequired[str | None]


class Curve(TypedDict):
    """
    Points of one curve, in columns of equal length.
    """

    key: str
    x: list[float]
    """
    Places on the x axis, in ascending order; whole numbers for steps, which JavaScript reads exactly up to 2^53.
    """

    y: list[float | Literal["NaN", "Infinity", "-Infinity"]]
    """
    Values as they were reported.
    """

    y_min: list[float | Literal["NaN", "Infinity", "-Infinity"]] | None
    """
    Minimum of the steps up to each x, if downsampled with minmax; else null.
    """

    y_max: list[float | Literal["NaN", "Infinity", "-Infinity"]] | None
    smoothed: list[float | Literal["NaN", "Infinity", "-Infinity"]] | None
    """
    Smoothed values, computed from all points of the curve; null without smoothing.
    """

    total: int
    """
    Points stored.
    """

    downsampled: bool
    """
    True if points of the window are left out.
    """


class Dataset(TypedDict):
    """
    Dataset that specs can use.
    """

    name: str
    kind: str
    """
    `built_in`, or for an upload `table`, `arrays` or `images`.
    """

    description: str
    version: int | None
    """
    Newest version; null for built-in datasets.
    """

    num_versions: int
    num_bytes: int | None
    """
    Size of the newest version's upload.
    """

    created_at: str | None
    """
    Time of the newest version's upload.
    """


class DatasetList(TypedDict):
    """
    Page of datasets: first the built-in ones, then uploads by name.
    """

    items: list[Dataset]
    next_cursor: str | None


class DatasetVersion(TypedDict):
    """
    Version of an uploaded dataset, without its content.
    """

    name: str
    version: int
    kind: str
    format: str
    """
    Format of the file: `csv`, `xlsx`, `parquet`, `json_lines`, `npy`, `npz`, `idx`, `zip` or `tar`.
    """

    summary: str
    sha256: str
    reading: str | None
    """
    Digest of the options that it was read with; null if none was set.
    """

    num_bytes: int
    filename: str | None
    created_at: str


class DeletedModel(TypedDict):
    """
    Model that was deleted, and what went with it.
    """

    model: str
    versions: list[int]
    kept_runs: list[str]
    """
    Runs that trained its versions, which stay with their files.
    """

    deleted_aliases: list[str]
    num_deleted_files: int
    """
    Files that nothing else referred to.
    """


class DeletedModelVersion(TypedDict):
    """
    Version that was deleted, and what went with it.
    """

    model: str
    version: int
    kept_run: str | None
    """
    The run that trained it, which stays with its files; null if it was uploaded.
    """

    deleted_aliases: list[str]
    """
    Aliases that only it answered for, deleted as well.
    """

    changed_aliases: list[str]
    """
    Aliases that go on with the other versions of their split, or without their shadow.
    """

    newest_version: int | None
    """
    Version that requests without a version get from now on; null if none is left.
    """

    num_deleted_files: int
    """
    Files that nothing else referred to.
    """


class DeletedVersion(TypedDict):
    """
    Model version that was deleted with its run.
    """

    name: str
    version: int
    aliases: list[str]
    """
    Aliases that only it answered for, deleted as well.
    """

    changed_aliases: list[str]
    """
    Aliases that go on with the other versions of their split, or without their shadow.
    """

    newest_version: int | None
    """
    Version that requests without a version get from now on; null if none is left.
    """


DeliveryState: TypeAlias = Literal["waiting", "delivered", "failed"]
"""
State of a delivery.
"""


Direction: TypeAlias = Literal["max", "min"]
"""
Direction of a metric.
"""


class DivergenceFigure(TypedDict):
    """
    A variant that diverges: its run must fail because its loss is no longer finite.
    """

    kind: Literal["divergence"]
    says: str
    variant: NotRequired[str | None]
    because: str


class DriftBin(TypedDict):
    """
    Interval of numbers, or category; those without a row on either side are left out.
    """

    label: str
    """
    Such as `4.3 – 4.8` (from 4.3 to below 4.8), `setosa`, `(other)` or `(missing)`.
    """

    reference: float | None
    """
    Share of the training samples; null without a training summary.
    """

    served: float | None
    """
    Share of the served rows; null if there are none.
    """


class DriftLinks(TypedDict):
    """
    Links of a report.
    """

    picture: str
    version: str


class ExceededQuota(TypedDict):
    """
    Quota that a request would exceed.
    """

    name: str
    """
    Its name, as in GET /v1/usage.
    """

    limit: int
    used: int
    """
    Use before the request.
    """


class Experiment(TypedDict):
    """
    Named group of runs.
    """

    name: str
    created_at: str
    num_runs: int
    runs_by_state: dict[RunState, int]


class ExperimentPage(TypedDict):
    """
    Page of experiments, by name.
    """

    items: list[Experiment]
    next_cursor: str | None


class Finding(TypedDict):
    """
    Value of an option, and the reason for it.

    Attributes:
        option: Name of the option of ReadingOptions; JSON pointer below it for a column: `columns/price/decimal`.
        value: Its value.
        sureness: `certain` if it was given or only one value fits; `likely`, or `doubtful` if others fit as well.
        reason: Why, in a sentence; "" if it was given.
    """

    option: str
    value: Any
    sureness: Literal["certain", "likely", "doubtful"]
    reason: NotRequired[str]


class Health(TypedDict):
    """
    Health of the process.
    """

    status: Literal["ok"]
    version: str


class HeatMapEntry(TypedDict):
    """
    Importance of the parts of an image.
    """

    cells: list[list[float | Literal["NaN", "Infinity", "-Infinity"]]]
    """
    For each row of cells from the top: fall of the prediction when a cell is hidden; negative where hiding it raises
    the prediction.
    """

    cell_height: int
    """
    In pixels of the network's input.
    """

    cell_width: int


InputKind: TypeAlias = Literal["tensor", "columns", "table", "image", "bit_pair"]
"""
Form in which a row of the input is accepted, besides plain numbers.
"""


class Layer(TypedDict):
    """
    Layer of a network.
    """

    name: str
    type: str
    output_shape: list[int | None]
    """
    Shape with the batch axis first; null is any size.
    """

    num_parameters: int
    num_trainable_parameters: int
    """
    Weights that training changes by their gradients; 0 for a frozen layer.
    """

    flops: int
    """
    Approximate floating-point operations of the forward pass of one sample.
    """


class LetterError(TypedDict):
    """
    Error of the last attempt.
    """

    code: str
    detail: str
    attempt: int | None


LetterKind: TypeAlias = Literal["run", "batch_prediction"]
"""
Kind of a job that is a dead letter.
"""


class LetterLinks(TypedDict):
    """
    Links of a dead letter.
    """

    self: str
    logs: str | None
    """
    Log of the last attempt; null for batch predictions, which have none.
    """


class Limits(TypedDict):
    """
    Limits of a submitter.
    """

    queued_runs: int | None
    """
    Most runs that wait for a trainer.
    """

    running_runs: int | None
    """
    Most runs that are trained at the same time; further ones wait.
    """

    disk_bytes: int | None
    """
    Most bytes of what its runs left, its datasets and its uploaded networks.
    """

    requests_per_minute: int | None
    """
    Most requests in a minute, in each process of the API.
    """

    priority: int | None
    """
    Highest priority of its runs.
    """


class LongSpecValue(TypedDict):
    """
    Value of a spec that is too long to show, such as a table of data.
    """

    sha256: str
    """
    Hash of its JSON: equal for equal values.
    """

    length: int
    """
    Length of its JSON in characters.
    """

    start: str
    """
    First characters of it.
    """


Method: TypeAlias = Literal["shapley", "occlusion"]
"""
Way to explain a prediction.
"""


class MetricFigure(TypedDict):
    """
    A metric of a run, alone or compared with other variants.
    """

    says: str
    """
    The figure as it was published, in words.
    """

    variant: NotRequired[str | None]
    """
    Name of the variant; null is the preset itself.
    """

    at_least: NotRequired[float | None]
    at_most: NotRequired[float | None]
    because: str
    """
    Reason for the bounds.
    """

    kind: Literal["metric"]
    metric: str
    """
    Key of the curve, such as `test/accuracy`.
    """

    take: NotRequired[Literal["last", "first", "least", "greatest"]]
    """
    Value of the curve to take.
    """

    less: NotRequired[str | None]
    """
    Key of another curve of the same run; its value is subtracted, as for the gap between training and test.
    """

    beside: NotRequired[list[str | None]]
    """
    Other variants: the bounds hold for the difference to each of them. Null is the preset itself.
    """


class MetricSummary(TypedDict):
    """
    Summary of a metric.
    """

    key: str
    count: int
    """
    Points stored.
    """

    first: float | Literal["NaN", "Infinity", "-Infinity"]
    last: float | Literal["NaN", "Infinity", "-Infinity"]
    last_step: int
    min: float | Literal["NaN", "Infinity", "-Infinity"]
    min_step: int | None
    """
    First step with the minimum.
    """

    max: float | Literal["NaN", "Infinity", "-Infinity"]
    max_step: int | None
    best: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    By the direction of the metric, the minimum of `loss`, the maximum of `accuracy`.
    Null if no direction is known.
    """

    best_step: int | None


class MissingRun(TypedDict):
    """
    Run that could not be compared.
    """

    run_id: str
    code: str
    """
    `unknown_run`.
    """

    detail: str


class ModelVersionLinks(TypedDict):
    """
    Links of a model version.
    """

    run: str | None
    spec: str | None
    """
    The run; the fragment points to its spec.
    """

    data: str | None
    """
    Version of the uploaded dataset; null for other data.
    """

    predict: str
    metadata: str


class ModelVersionName(TypedDict):
    """
    Version of a model.
    """

    name: str
    version: int


class NoticeEntry(TypedDict):
    """
    Warning: what works, but perhaps not as it was meant.
    """

    code: str
    """
    Stable word for programs, such as `rows_dropped`.
    """

    pointer: str
    """
    JSON Pointer (RFC 6901) to its place: of a run or a spec into `spec`, of a dataset into `description`; empty for
    the whole.
    """

    detail: str
    """
    The finding, its consequences, and a way to change them.
    """


OnError: TypeAlias = Literal["continue", "fail"]
"""
Treatment of a row that the model cannot answer.
"""


class PairSample(TypedDict):
    """
    Targets and predictions of some samples, drawn at random.
    """

    targets: list[float]
    predictions: list[float]


class PlanTiming(TypedDict):
    """
    Times of a plan in its trial.
    """

    compile_seconds: float
    step_seconds: float


class Policy(TypedDict):
    """
    Policy by which ended runs are deleted; one without limits deletes none.
    """

    max_age_days: float | None
    max_runs: int | None
    max_runs_per_experiment: int | None
    keep_tag: str | None
    keep_newest: bool


class PredictionError(TypedDict):
    """
    Error of a prediction route, in TensorFlow Serving's form.
    """

    error: str


OutputItem: TypeAlias = float


Output: TypeAlias = list[OutputItem]


class PredictionFigure(TypedDict):
    """
    Predictions of the trained model.
    """

    says: str
    """
    The figure as it was published, in words.
    """

    variant: NotRequired[str | None]
    """
    Name of the variant; null is the preset itself.
    """

    at_least: NotRequired[float | None]
    at_most: NotRequired[float | None]
    because: str
    """
    Reason for the bounds.
    """

    kind: Literal["prediction"]
    instances: list[Any]
    """
    Rows to predict, as a client sends them.
    """

    outputs: list[Output]
    """
    Correct numbers for each row.
    """

    measure: Literal["greatest_error", "root_mean_squared_error", "accuracy"]
    """
    `accuracy` is the share of numbers on the right side of 0.5.
    """


Figures: TypeAlias = MetricFigure | PredictionFigure | DivergenceFigure


class ProblemEntry(TypedDict):
    """
    One mistake.
    """

    pointer: str
    """
    JSON Pointer (RFC 6901) into the request body; empty for the whole body.
    """

    detail: str
    code: str


SecondsPerEpochItem: TypeAlias = float


class PublishedTime(TypedDict):
    """
    Duration of the published run, on a laptop of its time.
    """

    seconds_per_epoch: tuple[SecondsPerEpochItem, SecondsPerEpochItem]
    """
    From the shortest epoch to the longest.
    """


class Queue(TypedDict):
    """
    State of the queue.
    """

    queued: int
    running: int
    waiting: int
    """
    Queued runs that no worker has claimed for 30 seconds.
    """


class Readiness(TypedDict):
    """
    Readiness of the service.
    """

    status: Literal["ready", "cannot train", "not ready"]
    """
    `cannot train`: requests are handled, predictions included, but no worker can train submitted runs.
    """

    not_ready: list[str]
    """
    Names of the components that are not ready, including those that requests do not need.
    """

    components: dict[str, ComponentState]
    queue: Queue | None
    """
    Null if the database does not answer.
    """


Reading: TypeAlias = Literal["stable", "moderate", "shifted"]
"""
Reading of an index.
"""


MissingWord: TypeAlias = str


class ReadingOptions(TypedDict):
    """
    Options of an upload; those that are left out are detected.

    Attributes:
        header: True if the first line names the columns.
        delimiter: Character between fields, or the word `tab`, `comma`, `semicolon`, `pipe` or `space`.
        quotechar: Mark around fields that may contain the delimiter: `"`, `'`, or `none`.
        encoding: Encoding of the text, such as `windows-1252`.
        decimal: Decimal mark of all columns.
        thousands: Mark between groups of three digits, of all columns.
        missing_words: Words that stand for a missing value; they replace the usual ones. Empty fields are always
            missing.
        skip_rows: Lines to skip at the beginning of the file, before the header or the first row.
        date_format: Format of the dates of all columns.
        sheet: Name of the sheet of a workbook.
        columns: Options by column name.
    """

    header: NotRequired[bool | None]
    delimiter: NotRequired[str | None]
    quotechar: NotRequired[Literal['"', "'", ""] | None]
    encoding: NotRequired[str | None]
    decimal: NotRequired[Literal[".", ","] | None]
    thousands: NotRequired[Literal["", ",", ".", " ", "'", "_"] | None]
    missing_words: NotRequired[list[MissingWord] | None]
    skip_rows: NotRequired[int | None]
    date_format: NotRequired[str | None]
    sheet: NotRequired[str | None]
    columns: NotRequired[dict[str, ColumnReading]]


Reason: TypeAlias = Literal["age", "count", "experiment_count"]
"""
The part of a policy that a run is deleted for; where several do, the first of these.
"""


class RefusedLetter(TypedDict):
    """
    Dead letter that was not retried.
    """

    id: str
    code: str
    detail: str


class RefusedRowEntry(TypedDict):
    """
    Row without an answer.
    """

    row: int
    """
    Number in the dataset, from 0.
    """

    detail: str


ResultFormat: TypeAlias = Literal["csv", "parquet", "npz"]
"""
Format of a result.
"""


class RetriedLetter(TypedDict):
    """
    Dead letter that was retried.
    """

    kind: LetterKind
    id: str
    """
    Id of the dead letter, which is none any more.
    """

    new_id: str
    """
    Id of the new run or batch prediction.
    """

    link: str
    """
    Path of the new one.
    """


class RetryAnswer(TypedDict):
    """
    Dead letters that were retried, and those that were not.
    """

    retried: list[RetriedLetter]
    refused: list[RefusedLetter]
    num_left: int
    """
    Number of dead letters that the request chose and that are left.
    """


class RowExplanationEntry(TypedDict):
    """
    Explanation of the prediction for one row.
    """

    target: bool | int | float | str | None
    """
    Label of the class that is explained; null for a predicted number.
    """

    output: int
    """
    Number of the class or output.
    """

    prediction: float | Literal["NaN", "Infinity", "-Infinity"]
    """
    Probability or score of the class, or predicted number.
    """

    baseline: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    Mean prediction for the background: the Shapley contributions add up to the prediction minus this; null for
    images.
    """

    contributions: list[ColumnContribution] | None
    """
    One for each column; null for images.
    """

    heat_map: HeatMapEntry | None
    """
    Null for columns.
    """


class RunBatch(TypedDict):
    """
    Runs that were queued together.
    """

    ids: list[str]
    """
    Ids of the runs, in the order of the request.
    """


class RunError(TypedDict):
    """
    Error of a failed run.
    """

    code: str
    """
    Stable error code for programs, such as `loss_not_finite`.
    """

    detail: str
    attempt: int | None
    """
    Null if there was no attempt.
    """

    problems: list[ProblemEntry]
    """
    Mistakes in the spec or the data, if known.
    """


class RunLinks(TypedDict):
    """
    Links of a run.
    """

    self: str
    metrics: str
    history: str
    logs: str
    artifacts: str
    checkpoints: str
    environment: str
    evaluation: str
    """
    Evaluation on held-out samples, once it has succeeded.
    """

    code: str
    """
    Keras program that trains the same.
    """

    predict: str | None
    """
    Predictions of its model, once it has succeeded.
    """


class RunMetric(TypedDict):
    """
    Summary of a metric.
    """

    last: float | Literal["NaN", "Infinity", "-Infinity"]
    last_step: int
    min: float | Literal["NaN", "Infinity", "-Infinity"]
    min_step: int | None
    max: float | Literal["NaN", "Infinity", "-Infinity"]
    max_step: int | None
    best: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    The minimum or the maximum, by the direction of the metric; null if none is known.
    """

    best_step: int | None


class RunProgress(TypedDict):
    """
    Progress of a run.
    """

    phase: str
    """
    `start`, `compile`, `train`, `validate` or `export`.
    """

    epoch: int
    """
    Epochs finished.
    """

    num_epochs: int
    """
    Epochs in total; 0 until training begins.
    """

    step: int
    """
    Training steps finished.
    """

    num_steps: int
    """
    Training steps in total; 0 until training begins.
    """

    steps_per_epoch: int
    """
    Training steps in an epoch; 0 until training begins, and for runs of earlier versions.
    """

    first_step: int
    """
    Training steps of earlier attempts, up to the checkpoint that this one goes on from.
    """

    fraction: float
    """
    Fraction of finished steps, 0 to 1.
    """

    eta_seconds: float | None
    """
    Estimated time from `updated_at` to the end of training; null if there is no estimate yet.
    """


class RunSpecDifference(TypedDict):
    """
    Place where the specs of the runs differ. Each run is in one of `values`, `long` and `missing`.
    """

    path: str
    """
    Place in the spec: `model.layers[1].units`. Layers lie side by side: one that some of the runs lack has a number
    of its own, and those after it keep theirs.
    """

    values: dict[str, Any]
    """
    Value of each run, by id.
    """

    long: dict[str, LongSpecValue]
    """
    Values that are too long to show.
    """

    missing: list[str]
    """
    Runs whose specs have nothing there; null is a value.
    """


RunState: TypeAlias = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
"""
State of a run or another job.
"""


Scope: TypeAlias = Literal["read", "submit", "predict", "admin", "metrics"]
"""
Permission of a key.
"""


class SeedAverage(TypedDict):
    """
    Average of the curves of runs that differ in the seed alone, in columns as long as the grid.
    """

    group: str
    """
    Hash of the spec without its seed.
    """

    run_ids: list[str]
    seeds: list[int]
    """
    Seed of each run. Runs of one seed count as one curve, by their mean.
    """

    n: list[int]
    """
    Number of seeds that have a value at each place; shorter curves are counted up to their end.
    """

    mean: list[float | Literal["NaN", "Infinity", "-Infinity"] | None]
    """
    Mean of these; NaN or infinite if one of them is.
    """

    stddev: list[float | Literal["NaN", "Infinity", "-Infinity"] | None]
    """
    Sample standard deviation, with n - 1; null if n is below 2.
    """

    low: list[float | Literal["NaN", "Infinity", "-Infinity"] | None]
    """
    Lower end of the interval of confidence: mean - t·stddev/√n, by Student's t with n - 1 degrees of freedom.
    """

    high: list[float | Literal["NaN", "Infinity", "-Infinity"] | None]
    """
    Upper end: mean + t·stddev/√n.
    """


class SeedGroupSummary(TypedDict):
    """
    Runs that differ in the seed alone, and their values averaged.
    """

    group: str
    """
    Hash of the spec without its seed.
    """

    run_ids: list[str]
    seeds: list[int]
    """
    Seed of each run.
    """

    left_out: list[str]
    """
    Runs of these that do not count: they have no points, or have not ended.
    """

    n: int
    """
    Number of different seeds that count; runs of the same seed count once, by their mean.
    """

    mean: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    Mean over the seeds; NaN or infinite if one is, because a run that diverged is not left out.
    """

    stddev: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    Sample standard deviation, with n - 1; null if n is below 2.
    """

    low: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    Lower end of the interval of confidence: mean - t·stddev/√n, by Student's t with n - 1 degrees of freedom.
    """

    high: float | Literal["NaN", "Infinity", "-Infinity"] | None
    rank: int | None
    """
    Of the mean among the groups; null if it is not finite.
    """


class SelectedRun(TypedDict):
    """
    Run with the fields that `fields` names, nested as in a whole run.
    """


class SpecDifference(TypedDict):
    """
    Place where the specs of versions differ.
    """

    pointer: str
    """
    JSON Pointer (RFC 6901) into the specs.
    """

    values: dict[str, Any]
    """
    Value by number of the version; without versions that have nothing there.
    """


class SpecReport(TypedDict):
    """
    Report on a valid spec.
    """

    spec: dict[str, Any]
    """
    Spec with all defaults.
    """

    layers: list[Layer]
    expanded_model: dict[str, Any] | None
    """
    For a named architecture, an equivalent `model` with a list of layers, to copy and change; else null.
    """

    num_parameters: int
    num_trainable_parameters: int
    """
    Without those of `training.frozen_layers`, and the moving means and variances of batch normalisation.
    """

    num_train: int
    num_validation: int
    num_test: int
    batch_size: int
    steps_per_epoch: int
    num_epochs: int
    num_steps: int
    flops_per_step: int
    memory_bytes: int
    """
    Approximate memory that a trainer needs.
    """

    warnings: list[NoticeEntry]
    """
    Probable mistakes in a valid spec; a run of it carries them too.
    """


class SplitCounts(TypedDict):
    """
    Samples of each split.
    """

    train: int
    validation: int
    test: int


Statistic: TypeAlias = Literal["best", "last"]
"""
The value of a curve that counts.
"""


class Sweep(TypedDict):
    """
    Use of a policy.
    """

    began_at: str
    ended_at: str | None
    """
    Null while it goes on, and if its process was lost.
    """

    num_runs: int
    """
    Runs that it deleted.
    """

    num_files: int
    """
    Files that it removed, because nothing refers to them any more.
    """

    freed_bytes: int
    """
    Bytes of those files.
    """


Task: TypeAlias = Literal["classification", "regression", "binary_addition", "sequence"]
"""
Task of a model, which gives its output a meaning.
"""


class TensorSpec(TypedDict):
    """
    One input or output tensor of the exported network.

    Attributes:
        name: Name in requests and responses.
        onnx_name: Name in the ONNX graph.
        dtype: NumPy's name of the element type: `float32`; `float64`, or `int64` of an input, where float32 would lose
            digits in which the training samples differ. Networks that were not trained here may have any of
            `TENSOR_TYPES`; `str` is text.
        shape: Shape of one row, without the batch axis; -1 is any length.
    """

    name: str
    onnx_name: str
    dtype: NotRequired[str]
    shape: list[int]


class TextForm(TypedDict):
    """
    Form of the texts of a column, from which its values are read.

    Part of the description of a column that was uploaded as text, and of a model's signature. Absent for columns from
    typed files such as Parquet, whose values are never read from text.

    Attributes:
        trims: Spaces around a value are ignored, before anything else.
        missing_words: Words that stand for a missing value, after trimming; the empty text is always missing.
        decimal: Decimal mark of numbers.
        thousands: Mark between groups of three digits; "" for none.
        unit: Text before or after every number that is ignored, such as `%` or `€`; "" for none.
        date_format: Format of dates with the directives of strptime; None for ISO 8601 and its relatives.
    """

    trims: NotRequired[bool]
    missing_words: NotRequired[list[str]]
    decimal: NotRequired[Literal[".", ","]]
    thousands: NotRequired[Literal["", ",", ".", " ", "'", "_"]]
    unit: NotRequired[str]
    date_format: NotRequired[str | None]


Unranked: TypeAlias = Literal["unfinished", "not_finite", "no_points"]
"""
Reason why a run has no rank, in the order in which such runs follow the others.
"""


class UploadedVersionLinks(TypedDict):
    """
    Links of an uploaded version.
    """

    version: str
    predict: str
    metadata: str


class Use(TypedDict):
    """
    Present use of a submitter.
    """

    queued_runs: int
    running_runs: int
    disk_bytes: int
    """
    Files of its ended attempts, its uploads, and 16 bytes for each point of its curves. Files that are stored once
    for several submitters count for each of them.
    """


class ValueCount(TypedDict):
    """
    A value as written in the upload, and the number of its rows.
    """

    value: str
    count: int


Verdict: TypeAlias = Literal["better", "worse", "same", "unknown"]
"""
Outcome of comparing a value with that of another version.
"""


class VersionData(TypedDict):
    """
    Data that a version was trained on.
    """

    source: str
    """
    Source of the spec, `dataset.name`, such as `iris` or `table`.
    """

    dataset: str | None
    """
    Name of the uploaded dataset; null for other data.
    """

    version: int | None
    """
    Version of the uploaded dataset.
    """

    sha256: str | None
    """
    Digest of the uploaded bytes.
    """


class VersionFile(TypedDict):
    """
    File of a version.
    """

    name: str
    sha256: str
    num_bytes: int | None
    """
    Size; null if the file is missing.
    """

    media_type: str


class VersionRun(TypedDict):
    """
    Run that trained a version.
    """

    id: str
    preset: str | None
    experiment: str
    seed: int
    initial_weights_run: str | None
    """
    Run whose weights it started from, which may have been deleted; null if it started from none.
    """


VersionSource: TypeAlias = Literal["run", "upload"]
"""
Origin of a model version.
"""


WaitingKind: TypeAlias = Literal["trainer", "worker", "repair", "quota", "retry"]
"""
Requirement that a queued run waits for.
"""


class Webhook(TypedDict):
    """
    Subscription to the ends of runs.
    """

    id: str
    url: str
    states: list[RunState]
    experiment: str | None
    model: str | None
    created_by: str | None
    """
    Name of the API key that created it; null without keys.
    """

    created_at: str
    failing_since: str | None
    """
    Time since which nothing could be delivered; null while deliveries succeed.
    """

    disabled_at: str | None
    """
    Set once nothing could be delivered for five days, or the receiver answered 410. Nothing is sent from then on.
    """

    disabled_reason: str | None


class WebhookList(TypedDict):
    """
    All webhooks.
    """

    items: list[Webhook]


XAxis: TypeAlias = Literal["step", "epoch", "time"]
"""
Quantity on the x axis of a curve.
"""


class AliasChange(TypedDict):
    """
    Change of an alias.
    """

    action: AliasAction
    """
    `set`; `rolled_back`; `deleted`; `version_deleted`: a version behind it was deleted by force.
    """

    before: AliasTargets | None
    """
    Versions behind it before; null if there was no such alias.
    """

    after: AliasTargets | None
    """
    Versions behind it after; null if it was deleted.
    """

    caller: str | None
    """
    Name of the API key; null if the service does not require keys.
    """

    changed_at: str


class AliasHistory(TypedDict):
    """
    Page of the changes of an alias, newest first.
    """

    items: list[AliasChange]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class ArrayDescription(TypedDict):
    """
    An array.

    Attributes:
        name: Name of its file in the archive without suffix; `array` for a single file.
        shape: Sizes of all axes; the first is the number of samples.
        dtype: NumPy's name of the element type.
        least: Smallest finite number; null if there is none.
        greatest: Largest finite number, likewise.
        num_not_finite: Number of NaN and infinities.
        values: Values with their counts, for an integer array of one axis with at most MAX_VALUES_KEPT distinct values.
    """

    name: str
    shape: list[int]
    dtype: str
    least: NotRequired[float | None]
    greatest: NotRequired[float | None]
    num_not_finite: NotRequired[int]
    values: NotRequired[list[ValueCount]]


class ArraysDescription(TypedDict):
    """
    One or more arrays.

    Attributes:
        sample: The first elements of each array by name, cut to a few numbers.
    """

    kind: NotRequired[Literal["arrays"]]
    arrays: list[ArrayDescription]
    sample: NotRequired[dict[str, Any]]


class BatchResultForm(TypedDict):
    """
    Form of a result.
    """

    format: ResultFormat
    columns: list[str]
    answers: AnswerKind


class BooleanEncoding(TypedDict):
    """
    0 or 1.
    """

    name: str
    allows_missing: NotRequired[bool]
    source: NotRequired[Literal["integer", "number", "boolean", "date", "text"] | None]
    text: NotRequired[TextForm | None]
    kind: NotRequired[Literal["boolean"]]


class CategoryEncoding(TypedDict):
    """
    The index of the value among those of the training rows, or UNSEEN.

    Attributes:
        values: Values as text, in order; numbers as JSON writes them (`3`, `2.5`), dates in RFC 3339, without the time
            if it is midnight.
    """

    name: str
    allows_missing: NotRequired[bool]
    source: NotRequired[Literal["integer", "number", "boolean", "date", "text"] | None]
    text: NotRequired[TextForm | None]
    kind: NotRequired[Literal["category"]]
    values: list[str]


class ColumnDescription(TypedDict):
    """
    A column of a table.

    Attributes:
        name: Name in the header; columns without one are called `column_1`, `column_2`, …
        type: Type of all its values.
        num_missing: Rows without a value: empty, null, NaN, or one of the usual words for it (`NA`, `null`, …).
        num_distinct: Number of distinct values, without missing ones. Above 100,000 it is an estimate.
        least: Smallest number, or earliest date in RFC 3339; null for text, and if all values are missing.
        greatest: Largest number or latest date, likewise.
        mean: Mean of numbers.
        stddev: Standard deviation of numbers; of the whole column, not estimated from a sample.
        values: The most frequent values; all of them if there are `num_distinct`. Numbers and booleans as JSON writes
            them, dates as in RFC 3339.
        text: Form of the texts that its values were read from; null if the upload was typed.
        has_time: True if a date has a time of day, which may not be that of the earliest or the latest one; null for
            other types, and in descriptions stored earlier.
    """

    name: str
    type: Literal["integer", "number", "boolean", "date", "text"]
    num_missing: int
    num_distinct: int
    least: NotRequired[int | float | str | None]
    greatest: NotRequired[int | float | str | None]
    mean: NotRequired[float | None]
    stddev: NotRequired[float | None]
    values: NotRequired[list[ValueCount]]
    text: NotRequired[TextForm | None]
    has_time: NotRequired[bool | None]


class ComparedRun(TypedDict):
    """
    Run at its place.
    """

    run_id: str
    rank: int | None
    """
    1 for the best; equal values share a rank. Null for runs that cannot be ranked, which come last.
    """

    unranked: Unranked | None
    """
    Reason for having no rank: `unfinished`, `not_finite` or `no_points`.
    """

    value: float | Literal["NaN", "Infinity", "-Infinity"] | None
    """
    Best or last value of the metric; null without points of it.
    """

    step: int | None
    """
    First step with this value.
    """

    state: RunState
    experiment: str
    model: str
    preset: str | None
    seed: int
    tags: dict[str, str]
    created_at: str
    started_at: str | None
    ended_at: str | None
    metrics: dict[str, RunMetric]
    """
    Summaries of the metric and of others that were asked for.
    """


class ComparedVersion(TypedDict):
    """
    Version that is compared.
    """

    version: int
    source: VersionSource
    """
    `run`: a run trained it; `upload`: a client uploaded it.
    """

    run_id: str | None
    """
    The run that trained it; null if it was uploaded.
    """

    created_at: str
    aliases: list[str]
    """
    Aliases with requests that it answers, all or a share.
    """

    shadow_of: list[str]
    """
    Aliases with requests that it receives as the shadow.
    """

    data: VersionData | None
    num_bytes: int | None
    """
    Size of the network's ONNX file; null if it is missing.
    """


class DateEncoding(TypedDict):
    """
    Parts of a date.

    Attributes:
        origin: Start of `elapsed_days` in RFC 3339: the earliest moment, from which differences keep their digits.
        parts: Numbers that a date is encoded as, in this order.
    """

    name: str
    allows_missing: NotRequired[bool]
    source: NotRequired[Literal["integer", "number", "boolean", "date", "text"] | None]
    text: NotRequired[TextForm | None]
    kind: NotRequired[Literal["date"]]
    origin: str
    parts: list[Literal["elapsed_days", "year", "month", "day", "day_of_week", "day_of_year", "hour", "minute"]]


class DeadLetter(TypedDict):
    """
    Job that failed though its spec is not at fault.
    """

    kind: LetterKind
    id: str
    """
    Id of the run or batch prediction.
    """

    model: str
    experiment: str | None
    """
    Null for batch predictions.
    """

    error: LetterError
    reason: str
    """
    Kind of cause, by the code of the error.
    """

    num_attempts: int
    """
    Attempts that were made.
    """

    failed_at: str
    links: LetterLinks


class DeletedRun(TypedDict):
    """
    Run that was deleted by force, and what went with it.
    """

    id: str
    model_version: DeletedVersion | None


class Delivery(TypedDict):
    """
    A message to a webhook.
    """

    id: int
    run_id: str
    run_state: RunState
    ended_at: str
    """
    Time at which the run ended.
    """

    state: DeliveryState
    num_tries: int
    due_at: str | None
    """
    Time of the next try.
    """

    tried_at: str | None
    """
    Time of the last try.
    """

    status: int | None
    """
    HTTP status of the last response; null if there was none.
    """

    detail: str | None
    """
    Reason for which the last try failed.
    """


class DeliveryPage(TypedDict):
    """
    Page of the messages to a webhook, newest first.
    """

    items: list[Delivery]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class DoomedRun(TypedDict):
    """
    Run that a policy deletes.
    """

    id: str
    experiment: str
    model: str
    model_version: int | None
    """
    Version that is deleted with it.
    """

    ended_at: str
    reason: Reason
    """
    Part of the policy that it is deleted for: `age`, `count` or `experiment_count`.
    """

    num_bytes: int
    """
    Size of its files. Those that others have too stay.
    """


class DriftColumn(TypedDict):
    """
    Column of the input or of the predictions.
    """

    name: str
    kind: Literal["number", "category"]
    psi: float | None
    """
    Population stability index: 0 for equal distributions; null if there are fewer than 100 rows of either.
    """

    psi_by_chance: float | None
    """
    Greatest value by chance, in one of ten thousand cases, though nothing has shifted: more for fewer rows.
    """

    reading: Reading | None
    """
    `stable` below 0.1 or within chance, `moderate` up to 0.25, `shifted` above.
    """

    reference: ColumnNumbers | None
    """
    Training samples; null without a training summary.
    """

    served: ColumnNumbers
    bins: list[DriftBin]


class DriftReport(TypedDict):
    """
    Served rows of a model version against its training samples.
    """

    model: str
    version: int
    since: str | None
    """
    Begin of the time of which rows are compared, a whole hour, or a whole day if it is more than two days ago; null
    for all that is kept.
    """

    num_rows: int
    """
    Rows that were answered in that time.
    """

    num_watched: int
    """
    Rows of them that were looked at.
    """

    reason: str | None
    """
    Reason for which no column has an index; null if one has.
    """

    shifted: list[str]
    """
    Names of the columns that have shifted.
    """

    predictions: list[DriftColumn]
    """
    The predicted class and its confidence, or the predicted numbers.
    """

    inputs: list[DriftColumn]
    num_left_out: int
    """
    Columns of the input that are not watched, because there are too many.
    """

    links: DriftLinks


class EngineReport(TypedDict):
    """
    Report of the training engine of a run. Fields that are not known, or not known yet, are left out.
    """

    plan: str
    """
    Plan that computed the steps; `none` if there were no steps.
    """

    reason: NotRequired[str | None]
    """
    Reason for the choice of the plan.
    """

    batch_size: NotRequired[int | None]
    tried: NotRequired[dict[str, PlanTiming]]
    """
    Times of plans by name, measured in this run or an earlier one.
    """

    failed: NotRequired[dict[str, str] | None]
    """
    Plans that cannot be used here, with the reason.
    """

    steps_per_second: NotRequired[float | None]
    samples_per_second: NotRequired[float | None]
    flops_per_step: NotRequired[int | None]
    flops_per_second: NotRequired[float | None]
    peak_flops_per_second: NotRequired[float | None]
    """
    Rate of large matrix products on the same device.
    """

    share_of_peak: NotRequired[float | None]
    peak_memory_bytes: NotRequired[int | None]


class ExplanationReport(TypedDict):
    """
    Explanations of the rows of a request.
    """

    model: str
    version: int
    method: Method
    num_passes: int
    """
    Rows that the network computed.
    """

    explanations: list[RowExplanationEntry]
    """
    One for each row, in order.
    """


class ImagesDescription(TypedDict):
    """
    Images in folders named after their classes.

    Attributes:
        classes: Every class, sorted by label, with its number of images in all splits.
        splits: Images by split, if the archive has folders `train`, `test` and perhaps `validation`; else empty.
        least_height: Smallest height in pixels; the greatest height, and the widths, likewise.
        num_grey: Number of grey images; the others have three channels or more.
        sample: Some of the images: path in the archive, label, height and width.
    """

    kind: NotRequired[Literal["images"]]
    num_images: int
    classes: list[ValueCount]
    splits: NotRequired[dict[Literal["train", "validation", "test"], int]]
    least_height: int
    greatest_height: int
    least_width: int
    greatest_width: int
    num_grey: int
    sample: NotRequired[list[dict[str, Any]]]


class KeyEntry(TypedDict):
    """
    Key without its secret, of which only a hash is stored.
    """

    prefix: str
    """
    Public part of the key: `ty_PREFIX_…`.
    """

    name: str
    scopes: list[Scope]
    source: Literal["database", "environment"]
    """
    `environment`: from TRAINYARD_BOOTSTRAP_KEY or TRAINYARD_METRICS_KEY of this process.
    """

    state: Literal["live", "expired", "revoked"]
    created_at: str | None
    """
    Null for keys of the environment, as are all following fields.
    """

    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    """
    To the minute.
    """


class KeyList(TypedDict):
    """
    Page of keys, newest first; on the first page those of the environment before those of the database.
    """

    items: list[KeyEntry]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class LetterPage(TypedDict):
    """
    Page of dead letters.
    """

    items: list[DeadLetter]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """

    total: int
    """
    Number of dead letters on all pages.
    """


class ListedModelVersion(TypedDict):
    """
    Version of a model as an item of a list.
    """

    version: int
    source: VersionSource
    """
    `run`: a run trained it; `upload`: a client uploaded it.
    """

    run_id: str | None
    """
    The run that trained it; null if it was uploaded.
    """

    created_at: str
    aliases: list[str]
    """
    Aliases with requests that it answers, all or a share.
    """

    shadow_of: list[str]
    """
    Aliases with requests that it receives as the shadow.
    """

    metrics: dict[str, float | Literal["NaN", "Infinity", "-Infinity"]]
    """
    Metrics of its run on held-out samples, `test/…` and `epoch/validation/…`; empty for an upload.
    """


class MetricChange(TypedDict):
    """
    Difference between a version's metric and that of the first version.
    """

    version: int
    difference: float | None
    """
    The version's value minus the first version's; null if either is missing.
    """

    verdict: Verdict
    """
    `better`, `worse` or `same`; `unknown` if a value is missing or the metric is neither.
    """


class MetricCurves(TypedDict):
    """
    Curves of a metric.
    """

    key: str
    x: list[float] | None
    """
    The grid: every x of the curves if there are at most `max_points`, else places at equal distances. Null if not
    aligned.
    """

    curves: list[ComparedCurve]
    """
    In the order of the runs in the request; empty if averaged.
    """

    averages: list[SeedAverage]
    """
    In the order of their first runs; empty unless averaged.
    """


class MetricHistory(TypedDict):
    """
    Curves of a run.
    """

    run_id: str
    x: XAxis
    """
    Quantity on the x axis: `step`, `epoch` (steps by the steps of an epoch), or `time`.
    """

    steps_per_epoch: int | None
    """
    Steps in an epoch, by which steps were divided; null unless x is `epoch` and there are points.
    """

    time_origin: str | None
    """
    Start of the run's latest attempt, where `time` is 0; null unless x is `time` and there are points.
    """

    smoothing: float
    series: list[Curve]


class MetricList(TypedDict):
    """
    Summaries of all metrics of a run.
    """

    items: list[MetricSummary]


class ModelVersion(TypedDict):
    """
    Version of a model in full, with its lineage.
    """

    version: int
    source: VersionSource
    """
    `run`: a run trained it; `upload`: a client uploaded it.
    """

    run_id: str | None
    """
    The run that trained it; null if it was uploaded.
    """

    created_at: str
    aliases: list[str]
    """
    Aliases with requests that it answers, all or a share.
    """

    shadow_of: list[str]
    """
    Aliases with requests that it receives as the shadow.
    """

    model: str
    run: VersionRun | None
    """
    Null if it was uploaded.
    """

    data: VersionData | None
    """
    Null if it was uploaded.
    """

    metrics: dict[str, float | Literal["NaN", "Infinity", "-Infinity"]]
    """
    Final metrics of its run, such as `test/accuracy`; empty for an upload.
    """

    artifacts: list[VersionFile]
    links: ModelVersionLinks


class ModelVersionEntry(TypedDict):
    """
    Version of a model.
    """

    version: int
    source: VersionSource
    """
    `run`: a run trained it; `upload`: a client uploaded it.
    """

    run_id: str | None
    """
    The run that trained it; null if it was uploaded.
    """

    created_at: str
    aliases: list[str]
    """
    Aliases with requests that it answers, all or a share.
    """

    shadow_of: list[str]
    """
    Aliases with requests that it receives as the shadow.
    """


class ModelVersionPage(TypedDict):
    """
    Page of the versions of a model, newest first.
    """

    items: list[ListedModelVersion]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class NewKey(TypedDict):
    """
    New key.
    """

    prefix: str
    """
    Public part of the key: `ty_PREFIX_…`.
    """

    name: str
    scopes: list[Scope]
    source: Literal["database", "environment"]
    """
    `environment`: from TRAINYARD_BOOTSTRAP_KEY or TRAINYARD_METRICS_KEY of this process.
    """

    state: Literal["live", "expired", "revoked"]
    created_at: str | None
    """
    Null for keys of the environment, as are all following fields.
    """

    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    """
    To the minute.
    """

    key: str
    """
    Whole key, which is shown only here.
    """


class NewWebhook(TypedDict):
    """
    A webhook that was just created, with its secret.
    """

    id: str
    url: str
    states: list[RunState]
    experiment: str | None
    model: str | None
    created_by: str | None
    """
    Name of the API key that created it; null without keys.
    """

    created_at: str
    failing_since: str | None
    """
    Time since which nothing could be delivered; null while deliveries succeed.
    """

    disabled_at: str | None
    """
    Set once nothing could be delivered for five days, or the receiver answered 410. Nothing is sent from then on.
    """

    disabled_reason: str | None
    secret: str
    """
    Key of the signatures. It is not shown again.
    """


class NumberEncoding(TypedDict):
    """
    The distance from an origin in some unit, computed in float64 and rounded to float32 only then.

    Attributes:
        origin: Subtracted; of whole numbers a whole number, from which distances are exact up to 2⁶³.
        unit: Divides the distance: a power of two, which costs no digits.
    """

    name: str
    allows_missing: NotRequired[bool]
    source: NotRequired[Literal["integer", "number", "boolean", "date", "text"] | None]
    text: NotRequired[TextForm | None]
    kind: NotRequired[Literal["number"]]
    origin: NotRequired[int | float]
    unit: NotRequired[float]


class OutputEvaluation(TypedDict):
    """
    Errors of one output; each step of a sequence counts as a row.
    """

    name: str
    """
    The predicted column, else the number of the output, counted from 0.
    """

    mean_absolute_error: float | None
    root_mean_squared_error: float | None
    r2_score: float | None
    """
    1 − squared errors / squared distances of the targets from their mean; null if all targets are equal.
    """

    sample: PairSample | None
    """
    Up to 500 pairs; null from the fifth output on.
    """


class PresetEntry(TypedDict):
    """
    Spec that is ready to run, and its expected results.
    """

    name: str
    title: str
    teaches: str
    published: str
    """
    Result that a run should reproduce, in words.
    """

    figures: list[Figures]
    """
    The same as bounds on metrics and predictions; a run within all bounds has reproduced the result.
    """

    published_time: PublishedTime | None
    """
    Duration of the published run, if known.
    """

    num_seeds: int
    """
    Number of seeds of a reproduction.
    """

    chart: str
    """
    Key of the metric that compares the variants best.
    """

    expected_seconds: float
    """
    Approximate time to train on two CPU cores.
    """

    spec: dict[str, Any]
    """
    Spec without defaults.
    """

    variants: dict[str, dict[str, Any]]
    """
    Variants: a name to send as `variant`, and its merge patch on the spec.
    """


class PresetList(TypedDict):
    """
    The catalogue.
    """

    items: list[PresetEntry]


class ProblemDocument(TypedDict):
    """
    Error (RFC 9457).
    """

    type: str
    title: str
    """
    Name of the status.
    """

    status: int
    detail: str
    """
    Explanation: what was sent, what was expected, what to do.
    """

    code: str
    """
    Stable error code for programs, such as `invalid_spec`.
    """

    errors: list[ProblemEntry]
    """
    All mistakes that were found; may be empty.
    """

    instance: NotRequired[str | None]
    """
    Id of an internal error in the service's log.
    """

    quota: NotRequired[ExceededQuota | None]
    """
    The quota, if one was exceeded.
    """


class RankedMetric(TypedDict):
    """
    Metric by which runs are ranked.
    """

    key: str
    statistic: Statistic
    direction: Direction
    is_default: bool
    """
    True if the request named no metric.
    """


class RegressionEvaluation(TypedDict):
    """
    Errors of predicted numbers. One too large for a float is null.
    """

    mean_absolute_error: float | None
    """
    Over all outputs.
    """

    root_mean_squared_error: float | None
    """
    Root of the mean over all outputs.
    """

    r2_score: float | None
    """
    Mean over the outputs, as in scikit-learn and Keras; null if that of an output is null.
    """

    outputs: list[OutputEvaluation]


class Retention(TypedDict):
    """
    Policy of the settings, and its last use.
    """

    policy: Policy
    last_sweep: Sweep | None
    """
    The last sweep, by a worker or by a request; null before the first.
    """


class RetentionAnswer(TypedDict):
    """
    Runs and bytes that a policy deletes, or has deleted.
    """

    dry_run: bool
    policy: Policy
    is_complete: bool
    """
    False if time was over before all were deleted: repeat the request for the rest.
    """

    num_runs: int
    num_files: int
    """
    Files that nothing else refers to.
    """

    freed_bytes: int
    """
    Bytes of those files.
    """

    num_points: int | None
    """
    Points of the curves of the runs; null once they are deleted.
    """

    runs: list[DoomedRun]
    """
    Of a dry run the runs, those first that ended first; else empty.
    """


class RunEnvironment(TypedDict):
    """
    Environment of a run.
    """

    run_id: str
    device: str | None
    engine: EngineReport | None
    environment: dict[str, str | int] | None
    """
    Versions of libraries; null until the first attempt has reported them.
    """


class RunWait(TypedDict):
    """
    Reason why a queued run waits.
    """

    kind: WaitingKind
    """
    `trainer`: all trainers are busy; `worker`: no worker is running; `repair`: no worker can start a trainer;
    `quota`: its submitter has as many running runs as it may have; `retry`: it pauses before another attempt.
    """

    detail: str
    """
    Explanation for people.
    """


class RunsComparison(TypedDict):
    """
    Runs, best first, and what differs between their specs.
    """

    metric: RankedMetric
    confidence: float
    items: list[ComparedRun]
    """
    Runs, best first.
    """

    differences: list[RunSpecDifference]
    """
    Places where the specs differ, and only these.
    """

    num_differences: int
    """
    Number of such places; `differences` has the first of them if there are too many values to show.
    """

    groups: list[SeedGroupSummary]
    """
    Runs that differ in the seed alone, the best mean first; a run without others is a group of its own.
    """

    warnings: list[NoticeEntry]
    """
    Reasons for which the order may mislead.
    """

    missing: list[MissingRun]


class SplitEvaluation(TypedDict):
    """
    Evaluation on the samples of one split. All samples have the same weight, except in a weighted loss.
    """

    num_samples: int
    metrics: dict[str, float | None]
    """
    Loss and the metrics of the spec; null for values that are not finite.
    """

    classification: NotRequired[ClassificationEvaluation | None]
    regression: NotRequired[RegressionEvaluation | None]
    bits: NotRequired[BitsEvaluation | None]


class TableDescription(TypedDict):
    """
    A table: rows of named columns.

    Attributes:
        splits: Rows by split, if the upload has splits (an archive with train.csv and test.csv); else empty.
        sample: The first rows, each a list of values in the order of the columns.
    """

    kind: NotRequired[Literal["table"]]
    num_rows: int
    columns: list[ColumnDescription]
    splits: NotRequired[dict[Literal["train", "validation", "test"], int]]
    sample: NotRequired[list[list[Any]]]


Columns: TypeAlias = NumberEncoding | BooleanEncoding | CategoryEncoding | DateEncoding


class TableEncoding(TypedDict):
    """
    Encoding of a row as the input of a model: the concatenated numbers of its columns.
    """

    columns: list[Columns]


class Usage(TypedDict):
    """
    Limits and use of a submitter.
    """

    name: str | None
    """
    Name of its keys; null for everybody without keys.
    """

    limits: Limits
    """
    Limits that hold; 0, but for `priority`, is no limit.
    """

    own_limits: Limits
    """
    Those that were set for it; null where the settings' hold.
    """

    use: Use


class UsagePage(TypedDict):
    """
    Page of the submitters by name.
    """

    items: list[Usage]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class BatchPrediction(TypedDict):
    """
    Batch prediction in full.
    """

    id: str
    state: RunState
    model: str
    model_version: int
    """
    Version that answers, settled when the request was accepted.
    """

    dataset: BatchDatasetVersion
    rows: BatchRowRange
    output: BatchResultForm
    on_error: OnError
    attempt: int
    """
    Number of the latest attempt; 0 before the first.
    """

    max_attempts: int
    cancel_requested: bool
    progress: BatchPredictionProgress | None
    """
    Null before the first report.
    """

    num_refused: int | None
    """
    Rows without an answer; null until the batch prediction has succeeded.
    """

    error: BatchPredictionError | None
    result: BatchResult | None
    created_at: str
    queued_at: str
    retry_at: str | None
    """
    End of the pause before another attempt; null if it is in none.
    """

    started_at: str | None
    ended_at: str | None
    updated_at: str
    links: BatchPredictionLinks
    refused_rows: list[RefusedRowEntry]
    """
    The first rows without an answer.
    """

    attempts: list[BatchPredictionAttempt]


class BatchPredictionSummary(TypedDict):
    """
    Batch prediction in a list.
    """

    id: str
    state: RunState
    model: str
    model_version: int
    """
    Version that answers, settled when the request was accepted.
    """

    dataset: BatchDatasetVersion
    rows: BatchRowRange
    output: BatchResultForm
    on_error: OnError
    attempt: int
    """
    Number of the latest attempt; 0 before the first.
    """

    max_attempts: int
    cancel_requested: bool
    progress: BatchPredictionProgress | None
    """
    Null before the first report.
    """

    num_refused: int | None
    """
    Rows without an answer; null until the batch prediction has succeeded.
    """

    error: BatchPredictionError | None
    result: BatchResult | None
    created_at: str
    queued_at: str
    retry_at: str | None
    """
    End of the pause before another attempt; null if it is in none.
    """

    started_at: str | None
    ended_at: str | None
    updated_at: str
    links: BatchPredictionLinks


class ComparedMetric(TypedDict):
    """
    Metric of several versions.
    """

    key: str
    higher_is_better: bool | None
    """
    Null if that is not known.
    """

    values: dict[str, float | Literal["NaN", "Infinity", "-Infinity"]]
    """
    Value by number of the version; without versions that lack it.
    """

    changes: list[MetricChange]
    """
    Comparison of each further version with the first.
    """


class CurveComparison(TypedDict):
    """
    Curves of several runs, side by side.
    """

    x: XAxis
    smoothing: float
    confidence: float | None
    """
    Null unless averaged.
    """

    metrics: list[MetricCurves]
    missing: list[ComparisonGap]


class DatasetVersionDetail(TypedDict):
    """
    Version of an uploaded dataset, with its content.
    """

    name: str
    version: int
    kind: str
    format: str
    """
    Format of the file: `csv`, `xlsx`, `parquet`, `json_lines`, `npy`, `npz`, `idx`, `zip` or `tar`.
    """

    summary: str
    sha256: str
    reading: str | None
    """
    Digest of the options that it was read with; null if none was set.
    """

    num_bytes: int
    filename: str | None
    created_at: str
    description: TableDescription | ArraysDescription | ImagesDescription
    """
    Columns, arrays or classes, and a sample.
    """

    warnings: list[NoticeEntry]
    """
    Warnings about the data.
    """

    options: ReadingOptions
    """
    Options that it was read with; those that are null were detected.
    """

    findings: list[Finding]
    """
    Options that were detected, each with its sureness.
    """

    example_spec: dict[str, Any] | None
    """
    Suggested spec, which can be trained unchanged; the target of a table is guessed.
    """


class EvaluationReport(TypedDict):
    """
    Evaluation of a trained network, with the saved weights, on the samples held out from training.
    """

    task: Task
    num_samples: SplitCounts
    validation: SplitEvaluation | None
    """
    Null if no samples were held out for validation.
    """

    test: SplitEvaluation | None
    """
    Null if no samples were held out for test.
    """


class ModelEntry(TypedDict):
    """
    Model with its newest 100 versions, newest first.
    """

    name: str
    created_at: str
    latest_version: int
    num_versions: int
    """
    Number of all its versions; `/versions` lists them.
    """

    is_unloaded: bool
    """
    True if a client has unloaded it: it is not served until one loads it again.
    """

    versions: list[ModelVersionEntry]


class ModelList(TypedDict):
    """
    Page of the registered models, by name.
    """

    items: list[ModelEntry]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class ModelSignature(TypedDict):
    """
    Inputs and outputs of a model.

    Attributes:
        task: Meaning of the output.
        input_kind: Form in which a row is also accepted.
        input: The first input tensor; the only one, unless the network was not trained here.
        output: The first output tensor, which the task is about.
        other_inputs: Further inputs of the network, for `tensor`.
        other_outputs: Further outputs of the network.
        columns: Names of a row's numbers, in order, for `columns`; of its columns for `table`.
        table: Encoding of a row of columns, for `table`.
        resize: Treatment of images of other sizes, for `image`; null rejects them.
        pixel_range: Least and greatest value of a pixel as the network expects it, for `image`; 0 is black.
        class_labels: A label per class, in the order of the output, for classification; each as it was uploaded.
        num_bits: Bits per operand, least significant first, for `bit_pair`.
        threshold: A single-output classifier predicts its second class at or above this output.
        answers_probabilities: True if a classifier's outputs are probabilities; otherwise they are unbounded scores, of
            which a greater one is likelier, as with a hinge loss or a linear last layer.
    """

    task: Task
    input_kind: InputKind
    input: TensorSpec
    output: TensorSpec
    other_inputs: NotRequired[list[TensorSpec]]
    other_outputs: NotRequired[list[TensorSpec]]
    columns: NotRequired[list[str]]
    table: NotRequired[TableEncoding | None]
    resize: NotRequired[Literal["stretch", "crop", "pad"] | None]
    pixel_range: NotRequired[tuple[float, float]]
    class_labels: NotRequired[list[bool | int | float | str]]
    num_bits: NotRequired[int]
    threshold: NotRequired[float]
    answers_probabilities: NotRequired[bool]


class Run(TypedDict):
    """
    Run in full.
    """

    id: str
    """
    UUID, version 7.
    """

    experiment: str
    model: str
    """
    Name under which the run registers its model when it succeeds.
    """

    preset: str | None
    state: RunState
    waiting_for: RunWait | None
    """
    Null unless the run is queued.
    """

    attempt: int
    """
    Number of the latest attempt; 0 before the first.
    """

    max_attempts: int
    """
    Attempts that may be lost before the run fails; those that came further than all before do not count.
    """

    cancel_requested: bool
    interruption: Literal["pause", "preemption"] | None
    """
    Reason why a running run stops to go on later: it was paused, or one of a higher priority waits.
    """

    progress: RunProgress | None
    latest_metrics: dict[str, float | Literal["NaN", "Infinity", "-Infinity"]]
    """
    Newest value of each metric.
    """

    device: str | None
    engine: EngineReport | None
    """
    Execution of the steps: the plan, the reason for it, the times of others, and at the end the speed.
    """

    phases: dict[str, float] | None
    """
    Seconds spent in each phase.
    """

    error: RunError | None
    """
    Of a failed run; of a queued one, the error after which it is tried again.
    """

    num_warnings: int
    """
    Number of warnings; the run in full has their texts.
    """

    model_version: ModelVersionName | None
    """
    Version that it registered when it succeeded; null again once the version is deleted.
    """

    tags: dict[str, str]
    notes: str | None
    """
    Text for people.
    """

    priority: int
    """
    Queued runs of a higher priority are started first.
    """

    submitted_by: str | None
    """
    Name of the API key that submitted it; null if keys are not required.
    """

    source_run_id: str | None
    """
    The run that it repeats, goes on from, or was cloned from.
    """

    created_at: str
    queued_at: str
    retry_at: str | None
    """
    End of the pause before another attempt; null if it is in none.
    """

    started_at: str | None
    """
    Start of the latest attempt.
    """

    ended_at: str | None
    updated_at: str
    links: RunLinks
    warnings: list[NoticeEntry]
    """
    Probable mistakes: those of the check of its spec and, once its data was read, those of the data.
    """

    environment: dict[str, str | int] | None
    metrics: dict[str, RunMetric]
    attempts: list[Attempt]
    artifacts: list[ArtifactEntry]
    spec: dict[str, Any]
    """
    Spec with all defaults; submit it again to repeat the run.
    """


class RunSummary(TypedDict):
    """
    Run as an item of a list.
    """

    id: str
    """
    UUID, version 7.
    """

    experiment: str
    model: str
    """
    Name under which the run registers its model when it succeeds.
    """

    preset: str | None
    state: RunState
    waiting_for: RunWait | None
    """
    Null unless the run is queued.
    """

    attempt: int
    """
    Number of the latest attempt; 0 before the first.
    """

    max_attempts: int
    """
    Attempts that may be lost before the run fails; those that came further than all before do not count.
    """

    cancel_requested: bool
    interruption: Literal["pause", "preemption"] | None
    """
    Reason why a running run stops to go on later: it was paused, or one of a higher priority waits.
    """

    progress: RunProgress | None
    latest_metrics: dict[str, float | Literal["NaN", "Infinity", "-Infinity"]]
    """
    Newest value of each metric.
    """

    device: str | None
    engine: EngineReport | None
    """
    Execution of the steps: the plan, the reason for it, the times of others, and at the end the speed.
    """

    phases: dict[str, float] | None
    """
    Seconds spent in each phase.
    """

    error: RunError | None
    """
    Of a failed run; of a queued one, the error after which it is tried again.
    """

    num_warnings: int
    """
    Number of warnings; the run in full has their texts.
    """

    model_version: ModelVersionName | None
    """
    Version that it registered when it succeeded; null again once the version is deleted.
    """

    tags: dict[str, str]
    notes: str | None
    """
    Text for people.
    """

    priority: int
    """
    Queued runs of a higher priority are started first.
    """

    submitted_by: str | None
    """
    Name of the API key that submitted it; null if keys are not required.
    """

    source_run_id: str | None
    """
    The run that it repeats, goes on from, or was cloned from.
    """

    created_at: str
    queued_at: str
    retry_at: str | None
    """
    End of the pause before another attempt; null if it is in none.
    """

    started_at: str | None
    """
    Start of the latest attempt.
    """

    ended_at: str | None
    updated_at: str
    links: RunLinks


class UploadedVersion(TypedDict):
    """
    Version of a model that was uploaded.
    """

    model: str
    version: int
    network_sha256: str
    """
    Hash of the ONNX file.
    """

    num_bytes: int
    """
    Size of the ONNX file.
    """

    signature: ModelSignature
    """
    Inputs and outputs: what was sent with the network, and for the rest what the network says.
    """

    links: UploadedVersionLinks


class VersionComparison(TypedDict):
    """
    Comparison of versions of a model with the first of them.
    """

    model: str
    versions: list[ComparedVersion]
    """
    In the order of the request.
    """

    metrics: list[ComparedMetric]
    """
    Metrics on held-out samples, by key.
    """

    spec: list[SpecDifference]
    """
    Differences between the specs of those versions that runs trained; at most 500.
    """

    num_spec_differences: int
    """
    Number of all differences between the specs.
    """

    remarks: list[str]
    """
    Remarks, such as that the versions were tested on different data.
    """


class BatchPredictionPage(TypedDict):
    """
    Page of batch predictions, newest first.
    """

    items: list[BatchPredictionSummary]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """


class DatasetDetail(TypedDict):
    """
    Dataset with its versions.
    """

    name: str
    kind: str
    """
    `built_in`, or for an upload `table`, `arrays` or `images`.
    """

    description: str
    version: int | None
    """
    Newest version; null for built-in datasets.
    """

    num_versions: int
    num_bytes: int | None
    """
    Size of the newest version's upload.
    """

    created_at: str | None
    """
    Time of the newest version's upload.
    """

    versions: list[DatasetVersion]
    """
    Newest first, at most 200; empty for built-in datasets.
    """

    newest: DatasetVersionDetail | None


class RunPage(TypedDict):
    """
    Page of runs.
    """

    items: list[RunSummary | SelectedRun]
    next_cursor: str | None
    """
    Value of `cursor` for the next page; null on the last.
    """

    total: int | None
    """
    Number of runs on all pages, if `count` asked for it.
    """
