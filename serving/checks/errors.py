"""The one error of the checks."""


class RejectedNetwork(Exception):
    """An ONNX file that is not served.

    Attributes:
        code: Stable error code for programs.
        detail: What is in the file, what is accepted, what to do.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
