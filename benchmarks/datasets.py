"""MNIST where the service looks for it, whatever folder its files lie in."""

from pathlib import Path

NAME = "mnist"


def link_mnist(data_dir: Path, datasets_dir: Path) -> bool:
    """Make MNIST's files reachable under `datasets_dir`.

    Returns:
        Whether there are any.
    """
    folder = data_dir / NAME if (data_dir / NAME).is_dir() else data_dir
    if not any(folder.glob("*train-images-idx3-ubyte*")):
        return False
    datasets_dir.mkdir(parents=True, exist_ok=True)
    (datasets_dir / NAME).symlink_to(folder.absolute(), target_is_directory=True)
    return True
