"""Examples of metrics."""

from api.http.parameters import EXAMPLE_RUN_ID
from core.errors import EpochsUnknown, TooManyPoints, UnknownMetric

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
    "x": "step",
    "steps_per_epoch": None,
    "time_origin": None,
    "smoothing": 0.9,
    "series": [
        {
            "key": "train/loss",
            "x": [133, 266, 400],
            "y": [0.4127, 0.1903, "NaN"],
            "y_min": [0.3980, 0.1822, 0.0864],
            "y_max": [1.1004, 0.4201, "Infinity"],
            "smoothed": [0.4402, 0.2018, "NaN"],
            "total": 400,
            "downsampled": True,
        }
    ],
}

EXPORT_CSV = """key,step,epoch,time,unix_seconds,value
train/loss,1,0.125,2026-03-02T09:30:00.250000Z,1772443800.25,1.1004
train/loss,2,0.25,2026-03-02T09:30:00.500000Z,1772443800.5,NaN
"""

EXPORT_JSON_LINES = (
    '{"key":"train/loss","step":1,"epoch":0.125,"time":"2026-03-02T09:30:00.250000Z",'
    '"unix_seconds":1772443800.25,"value":1.1004}\n'
)

TOO_MANY_POINTS = TooManyPoints(
    "These curves have 2,000,000 points to show; the most is 1,000,000. Name fewer keys, lower max_points, show a "
    "smaller window (x_min, x_max), or use the mode minmax or lttb in place of raw."
)

UNKNOWN_METRIC = UnknownMetric(
    f"There is no metric 'train/los'. Did you mean 'train/loss'? Run {EXAMPLE_RUN_ID} has ended."
)

EPOCHS_UNKNOWN = EpochsUnknown(
    f"Run {EXAMPLE_RUN_ID} does not say how many steps an epoch has: it was trained by an earlier version, and has no "
    "whole epoch yet. Use x=step or x=time."
)
