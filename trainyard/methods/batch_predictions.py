"""Methods of the clients for batch predictions."""

from collections.abc import AsyncIterator, Iterator, Sequence

from trainyard.batch_prediction import AsyncBatchPrediction, BatchPrediction
from trainyard.resources import batch_predictions
from trainyard.transport import AsyncTransport, Transport


class BatchPredictionMethods:
    """Part of `Client`."""

    _transport: Transport

    def batch_predict(
        self,
        model: str,
        dataset: str,
        *,
        version: int | None = None,
        label: str | None = None,
        dataset_version: int | None = None,
        array: str | None = None,
        columns: Sequence[str] = (),
        format: str = "csv",  # noqa: A002 - named as in the interface
        answers: str | None = None,
        start: int = 0,
        stop: int | None = None,
        on_error: str = "continue",
        idempotency_key: str | None = None,
    ) -> BatchPrediction:
        """Queue answers to the rows of an uploaded dataset, as a job on the workers.

        However often the request has to be sent, one batch prediction comes of it: it carries an Idempotency-Key.

        Args:
            model: Name of the model.
            dataset: Name of the uploaded dataset.
            version: Number of the model's version; by default the newest.
            label: An alias of the model, such as `production`.
            dataset_version: By default the newest.
            array: Array of the inputs, if the dataset is arrays and it cannot be told by its name.
            columns: Columns of the dataset that the result repeats, such as ids.
            format: `csv`, `parquet` or `npz`.
            answers: `labels`, `probabilities` or `values`; by default labels where the model has them.
            start: First row, counted from 0.
            stop: Row after the last one; by default all.
            on_error: `continue` leaves out the answers of rows that the model cannot answer; `fail` fails.
            idempotency_key: A fresh one by default.

        Raises:
            InvalidRequest: If the dataset does not fit the model; `problems` lists where.
            NotFound: If there is no such model or version.
        """
        operation = batch_predictions.submit(
            model,
            dataset,
            version=version,
            label=label,
            dataset_version=dataset_version,
            array=array,
            columns=columns,
            format=format,
            answers=answers,
            start=start,
            stop=stop,
            on_error=on_error,
            idempotency_key=idempotency_key,
        )
        return BatchPrediction(self._transport, self._transport.send(operation))

    def get_batch_prediction(self, batch_id: str) -> BatchPrediction:
        """Return one batch prediction, as it is now.

        Raises:
            NotFound: If there is none of this id.
        """
        return BatchPrediction(self._transport, self._transport.send(batch_predictions.get(batch_id)))

    def list_batch_predictions(
        self, *, states: Sequence[str] = (), model: str | None = None, page_size: int = 100
    ) -> Iterator[BatchPrediction]:
        """Yield the batch predictions that fit, newest first, fetched a page at a time as they are asked for.

        Args:
            states: Such as `["queued", "running"]`; all by default.
            model: Only batch predictions of this model.
            page_size: Batch predictions to fetch in one request.
        """
        found = self._transport.list(
            lambda cursor: batch_predictions.list_page(states=states, model=model, page_size=page_size, cursor=cursor)
        )
        return (BatchPrediction(self._transport, snapshot) for snapshot in found)


class AsyncBatchPredictionMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def batch_predict(
        self,
        model: str,
        dataset: str,
        *,
        version: int | None = None,
        label: str | None = None,
        dataset_version: int | None = None,
        array: str | None = None,
        columns: Sequence[str] = (),
        format: str = "csv",  # noqa: A002 - named as in the interface
        answers: str | None = None,
        start: int = 0,
        stop: int | None = None,
        on_error: str = "continue",
        idempotency_key: str | None = None,
    ) -> AsyncBatchPrediction:
        """Queue answers to the rows of an uploaded dataset; see `Client.batch_predict`."""
        operation = batch_predictions.submit(
            model,
            dataset,
            version=version,
            label=label,
            dataset_version=dataset_version,
            array=array,
            columns=columns,
            format=format,
            answers=answers,
            start=start,
            stop=stop,
            on_error=on_error,
            idempotency_key=idempotency_key,
        )
        return AsyncBatchPrediction(self._transport, await self._transport.send(operation))

    async def get_batch_prediction(self, batch_id: str) -> AsyncBatchPrediction:
        """Return one batch prediction, as it is now; see `Client.get_batch_prediction`."""
        return AsyncBatchPrediction(self._transport, await self._transport.send(batch_predictions.get(batch_id)))

    def list_batch_predictions(
        self, *, states: Sequence[str] = (), model: str | None = None, page_size: int = 100
    ) -> AsyncIterator[AsyncBatchPrediction]:
        """Yield the batch predictions that fit, newest first, with `async for`; see `Client.list_batch_predictions`."""
        found = self._transport.list(
            lambda cursor: batch_predictions.list_page(states=states, model=model, page_size=page_size, cursor=cursor)
        )
        return (AsyncBatchPrediction(self._transport, snapshot) async for snapshot in found)
