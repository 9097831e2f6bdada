"""Requirements for every source in the union of datasets."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args

import pytest

import core.datasets
from core.datasets.augmentation import Augmentation
from core.datasets.base import DatasetSpec, UploadedDataset
from core.datasets.dataset import BUILT_IN_SOURCES, SOURCES, UPLOADED_SOURCES
from core.datasets.splits import Split
from core.errors import DatasetMissing, InvalidSpec
from core.uploads.description import (
    ArrayDescription,
    ArraysDescription,
    ColumnDescription,
    DatasetDescription,
    ImagesDescription,
    TableDescription,
    ValueCount,
)

ROOT = Path(__file__).parents[3]
TWO = (ValueCount(value="0", count=60), ValueCount(value="1", count=40))
DESCRIPTIONS = {
    TableDescription: TableDescription(
        num_rows=100,
        columns=(
            ColumnDescription(name="x", type="number", num_missing=0, num_distinct=90),
            ColumnDescription(name="y", type="integer", num_missing=0, num_distinct=2, values=TWO),
        ),
    ),
    ArraysDescription: ArraysDescription(
        arrays=(
            ArrayDescription(name="x", shape=(100, 3), dtype="float32"),
            ArrayDescription(name="y", shape=(100,), dtype="int64", values=TWO),
        )
    ),
    ImagesDescription: ImagesDescription(
        num_images=100, classes=TWO, least_height=9, greatest_height=9, least_width=8, greatest_width=8, num_grey=0
    ),
}
DIGITS = tuple(ValueCount(value=str(digit), count=10) for digit in range(10))
MNIST = ArraysDescription(
    arrays=tuple(
        array
        for part in ("train", "test")
        for array in (
            ArrayDescription(name=f"x_{part}", shape=(100, 28, 28), dtype="uint8"),
            ArrayDescription(name=f"y_{part}", shape=(100,), dtype="uint8", values=DIGITS),
        )
    )
)
# For sources that read particular uploads of their kind, one of these.
PARTICULAR = {"mnist": {ArraysDescription: MNIST}}
# For each source what its spec needs besides its name, and for uploads their own.
REQUIRED = {
    "function": {"function": {"type": "sine"}},
    "truth_table": {"operation": "xor"},
    "inline": {"inputs": [[1], [2]], "targets": [1, 2]},
    "table": {"target": "y"},
    "series": {"target": "y"},
}


def by_name(source):
    return source.__name__


def make(source, **fields):
    name = source.source_name()
    uploaded = {"dataset": "mine"} if issubclass(source, UploadedDataset) else {}
    return source.model_validate({"name": name, **uploaded, **REQUIRED.get(name, {}), **fields})


def test_every_source_that_is_written_is_in_the_union():
    for module in iter_modules(core.datasets.__path__):
        import_module(f"core.datasets.{module.name}")

    written = {source for source in subclasses_of(DatasetSpec) if "name" in source.model_fields}
    forgotten = ", ".join(source.__name__ for source in written - set(SOURCES))
    assert not forgotten, f"{forgotten} is not in the union Dataset of core/datasets/dataset.py"


def subclasses_of(source):
    """Return all direct and indirect subclasses, except those that tests define."""
    direct = [other for other in source.__subclasses__() if other.__module__.startswith("core.")]
    return {*direct, *(inner for other in direct for inner in subclasses_of(other))}


@pytest.mark.parametrize("source", SOURCES, ids=by_name)
def test_every_source_is_documented(source):
    rows = (ROOT / "docs/specs.md").read_text().splitlines()
    name = source.source_name()
    assert any(row.startswith(f"| `{name}` |") for row in rows), f"docs/specs.md has no row for `{name}`"


@pytest.mark.parametrize("source", SOURCES, ids=by_name)
def test_every_source_is_in_the_module_of_its_name(source):
    assert source.__module__ == f"core.datasets.{source.source_name()}"


def test_every_source_is_either_built_in_or_uploaded():
    assert sorted(map(by_name, SOURCES)) == sorted(map(by_name, (*BUILT_IN_SOURCES, *UPLOADED_SOURCES)))


@pytest.mark.parametrize("source", SOURCES, ids=by_name)
def test_every_source_has_the_methods_that_others_call(source):
    missing = ", ".join(source.__abstractmethods__)
    assert not missing, f"{source.__name__} has no {missing}: see the base classes in core/datasets/base.py"


@pytest.mark.parametrize("source", SOURCES, ids=by_name)
def test_every_source_says_what_it_holds_out(source):
    assert isinstance(make(source).split, Split)


@pytest.mark.parametrize("source", BUILT_IN_SOURCES, ids=by_name)
def test_every_built_in_source_is_described_in_a_sentence(source):
    about = getattr(source, "about", "")
    assert about.endswith("."), f"{source.__name__}.about is {about!r}: write a sentence for GET /v1/datasets"


@pytest.mark.parametrize("source", BUILT_IN_SOURCES, ids=by_name)
def test_every_built_in_source_has_a_shape(source):
    shape = make(source).shape()
    assert shape.num_train > 0
    assert min(shape.input_shape) > 0


@pytest.mark.parametrize("source", BUILT_IN_SOURCES, ids=by_name)
def test_limited_numbers_of_samples_have_fields(source):
    for field, number in make(source).sizes_asked().items():
        assert field in source.model_fields
        assert number > 0


@pytest.mark.parametrize("source", [source for source in SOURCES if "augmentation" in source.model_fields], ids=by_name)
def test_every_field_for_augmentation_is_used(source):
    asked = make(source, augmentation={"horizontal_flip": True}).augmentation_asked()
    assert asked == Augmentation(horizontal_flip=True), f"{source.__name__} has no augmentation_asked of its own"


@pytest.mark.parametrize(
    "source", [source for source in SOURCES if "target_scaling" in source.model_fields], ids=by_name
)
def test_every_field_for_target_scaling_is_used(source):
    asked = make(source, target_scaling="standardize").target_scaling_asked()
    assert asked == "standardize", f"{source.__name__} has no target_scaling_asked of its own"


@pytest.mark.parametrize("source", SOURCES, ids=by_name)
def test_sources_without_such_fields_change_no_images_and_scale_no_targets(source):
    asked = make(source)
    assert not asked.augmentation_asked().is_any
    assert (asked.target_scaling_asked() == "none") is ("target_scaling" not in source.model_fields)


@pytest.mark.parametrize("source", UPLOADED_SOURCES, ids=by_name)
def test_every_uploaded_source_reads_one_kind_of_upload_and_rejects_the_others(source):
    descriptions = DESCRIPTIONS | PARTICULAR.get(source.source_name(), {})
    rejections = {kind: rejection(source, description) for kind, description in descriptions.items()}

    taken = [kind.__name__ for kind, error in rejections.items() if error is None]
    assert len(taken) == 1, f"{source.__name__} reads {taken}"
    for kind, error in rejections.items():
        if error is not None:
            assert [(problem.pointer, problem.code) for problem in error.problems] == [
                ("/dataset/name", "other_kind_of_data")
            ]
            assert f"dataset.name '{DESCRIPTIONS[kind].kind}'" in error.detail


def rejection(source, description):
    """Return the error for an upload that is rejected; None for one that is read."""
    try:
        make(source).shape(description)
    except InvalidSpec as error:
        return error
    return None


@pytest.mark.parametrize("source", UPLOADED_SOURCES, ids=by_name)
def test_every_uploaded_source_says_how_to_upload_what_is_not_there(source):
    with pytest.raises(DatasetMissing, match=r"trainyard data add mine (FILE|DIR)"):
        make(source).shape(None)


@pytest.mark.parametrize("kind", get_args(get_args(DatasetDescription)[0]), ids=by_name)
def test_every_kind_of_upload_has_a_source_to_begin_with(kind):
    suggested = [source.source_name() for source in UPLOADED_SOURCES if source.suggest(DESCRIPTIONS[kind])]
    assert len(suggested) == 1, f"{kind.__name__} is suggested by {suggested}: see UploadedDataset.suggest"
