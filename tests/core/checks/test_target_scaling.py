import pytest

from core.checks.outputs import check_target_scaling
from core.errors import InvalidSpec
from core.experiment import parse_spec


def spec(loss, target_scaling):
    return parse_spec(
        {
            "name": "prices",
            "dataset": {"name": "table", "dataset": "homes", "target": "price", "target_scaling": target_scaling},
            "model": {"kind": "mlp", "layers": [{"units": 1}]},
            "training": {"loss": loss},
        }
    )


@pytest.mark.parametrize(("loss", "is_classification"), [("poisson", False), ("mse", True)])
def test_standardising_what_can_not_be_is_refused(loss, is_classification):
    with pytest.raises(InvalidSpec) as caught:
        check_target_scaling(spec(loss, "standardize"), is_classification=is_classification)
    assert [problem.pointer for problem in caught.value.problems] == ["/dataset/target_scaling"]


@pytest.mark.parametrize(("loss", "asked"), [("poisson", "auto"), ("poisson", "none"), ("huber", "standardize")])
def test_other_choices_pass(loss, asked):
    check_target_scaling(spec(loss, asked), is_classification=False)
