"""Signatures: what training writes beside a model so that serving reads its inputs the same way."""
