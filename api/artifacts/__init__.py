"""Files that a run left behind."""
