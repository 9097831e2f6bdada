"""What may be asked: the experiment spec and its parts."""
