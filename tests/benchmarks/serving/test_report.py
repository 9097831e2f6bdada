import pytest

from benchmarks.serving.report import list_errors, write_report


def test_a_case_is_a_table_of_sides_by_connections(make_turn, make_results):
    found = make_results(
        make_turn("ours-v1", throughput=4_000, p50=0.25, p99=1.5),
        make_turn("mlserver", throughput=1_000, p50=1.0, p99=2.0),
        make_turn("mlserver", connections=16, throughput=1_250, p50=12.5, p99=20.0),
    )

    lines = write_report(found).splitlines()

    assert "**iris MLP, 1 row**; the network alone takes 20 µs." in lines
    assert "| connections: | 1 | 16 |" in lines
    assert "| Trainyard, v1 JSON | 4,000 · 0.25 · 1.5 · 250 |  |" in lines
    assert "| MLServer, v2 JSON | 1,000 · 1 · 2 · 1,000 | 1,250 · 12.5 · 20 · 800 |" in lines


def test_bars_follow_with_their_outcome(make_turn, make_results):
    found = make_results(
        make_turn("ours-v1", throughput=4_000, p50=1.02), make_turn("mlserver", throughput=1_000, p50=1.0)
    )

    lines = write_report(found).splitlines()

    assert "| v1 JSON: answers a second, by MLServer's | iris MLP, 1 row | 1 | 3× | 4.0× | 4.0× | met |" in lines
    assert "| MLServer's p50, by v1 JSON's | iris MLP, 1 row | 1 | 1× | 0.98× |  | **NOT MET** |" in lines


def test_what_the_network_allows_is_shown_where_it_is_little(make_turn, make_results):
    found = make_results(make_turn("ours-v1"), make_turn("mlserver"), network_us=2_500)

    assert "| 3× | 1.00× (at most 4×) | 1.00× | **NOT MET** |" in write_report(found)


def test_errors_are_shown_in_the_table_and_listed(make_turn, make_results):
    infinite = float("inf")
    errors = {"wrong answer": 7, "status 500": 1_234}
    found = make_results(make_turn("ours-v1", throughput=0.0, p50=infinite, p99=infinite, errors=errors))

    assert "| Trainyard, v1 JSON | 0 · – · – · – · **1,241 errors** |" in write_report(found)
    assert list(list_errors(found)) == [
        "iris MLP, 1 row, Trainyard, v1 JSON, 1 connections: 1,234 × status 500",
        "iris MLP, 1 row, Trainyard, v1 JSON, 1 connections: 7 × wrong answer",
    ]


@pytest.mark.parametrize(("idle_mb", "outcome"), [(150.0, "met"), (150.1, "**NOT MET**")])
def test_memory_of_our_service_is_judged(idle_mb, outcome, make_turn, make_results):
    line = f"Resident megabytes before the first prediction: trainyard 150 (at most 150: {outcome}), mlserver 160."

    assert line in write_report(make_results(make_turn("ours-v1"), idle_mb=idle_mb)).splitlines()
