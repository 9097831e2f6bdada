from benchmarks.batch_prediction import _answer, _ours, prepare


def test_our_side_answers_every_row(tmp_path):
    prepare(tmp_path, 50)
    outcome = _ours(tmp_path)()
    assert (outcome.num_refused, outcome.result.name) == (0, "answers.csv")


def test_an_answering_is_measured(tmp_path):
    prepare(tmp_path, 50)
    found = _answer("trainyard", tmp_path)
    assert found.seconds > 0
    assert found.cpu_seconds > 0
    assert found.peak_mebibytes > 1
