"""The bytes of an uploaded file in source: checked against the sha256, decompressed, and taken out of an archive."""

from core.code.datasets.base import Upload
from core.code.draft import Draft
from core.code.source import literal

ARCHIVES = frozenset({"zip", "npz", "tar"})
"""Formats of uploads that hold several files."""

_CHECK = """\
content = Path(FILE).read_bytes()
if sha256(content).hexdigest() != SHA256:
    raise SystemExit(f"{FILE} is not the file that the run has read.")"""

_UNPACK = '''
def unpack(content):
    """Return the bytes of a file, which may be compressed."""
    packers = {b"\\x1f\\x8b": gzip, b"\\xfd7zXZ": lzma, b"BZh": bz2}
    for start, packer in packers.items():
        if content.startswith(start):
            return packer.decompress(content)
    return content
'''

_UNZIP = '''
def read_archive(content):
    """Return the files of a zip archive by their paths, without those of systems."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        paths = [info.filename for info in archive.infolist() if not info.is_dir()]
        return {path: unpack(archive.read(path)) for path in paths if is_data(path)}
'''

_UNTAR = '''
def read_archive(content):
    """Return the files of a tar archive by their paths, without those of systems."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        members = [member for member in archive if member.isfile()]
        return {
            member.name: unpack(archive.extractfile(member).read())
            for member in members
            if is_data(member.name)
        }
'''

_IS_DATA = '''
def is_data(path):
    """Return False for files that operating systems add to archives."""
    junk = ("__MACOSX", "Thumbs.db", "desktop.ini")
    return not any(part.startswith(".") or part in junk for part in Path(path).parts)
'''


def write_file(draft: Draft, upload: Upload) -> bool:
    """Read the file: `content` is its bytes, decompressed; of an archive, `files` has those of each file by its path.

    Returns:
        True if it is an archive.
    """
    draft.need("from hashlib import sha256", "from pathlib import Path")
    draft.data.assign("FILE", literal(upload.filename or f"{upload.name}.data"))
    draft.data.add(f"SHA256 = {literal(upload.sha256)}")
    draft.data.add(_CHECK)
    draft.need("import bz2", "import gzip", "import lzma")
    draft.data.define(_UNPACK)
    if upload.file.format not in ARCHIVES:
        draft.data.add("content = unpack(content)")
        return False
    is_tar = upload.file.format == "tar"
    draft.need("import io", "import tarfile" if is_tar else "import zipfile")
    draft.data.define(_IS_DATA)
    draft.data.define(_UNTAR if is_tar else _UNZIP)
    draft.data.add("files = read_archive(content)")
    return True
