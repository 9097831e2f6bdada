"""Dead letters: jobs that failed though their specs are not at fault."""
