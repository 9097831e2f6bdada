"""Search of runs: filters, orders, full-text find, and pages of what they find."""
