"""Methods of the clients for webhooks."""

from collections.abc import AsyncIterator, Iterator, Sequence

from trainyard.resources import webhooks
from trainyard.resources.webhooks import Delivery, NewWebhook, Webhook
from trainyard.transport import AsyncTransport, Transport


class WebhookMethods:
    """Part of `Client`. All of them need an admin key."""

    _transport: Transport

    def make_webhook(
        self, url: str, *, states: Sequence[str] = (), experiment: str | None = None, model: str | None = None
    ) -> NewWebhook:
        """Tell an address of each run that ends from now on. The secret is in this answer and nowhere else.

        However often the request has to be sent, one webhook comes of it. If the answer to the first request was lost,
        so is the secret: `Conflict` (`code` is `secret_not_kept`) then names the webhook to delete.

        Args:
            url: Address to tell, of a host that the operator allows (TRAINYARD_WEBHOOK_HOSTS).
            states: Ends to tell, of `succeeded`, `failed`, `cancelled`; all by default.
            experiment: Only runs of this experiment.
            model: Only runs that train this model.

        Raises:
            InvalidRequest: If the host is not allowed, or a state is not an end.
            Conflict: If there are too many webhooks, or the answer with the secret was lost.
        """
        return self._transport.send(webhooks.make(url, states, experiment, model))

    def list_webhooks(self) -> list[Webhook]:
        """Return every webhook, newest first."""
        return self._transport.send(webhooks.list_all())

    def get_webhook(self, webhook_id: str) -> Webhook:
        """Return one webhook: what it is told, and since when it could not be reached, if so.

        Raises:
            NotFound: If there is none of this id.
        """
        return self._transport.send(webhooks.get(webhook_id))

    def list_deliveries(self, webhook_id: str, *, page_size: int = 100) -> Iterator[Delivery]:
        """Yield the messages to a webhook, newest first. They are kept for a week after the last try.

        Raises:
            NotFound: If there is no such webhook.
        """
        return self._transport.list(
            lambda cursor: webhooks.deliveries_page(webhook_id, page_size=page_size, cursor=cursor)
        )

    def enable_webhook(self, webhook_id: str) -> Webhook:
        """Send messages again after a webhook was disabled. Runs that ended meanwhile are not told.

        Raises:
            NotFound: If there is none of this id.
        """
        return self._transport.send(webhooks.enable(webhook_id))

    def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook with its deliveries. What waits to be sent is not sent any more.

        Raises:
            NotFound: If there is none of this id.
        """
        self._transport.send(webhooks.delete(webhook_id))


class AsyncWebhookMethods:
    """Part of `AsyncClient`."""

    _transport: AsyncTransport

    async def make_webhook(
        self, url: str, *, states: Sequence[str] = (), experiment: str | None = None, model: str | None = None
    ) -> NewWebhook:
        """Tell an address of each run that ends from now on; see `Client.make_webhook`."""
        return await self._transport.send(webhooks.make(url, states, experiment, model))

    async def list_webhooks(self) -> list[Webhook]:
        """Return every webhook, newest first; see `Client.list_webhooks`."""
        return await self._transport.send(webhooks.list_all())

    async def get_webhook(self, webhook_id: str) -> Webhook:
        """Return one webhook; see `Client.get_webhook`."""
        return await self._transport.send(webhooks.get(webhook_id))

    def list_deliveries(self, webhook_id: str, *, page_size: int = 100) -> AsyncIterator[Delivery]:
        """Yield the messages to a webhook, newest first, with `async for`; see `Client.list_deliveries`."""
        return self._transport.list(
            lambda cursor: webhooks.deliveries_page(webhook_id, page_size=page_size, cursor=cursor)
        )

    async def enable_webhook(self, webhook_id: str) -> Webhook:
        """Send messages again after a webhook was disabled; see `Client.enable_webhook`."""
        return await self._transport.send(webhooks.enable(webhook_id))

    async def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook with its deliveries; see `Client.delete_webhook`."""
        await self._transport.send(webhooks.delete(webhook_id))
