"""Print what TensorBoard reads in the folders below one, as JSON: run in the environment of requirements/tools.txt."""

import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import tensor_util


def read(folder):
    """Every scalar as (wall time, step, value), its numbers as hexadecimal digits; texts; hyperparameters."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    tags = events.Tags()
    start = events.SummaryMetadata("_hparams_/session_start_info")
    parameters = metadata.parse_session_start_info_plugin_data(start.plugin_data.content).hparams
    return {
        "scalars": {
            tag: [(point.wall_time.hex(), point.step, point.value.hex()) for point in events.Scalars(tag)]
            for tag in tags["scalars"]
        },
        "texts": {
            tag: tensor_util.make_ndarray(events.Tensors(tag)[0].tensor_proto).item().decode()
            for tag in tags["tensors"]
            if not tag.startswith("_hparams_")
        },
        "hyperparameters": {
            name: getattr(value, value.WhichOneof("kind")) for name, value in sorted(parameters.items())
        },
    }


root = Path(sys.argv[1])
folders = {path.parent for path in root.rglob("events.out.tfevents.*")}
json.dump({folder.relative_to(root).as_posix(): read(folder) for folder in sorted(folders)}, sys.stdout)
