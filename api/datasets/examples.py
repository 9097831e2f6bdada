"""Examples of datasets."""

from typing import Any

from api.http.errors import BodyTooSlow, DiskFull, RejectedDataset
from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import BodyTooLarge, Conflict, DatasetMissing, Unavailable, UnknownDataset, UnknownDatasetVersion

_SHA256 = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea"

_NO_OPTIONS: dict[str, Any] = {
    **dict.fromkeys(("header", "delimiter", "quotechar", "encoding", "decimal", "thousands", "missing_words")),
    **dict.fromkeys(("skip_rows", "date_format", "sheet")),
    "columns": {},
}

_NO_VERSION: dict[str, Any] = {"version": None, "num_versions": 0, "num_bytes": None, "created_at": None}


def _number(name: str, least: float, greatest: float, mean: float, stddev: float) -> dict[str, Any]:
    return {
        "name": name,
        "type": "number",
        "num_missing": 1,
        "num_distinct": 3,
        "least": least,
        "greatest": greatest,
        "mean": mean,
        "stddev": stddev,
        "values": [],
    }


VERSION_ENTRY = {
    "name": "flowers",
    "version": 1,
    "kind": "table",
    "format": "csv",
    "summary": "4 rows of 3 columns",
    "sha256": _SHA256,
    "reading": None,
    "num_bytes": 81,
    "filename": "flowers.csv",
    "created_at": "2026-11-21T09:30:00Z",
}

VERSION = {
    **VERSION_ENTRY,
    "description": {
        "kind": "table",
        "num_rows": 4,
        "columns": [
            _number("petal_length", 1.4, 5.1, 3.7333, 1.6739),
            _number("petal_width", 0.2, 1.9, 1.2, 0.7348),
            {
                "name": "species",
                "type": "text",
                "num_missing": 0,
                "num_distinct": 2,
                "least": None,
                "greatest": None,
                "mean": None,
                "stddev": None,
                "values": [{"value": "setosa", "count": 2}, {"value": "virginica", "count": 2}],
            },
        ],
        "splits": {},
        "sample": [[1.4, 0.2, "setosa"], [None, None, "setosa"], [4.7, 1.5, "virginica"], [5.1, 1.9, "virginica"]],
    },
    "warnings": [],
    "options": _NO_OPTIONS,
    "findings": [
        {"option": "encoding", "value": "utf-8", "sureness": "certain", "reason": "all of it is UTF-8"},
        {
            "option": "header",
            "value": True,
            "sureness": "likely",
            "reason": "“petal_length” stands above values of another kind",
        },
        {"option": "delimiter", "value": ",", "sureness": "likely", "reason": "it makes the lines most even"},
    ],
    "example_spec": {
        "name": "flowers",
        "dataset": {
            "dataset": "flowers",
            "version": 1,
            "name": "table",
            "target": "species",
            "split": {"validation": 0.0, "test": 0.0},
        },
        "model": {
            "kind": "mlp",
            "layers": [{"units": 32, "activation": "relu"}, {"units": 2, "activation": "softmax"}],
        },
        "training": {
            "optimizer": "adam",
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "epochs": 20,
            "batch_size": 32,
        },
    },
}

REREAD = {
    **VERSION,
    "version": 2,
    "reading": "6b1f0c2d9a3e4857",
    "options": {**_NO_OPTIONS, "header": True},
    "findings": [{"option": "header", "value": True, "sureness": "certain", "reason": ""}],
}

_FLOWERS = {
    "name": "flowers",
    "kind": "table",
    "description": "4 rows of 3 columns",
    "version": 1,
    "num_versions": 1,
    "num_bytes": 81,
    "created_at": "2026-11-21T09:30:00Z",
}

DATASETS = {
    "items": [
        {
            "name": "iris",
            "kind": "built_in",
            "description": "150 irises of three species by four measures; part of scikit-learn.",
            **_NO_VERSION,
        },
        _FLOWERS,
    ],
    "next_cursor": None,
}

DATASET = {**_FLOWERS, "versions": [VERSION_ENTRY], "newest": VERSION}

UNKNOWN_DATASET = UnknownDataset(
    "There is no dataset 'flower' here. Did you mean 'flowers'? Upload it: trainyard data add flower FILE"
)

UNKNOWN_VERSION = UnknownDatasetVersion("The dataset 'flowers' has no version 3. It has 2, 1.")

NOT_HERE = DatasetMissing("The bytes of version 1 of 'flowers' are missing on the disk. Upload them again.")

BUILT_IN = Conflict(
    "'iris' is built in: it cannot be uploaded, deleted or downloaded. Uploads need other names, such as my-iris."
)

IN_USE = Conflict(
    f"The dataset 'flowers' is used by runs that have not ended: {EXAMPLE_RUN_ID}. "
    "Wait for them or cancel them, then delete it."
)

TOO_LARGE = BodyTooLarge(
    "The body is larger than the 2,147,483,648 bytes that this route accepts. "
    "Send less of it, or raise TRAINYARD_MAX_DATASET_BYTES."
)

TOO_SLOW = BodyTooSlow("Only 3,012 bytes of the body came in 31 s. Send it faster than 16,384 bytes a second.")

REFUSED = RejectedDataset("Row 7 has 4 values, the header has 3. Give every row as many.", "ragged_rows")

NOT_APPLICABLE = RejectedDataset(
    "The option sheet does not apply: the file is CSV, which has the options header, delimiter, quotechar, encoding, "
    "skip_rows, decimal, thousands, missing_words, date_format, columns. Leave it out.",
    "option_not_applicable",
)

EMPTY = RejectedDataset("The body is empty. Send the bytes of a file: curl --data-binary @FILE …", "empty")

BUSY = Unavailable("2 uploads are being processed, and this one has waited 30 s for its turn. Send it again later.")

FULL = DiskFull("The service's disk is full. Delete datasets and runs that are no longer needed.")

CSV = "petal_length,species\n1.4,setosa\n4.7,versicolor\n1.3,setosa\n4.5,versicolor\n"

FORM_FILE: dict[str, Any] = {"type": "string", "format": "binary", "description": "The file, with its name."}
