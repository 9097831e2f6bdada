from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.api_keys import Scope, hash_secret
from core.errors import Conflict, UnknownKey
from db import api_keys
from db.records.service import ApiKeyRecord
from db.statements import database_now


@pytest.fixture
def make_key(database):
    """Create a key and commit; return it as stored."""

    def make(name="ci", *scopes, **options):
        with database.transaction() as session:
            return api_keys.create(session, name=name, scopes=scopes or [Scope.READ], **options)[0]

    return make


@pytest.fixture
def revoke(database):
    def revoke_one(prefix, *, keep_an_admin=False):
        with database.transaction() as session:
            return api_keys.revoke(session, prefix, keep_an_admin=keep_an_admin)

    return revoke_one


@pytest.fixture
def read(database):
    def read_one(prefix):
        with database.reading() as session:
            return api_keys.find(session, prefix)

    return read_one


@pytest.fixture
def set_time(database):
    """Set a time of a key to so many seconds from now."""

    def move(prefix, **seconds):
        values = {name: database_now(plus) for name, plus in seconds.items()}
        with database.transaction() as session:
            session.execute(update(ApiKeyRecord).where(ApiKeyRecord.prefix == prefix).values(**values))

    return move


def test_only_the_hash_of_a_secret_is_kept(database):
    with database.transaction() as session:
        stored, key = api_keys.create(session, name="ci", scopes=iter([Scope.SUBMIT, Scope.READ]))
    with database.reading() as session:
        (row,) = session.execute(select(ApiKeyRecord.__table__)).mappings()
    assert key.secret not in str(dict(row))
    assert row["secret_sha256"] == stored.secret_sha256 == hash_secret(key.secret)
    assert row["scopes"] == "read submit"
    assert stored.scopes == {Scope.READ, Scope.SUBMIT}
    assert stored.secret_sha256 not in repr(stored)


def test_a_key_without_a_lifetime_lives_on(make_key):
    stored = make_key()
    assert stored.is_live
    assert (stored.expires_at, stored.revoked_at, stored.last_used_at) == (None, None, None)


def test_a_key_ends_by_the_databases_clock(make_key, read, set_time):
    stored = make_key(lifetime_seconds=3600)
    assert abs(stored.expires_at - stored.created_at - timedelta(hours=1)) < timedelta(seconds=10)
    assert read(stored.prefix).is_live
    set_time(stored.prefix, expires_at=-1)
    assert read(stored.prefix).has_expired
    assert not read(stored.prefix).is_live


def test_an_unknown_prefix_finds_nothing(read, revoke):
    assert read("abcdefgh") is None
    with pytest.raises(UnknownKey, match="GET /v1/keys lists"):
        revoke("abcdefgh")


def test_keys_are_listed_newest_first_with_those_that_are_closed(database, make_key, revoke, set_time):
    first, second = make_key("a"), make_key("b")
    set_time(first.prefix, created_at=-60)
    revoke(second.prefix)
    with database.reading() as session:
        listed = api_keys.list_keys(session)
    assert [key.prefix for key in listed] == [second.prefix, first.prefix]
    assert [key.is_live for key in listed] == [False, True]


def test_a_revoked_key_stays_revoked_since_the_first_time(make_key, revoke):
    prefix = make_key().prefix
    first = revoke(prefix)
    assert not first.is_live
    assert revoke(prefix).revoked_at == first.revoked_at


def test_a_third_live_key_of_a_name_is_rejected_naming_the_oldest(make_key, set_time):
    oldest, _ = make_key("ci"), make_key("ci")
    set_time(oldest.prefix, created_at=-60)
    with pytest.raises(Conflict, match=f"'ci' has 2 live keys already.*the older: {oldest.prefix}"):
        make_key("ci")
    assert make_key("other").is_live


@pytest.mark.parametrize("closed_by", ["revoking", "time"])
def test_a_key_that_is_closed_makes_room_for_another(make_key, revoke, set_time, closed_by):
    first, _ = make_key("ci"), make_key("ci")
    if closed_by == "revoking":
        revoke(first.prefix)
    else:
        set_time(first.prefix, expires_at=-1)
    assert make_key("ci").is_live


def test_keys_of_a_name_made_at_once_are_two(make_key, at_once):
    made = at_once(*[lambda: make_key("ci")] * 6)
    assert sum(isinstance(outcome, api_keys.StoredKey) for outcome in made) == 2
    assert sum(isinstance(outcome, Conflict) for outcome in made) == 4


def test_the_last_live_admin_key_stays(make_key, revoke, set_time):
    first, second = make_key("a", Scope.ADMIN), make_key("b", Scope.ADMIN, lifetime_seconds=3600)
    make_key("c", Scope.READ)
    set_time(second.prefix, expires_at=-1)
    with pytest.raises(Conflict, match=f"{first.prefix} is the last live admin key"):
        revoke(first.prefix, keep_an_admin=True)
    make_key("d", Scope.ADMIN)
    assert not revoke(first.prefix, keep_an_admin=True).is_live


def test_the_last_admin_key_may_go_where_another_way_in_remains(make_key, revoke, database):
    prefix = make_key("a", Scope.ADMIN).prefix
    assert not revoke(prefix, keep_an_admin=False).is_live
    with database.reading() as session:
        assert not api_keys.has_live_admin(session)


def test_of_two_admin_keys_revoked_at_once_one_stays(database, make_key, revoke, at_once):
    prefixes = [make_key(name, Scope.ADMIN).prefix for name in "ab"]
    outcomes = at_once(*[lambda prefix=prefix: revoke(prefix, keep_an_admin=True) for prefix in prefixes])
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    with database.reading() as session:
        assert api_keys.has_live_admin(session)


def test_uses_are_written_once_a_minute(database, make_key, read, set_time):
    prefix = make_key().prefix

    def note():
        with database.transaction() as session:
            api_keys.note_use(session, prefix)
        return read(prefix)

    assert read(prefix).is_use_due
    first = note()
    assert first.last_used_at is not None
    assert not first.is_use_due
    assert note().last_used_at == first.last_used_at
    set_time(prefix, last_used_at=-61)
    assert read(prefix).is_use_due
    assert note().last_used_at >= first.last_used_at
