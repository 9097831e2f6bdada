"""`make soak-serving`: minutes of mixed requests to more models than fit into memory, while their aliases move.

Every answer is checked: it must hold the numbers of its own request, and the constant of the version that it names.
"""
