from benchmarks.serving.soak.aliases import SETTLING_SECONDS, AliasHistory


def test_the_first_version_may_answer_before_any_move():
    assert AliasHistory(1).allowed(10, 11) == {1}


def test_both_versions_may_answer_while_an_alias_moves():
    history = AliasHistory(1)
    history.begin(2, 10)

    assert history.allowed(8, 9) == {1}
    assert history.allowed(8, 10) == {1, 2}
    # Nobody knows yet whether it has moved.
    assert history.allowed(99, 100) == {1, 2}


def test_the_version_before_may_answer_until_the_move_has_settled():
    history = AliasHistory(1)
    history.begin(2, 10)
    history.confirm(11)

    assert history.allowed(11 + SETTLING_SECONDS, 20) == {1, 2}
    assert history.allowed(11 + SETTLING_SECONDS + 0.01, 20) == {2}


def test_a_slow_request_may_be_answered_by_every_version_meanwhile():
    history = AliasHistory(1)
    for version, sent in ((2, 10), (3, 20)):
        history.begin(version, sent)
        history.confirm(sent)

    assert history.allowed(9, 20) == {1, 2, 3}
    assert history.allowed(15, 19) == {2}
    assert history.allowed(30, 31) == {3}
