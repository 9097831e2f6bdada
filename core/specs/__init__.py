"""The language of experiment specs: its parts, how they are parsed, and how errors are worded."""
