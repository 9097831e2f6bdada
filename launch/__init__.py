"""One command to start: checks the setup, then runs API and worker together."""
