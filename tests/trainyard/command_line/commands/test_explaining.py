import json

import pytest

from trainyard import Client

PATH = "/v1/models/irises:explain"
ROW = {
    "target": "setosa",
    "output": 0,
    "prediction": 0.9,
    "baseline": 0.3,
    "contributions": [
        {"name": "width\x1b[31m", "value": None, "contribution": -0.1, "standard_error": None},
        {"name": "length", "value": 5.5, "contribution": 0.7, "standard_error": 0.01},
        {"name": "city", "value": "Oslo", "contribution": 0.0, "standard_error": None},
    ],
    "heat_map": None,
}
IMAGE = {
    "target": None,
    "output": 0,
    "prediction": 2.5,
    "baseline": None,
    "contributions": None,
    "heat_map": {"cells": [[0.0, 1.0], [-0.5, None]], "cell_height": 2, "cell_width": 3},
}
REPORT = {"model": "irises", "version": 3, "method": "shapley", "num_passes": 65, "explanations": [ROW]}


@pytest.fixture
def explained(fake):
    fake.on("POST", PATH, REPORT)
    fake.on("GET", "/v1/models/irises/metadata", {})


@pytest.mark.usefixtures("explained")
def test_contributions_are_printed_the_greatest_first(invoke, fake):
    result = invoke("explain", "irises", '{"length": 5.5}')
    assert result.exit_code == 0
    heading, _, *rows = result.stdout.splitlines()
    assert heading == "Row 0: setosa 0.9, average 0.3"
    assert [row.split() for row in rows] == [
        ["length", "5.5", "0.7", "±", "0.01", "+" * 20],
        ["width\ufffd[31m", "-0.1", "−" * 3],
        ["city", "Oslo", "0"],
    ]
    assert fake.requests[-1].body == {"instances": [{"length": 5.5}]}


@pytest.mark.usefixtures("explained")
def test_options_are_sent(invoke, fake):
    arguments = ["--target", "rose", "--method", "occlusion", "--samples", "9", "--seed", "4"]
    fake.on("POST", "/v1/models/irises/labels/best:explain", REPORT)
    assert invoke("explain", "irises", '[{"x": 1}]', "--label", "best", *arguments).exit_code == 0
    assert fake.requests[-1].body == {
        "instances": [{"x": 1}],
        "target": "rose",
        "method": "occlusion",
        "num_samples": 9,
        "seed": 4,
    }


@pytest.mark.usefixtures("explained")
def test_a_number_may_be_the_target(invoke, fake):
    assert invoke("explain", "irises", '[{"x": 1}]', "--target", "2").exit_code == 0
    assert fake.requests[-1].body["target"] == 2


def test_a_heat_map_is_drawn_in_letters(invoke, fake):
    fake.on("POST", PATH, REPORT | {"explanations": [IMAGE]})
    assert invoke("explain", "irises", '[{"b64": ""}]').stdout == "Row 0: prediction 2.5\n  ██\n--\n"


@pytest.mark.usefixtures("explained")
def test_as_json_the_whole_answer_is_printed(invoke):
    assert json.loads(invoke("explain", "irises", '[{"x": 1}]', "--json").stdout) == REPORT


@pytest.mark.parametrize("form", ["svg", "png"])
def test_the_picture_is_saved(invoke, fake, tmp_path, form):
    fake.on("POST", PATH, "picture")
    path = tmp_path / "why"
    result = invoke("explain", "irises", '[{"x": 1}]', f"--{form}", str(path))
    assert (result.exit_code, result.stdout, path.read_bytes()) == (0, "", b"picture")
    assert fake.requests[-1].query == [("format", form)]


@pytest.mark.usefixtures("explained")
def test_the_client_reads_contributions_and_heat_maps(fake):
    with Client(fake.url) as client:
        explanations = client.explain("irises", [[1]], background=[[0]])
        assert fake.requests[-1].body == {"instances": [[1]], "background": [[0]]}
        fake.on("POST", PATH, REPORT | {"explanations": [IMAGE, ROW]})
        image, row = client.explain("irises", [[1]])
    assert (explanations.version, explanations.method, len(explanations)) == (3, "shapley", 1)
    assert (explanations[0].target, explanations[0].contributions[1].standard_error) == ("setosa", 0.01)
    assert image.heat_map is not None
    assert (image.heat_map.cells, image.heat_map.cell_width) == (((0.0, 1.0), (-0.5, None)), 3)
    assert (image.contributions, row.heat_map) == ((), None)
