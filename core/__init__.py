"""Pure contracts: what a run is, what may be asked, what may go wrong. Imports nothing of ours."""
