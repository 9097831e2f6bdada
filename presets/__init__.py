"""The catalogue of ready specs, one JSON file each."""
