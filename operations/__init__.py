"""Work of an operator on the machine of the service: back up, restore, and find what is wrong."""
