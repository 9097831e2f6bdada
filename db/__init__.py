"""Storage: the only importer of SQLAlchemy. Queries take a session and never commit."""
