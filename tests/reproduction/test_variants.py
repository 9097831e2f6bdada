from core.catalogue.presets import list_presets
from reproduction.variants import ROWS, in_order, list_variant_runs

LOSS = {"kind": "metric", "says": "0.5", "metric": "train/loss", "at_most": 0.5, "because": "so"}


def test_only_variants_with_a_figure_are_run_on_further_seeds(make_preset):
    runs = list_variant_runs(make_preset(LOSS, LOSS | {"variant": "other"}, num_seeds=2))
    assert [(each.variant, each.seed) for each in runs] == [
        (None, 7),
        (None, 8),
        ("long", 7),
        ("other", 9),
        ("other", 10),
    ]


def test_variants_without_a_figure_can_be_left_out(make_preset):
    runs = list_variant_runs(make_preset(LOSS, LOSS | {"variant": "other", "beside": [None]}), variants=False)
    assert [each.variant for each in runs] == [None, "other"]


def test_a_digest_changes_with_the_spec_and_with_predictions_but_not_with_texts(make_preset):
    def digest(preset):
        return list_variant_runs(preset)[0].digest

    question = {"kind": "prediction", "instances": [[1]], "outputs": [[1]], "measure": "greatest_error"}
    asked = make_preset({"says": "1", "at_most": 0.1, "because": "so"} | question)
    assert digest(make_preset(LOSS)) == digest(make_preset(LOSS | {"says": "0.5 and no more", "at_most": 0.6}))
    assert digest(make_preset(LOSS)) != digest(asked)
    assert len({each.digest for each in list_variant_runs(make_preset(LOSS))}) == 3


def test_rows_come_in_the_order_of_the_course():
    names = [preset.name for preset in in_order(list_presets())]
    assert names[0] == "linear-regression"
    assert [name for name in names if name in ROWS] == [name for name in ROWS if name in names]
