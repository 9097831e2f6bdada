"""Links MNIST's files into the service's data directory."""

from pathlib import Path

NAME = "mnist"


def link_mnist(data_dir: Path, datasets_dir: Path) -> bool:
    """Link MNIST's files into `datasets_dir`.

    Returns:
        True if the files were found.
    """
    folder = data_dir / NAME if (data_dir / NAME).is_dir() else data_dir
    if not any(folder.glob("*train-images-idx3-ubyte*")):
        return False
    datasets_dir.mkdir(parents=True, exist_ok=True)
    (datasets_dir / NAME).symlink_to(folder.absolute(), target_is_directory=True)
    return True
