"""Findings of `trainyard doctor`: what is wrong with what a service has stored, and how to mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or worth to know.

    Attributes:
        code: A stable word for programs, such as `file_missing`.
        subject: The run, file or other thing that it is about.
        detail: What is wrong, as a sentence.
        remedy: What mends it, as a sentence; with the command where there is one.
        is_note: True if nothing is wrong yet.
        is_repaired: True if it was mended just now.
    """

    code: str
    subject: str
    detail: str
    remedy: str
    is_note: bool = False
    is_repaired: bool = False
