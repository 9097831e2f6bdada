from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from core.specs.parsing import steps_into_value


class Apple(BaseModel):
    kind: Literal["apple"]
    apple: int = 0


class Pear(BaseModel):
    kind: Literal["pear", "0"]
    weights: tuple[int, Literal["g", "kg"]] = (1, "g")


Fruit = Annotated[Apple | Pear, Field(discriminator="kind")]


class Basket(BaseModel):
    apple: Fruit | None = None
    others: list[Fruit] = []
    by_name: dict[str, Fruit] = {}
    size: int | Literal["small"] = "small"
    within: "Basket | None" = None


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ({"apple": {"kind": "apple", "apple": "x"}}, ("apple", "apple")),
        ({"apple": {"kind": "pear", "weights": [1, "mg"]}}, ("apple", "weights", 1)),
        ({"apple": {"kind": "0", "weights": ["x", "g"]}}, ("apple", "weights", 0)),
        ({"others": [{"kind": "pear"}, {"kind": "apple", "apple": None}]}, ("others", 1, "apple")),
        ({"others": [{"kind": "fig"}]}, ("others", 0)),
        ({"by_name": {"apple": {"kind": "apple", "apple": None}}}, ("by_name", "apple", "apple")),
        ({"size": "great"}, ("size",)),
        ({"within": {"within": {"apple": {"kind": "apple", "apple": []}}}}, ("within", "within", "apple", "apple")),
    ],
)
def test_names_of_union_members_are_left_out_for_any_field_names(value, steps):
    with pytest.raises(ValidationError) as caught:
        Basket.model_validate(value)
    for entry in caught.value.errors():
        assert steps_into_value(Basket, entry["loc"]) == steps
