from benchmarks.serving.__main__ import main
from benchmarks.serving.results import Results

OURS = ["ours-v1", "ours-v2", "ours-binary"]
WITHOUT_ENVIRONMENTS = [*OURS, "known", "bare", "bare-binary"]


def test_sides_of_this_environment_answer_rightly_and_are_judged(tmp_path, capsys):
    path = tmp_path / "results.json"
    sides = ",".join(WITHOUT_ENVIRONMENTS)

    main(
        [
            "--cases",
            "iris",
            "--sides",
            sides,
            "--connections",
            "1",
            "--rounds",
            "2",
            "--seconds",
            "0.2",
            "--output",
            str(path),
        ]
    )

    results = Results.read(path)
    assert [turn.side for turn in results.turns] == [*WITHOUT_ENVIRONMENTS, *WITHOUT_ENVIRONMENTS[::-1]]
    assert {turn.number for turn in results.turns} == {0, 1}
    for turn in results.turns:
        assert turn.found.errors == {}
        assert turn.found.num_answers > 0
        assert turn.found.server_us > 0
    assert results.network_us["iris"] > 0
    assert results.idle_mb.keys() == {"trainyard", "known", "bare"}
    output = capsys.readouterr().out
    for title in ("Trainyard, v1 JSON", "bare ASGI, v2 binary", "v1 JSON, by bare ASGI", "v2 binary, by v2 JSON"):
        assert title in output
