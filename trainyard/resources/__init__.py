"""Resources of the HTTP interface, a module each: the classes of their answers, and the operations on them."""
