"""Checks of loaded samples for probable mistakes, which become warnings of the run."""
