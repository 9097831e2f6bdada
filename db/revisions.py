"""The revisions of the database that this code knows, oldest first.

They are migrations/versions by name. Written down here so that a start of the service, which nearly always finds the
database at the newest, needs neither Alembic nor the files; a test holds the two together.
"""

VERSION_TABLE = "trainyard_alembic_version"

KNOWN_REVISIONS = ("0001", "0002", "0003", "0004", "0005")
NEWEST_REVISION = KNOWN_REVISIONS[-1]
