"""Choice of the version of a split for a request."""

import math
from collections import Counter
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from core.alias_targets import list_answering, make_targets, measure_shares
from core.served_models import ServedAlias, ServedModel, ServedVersion

NUM_REQUESTS = 2000

splits = st.dictionaries(st.integers(1, 30), st.integers(1, 1000), min_size=2, max_size=5)


@given(st.text(), st.none() | st.integers(1, 9))
def test_one_version_answers_every_request(request_id, shadow):
    assert ServedAlias(version=3, shadow=shadow).choose(request_id) == 3


@given(splits, st.text(st.characters()))
def test_the_same_request_is_answered_by_the_same_version(weights, request_id):
    targets = make_targets(weights)
    chosen = targets.choose(request_id)
    assert chosen in list_answering(targets)
    # Not dependent on the process or the order in which the weights came.
    assert make_targets(dict(reversed(list(weights.items())))).choose(request_id) == chosen


def test_an_id_that_is_no_text_of_unicode_chooses_too():
    # A header's bytes may decode to half of a surrogate pair.
    assert make_targets({3: 1, 4: 1}).choose("\ud800") in {3, 4}


def test_the_newest_version_of_a_model_is_its_first():
    versions = {number: ServedVersion(number, None, None, None) for number in (7, 5, 6)}
    model = ServedModel(name="line", is_unloaded=False, versions=versions)
    assert (model.newest, model.aliases) == (7, {})


def test_the_choice_is_the_same_in_every_version_of_this_service():
    targets = make_targets({3: 50, 4: 50})
    # crc32 of the ids modulo 100: 45, 95, 7, 81.
    chosen = [targets.choose(request_id) for request_id in ("request-1", "request-2", "a", "b")]
    assert chosen == [3, 4, 3, 4]


@settings(max_examples=25)
@given(splits, st.integers(0, 2**64), st.sampled_from(["uuid", "count"]))
def test_versions_get_the_shares_of_their_weights(weights, start, form):
    targets = make_targets(weights)
    ids = [
        str(UUID(int=((start + number) * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))
        if form == "uuid"
        else f"req-{start + number}"
        for number in range(NUM_REQUESTS)
    ]
    counts = Counter(targets.choose(request_id) for request_id in ids)
    for version, share in measure_shares(targets).items():
        # Six standard deviations of so many independent draws.
        spread = 6 * math.sqrt(NUM_REQUESTS * share * (1 - share)) + 1
        assert abs(counts[version] - NUM_REQUESTS * share) <= spread
