from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.alias_targets import (
    leave_out,
    list_answering,
    list_named,
    make_targets,
    measure_shares,
    read_targets,
    write_targets,
)
from core.served_models import ServedAlias

weights = st.dictionaries(st.integers(1, 50), st.integers(1, 1000), min_size=1, max_size=6)


@st.composite
def any_targets(draw):
    split = draw(weights)
    shadow = draw(st.none() | st.integers(51, 60))
    return make_targets(split, shadow)


def test_a_single_version_answers_everything_whatever_its_weight():
    assert make_targets({3: 90}) == ServedAlias(version=3)
    assert measure_shares(make_targets({3: 90})) == {3: 1}


def test_a_split_is_in_order_of_version_and_its_first_stands_for_it():
    targets = make_targets({4: 10, 3: 90}, shadow=5)
    assert targets == ServedAlias(version=3, split=((3, 90), (4, 10)), shadow=5)
    assert (list_answering(targets), list_named(targets)) == ((3, 4), (3, 4, 5))
    assert measure_shares(targets) == {3: Fraction(9, 10), 4: Fraction(1, 10)}


@pytest.mark.parametrize(
    ("targets", "version", "rest"),
    [
        (make_targets({3: 1}), 3, None),
        (make_targets({3: 1}), 4, make_targets({3: 1})),
        (make_targets({3: 1}, 5), 5, make_targets({3: 1})),
        (make_targets({3: 1}, 5), 4, make_targets({3: 1}, 5)),
        # A shadow does not begin to answer.
        (make_targets({3: 1}, 5), 3, None),
        (make_targets({3: 90, 4: 10}), 3, make_targets({4: 1})),
        (make_targets({3: 90, 4: 10}, 5), 4, make_targets({3: 1}, 5)),
        (make_targets({3: 60, 4: 30, 5: 10}), 3, make_targets({4: 30, 5: 10})),
    ],
)
def test_without_a_version_the_others_share_its_requests(targets, version, rest):
    assert leave_out(targets, version) == rest


@given(any_targets(), st.data())
def test_the_others_keep_the_proportions_of_their_shares(targets, data):
    gone = data.draw(st.sampled_from(list_answering(targets)))
    rest = leave_out(targets, gone)
    shares = measure_shares(targets)
    if rest is None:
        assert list_answering(targets) == (gone,)
    else:
        left = 1 - shares[gone]
        assert measure_shares(rest) == {version: share / left for version, share in shares.items() if version != gone}


@given(any_targets())
def test_a_document_gives_the_same_targets(targets):
    assert read_targets(write_targets(targets)) == targets


def test_a_document_is_the_body_of_a_request():
    assert write_targets(make_targets({3: 1})) == {"version": 3}
    assert write_targets(make_targets({3: 90, 4: 10}, 5)) == {"versions": {"3": 90, "4": 10}, "shadow": 5}
