"""Uploaded arrays in source: NPY and IDX files, alone or in an archive."""

from core.code.datasets.base import Upload
from core.code.draft import Draft
from core.code.uploads.file import write_file

_READ_ARRAY = '''
def read_array(content):
    """Read an NPY file, or an IDX file as LeCun described it."""
    if content.startswith(b"\\x93NUMPY"):
        return np.load(io.BytesIO(content), allow_pickle=False)
    types = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
    rank = content[3]
    shape = np.frombuffer(content, ">u4", rank, offset=4)
    return np.frombuffer(content, types[content[2]], offset=4 + 4 * rank).reshape(shape)
'''

_NAME = '''
def array_name(path):
    """Return the name of an array: that of its file, without suffixes."""
    name = re.sub(r"(\\.gz|\\.npy|\\.idx)+$", "", path, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip("._-")[:100]
'''


def write_arrays(draft: Draft, upload: Upload) -> None:
    """Read the arrays of an upload: `arrays` has each by its name."""
    draft.need("import io", "import numpy as np")
    is_archive = write_file(draft, upload)
    draft.data.define(_READ_ARRAY)
    if not is_archive:
        draft.data.add('arrays = {"array": read_array(content)}')
        return
    draft.need("import re")
    draft.data.define(_NAME)
    draft.data.add(
        'starts = (b"\\x93NUMPY", b"\\x00\\x00")',
        "arrays = {}",
        "for path, content in files.items():",
        "    if content.startswith(starts):",
        "        # Files of one name in several folders are told apart by their paths.",
        '        whole = "_".join(Path(path).parts)',
        "        for name in (array_name(whole), array_name(Path(path).name)):",
        "            arrays[name] = read_array(content)",
    )
