import pytest

RUN_ID = "01920000-0000-7000-8000-000000000001"
RUN_PATH = f"/v1/runs/{RUN_ID}"


def test_tags_are_set_and_removed(invoke, fake, run_document):
    fake.on("PATCH", RUN_PATH, run_document(tags={"team": "vision", "x": "a=b"}))
    result = invoke("tag", RUN_ID, "team=vision", "x=a=b", "--remove", "draft")
    assert fake.requests[0].body == {"tags": {"draft": None, "team": "vision", "x": "a=b"}}
    assert result.stdout == f"Run {RUN_ID}: team=vision, x=a=b\n"


@pytest.mark.parametrize("arguments", [["team"], ["=vision"], [], ["team=x", "--remove", "team"]])
def test_what_is_no_tag_is_refused(invoke, fake, arguments):
    result = invoke("tag", RUN_ID, *arguments)
    assert result.exit_code == 1
    assert "tag" in result.stderr
    assert fake.requests == []


def test_notes_are_printed_and_written(invoke, fake, run_document):
    fake.on("GET", RUN_PATH, run_document(notes="the baseline"))
    fake.on("PATCH", RUN_PATH, run_document(notes="mine"))
    assert invoke("note", RUN_ID).stdout == "the baseline\n"
    assert "mine" in invoke("note", RUN_ID, "mine").stdout
    assert (fake.requests[1].body, "if-match" in fake.requests[1].headers) == ({"notes": "mine"}, False)
    invoke("note", RUN_ID, "mine", "--replace")
    invoke("note", RUN_ID, "")
    assert [request.headers["if-match"] for request in fake.requests[2:]] == ["*", "*"]
