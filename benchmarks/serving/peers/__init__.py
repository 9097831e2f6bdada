"""Programs that run in the virtual environments of other servers, each with the fastest settings found for it."""
