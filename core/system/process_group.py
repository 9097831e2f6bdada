"""Environment of a process that is one of several of a kind: its number, and the folder that they share."""

EXCHANGE_DIR = "TRAINYARD_EXCHANGE_DIR"
"""Variable with the folder in which the processes leave data for each other. It lasts as long as the program that
starts them."""

PROCESS_NUMBER = "TRAINYARD_PROCESS_NUMBER"
"""Variable with the number of the process, from 0. One that replaces another has the number of that one."""
