"""Loading of networks, in threads of its own: loads delay neither other models' requests nor probes."""

from api.monitoring.instruments import Instruments
from core.artifacts import ArtifactStore
from core.errors import ArtifactCorrupt
from core.served_models import ServedVersion
from serving.sessions.lanes import Lane
from serving.sessions.loading import LaneLoader
from serving.sessions.pool import ModelPool

ModelKey = tuple[str, str]
"""The sha256 of a network and of its signature, so that versions with the same files share an entry."""


def model_key(network_sha256: str | None, signature_sha256: str | None) -> ModelKey | None:
    """Return the key of a network in the pool; None if a file is missing."""
    return (network_sha256, signature_sha256) if network_sha256 and signature_sha256 else None


class ModelLoader:
    """Loads networks into a pool.

    Args:
        pool: Networks in memory.
        lane_loader: Loads a network from its files.
        store: Files of networks, checked against their hashes.
        instruments: Measures loads.
    """

    def __init__(
        self,
        pool: ModelPool[ModelKey, Lane],
        lane_loader: LaneLoader,
        store: ArtifactStore,
        instruments: Instruments,
    ) -> None:
        self._pool = pool
        self._lane_loader = lane_loader
        self._store = store
        self._instruments = instruments

    def find(self, served: ServedVersion) -> Lane | None:
        """Return the network of a version if it is in memory."""
        key = model_key(served.network_sha256, served.signature_sha256)
        return None if key is None else self._pool.find(key)

    def peek(self, served: ServedVersion) -> Lane | None:
        """Return the network of a version if it is in memory; that does not keep it there."""
        key = model_key(served.network_sha256, served.signature_sha256)
        return None if key is None else self._pool.peek(key)

    def is_loading(self, served: ServedVersion) -> bool:
        """Return True while the network of a version is loaded."""
        key = model_key(served.network_sha256, served.signature_sha256)
        return key is not None and self._pool.is_loading(key)

    async def load(self, model_name: str, served: ServedVersion) -> Lane:
        """Return the network of a version, loaded if it is not in memory.

        Raises:
            ArtifactCorrupt: If a file is missing or has changed, or is not a network.
        """
        key = model_key(served.network_sha256, served.signature_sha256)
        if key is None:
            raise ArtifactCorrupt(
                f"Version {served.version} of '{model_name}' has no network for predictions. Train the run again."
            )
        onnx_sha256, signature_sha256 = key

        def load() -> Lane:
            with self._instruments.loading():
                return self._lane_loader.load(
                    self._store.verified_path(onnx_sha256), self._store.verified_path(signature_sha256)
                )

        return await self._pool.obtain(key, load)

    def drop(self, served: ServedVersion) -> None:
        """Drop the network of a version from memory; requests that hold it finish with it."""
        key = model_key(served.network_sha256, served.signature_sha256)
        if key is not None:
            self._pool.evict(key)

    def pin(self, served: ServedVersion) -> None:
        """Keep the network of a version in memory, once it is loaded, whatever the limits."""
        key = model_key(served.network_sha256, served.signature_sha256)
        if key is not None:
            self._pool.pin(key)

    def unpin(self, served: ServedVersion) -> None:
        """Let the limits apply to the network of a version again."""
        key = model_key(served.network_sha256, served.signature_sha256)
        if key is not None:
            self._pool.unpin(key)

    def close(self) -> None:
        """Drop all networks, and load no others."""
        self._pool.close()
        self._lane_loader.threads.close()
