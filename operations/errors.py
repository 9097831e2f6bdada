"""Errors of backups and restores. Each says what came, what was expected and what to do."""

from core.errors import TrainyardError


class BackupFailed(TrainyardError):
    """A backup that could not be made; nothing is left of it."""

    code = "backup_failed"


class BackupDamaged(TrainyardError):
    """A folder that is no backup, an unfinished one, or one that has changed since."""

    code = "backup_damaged"


class RestoreRefused(TrainyardError):
    """A restore that would overwrite data, or pull them from under a running service."""

    code = "restore_refused"
