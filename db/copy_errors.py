"""Errors of copies of a database."""

from core.errors import InvalidSetup

STOP_FIRST = "Stop API and workers first, and every other program that has it open"


class DatabaseInUse(InvalidSetup):
    """A database that somebody has open, which therefore cannot be replaced."""

    code = "database_in_use"


class CopyDamaged(InvalidSetup):
    """A copy that cannot be read to its end."""

    code = "copy_damaged"
