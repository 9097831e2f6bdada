"""Methods of `Client` and `AsyncClient`, by resource. Each pair differs only in the transport."""
