"""The process and its machine: resources, parents, waiting for what is not there yet."""
