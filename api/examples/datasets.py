"""Datasets as examples."""

from api.refusals import InvalidDatasetFile, UnknownDataset

DATASETS = {
    "items": [
        {
            "name": "iris",
            "description": "150 irises of three species by four measures; part of scikit-learn.",
            "state": "ready",
            "files": [],
            "missing": [],
        },
        {
            "name": "mnist",
            "description": "70,000 handwritten digits of 28×28 pixels (LeCun et al.).",
            "state": "missing",
            "files": ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
            "missing": ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
        },
    ]
}

FILES = {
    "name": "mnist",
    "files": ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
    "missing": ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
}

UNKNOWN_FILE = UnknownDataset(
    "'mnist' has no file 't10k-label-idx1-ubyte'. Did you mean 't10k-labels-idx1-ubyte'? Each may end in .gz."
)
NOT_THE_FILE = InvalidDatasetFile(
    "t10k-labels-idx1-ubyte is not the file that belongs under this name: it begins with 00000803, not with 00000801. "
    "Send it as it was published."
)
