"""Bodies as the OpenAPI document shows them; a test sends those that are requests."""
