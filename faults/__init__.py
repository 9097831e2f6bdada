"""Faults of processes, brokers, databases and disks under real services: docs/reliability.md."""
