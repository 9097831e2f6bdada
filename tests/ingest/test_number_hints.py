import pytest


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (["9007199254740993", "0.5"], ["digits_lost"]),
        (["9007199254740992", "0.5"], []),
        (["-9007199254740993.0", "0.5"], ["digits_lost"]),
        (["1e300", "0.1000000000000000055511151231257827"], []),
        (["9007199254740993", "1"], []),
        (["20240131", "20231231"], ["read_as_number"]),
        (["20240131", ""], ["read_as_number"]),
        (["20240131", "20230229"], []),
        (["20240131", "2024013"], []),
        (["30240131"], []),
    ],
    ids=str,
)
def test_numbers_that_may_be_something_else_are_told(take, values, codes):
    found = take("v,n\n" + "".join(f"{value},{number}\n" for number, value in enumerate(values)))
    assert [notice.code for notice in found.warnings] == codes


def test_the_warning_shows_a_number_and_what_became_of_it(take):
    found = take("v,n\n9007199254740993,1\n0.5,2\n9007199254740995,3\n")
    (notice,) = found.warnings
    assert "2 of its numbers are longer, such as “9007199254740993”, which became 9007199254740992" in notice.detail
    assert notice.pointer == "/columns/0"
