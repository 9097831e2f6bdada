"""Contracts of Trainyard: specs, run states, settings, errors. Imports no other package of Trainyard."""
