from core.notices import LONGEST_DETAIL, MOST_OF_A_CODE, Notice, limit_notices


def test_a_notice_reads_as_its_text_with_code_and_place():
    assert str(Notice("rows_dropped", "/dataset/target", "2 rows are left out.")) == (
        "2 rows are left out. (rows_dropped at /dataset/target)"
    )
    assert str(Notice("files_ignored", "", "x.log is ignored.")) == "x.log is ignored. (files_ignored)"


def test_a_notice_is_kept_once():
    one, other = Notice("a", "", "One."), Notice("a", "/x", "One.")
    assert limit_notices([one, other, one]) == (one, other)


def test_of_many_notices_of_a_code_the_first_are_kept_and_the_rest_counted():
    many = [Notice("a", f"/{number}", "Odd.") for number in range(MOST_OF_A_CODE + 5)]
    other = Notice("b", "", "Strange.")
    # Nine as they are, and in place of the other six their number.
    assert limit_notices([*many, other]) == (
        *many[:9],
        Notice("a", "", "There are 6 more warnings of this kind."),
        other,
    )
    assert limit_notices(many[:10]) == tuple(many[:10])


def test_a_long_text_is_cut():
    (cut,) = limit_notices([Notice("a", "", "x" * (LONGEST_DETAIL + 1))])
    assert cut.detail == "x" * (LONGEST_DETAIL - 1) + "…"
