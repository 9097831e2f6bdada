import ast
import subprocess
import sys
from pathlib import Path

import pytest

from core.catalogue.presets import list_presets
from core.code.datasets.base import Upload
from core.code.datasets.loading import WRITERS as SOURCES_WRITTEN
from core.code.networks.layers import WRITERS as LAYERS_WRITTEN
from core.code.objectives.losses import KERAS_CLASSES as LOSSES_WRITTEN
from core.code.objectives.losses import OWN_CLASSES
from core.code.objectives.metrics import OF_DECISIONS, OF_NUMBERS
from core.code.program import write_program
from core.datasets.dataset import SOURCES
from core.experiment import EXAMPLE, parse_spec
from core.networks.layer import BaseLayer, WeightedLayer
from core.specs.losses import LOSSES
from core.specs.metrics import METRICS
from core.uploads.description import (
    ArrayDescription,
    ArraysDescription,
    ColumnDescription,
    DescriptionFile,
    ImagesDescription,
    TableDescription,
    ValueCount,
)
from core.uploads.reading import Finding, TextForm

HOSTILE = [
    '"""\nimport os; os.abort()\n"""',
    "'''\\",
    'x"); raise SystemExit(7) #',
    "\u202eünï\r\n数",
    "{0}{name}%s\\N{DIGIT ONE}",
]

SHA256 = "ab" * 32


def upload_of(description, form, **more):
    return Upload("mine", HOSTILE[0], 2, SHA256, DescriptionFile(format=form, description=description, **more))


def values(*texts):
    return tuple(ValueCount(value=text, count=9) for text in texts)


def hostile_table():
    form = TextForm(missing_words=('"""', "'''"), unit=HOSTILE[2], decimal=",", date_format="%d.%m.%Y'\"")
    columns = [
        ColumnDescription(name=name, type=kind, num_missing=1, num_distinct=5, values=values(*HOSTILE), text=form)
        for name, kind in zip(HOSTILE, ("text", "number", "date", "text", "integer"), strict=True)
    ]
    findings = (Finding(option="delimiter", value="'", sureness="certain"),)
    return upload_of(TableDescription(num_rows=45, columns=tuple(columns)), "csv", findings=findings)


def spec_of(dataset, units=5, **more):
    layers = [{"units": units, "activation": "softmax"}]
    training = {"loss": "sparse_categorical_crossentropy", "epochs": 1, **more.pop("training", {})}
    return parse_spec(
        {
            "name": "hostile",
            "dataset": dataset,
            "model": {"kind": "mlp", "layers": layers},
            "training": training,
            **more,
        }
    )


NAMED = {"dataset": "mine", "version": 2, "sha256": SHA256}


def hostile_programs():
    table = {
        "name": "table",
        **NAMED,
        "target": HOSTILE[0],
        "columns": {HOSTILE[3]: {"missing": "constant", "fill_value": HOSTILE[1], "encoding": "embedding"}},
    }
    weights = {"class_weight": {HOSTILE[1]: 2}}
    yield write_program(spec_of(table, training=weights), hostile_table())
    split = {"validation": 0.2, "order_by": HOSTILE[2], "shuffle": False}
    yield write_program(spec_of({**table, "split": split}), hostile_table())
    inline = {
        "name": "inline",
        "inputs": [[0], [1]],
        "targets": [0, 1],
        "class_labels": ['"""', "'\\"],
        "columns": ['"""'],
    }
    yield write_program(spec_of(inline, units=2))
    images = ImagesDescription(
        num_images=45,
        classes=values(*HOSTILE),
        least_height=4,
        greatest_height=4,
        least_width=4,
        greatest_width=4,
        num_grey=0,
    )
    yield write_program(spec_of({"name": "images", **NAMED}), upload_of(images, "zip"))
    arrays = [
        ArrayDescription(name=name, shape=(9, *more), dtype="float64")
        for name, more in ((HOSTILE[0], (3,)), (HOSTILE[1], ()))
    ]
    named = {"name": "arrays", **NAMED, "inputs": HOSTILE[0], "targets": HOSTILE[1], "target_scaling": "none"}
    linear = {"model": {"kind": "mlp", "layers": [{"units": 1}]}, "training": {"loss": "mse"}}
    yield write_program(
        parse_spec({"name": "hostile", "dataset": named, **linear}),
        upload_of(ArraysDescription(arrays=tuple(arrays)), "npz"),
    )


def test_names_and_labels_stay_texts_in_the_program():
    for program in hostile_programs():
        tree = ast.parse(program.text)
        called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert "abort" not in called
        assert "os" not in named
        assert "\u202e" not in program.text
        assert texts & {*HOSTILE, '"""'}, program.text
        # The docstring holds no text of users.
        assert not any(text in ast.get_docstring(tree) for text in HOSTILE)


def written_programs():
    for preset in list_presets():
        if not hasattr(preset.spec.dataset, "dataset"):
            yield write_program(preset.spec)
    yield write_program(parse_spec(EXAMPLE), origin="of a spec")
    yield from hostile_programs()


def test_programs_are_formatted_and_free_of_findings(tmp_path):
    for number, program in enumerate(written_programs()):
        (tmp_path / f"program_{number}.py").write_text(program.text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]

    formatted = subprocess.run(
        [*ruff, "format", "--isolated", "--diff", tmp_path], capture_output=True, text=True, check=False
    )
    checked = subprocess.run([*ruff, "check", "--isolated", tmp_path], capture_output=True, text=True, check=False)

    assert formatted.returncode == 0, formatted.stdout[:4000]
    assert checked.returncode == 0, checked.stdout[:4000]


def test_the_same_spec_gives_the_same_program():
    assert len({write_program(parse_spec(EXAMPLE)).text for _ in range(3)}) == 1


def test_every_choice_of_a_spec_has_its_source():
    def concrete(base):
        for each in base.__subclasses__():
            yield from concrete(each)
            if each is not WeightedLayer:
                yield each

    assert set(SOURCES_WRITTEN) == set(SOURCES)
    assert set(LAYERS_WRITTEN) == {layer for layer in concrete(BaseLayer) if layer.__module__.startswith("core.")}
    assert {*LOSSES_WRITTEN, *OWN_CLASSES} == set(LOSSES)
    assert {*OF_DECISIONS, *OF_NUMBERS, "accuracy", "top_k_categorical_accuracy"} == set(METRICS)


@pytest.mark.parametrize(
    ("training", "word"),
    [
        ({"record": ["weights"]}, "training.record"),
        ({"precision": "mixed_bfloat16"}, "mixed_bfloat16"),
        ({"devices": 2}, "2 devices"),
    ],
)
def test_what_a_program_does_otherwise_is_said_at_its_beginning(training, word):
    program = write_program(parse_spec({**EXAMPLE, "training": {**EXAMPLE["training"], **training}}))

    assert word in " ".join(program.differences)
    assert word in ast.get_docstring(ast.parse(program.text))


def test_a_program_does_not_mention_what_it_does_not_need():
    text = write_program(parse_spec(EXAMPLE)).text

    assert "trainyard" not in text.replace("Trainyard", "")
    assert "import tensorflow" not in text
    assert "It differs" not in text


def test_the_documentation_shows_the_program_of_today():
    page = (Path(__file__).parents[3] / "docs" / "code.md").read_text(encoding="utf-8")
    shown = page.partition("```python\n")[2].partition("```")[0]

    assert shown == write_program(parse_spec(EXAMPLE), origin="of a spec").text
