"""Every code with which a network is rejected is in the OpenAPI document and in the documentation."""

import ast
import re
from pathlib import Path

from api.openapi.reasons import REASONS

ROOT = Path(__file__).parents[3]

OF_ANY_UPLOAD = {"multipart_form"}
"""In the document of uploads of datasets."""


def find_codes(folder, place):
    """Return the constants at this place among the arguments of RejectedNetwork."""
    for path in (ROOT / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RejectedNetwork":
                argument = node.args[place]
                if isinstance(argument, ast.Constant):
                    yield argument.value


def test_every_code_is_documented():
    codes = {*find_codes("serving/checks", 0), *find_codes("api/networks", 1)} - OF_ANY_UPLOAD
    assert {"external_data", "rows_not_independent", "too_slow"} <= codes
    assert codes <= {code for listed in REASONS.values() for code in listed}
    rows = re.findall(
        r"^\| (`.*`) \| ", (ROOT / "docs" / "networks.md").read_text().partition("| code |")[2], re.MULTILINE
    )
    assert {code for row in rows for code in re.findall(r"`(\w+)`", row)} == codes
