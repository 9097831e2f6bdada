"""A program in the making: imports, sections, and what it does otherwise than the run."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from textwrap import dedent

from core.code.source import INDENT, LINE_LENGTH, Code, write

DEFINITIONS = ("def ", "class ", "@")


@dataclass(slots=True)
class Section:
    """A part of a program with a heading.

    Attributes:
        heading: Comment above it.
        blocks: Definitions, and groups of statements.
    """

    heading: str
    blocks: list[str] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Append a block of these lines."""
        self.blocks.append("\n".join(lines))

    def assign(self, name: str, code: Code) -> None:
        """Append a block with one assignment."""
        line = write(code, f"{name} = ")
        if isinstance(code, str) and len(line) > LINE_LENGTH >= len(code) + INDENT:
            line = f"{name} = (\n{' ' * INDENT}{code}\n)"
        self.add(line)

    def define(self, source: str) -> None:
        """Append a definition; one that is there already is not repeated."""
        text = dedent(source).strip("\n")
        if text not in self.blocks:
            self.blocks.append(text)


class Draft:
    """Collects the parts of a program, which are written in the order in which a reader needs them.

    Attributes:
        data: Section that loads the samples.
        preparation: Section that prepares them.
        network: Section that builds the network.
        training: Section that trains it.
        evaluation: Section that evaluates and saves it.
        differences: What the program does otherwise than the run, each a sentence of ours without users' text.
        packages: Packages that the program needs, as pip names them.
        needed_files: Paragraphs about files that it reads, besides the data; without users' text.
    """

    def __init__(self) -> None:
        self.data = Section("Data")
        self.preparation = Section("Preparation")
        self.network = Section("Network")
        self.training = Section("Training")
        self.evaluation = Section("Evaluation")
        self.differences: list[str] = []
        self.needed_files: list[str] = []
        self.packages: dict[str, None] = dict.fromkeys(("keras>=3.15", "tensorflow", "numpy"))
        self._imports: set[str] = {"import keras"}
        self._definitions: list[str] = []

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections, in order."""
        return (self.data, self.preparation, self.network, self.training, self.evaluation)

    def need(self, *lines: str) -> None:
        """Import what these lines import."""
        self._imports |= set(lines)

    def need_package(self, package: str) -> None:
        """Name a package that the program needs."""
        self.packages[package] = None

    def define(self, source: str) -> None:
        """Define something that several sections use, ahead of all of them."""
        text = dedent(source).strip("\n")
        if text not in self._definitions:
            self._definitions.append(text)

    def write(self, header: str, constants: Iterable[str]) -> str:
        """Return the text of the program."""
        blocks = [header, *self._write_imports(), *constants, *self._definitions]
        for section in self.sections:
            if section.blocks:
                blocks += [f"# {section.heading}", *section.blocks]
        return _join(blocks) + "\n"

    def _write_imports(self) -> list[str]:
        own: list[str] = []
        others: list[str] = []
        for line in _merge(self._imports):
            package = line.split()[1].partition(".")[0]
            (own if package in sys.stdlib_module_names else others).append(line)
        groups = [sorted(group, key=_import_order) for group in (own, others)]
        return ["\n".join(group) for group in groups if group]


def _merge(lines: Iterable[str]) -> list[str]:
    """Merge lines that import names from one module."""
    plain = [line for line in lines if line.startswith("import")]
    names: dict[str, set[str]] = {}
    for line in lines:
        if line.startswith("from"):
            module, _, name = line.removeprefix("from ").partition(" import ")
            names.setdefault(module, set()).add(name)
    return plain + [f"from {module} import {', '.join(sorted(found))}" for module, found in names.items()]


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line.lower()


def _join(blocks: list[str]) -> str:
    text = blocks[0]
    for before, block in pairwise(blocks):
        # A heading stands on the line above what it heads; definitions are set apart.
        is_apart = block.startswith(DEFINITIONS) or _is_definition(before)
        is_section = block.startswith("# ") and "\n" not in block
        text += ("\n\n\n" if is_apart or (is_section and _is_definition(before)) else "\n\n") + block
    return text


def _is_definition(block: str) -> bool:
    return block.startswith(DEFINITIONS)
