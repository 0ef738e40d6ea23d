"""Signed URLs of a server: the public tables as files that anybody's engine reads by itself.

Law: a signed URL is asked without the client's key: it is a credential of its own, and may lead to
another host.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from arco.client.asking import Asked, Asker
from arco.client.connections import Connections, Lost, Request
from arco.client.operations import MINT_URLS
from arco.client.refusals import error_of
from arco.errors import Unavailable
from arco.wire.browser import SECONDS, SignedUrl, UrlsAnswer, UrlsRequest


class Browser:
    """`system.*` as Parquet files."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def urls(self, tables: Iterable[str] = (), *, seconds: int = SECONDS) -> UrlsAnswer:
        """URLs of the files of these tables, such as `catalog.tables`, or of all that are public,
        and the SQL that makes views of them.
        """
        body = UrlsRequest(tables=tuple(tables), seconds=seconds)
        return self._asker.ask(MINT_URLS, Asked(body=body))

    def read(self, file: SignedUrl) -> bytes:
        """The bytes of one file.

        Raises: Unavailable SERVER_UNREACHABLE; what the server tells, such as SNAPSHOT_EXPIRED.
        """
        parts = urlsplit(file.url)
        connections = Connections(
            f"{parts.scheme}://{parts.netloc}", timeout_seconds=self._asker.timeout_seconds
        )
        try:
            answer = connections.exchange(Request("GET", f"{parts.path}?{parts.query}", {}))
        except Lost as lost:
            raise Unavailable(
                "SERVER_UNREACHABLE",
                f"the host of the signed URL does not answer: {lost}",
                hint="ask again for URLs: these are good for minutes",
            ) from lost
        finally:
            connections.close()
        if answer.status >= 300:
            raise error_of(answer)
        return answer.body


__all__ = ["Browser"]
