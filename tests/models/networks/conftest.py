"""Networks built from specs."""

import pytest
from pydantic import TypeAdapter

from core.datasets.shape import DatasetShape
from core.networks.network import Network
from core.signatures.signature import InputKind, Task
from models.networks.network import build_network
from models.runtime import keras

NETWORKS = TypeAdapter(Network)


@pytest.fixture(autouse=True)
def _same_weights_every_time():
    keras.utils.set_random_seed(1)


@pytest.fixture
def build():
    """Return a function that builds the network of a definition for inputs of a shape."""

    def from_definition(definition, input_shape, seed=1, precision="float32"):
        shape = DatasetShape(
            task=Task.REGRESSION,
            input_kind=InputKind.TENSOR,
            input_shape=input_shape,
            network_input_shape=input_shape,
            target_shape=(1,),
            num_train=1,
            num_validation=0,
            num_test=0,
        )
        return build_network(NETWORKS.validate_python(definition), shape, seed, precision)

    return from_definition
