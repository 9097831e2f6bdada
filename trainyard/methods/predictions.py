"""Methods of the clients for predictions, explanations, and networks that were trained elsewhere."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainyard.errors import NotFound
from trainyard.resources import explanations, models
from trainyard.resources.explanations import Explanations
from trainyard.resources.models import Predictions, RowShape, UploadedModel
from trainyard.transport import AsyncTransport, Transport
from trainyard.uploads import OnProgress


class PredictionMethods:
    """Part of `Client`."""

    _transport: Transport

    def predict(
        self,
        model: str,
        instances: Sequence[Any],
        *,
        version: int | None = None,
        label: str | None = None,
        with_labels: bool = False,
    ) -> Predictions:
        """Answer rows with a trained model: its newest version, or the one named by number or by label.

        Args:
            model: Its name.
            instances: Rows: arrays of numbers (a NumPy array will do), or objects such as `{"a": 45, "b": 77}`.
            version: Number of the version.
            label: An alias that points at one, such as `production`.
            with_labels: Name the classes of a classifier for rows of bare numbers too.

        Raises:
            NotFound: If there is no such model or version.
            InvalidRequest: If the rows do not fit the model; the message says what was expected.
        """
        return self._transport.send(
            models.predict(model, instances, version=version, label=label, with_labels=with_labels)
        )

    def get_row_shape(self, model: str, *, version: int | None = None, label: str | None = None) -> RowShape:
        """Return the sizes of one row of a model's input, None for any; None if they are not known."""
        try:
            return self._transport.send(models.get_row_shape(model, version=version, label=label))
        except NotFound:
            return None

    def upload_model(
        self,
        model: str,
        source: Path,
        *,
        signature: Mapping[str, Any] | None = None,
        on_progress: OnProgress | None = None,
    ) -> UploadedModel:
        """Register an ONNX file as the next version of a model, which is then served like those trained here.

        Args:
            model: Name of the model, new or not.
            source: The file.
            signature: What the network does not say, such as `{"columns": [...], "class_labels": [...]}`; names, types
                and shapes of inputs and outputs are those of the network.
            on_progress: Called with the bytes sent so far; starts over from 0 when they have to be sent again.

        Raises:
            InvalidArgument: If the file cannot be read.
            InvalidRequest: If the service cannot serve it; the message says why.
        """
        return self._transport.send(models.upload(model, source, signature=signature, on_progress=on_progress))

    def explain(
        self,
        model: str,
        instances: Sequence[Any],
        *,
        version: int | None = None,
        label: str | None = None,
        method: str | None = None,
        target: str | float | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        background: Sequence[Any] | None = None,
    ) -> Explanations:
        """Explain predictions: what each column of a row contributes, or which parts of an image matter.

        Args:
            model: Its name.
            instances: Rows, as for `predict`.
            version: Number of the version.
            label: An alias that points at one.
            method: `shapley` or `occlusion`; by default the first for columns, the other for images.
            target: Label of the class to explain, or number of an output; by default each row's predicted class.
            num_samples: Orders of columns to draw, if there are more than ten columns.
            seed: Equal seeds draw the same orders.
            background: Rows to compare with; by default rows like the training samples.

        Raises:
            NotFound: If there is no such model or version.
            InvalidRequest: If the rows do not fit, or the model cannot be explained; the message says why.
        """
        options = explanations.list_options(
            method=method, target=target, num_samples=num_samples, seed=seed, background=background
        )
        return self._transport.send(
            explanations.explain(model, instances, version=version, label=label, options=options)
        )

    def draw_explanation(
        self,
        model: str,
        instances: Sequence[Any],
        form: str = "svg",
        *,
        version: int | None = None,
        label: str | None = None,
        method: str | None = None,
        target: str | float | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        background: Sequence[Any] | None = None,
    ) -> bytes:
        """Return the same as an image: `svg`, or for images also `png`."""
        options = explanations.list_options(
            method=method, target=target, num_samples=num_samples, seed=seed, background=background
        )
        return self._transport.send(
            explanations.draw(model, instances, form=form, version=version, label=label, options=options)
        )


class AsyncPredictionMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def predict(
        self,
        model: str,
        instances: Sequence[Any],
        *,
        version: int | None = None,
        label: str | None = None,
        with_labels: bool = False,
    ) -> Predictions:
        """Answer rows with a trained model; see `Client.predict`."""
        return await self._transport.send(
            models.predict(model, instances, version=version, label=label, with_labels=with_labels)
        )

    async def get_row_shape(self, model: str, *, version: int | None = None, label: str | None = None) -> RowShape:
        """Return the sizes of one row of a model's input; see `Client.get_row_shape`."""
        try:
            return await self._transport.send(models.get_row_shape(model, version=version, label=label))
        except NotFound:
            return None

    async def upload_model(
        self,
        model: str,
        source: Path,
        *,
        signature: Mapping[str, Any] | None = None,
        on_progress: OnProgress | None = None,
    ) -> UploadedModel:
        """Register an ONNX file as the next version of a model; see `Client.upload_model`."""
        return await self._transport.send(
            await asyncio.to_thread(models.upload, model, source, signature=signature, on_progress=on_progress)
        )

    async def explain(
        self,
        model: str,
        instances: Sequence[Any],
        *,
        version: int | None = None,
        label: str | None = None,
        method: str | None = None,
        target: str | float | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        background: Sequence[Any] | None = None,
    ) -> Explanations:
        """Explain predictions; see `Client.explain`."""
        options = explanations.list_options(
            method=method, target=target, num_samples=num_samples, seed=seed, background=background
        )
        return await self._transport.send(
            explanations.explain(model, instances, version=version, label=label, options=options)
        )

    async def draw_explanation(
        self,
        model: str,
        instances: Sequence[Any],
        form: str = "svg",
        *,
        version: int | None = None,
        label: str | None = None,
        method: str | None = None,
        target: str | float | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        background: Sequence[Any] | None = None,
    ) -> bytes:
        """Return the same as an image: `svg`, or for images also `png`."""
        options = explanations.list_options(
            method=method, target=target, num_samples=num_samples, seed=seed, background=background
        )
        return await self._transport.send(
            explanations.draw(model, instances, form=form, version=version, label=label, options=options)
        )
