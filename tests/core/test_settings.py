import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import InvalidSetup
from core.settings import Settings, load_settings

SETTINGS_PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Environment without variables of Trainyard except those of the test, and no cached settings."""
    for name in list(os.environ):
        if name.upper().startswith("TRAINYARD_"):
            monkeypatch.delenv(name)
    load_settings.cache_clear()
    yield monkeypatch
    load_settings.cache_clear()


def test_nothing_needs_to_be_set():
    settings = load_settings()
    assert settings.default_base_url == "http://127.0.0.1:8000"
    assert settings.is_broker_embedded


def test_settings_come_from_variables_with_a_prefix(environment):
    environment.setenv("TRAINYARD_PORT", "9000")
    environment.setenv("PORT", "1")
    environment.setenv("TRAINYARD_LEASE_SECONDS", "2.5")
    assert load_settings().port == 9000
    assert load_settings().lease_seconds == 2.5


def test_settings_are_read_once_a_process(environment):
    first = load_settings()
    environment.setenv("TRAINYARD_PORT", "9000")
    assert load_settings() is first


def test_an_empty_variable_is_as_good_as_none(environment):
    for name in Settings.model_fields:
        environment.setenv(f"TRAINYARD_{name.upper()}", "")
    assert load_settings() == Settings()


def test_a_dot_env_file_in_the_working_directory_is_not_read(environment, tmp_path):
    (tmp_path / ".env").write_text("TRAINYARD_PORT=9000\n")
    environment.chdir(tmp_path)
    assert load_settings().port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("TRAINERS", "-1"),
        ("TRAINERS", "65"),
        ("MAX_ATTEMPTS", "0"),
        ("MAX_PARAMETERS", "many"),
        ("MAX_BODY_BYTES", "0"),
        ("LEASE_SECONDS", "0"),
        ("LEASE_SECONDS", "nan"),
        ("RUN_TIMEOUT_SECONDS", "inf"),
        ("HEARTBEAT_SECONDS", "-1"),
        ("DATA_DIR", "~nobody-of-this-name/var"),
        ("STORAGE_URL", "s3://"),
        ("STORAGE_URL", "s3://Trainyard"),
        ("STORAGE_URL", "s3://bucket?region=x"),
        ("STORAGE_URL", "file://relative"),
        ("STORAGE_URL", "gs://bucket"),
        ("STORAGE_URL", "var"),
        ("STORAGE_ENDPOINT", "storage:9000"),
    ],
)
def test_a_value_that_cannot_be_used_is_rejected_by_the_name_of_its_variable(environment, name, value):
    environment.setenv(f"TRAINYARD_{name}", value)
    with pytest.raises(InvalidSetup, match=f"^TRAINYARD_{name}: "):
        load_settings()


def test_a_store_is_a_folder_or_a_bucket(tmp_path):
    nothing = Settings(data_dir=tmp_path)
    assert (nothing.artifacts_dir, nothing.is_storage_elsewhere) == (tmp_path / "artifacts", False)
    folder = Settings(data_dir=tmp_path, storage_url="file:///mnt/a%20disk/")
    assert (folder.artifacts_dir, folder.is_storage_elsewhere) == (Path("/mnt/a disk/artifacts"), False)
    bucket = Settings(data_dir=tmp_path, storage_url="s3://my.bucket-1/some/prefix/")
    assert (bucket.storage_url, bucket.is_storage_elsewhere) == ("s3://my.bucket-1/some/prefix", True)
    # What is on its way lies in the data directory, beside the copies.
    assert (bucket.datasets_dir, bucket.copies_dir) == (tmp_path / "datasets", tmp_path / "copies")


def test_every_wrong_variable_is_named(environment):
    environment.setenv("TRAINYARD_PORT", "eighty")
    environment.setenv("TRAINYARD_HOST", "example.org:80")
    with pytest.raises(InvalidSetup, match=r"TRAINYARD_HOST: .* TRAINYARD_PORT: "):
        load_settings()


def test_a_heartbeat_slower_than_the_lease_is_rejected(environment):
    environment.setenv("TRAINYARD_HEARTBEAT_SECONDS", "60")
    with pytest.raises(InvalidSetup, match=r"TRAINYARD_HEARTBEAT_SECONDS \(60\) must be less than TRAINYARD_LEASE"):
        load_settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_a_loopback_address_asks_for_no_keys(environment, host):
    environment.setenv("TRAINYARD_HOST", host)
    assert not load_settings().asks_for_keys


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.0.2.1", "fe80::1%eth0", "example.org", "127.0.0.1.example.org", "localhost.", "2130706433"],  # noqa: S104
)
def test_any_other_address_asks_for_keys(environment, host):
    environment.setenv("TRAINYARD_HOST", host)
    assert load_settings().asks_for_keys


@pytest.mark.parametrize("host", [" ", "127.0.0.1:8000", "[::1]", "http://127.0.0.1", "a b"])
def test_an_invalid_host_is_rejected(environment, host):
    environment.setenv("TRAINYARD_HOST", host)
    with pytest.raises(InvalidSetup, match=r"^TRAINYARD_HOST: .* is neither a host name nor an address"):
        load_settings()


def test_a_service_on_every_address_is_asked_on_loopback():
    assert Settings(host="0.0.0.0").default_base_url == "http://127.0.0.1:8000"  # noqa: S104 - not listened on.
    assert Settings(host="::").default_base_url == "http://[::1]:8000"


@pytest.mark.parametrize("hosts", ["*", "yard:8443", "http://yard", "a b", "yard,*.example"])
def test_an_invalid_name_of_an_allowed_host_is_rejected(environment, hosts):
    environment.setenv("TRAINYARD_ALLOWED_HOSTS", hosts)
    with pytest.raises(InvalidSetup, match=r"^TRAINYARD_ALLOWED_HOSTS: .* is not a host name"):
        load_settings()


def test_names_of_this_service_are_read_from_a_list():
    assert Settings(allowed_hosts=" Trainyard.example, yard ,").other_hosts == {"trainyard.example", "yard"}


def test_an_ipv6_address_stands_in_brackets_in_a_url():
    assert Settings(host="::1").default_base_url == "http://[::1]:8000"


def test_everything_lies_in_the_data_directory(tmp_path):
    settings = Settings(data_dir=tmp_path)
    folders = [
        settings.broker_dir,
        settings.artifacts_dir,
        settings.datasets_dir,
        settings.scratch_dir,
        settings.cache_dir,
    ]
    assert {folder.parent for folder in folders} == {tmp_path}
    assert len(set(folders)) == len(folders)
    assert settings.effective_database_url == f"sqlite:///{tmp_path}/trainyard.db"


def test_a_relative_data_directory_stays_where_it_was_named(tmp_path, environment):
    environment.chdir(tmp_path)
    settings = Settings(data_dir=Path("state"))
    environment.chdir("/")
    assert settings.data_dir == tmp_path / "state"


def test_a_tilde_is_the_home_directory(environment, tmp_path):
    environment.setenv("HOME", str(tmp_path))
    assert Settings(data_dir=Path("~/yard")).data_dir == tmp_path / "yard"


def test_a_database_of_ones_own_replaces_the_embedded_one():
    url = "postgresql+psycopg://yard@db/yard"
    assert Settings(database_url=url).effective_database_url == url


def test_a_broker_of_ones_own_replaces_the_embedded_one():
    assert not Settings(broker_url="redis://127.0.0.1:6379/0").is_broker_embedded


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


def test_the_page_on_settings_lists_each_with_its_default_and_meaning():
    rows = re.findall(
        r"^\| `(TRAINYARD_\w+)` \| (.+?) \| (.+) \|$", SETTINGS_PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [
        (f"TRAINYARD_{name.upper()}", f"`{field.default}`" if str(field.default) else "empty", field.description)
        for name, field in Settings.model_fields.items()
    ]


KEY = "ty_k3v9x2pa_Zf4T8mQ1sYbN6uWc0RjHd7LgXe5PiKo2VtBqA9nCyDz"
OTHER_KEY = "ty_a1b2c3d4_Qw8Er2Ty6Ui0Op4As9Df3Gh7Jk1Lz5Xc8Vb2Nm6Qa4Z"


@pytest.mark.parametrize("name", ["BOOTSTRAP_KEY", "METRICS_KEY"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("hunter2", "key 1 of 1 does not have the form ty_PREFIX_SECRET"),
        (KEY[:-1], "key 1 of 1 does not have the form"),
        (f"{KEY},{OTHER_KEY}x", "key 2 of 2 does not have the form"),
        (f"{KEY},{OTHER_KEY},{KEY}", "3 keys came. Expected one, or two"),
        (f"ty_k3v9x2pa_{'a1' * 21}a", "the secret of k3v9x2pa is not random"),
    ],
)
def test_a_key_that_is_malformed_or_weak_is_rejected_without_repeating_it(environment, name, value, words):
    environment.setenv(f"TRAINYARD_{name}", value)
    with pytest.raises(InvalidSetup, match=f"^TRAINYARD_{name}: .*{words}") as caught:
        load_settings()
    assert value.rpartition("_")[2] not in str(caught.value)


def test_the_error_for_a_key_says_how_to_create_one(environment):
    environment.setenv("TRAINYARD_BOOTSTRAP_KEY", "hunter2")
    with pytest.raises(InvalidSetup, match=r"python -m core\.api_keys"):
        load_settings()


def test_two_keys_may_be_given_while_one_takes_over():
    settings = Settings(bootstrap_key=f"{KEY}, {OTHER_KEY}")
    assert [key.prefix for key in settings.bootstrap_keys] == ["k3v9x2pa", "a1b2c3d4"]
    assert KEY.rpartition("_")[2] not in repr(settings)


def test_keys_with_one_prefix_are_rejected(environment):
    environment.setenv("TRAINYARD_BOOTSTRAP_KEY", KEY)
    environment.setenv("TRAINYARD_METRICS_KEY", KEY)
    with pytest.raises(InvalidSetup, match="two keys with the prefix k3v9x2pa"):
        load_settings()


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, False),
        ({"metrics_key": KEY}, False),
        ({"bootstrap_key": KEY}, True),
        ({"require_keys": True}, True),
    ],
)
def test_keys_are_asked_for_where_a_setting_says_so(changes, asks):
    assert Settings(**changes).asks_for_keys is asks
