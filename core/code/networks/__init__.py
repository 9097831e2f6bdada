"""Networks: the source of each layer, as models/networks builds it."""
