"""Aliases of models: promotion, splits, shadows, rollback and history."""
