"""How training runs fast, behind one entry point."""
