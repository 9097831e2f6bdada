import os

from worker.compiled_programs import prune, xla_flags


def test_programs_are_kept_in_the_cache_beside_the_users_own_flags(monkeypatch, tmp_path):
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=0")

    flags = xla_flags(tmp_path / "with space")

    assert flags.startswith("--tf_xla_auto_jit=0 ")
    assert f"--tf_xla_persistent_cache_directory='{tmp_path}/with space/xla/" in flags


def test_the_oldest_files_go_first_and_no_more_than_must(tmp_path):
    for age, name in enumerate(["new", "middle", "folder/old"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(100))
        os.utime(path, (1000 - age, 1000 - age))

    prune(tmp_path, 250)

    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["middle", "new"]


def test_a_cache_that_was_never_used_needs_no_pruning(tmp_path):
    prune(tmp_path / "none", 0)

    assert not (tmp_path / "none").exists()
