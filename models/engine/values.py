"""Measured values."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]
"""Of one or more steps; the last axis is a meter's names, of which the loss is the first."""

LOSS = 0
