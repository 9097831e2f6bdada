"""Plans: the ways to compute a fit, and the choice among them."""
