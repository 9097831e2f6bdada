"""Models as predictions address them: versions with their files, and aliases to one version or several."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """One version of a model, with the files that prediction needs.

    Attributes:
        run_id: The run that trained it; None if it was uploaded.
        network_sha256: The ONNX file; None if there is none.
        signature_sha256: The signature, a JSON file; None if there is none.
        reference_sha256: Summary of the training samples; None if there is none.
    """

    version: int
    run_id: UUID | None
    network_sha256: str | None
    signature_sha256: str | None
    reference_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class ServedAlias:
    """Versions behind an alias.

    Attributes:
        version: The version that answers, or the first of `split`.
        split: Versions that share the requests, each with its weight, in order of version; empty for one version.
        shadow: Version that receives each request too, and whose answers are only compared; None for none.
    """

    version: int
    split: tuple[tuple[int, int], ...] = ()
    shadow: int | None = None

    def choose(self, request_id: str) -> int:
        """Return the version for a request: the same for the same id, in the shares of the weights over many ids."""
        if not self.split:
            return self.version
        place = zlib.crc32(request_id.encode(errors="surrogatepass")) % sum(weight for _, weight in self.split)
        for version, weight in self.split:
            if place < weight:
                return version
            place -= weight
        return self.version


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model with its versions and aliases, as they were at one moment.

    Attributes:
        is_unloaded: True if a client has unloaded it: it is not served until one loads it again.
        versions: By number, newest first; at least one.
    """

    name: str
    is_unloaded: bool
    versions: Mapping[int, ServedVersion]
    aliases: Mapping[str, ServedAlias] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """Return the number of the newest version."""
        return next(iter(self.versions))
