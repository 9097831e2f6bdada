"""Reading requests and answering errors, the same for every resource."""
