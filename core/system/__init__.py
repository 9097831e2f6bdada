"""The process and its machine: processors and memory, parent processes, waiting for services."""
