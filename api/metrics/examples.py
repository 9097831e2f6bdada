"""Examples of metrics."""

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import InvalidInput

METRICS = {
    "items": [
        {
            "key": "epoch/train/loss",
            "count": 50,
            "first": 0.9412,
            "last": 0.0871,
            "last_step": 400,
            "min": 0.0871,
            "min_step": 400,
            "max": 0.9412,
            "max_step": 8,
            "best": 0.0871,
            "best_step": 400,
        }
    ]
}

HISTORY = {
    "run_id": EXAMPLE_RUN_ID,
    "series": [
        {
            "key": "train/loss",
            "x": [133, 266, 400],
            "y": [0.4127, 0.1903, 0.0871],
            "y_min": [0.3980, 0.1822, 0.0864],
            "y_max": [1.1004, 0.4201, 0.1944],
            "total": 400,
            "downsampled": True,
        }
    ],
}

RAW_VIEW_TOO_LARGE = InvalidInput(
    "A raw view of these curves has 2000000 points; the most is 1000000. "
    "Name fewer keys, or use the mode minmax or lttb."
)
