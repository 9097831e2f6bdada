"""What a spec asks of uploaded data, held against what was uploaded."""
