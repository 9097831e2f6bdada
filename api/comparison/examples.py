"""Examples of comparisons."""

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import InvalidSpec, UnknownMetric

OTHER_RUN_ID = "01935a41-77aa-7c09-8f53-21d09be6c8f4"

COMPARE_REQUESTS = {
    "Two runs by epoch": {
        "runs": [EXAMPLE_RUN_ID, OTHER_RUN_ID],
        "keys": ["epoch/validation/loss"],
        "x": "epoch",
    },
    "Averages over seeds": {
        "runs": [EXAMPLE_RUN_ID, OTHER_RUN_ID],
        "keys": ["train/*"],
        "smoothing": 0.9,
        "average": "seeds",
    },
}

COMPARISON = {
    "x": "epoch",
    "smoothing": 0.0,
    "confidence": None,
    "metrics": [
        {
            "key": "epoch/validation/loss",
            "x": [1.0, 2.0, 3.0],
            "curves": [
                {
                    "run_id": EXAMPLE_RUN_ID,
                    "x": None,
                    "y": [0.9412, 0.3071, 0.1188],
                    "y_min": None,
                    "y_max": None,
                    "smoothed": None,
                    "total": 3,
                },
                {
                    "run_id": OTHER_RUN_ID,
                    "x": None,
                    "y": [0.9926, 0.4410, None],
                    "y_min": None,
                    "y_max": None,
                    "smoothed": None,
                    "total": 2,
                },
            ],
            "averages": [],
        }
    ],
    "missing": [],
}

UNKNOWN_METRIC = UnknownMetric(
    "There is no metric 'train/los'. Did you mean 'train/loss'? All of these runs have ended."
)

AVERAGE_NOT_ALIGNED = InvalidSpec.at("/align", "Only aligned curves can be averaged. Send align: true.", "not_aligned")
