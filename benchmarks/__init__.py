"""What the project claims about speed, as programs that measure both sides in one run."""
