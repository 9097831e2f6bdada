"""Files to read in the benchmark of ingestion, drawn from a seed."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROWS_AT_ONCE = 20_000
WIDE_COLUMNS = 500
CITIES = ("Oslo", "Bergen", "Tromsø", "Paris", "Lyon", "Berlin", "Hamburg", "Zürich")
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
SIDE_OF_IMAGES = 64


@dataclass(frozen=True, slots=True)
class BenchmarkFile:
    """A kind of file.

    Attributes:
        write: Writes a file of about so many megabytes.
        sides: Who reads it.
    """

    write: Callable[[Path, float], None]
    sides: tuple[str, ...]


def write_file(kind: str, path: Path, megabytes: float) -> None:
    """Write a file of this kind."""
    FILES[kind].write(path, megabytes)


def _write_mixed(path: Path, megabytes: float) -> None:
    """Numbers, categories, sentences, dates and missing values in 12 columns."""
    random = np.random.default_rng(0)
    start = np.datetime64("2020-01-01T00:00:00")
    with path.open("w", encoding="utf-8") as file:
        size = file.write("id,user,age,price,score,city,comment,day,moment,active,rate,code\n")
        first = 0
        while size < 1e6 * megabytes:
            count = ROWS_AT_ONCE
            is_missing = random.random(count) < 0.05  # noqa: PLR2004 - one in twenty.
            columns: tuple[npt.NDArray[np.generic], ...] = (
                np.arange(first, first + count).astype(str),
                random.integers(0, 5_000_000, count).astype(str),
                np.where(is_missing, "", random.integers(18, 90, count).astype(str)),
                np.round(random.lognormal(3, 1, count), 2).astype(str),
                np.round(random.normal(size=count), 6).astype(str),
                np.array(CITIES)[random.integers(0, len(CITIES), count)],
                np.array([" ".join(words) for words in np.array(WORDS)[random.integers(0, len(WORDS), (count, 5))]]),
                (start + random.integers(0, 1500, count).astype("m8[D]")).astype("M8[D]").astype(str),
                (start + random.integers(0, 10**8, count).astype("m8[s]")).astype(str),
                np.where(random.random(count) < 0.5, "true", "false"),  # noqa: PLR2004 - half of them.
                np.where(is_missing, "NA", random.random(count).astype(str)),
                np.char.zfill(random.integers(0, 97, count).astype(str), 3),
            )
            size += file.write(
                "\n".join(map(",".join, zip(*(column.tolist() for column in columns), strict=True))) + "\n"
            )
            first += count


def _write_wide(path: Path, megabytes: float) -> None:
    """Numbers in 500 columns."""
    random = np.random.default_rng(1)
    with path.open("w", encoding="utf-8") as file:
        size = file.write(",".join(f"w{place}" for place in range(WIDE_COLUMNS)) + "\n")
        while size < 1e6 * megabytes:
            numbers = np.round(random.normal(size=(ROWS_AT_ONCE // 20, WIDE_COLUMNS)), 5).astype(str)
            size += file.write("\n".join(map(",".join, numbers.tolist())) + "\n")


def _write_texts(path: Path, megabytes: float) -> None:
    """Texts in 6 columns, from a few thousand different ones to all different."""
    random = np.random.default_rng(2)
    most = (10**12, 10**12, 90_000, 90_000, 5_000, 50)
    with path.open("w", encoding="utf-8") as file:
        size = file.write("a,b,c,d,e,f\n")
        while size < 1e6 * megabytes:
            numbers = random.integers(0, most, (ROWS_AT_ONCE, len(most))).tolist()
            lines = (
                f"u{a:x},name {b} of {c},city{c},p-{d},x{e},{'abc def ' * (f % 7)}" for a, b, c, d, e, f in numbers
            )
            size += file.write("\n".join(lines) + "\n")


def _write_parquet(path: Path, megabytes: float) -> None:
    """Write the mixed columns, typed by DuckDB."""
    import duckdb  # noqa: PLC0415 - only for this file.

    table = path.with_name("table.csv")
    # Parquet takes about a third of the bytes of CSV.
    _write_mixed(table, 3 * megabytes)
    duckdb.read_csv(str(table), na_values=["", "NA"]).write_parquet(str(path), compression="zstd")
    table.unlink()


def _write_images(path: Path, megabytes: float) -> None:
    """Write PNG images in a folder for each of ten classes."""
    from PIL import Image  # noqa: PLC0415 - only for this file.

    random = np.random.default_rng(3)
    size = number = 0
    with zipfile.ZipFile(path, "w") as archive:
        while size < 1e6 * megabytes:
            # Smooth, as photos are: noise does not compress.
            coarse = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            image = Image.fromarray(coarse).resize((SIDE_OF_IMAGES, SIDE_OF_IMAGES), Image.Resampling.BICUBIC)
            packed = io.BytesIO()
            image.save(packed, "png")
            archive.writestr(f"class{number % 10}/{number}.png", packed.getvalue())
            size += len(packed.getvalue())
            number += 1


FILES = {
    "csv-mixed": BenchmarkFile(_write_mixed, ("trainyard", "pandas", "polars")),
    "csv-wide": BenchmarkFile(_write_wide, ("trainyard", "pandas", "polars")),
    "csv-texts": BenchmarkFile(_write_texts, ("trainyard", "pandas", "polars")),
    # pandas reads Parquet and Excel files with other packages only.
    "parquet": BenchmarkFile(_write_parquet, ("trainyard", "polars")),
    "images": BenchmarkFile(_write_images, ("trainyard", "pillow")),
}
"""Files by name. A format that `ingest.formats` gains is one more line here, such as xlsx."""
