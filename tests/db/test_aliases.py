"""Aliases with several versions, their history and rollback."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update

from core.alias_targets import make_targets
from core.errors import InvalidInput, NothingBefore, UnknownModel
from db import alias_history, aliases, claims, model_versions, runs, served_models, version_deletion
from db.alias_history import AliasAction
from db.records.registry import AliasRecord, ModelVersionRecord


@pytest.fixture
def versions(finished_run):
    """The model `adder` in five versions; the ids of their runs."""
    return [finished_run() for _ in range(5)]


@pytest.fixture
def put(database):
    """Set the alias `live` and commit."""

    def put(wanted, **options):
        targets = make_targets(*wanted) if isinstance(wanted, tuple) else wanted
        with database.transaction() as session:
            return aliases.set_alias(session, "adder", "live", targets, **options)

    return put


@pytest.fixture
def roll_back(database):
    def roll_back(**options):
        with database.transaction() as session:
            return aliases.roll_back(session, "adder", "live", **options).targets

    return roll_back


@pytest.fixture
def delete_version(database):
    def delete(version):
        with database.transaction() as session:
            return version_deletion.delete_version(session, "adder", version, force=True)

    return delete


def history(database, alias="live"):
    with database.reading() as session:
        return alias_history.list_page(session, "adder", alias, limit=100).items


def live(database):
    with database.reading() as session:
        return aliases.find_alias(session, "adder", "live")


SPLIT = ({3: 90, 4: 10}, 5)


@pytest.mark.usefixtures("versions")
def test_an_alias_splits_requests_and_has_a_shadow(database, put):
    moved = put(SPLIT)
    assert moved.targets == make_targets({3: 90, 4: 10}, 5)
    assert live(database) == moved
    with database.reading() as session:
        assert served_models.read(session, "adder").aliases == {"live": moved.targets}
        found = {version.version: version for version in model_versions.list_versions(session, "adder")}
    assert [found[number].aliases for number in (3, 4, 5)] == [("live",), ("live",), ()]
    assert [found[number].shadowed for number in (3, 4, 5)] == [(), (), ("live",)]


@pytest.mark.usefixtures("versions")
def test_setting_an_alias_replaces_its_split_and_its_shadow(database, put):
    put(SPLIT)
    assert put(({4: 1}, 2)).targets == make_targets({4: 1}, 2)
    assert put(({4: 50, 5: 50},)).targets == make_targets({4: 50, 5: 50})
    assert put(3).targets == make_targets({3: 1})
    assert live(database).revision == 4


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("wanted", [({3: 90, 6: 10},), ({3: 1}, 7), ({3: 1, 2**40: 1},), ({3: 1}, 2**40)])
def test_every_version_of_an_alias_has_to_be_there(database, put, wanted):
    with pytest.raises(UnknownModel, match=r"has no version \d+\. It has 5, 4, 3, 2, 1\."):
        put(wanted)
    assert live(database) is None
    assert history(database) == []


@pytest.mark.usefixtures("versions")
def test_each_change_is_in_the_history_newest_first(database, put, roll_back):
    put(3, caller="ada")
    put(SPLIT, caller="ci")
    roll_back(caller="ada")
    with database.transaction() as session:
        aliases.delete_alias(session, "adder", "live", caller="bob")
    one, split = make_targets({3: 1}), make_targets(*SPLIT)
    assert [(change.action, change.before, change.after, change.caller) for change in history(database)] == [
        (AliasAction.DELETED, one, None, "bob"),
        (AliasAction.ROLLED_BACK, split, one, "ada"),
        (AliasAction.SET, one, split, "ci"),
        (AliasAction.SET, None, one, "ada"),
    ]
    times = [change.changed_at for change in history(database)]
    assert times == sorted(times, reverse=True)


@pytest.mark.usefixtures("versions")
def test_setting_an_alias_to_what_it_is_changes_no_history(database, put):
    put(SPLIT)
    put(SPLIT)
    assert len(history(database)) == 1


@pytest.mark.usefixtures("versions")
def test_the_history_of_another_alias_is_not_shown(database, put):
    put(3)
    assert history(database, "other") == []


@pytest.mark.usefixtures("versions")
def test_the_history_comes_in_pages(database, put):
    for version in (1, 2, 3, 4, 5):
        put(version)
    seen, cursor = [], None
    with database.reading() as session:
        while True:
            page = alias_history.list_page(session, "adder", "live", limit=2, cursor=cursor)
            seen.append([change.after.version for change in page.items])
            cursor = page.next_cursor
            if cursor is None:
                break
    assert seen == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "Wy0xXQ", "WzFd" * 40])
def test_a_wrong_cursor_is_rejected(database, finished_run, cursor):
    finished_run()
    with database.reading() as session:
        for function, arguments in (
            (alias_history.list_page, ("adder", "live")),
            (model_versions.list_versions_page, ("adder",)),
        ):
            with pytest.raises(InvalidInput, match="is not a cursor"):
                function(session, *arguments, limit=2, cursor=cursor)


@pytest.mark.usefixtures("versions")
def test_a_rollback_undoes_the_last_change_and_the_next_one_goes_further_back(put, roll_back):
    put(1)
    put(SPLIT)
    put(2)
    assert roll_back() == make_targets(*SPLIT)
    assert roll_back() == make_targets({1: 1})
    with pytest.raises(NothingBefore, match="had no earlier version"):
        roll_back()


@pytest.mark.usefixtures("versions")
def test_after_a_rollback_the_next_change_is_undone_first(put, roll_back):
    put(1)
    put(2)
    put(3)
    assert roll_back().version == 2
    put(4)
    assert [roll_back().version for _ in range(2)] == [2, 1]
    put(5)
    assert roll_back().version == 1


@pytest.mark.usefixtures("versions")
def test_a_deleted_alias_is_rolled_back_to_what_it_was(database, put, roll_back):
    put(1)
    put(2)
    with database.transaction() as session:
        aliases.delete_alias(session, "adder", "live")
    assert roll_back().version == 2
    assert roll_back().version == 1
    put(3)
    with database.transaction() as session:
        aliases.delete_alias(session, "adder", "live")
    put(4)
    # A time without the alias is none to go back to.
    assert roll_back().version == 3


@pytest.mark.usefixtures("versions")
def test_an_alias_that_never_was_cannot_be_rolled_back(roll_back):
    with pytest.raises(UnknownModel, match="has no alias 'live'"):
        roll_back()


def test_an_alias_of_an_unknown_model_cannot_be_rolled_back(roll_back):
    with pytest.raises(UnknownModel, match="There is no model 'adder'"):
        roll_back()


@pytest.mark.usefixtures("versions")
def test_a_rollback_passes_over_deleted_versions(put, roll_back, delete_version):
    put(1)
    put(({1: 50, 2: 50},))
    put(({3: 1}, 2))
    put(4)
    delete_version(2)
    assert roll_back().version == 1
    with pytest.raises(NothingBefore):
        roll_back()


@pytest.mark.usefixtures("versions")
def test_an_alias_that_went_with_its_version_is_rolled_back_to_the_one_before(database, put, roll_back, delete_version):
    put(1)
    put(2)
    deletion = delete_version(2)
    assert (deletion.deleted_aliases, deletion.changed_aliases) == (("live",), ())
    assert live(database) is None
    assert roll_back().version == 1


@pytest.mark.usefixtures("versions")
def test_a_deleted_version_leaves_the_split_and_the_others_share_its_requests(database, put, delete_version):
    put(({2: 60, 3: 30, 4: 10}, 5))
    deletion = delete_version(2)
    assert (deletion.deleted_aliases, deletion.changed_aliases) == ((), ("live",))
    assert live(database).targets == make_targets({3: 30, 4: 10}, 5)
    delete_version(5)
    assert live(database).targets == make_targets({3: 30, 4: 10})
    delete_version(4)
    assert live(database).targets == make_targets({3: 1})
    assert live(database).revision == 4
    delete_version(3)
    assert live(database) is None
    assert [change.action for change in history(database)] == [AliasAction.VERSION_DELETED] * 4 + [AliasAction.SET]


@pytest.mark.usefixtures("versions")
def test_aliases_of_a_model_come_in_pages_by_name(database):
    with database.transaction() as session:
        for name in ("c", "a", "b"):
            aliases.set_alias(session, "adder", name, make_targets({1: 1, 2: 3}))
    with database.reading() as session:
        page = aliases.list_page(session, "adder", limit=2)
        rest = aliases.list_page(session, "adder", limit=2, cursor=page.next_cursor)
        with pytest.raises(UnknownModel, match="Did you mean 'adder'"):
            aliases.list_page(session, "addre", limit=2)
    assert [alias.name for alias in (*page.items, *rest.items)] == ["a", "b", "c"]
    assert page.items[0].targets == make_targets({1: 1, 2: 3})
    assert rest.next_cursor is None


def move_as_older_code(database, version):
    """Move the alias as code does that knows no splits."""
    moved = update(AliasRecord).where(AliasRecord.alias == "live").values(version=version)
    with database.transaction() as session:
        session.execute(moved.execution_options(synchronize_session=False))


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("version", [1, 4, 5])
def test_an_alias_that_older_code_has_moved_is_where_it_was_moved_to(database, put, roll_back, version):
    put(SPLIT)
    move_as_older_code(database, version)
    assert live(database).targets == make_targets({version: 1}, None if version == 5 else 5)
    # Older code writes no history; what it did is undone all the same.
    assert roll_back() == make_targets(*SPLIT)


def test_an_alias_that_older_code_has_set_can_be_moved_and_rolled_back(database, versions, put, roll_back):
    assert len(versions) == 5
    with database.transaction() as session:
        session.add(AliasRecord(model_name="adder", alias="live", version=2, updated_at=datetime.now(UTC)))
    assert history(database) == []
    put(3)
    assert roll_back().version == 2


def test_a_version_of_a_split_whose_run_older_code_deletes_leaves_the_alias_to_the_others(database, versions, put):
    put(SPLIT)
    with database.transaction() as session:
        session.execute(delete(ModelVersionRecord).where(ModelVersionRecord.version == 4))
    assert live(database).targets == make_targets({3: 1}, 5)
    with database.transaction() as session:
        runs.delete(session, versions[4], force=True)
    assert live(database).targets == make_targets({3: 1})


def test_an_alias_of_a_version_that_is_registered_meanwhile_is_set(database, queue_run, claim, finished_run, put):
    finished_run()
    queue_run()
    claimed = claim()
    with database.transaction() as session:
        claims.finish_run(session, claimed.run_id, claimed.attempt, artifacts=(), phases={})
    assert put(2).targets.version == 2
