"""The store of artifacts and datasets: a folder of this machine, or a bucket of an S3-compatible service."""
