"""Ingestion of uploads: from an untrusted file to typed data with a description."""
