"""The Python client and the `trainyard` command line. Speaks HTTP; imports no other package of ours."""
