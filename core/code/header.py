"""Docstring of a program: what it trains, what it needs, and what it does otherwise. It holds no text of users."""

from textwrap import wrap

from core.code.datasets.base import SourceContext
from core.code.draft import Draft
from core.experiment import ExperimentSpec

WIDTH = 88


def write_header(spec: ExperimentSpec, context: SourceContext, draft: Draft, origin: str) -> str:
    """Write the docstring. Its names, of models and uploads, have no characters but a-z, 0-9 and `._-`.

    Args:
        spec: The spec.
        context: Its data.
        draft: The program.
        origin: Sentence about where the spec comes from.
    """
    paragraphs = [
        f"Train the network {spec.name} with Keras.",
        (
            f"Trainyard wrote this program{f' {origin}' if origin else ''}. It needs nothing of Trainyard, and trains "
            "the same network on the same data: the samples, their division, the first weights and the order of the "
            "batches are those of the run. So on a processor its losses are the run's up to rounding, which a deep "
            "network may amplify from epoch to epoch."
        ),
    ]
    text = "\n\n".join("\n".join(wrap(paragraph, WIDTH - 1)) for paragraph in paragraphs)
    # Quoted, because a shell would redirect what follows a >.
    installed = " ".join(f"'{package}'" if ">" in package else package for package in draft.packages)
    text += f"\n\nInstall what it needs, and run it:\n\n    pip install {installed}\n    python train.py"
    text += _describe_upload(context)
    for paragraph in draft.needed_files:
        words, *commands = paragraph.split("\n\n")
        text += "\n\n" + "\n\n".join(["\n".join(wrap(words, WIDTH)), *commands])
    if draft.differences:
        listed = ["\n".join(wrap(f"- {line}", WIDTH, subsequent_indent="  ")) for line in draft.differences]
        text += "\n\nIt differs from the run in this:\n\n" + "\n".join(listed)
    return f'"""{text}\n"""'


def _describe_upload(context: SourceContext) -> str:
    upload = context.upload
    if upload is None:
        return ""
    name = upload.name
    return (
        f"\n\nIt reads version {upload.version} of the dataset {name} as it was uploaded. Download it to the\n"
        f"file that FILE names:\n\n    trainyard data get {name} --version {upload.version}\n"
        f"    GET /v1/datasets/{name}/versions/{upload.version}/content"
    )
