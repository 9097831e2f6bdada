import hashlib
import hmac
import math
import subprocess
import sys
from pathlib import Path

import pytest

from core import api_keys
from core.api_keys import ApiKey, Scope, allows, is_secret, is_weak, make_key, read_key

ROOT = Path(__file__).parents[2]
EXAMPLE = "ty_k3v9x2pa_Zf4T8mQ1sYbN6uWc0RjHd7LgXe5PiKo2VtBqA9nCyDz"


def test_a_drawn_key_reads_back():
    key = make_key()
    assert read_key(key.reveal()) == key
    assert len(key.reveal()) == api_keys.KEY_LENGTH
    assert not is_weak(key)


def test_no_two_keys_are_alike():
    drawn = [make_key() for _ in range(100)]
    assert len({key.prefix for key in drawn}) == len({key.secret for key in drawn}) == 100


def test_a_secret_has_256_bits():
    assert api_keys.SECRET_LENGTH * math.log2(len(api_keys.SECRET_ALPHABET)) >= 256


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ty",
        EXAMPLE[:-1],
        EXAMPLE + "a",
        EXAMPLE + "\n",
        " " + EXAMPLE,
        EXAMPLE.upper(),
        EXAMPLE.replace("_", "-"),
        EXAMPLE.replace("ty_", "sk_"),
        EXAMPLE.replace("Zf4T", "Zf_T"),
        EXAMPLE.replace("Zf4T", "Zf٤T"),
    ],
)
def test_anything_else_is_no_key(text):
    assert read_key(EXAMPLE) is not None
    assert read_key(text) is None


def test_a_secret_that_was_typed_is_weak():
    assert is_weak(ApiKey("abcdefgh", "correcthorse" + "a" * 31))
    assert is_weak(ApiKey("abcdefgh", "0" * 43))


def test_a_secret_is_compared_in_constant_time_also_where_nothing_is_known(monkeypatch):
    compared = []

    def spy(first, second):
        compared.append((first, second))
        return hmac_compare(first, second)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", spy)
    kept = hashlib.sha256(b"right").hexdigest()
    assert is_secret("right", kept)
    assert not is_secret("wrong", kept)
    assert not is_secret("right", None)
    assert [len(first) == len(second) == 64 for first, second in compared] == [True, True, True]


@pytest.mark.parametrize("needed", list(Scope))
def test_a_scope_allows_itself_and_admin_allows_all(needed):
    assert {held for held in Scope if allows([held], needed)} == {needed, Scope.ADMIN}
    assert not allows([], needed)


def test_neither_a_representation_nor_text_shows_the_secret():
    key = make_key()
    assert key.secret not in f"{key} {key!r}"


def test_a_fresh_key_is_printed_without_anything_installed():
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import runpy; runpy.run_path('core/api_keys.py', run_name='__main__')",
    ]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert read_key(printed.removesuffix("\n")) is not None
