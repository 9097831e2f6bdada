from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.errors import InvalidFilter
from core.filters.reading import read_filter, read_order
from core.filters.tree import And, Condition, Field, Kind, Not, Operator, Or

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STATE = Field("state", Kind.WORD)
PRIORITY = Field("priority", Kind.NUMBER)
FAILED = Condition(STATE, Operator.EQUAL, ("failed",))
HIGH = Condition(PRIORITY, Operator.GREATER, (3,))


def mistake(text):
    """Position of the caret, and the code, of a filter with a mistake."""
    with pytest.raises(InvalidFilter) as raised:
        read_filter(text, NOW)
    (problem,) = raised.value.problems
    sentence, _shown, caret = problem.detail.rsplit("\n", 2)
    number = int(sentence.removeprefix("Character ").partition(" ")[0].replace(",", ""))
    assert caret.endswith("^")
    assert len(text) > 70 or caret.index("^") == number + 1
    return number, problem.code


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("state = failed", FAILED),
        ("state='failed'", FAILED),
        ("(state == failed)", FAILED),
        ("state != failed", Not(FAILED)),
        ("NOT state = failed", Not(FAILED)),
        ("state = failed and priority > 3", And((FAILED, HIGH))),
        ("state = failed OR priority > 3", Or((FAILED, HIGH))),
        ("state = failed or state = failed and priority > 3", Or((FAILED, And((FAILED, HIGH))))),
        ("(state = failed or state = failed) and priority > 3", And((Or((FAILED, FAILED)), HIGH))),
        ("not state = failed and priority > 3", And((Not(FAILED), HIGH))),
        ("state in (failed)", Condition(STATE, Operator.IN, ("failed",))),
        ("state not in (failed, queued)", Not(Condition(STATE, Operator.IN, ("failed", "queued")))),
        ("priority is null", Condition(PRIORITY, Operator.IS_NULL)),
        ("priority = null", Condition(PRIORITY, Operator.IS_NULL)),
        ("priority is not null", Not(Condition(PRIORITY, Operator.IS_NULL))),
        ("priority:*", Not(Condition(PRIORITY, Operator.IS_NULL))),
        ("priority <= -1.5e2", Condition(PRIORITY, Operator.LESS_OR_EQUAL, (-150.0,))),
        ("notes: or", Condition(Field("notes", Kind.TEXT), Operator.CONTAINS, ("or",))),
        ("notes contains 'it\\'s'", Condition(Field("notes", Kind.TEXT), Operator.CONTAINS, ("it's",))),
        ("tags.in = not", Condition(Field("tags", Kind.TEXT, ("in",)), Operator.EQUAL, ("not",))),
        ('tags."a.b \\"c\\"" = "5"', Condition(Field("tags", Kind.TEXT, ('a.b "c"',)), Operator.EQUAL, ("5",))),
        (
            "metrics.epoch/train/loss.best >= .5",
            Condition(Field("metrics", Kind.NUMBER, ("epoch/train/loss", "best")), Operator.GREATER_OR_EQUAL, (0.5,)),
        ),
        (
            "spec.a.0.'0' in (1, '1', true, word)",
            Condition(Field("spec", Kind.JSON, ("a", 0, "0")), Operator.IN, (1.0, "1", True, "word")),
        ),
    ],
)
def test_filters_have_these_trees(text, tree):
    assert read_filter(text, NOW) == tree


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02T09:30:00Z", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("'2026-03-02 09:30:00.5+01:00'", datetime(2026, 3, 2, 8, 30, 0, 500_000, tzinfo=UTC)),
        ("now", NOW),
        ("now-7d", NOW - timedelta(days=7)),
        ("now+90m", NOW + timedelta(minutes=90)),
        ("NOW-2W", NOW - timedelta(weeks=2)),
    ],
)
def test_times_are_absolute_or_count_from_now(text, time):
    assert read_filter(f"created_at > {text}", NOW).values == (time,)


def test_ids_are_compared_whole():
    run_id = "01935a3f-2d4c-7e21-9c1b-5a1f4e0d7b62"
    assert read_filter(f"id = {run_id}", NOW).values == (UUID(run_id),)
    assert mistake("id = 01935a3f")[1] == "wrong_type"


@pytest.mark.parametrize(
    ("text", "position", "code"),
    [
        ("stat = failed", 1, "unknown_field"),
        ("state = succeded", 9, "unknown_word"),
        ("state < failed", 1, "wrong_operator"),
        ("priority contains 3", 1, "wrong_operator"),
        ("state = failed and model = 5", 28, "wrong_type"),
        ("model = true", 9, "wrong_type"),
        ('priority = "5"', 12, "wrong_type"),
        ("priority = 1e999", 12, "number_too_large"),
        ("metrics.a.best = nan", 18, "wrong_type"),
        ("metrics.a = 1", 1, "incomplete_field"),
        ("metrics.a.bst = 1", 11, "unknown_field"),
        ("tags = a", 1, "incomplete_field"),
        ("tags.a.b = c", 8, "unknown_field"),
        ("error = oom", 1, "incomplete_field"),
        ("error.cod = oom", 7, "unknown_field"),
        ("state.x = failed", 7, "unknown_field"),
        ("spec.é = 1", 6, "unsupported_name"),
        ("spec.a > true", 10, "wrong_type"),
        ("spec.a contains 3", 17, "wrong_type"),
        ("model < null", 9, "wrong_type"),
        ("state in (failed, null)", 19, "wrong_type"),
        ("created_at > yesterday", 14, "wrong_type"),
        ("created_at > 2026-03-02T09:30:00", 14, "no_time_zone"),
        ("created_at > 2026-02-30", 14, "no_such_time"),
        ("created_at > now-999999999w", 14, "no_such_time"),
        ("created_at > 0001-01-01T00:00:00+23:00", 14, "no_such_time"),
        ("state = failed and", 19, "syntax"),
        ("(state = failed", 16, "syntax"),
        ("state = failed)", 15, "syntax"),
        ("state = 'failed", 9, "syntax"),
        ("state failed", 7, "syntax"),
        ("state in ()", 11, "syntax"),
        ("state ~ failed", 7, "syntax"),
        ("= failed", 1, "syntax"),
        (" ", 1, "empty"),
        ("notes = '\x00'", 10, "text_not_storable"),
        ("notes = '\ud800'", 10, "text_not_storable"),
    ],
)
def test_a_mistake_is_pointed_at(text, position, code):
    assert mistake(text) == (position, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(" * 33 + "state = failed" + ")" * 33, "too_deep"),
        ("not " * 33 + "state = failed", "too_deep"),
        (" or ".join(["state = failed"] * 101), "too_many"),
        (f"priority in ({','.join(['1'] * 1001)})", "too_many"),
        ("(" * 8000, "syntax"),
    ],
)
def test_a_filter_is_bounded(text, code):
    assert mistake(text)[1] == code


def test_a_filter_at_the_bounds_is_read():
    read_filter("not (" * 15 + "state = failed" + ")" * 15, NOW)
    read_filter(" or ".join(["state = failed"] * 100), NOW)
    with pytest.raises(InvalidFilter, match="at most 8,192"):
        read_filter("a" * 8193, NOW)


def test_a_long_line_is_shown_around_the_mistake():
    text = " or ".join(["state = failed"] * 20) + " or stat = failed and " + " or ".join(["state = failed"] * 20)
    with pytest.raises(InvalidFilter) as raised:
        read_filter(text, NOW)
    _, shown, caret = raised.value.detail.split("\n")
    assert len(shown) < 80
    assert shown[caret.index("^") :].startswith("stat = failed")


@pytest.mark.parametrize(
    ("text", "name", "is_falling"),
    [
        ("created_at", "created_at", False),
        ("-created_at", "created_at", True),
        ("created_at DESC", "created_at", True),
        ("tags.a asc", "tags", False),
        ("error.code", "error", False),
    ],
)
def test_orders_are_read(text, name, is_falling):
    order = read_order(text)
    assert (order.field.name, order.is_falling) == (name, is_falling)


@pytest.mark.parametrize("text", ["notes", "error.detail", "-a desc", "-state desc", "state failed", "", "a,b"])
def test_wrong_orders_are_refused(text):
    with pytest.raises(InvalidFilter, match="of sort"):
        read_order(text)


@pytest.mark.parametrize(
    ("field", "written"),
    [
        (Field("tags", Kind.TEXT, ("team",)), "tags.team"),
        (Field("tags", Kind.TEXT, ('a."b"',)), 'tags."a.\\"b\\""'),
        (Field("spec", Kind.JSON, ("a", 0, "0")), 'spec.a.0."0"'),
    ],
)
def test_a_field_is_written_as_it_is_read(field, written):
    assert str(field) == written
    assert read_filter(f"{written} is null", NOW).field == field
