"""Uploaded files: the source that reads them as they were uploaded, and checks that they are the same."""
