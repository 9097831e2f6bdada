"""How answers look in a terminal. Text in, text out; only the live bar needs rich."""
