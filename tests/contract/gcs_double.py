"""A small double of Google Cloud Storage: the XML interface, with signatures checked.

It honours `x-goog-if-generation-match: 0`, ranges, listings in pages, and both ways to be let in:
a token signed by the service account, and a signed URL.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PAGE_OBJECTS = 3
EMAIL = "tests@arco.invalid"
SIGNED_NAMES = {f"X-Goog-{name}" for name in ("Algorithm", "Date", "Expires", "SignedHeaders")}
SIGNED_NAMES |= {"X-Goog-Credential"}
HEX = re.compile(r"([0-9a-f]{2})+\Z")
RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z")


class Bucket:
    """One bucket, and the key of the account that may use it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.lock = threading.Lock()
        self.generation = 0
        self.rules: list[dict[str, Any]] = []
        """What pages may do, as `cors.json` of Google's command line says it."""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def account(self, endpoint: str) -> str:
        """The service account's file, as Google's console would give it."""
        private = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return json.dumps(
            {
                "type": "service_account",
                "client_email": EMAIL,
                "private_key_id": "1",
                "private_key": private.decode(),
                "gcs_base_url": endpoint,
                "disable_oauth": False,
            }
        )

    def signed_by_account(self, signature: bytes, text: bytes) -> bool:
        """True when the account's key signed this text."""
        try:
            self.key.public_key().verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes, and the second would wait until the first is acknowledged.
    disable_nagle_algorithm = True
    bucket: ClassVar[Bucket]

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        name = self._allowed()
        if name is None:
            return
        with self.bucket.lock:
            wanted = self.headers.get("x-goog-if-generation-match")
            taken = wanted == "0" and name in self.bucket.objects
            if not taken:
                self.bucket.objects[name] = (data, time.time())
                self.bucket.generation += 1
        if taken:
            self._refuse(412, "PreconditionFailed")
        else:
            self._answer(200, headers={"x-goog-generation": str(self.bucket.generation)})

    def do_GET(self) -> None:
        name = self._allowed()
        if name is None:
            return
        if not name:
            self._list()
            return
        found = self.bucket.objects.get(name)
        if found is None:
            self._refuse(404, "NoSuchKey")
        else:
            self._object(*found)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        name = self._allowed()
        if name is None:
            return
        with self.bucket.lock:
            removed = self.bucket.objects.pop(name, None)
        if removed is None:
            self._refuse(404, "NoSuchKey")
        else:
            self._answer(204)

    def do_OPTIONS(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self._allowed() is not None:
            self._refuse(405, "MethodNotAllowed")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test says itself what went wrong."""

    def _allowed(self) -> str | None:
        """The object's name, empty for the bucket, or None after a refusal."""
        _, bucket, *rest = urlsplit(self.path).path.split("/", 2)
        if bucket != self.bucket.name:
            self._refuse(404, "NoSuchBucket")
        elif not (self._has_token() or self._has_signed_url()):
            self._refuse(403, "SignatureDoesNotMatch")
        else:
            return unquote(rest[0]) if rest else ""
        return None

    def _has_token(self) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        signed, _, signature = token.rpartition(".")
        if not self.bucket.signed_by_account(decoded(signature), signed.encode()):
            return False
        claims = json.loads(decoded(signed.partition(".")[2]))
        return bool(claims["iss"] == EMAIL and claims["iat"] - 60 < time.time() < claims["exp"])

    def _has_signed_url(self) -> bool:
        path, _, query = self.path.partition("?")
        values = {name: items[0] for name, items in parse_qs(query).items()}
        signature = values.pop("X-Goog-Signature", "")
        if not HEX.match(signature) or SIGNED_NAMES - set(values):
            return False
        signed_at = moment(values["X-Goog-Date"])
        names = values["X-Goog-SignedHeaders"]
        # The driver signs for the one name that the real service has, whatever the endpoint.
        headers = "host:storage.googleapis.com\n"
        pairs = "&".join(
            f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in sorted(values.items())
        )
        request = "\n".join([self.command, path, pairs, headers, names, "UNSIGNED-PAYLOAD"])
        scope = values["X-Goog-Credential"].partition("/")[2]
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"GOOG4-RSA-SHA256\n{values['X-Goog-Date']}\n{scope}\n{digest}"
        lives = 0 <= time.time() - signed_at < int(values["X-Goog-Expires"])
        lives = lives and values["X-Goog-Algorithm"] == "GOOG4-RSA-SHA256"
        return lives and self.bucket.signed_by_account(bytes.fromhex(signature), text.encode())

    def _object(self, data: bytes, modified_at: float) -> None:
        headers = {
            "Last-Modified": self.date_time_string(int(modified_at)),
            "ETag": f'"{hashlib.md5(data).hexdigest()}"',
        }
        asked = RANGE.match(self.headers.get("Range", ""))
        if asked is None:
            self._answer(200, data, headers=headers)
            return
        start, end = int(asked[1]), int(asked[2]) + 1 if asked[2] else len(data)
        if start >= len(data):
            self._refuse(416, "InvalidRange")
            return
        cut = data[start:end]
        headers["Content-Range"] = f"bytes {start}-{start + len(cut) - 1}/{len(data)}"
        self._answer(206, cut, headers=headers)

    def _list(self) -> None:
        values = parse_qs(urlsplit(self.path).query)
        prefix = values.get("prefix", [""])[0]
        after = values.get("continuation-token", [""])[0]
        with self.bucket.lock:
            names = sorted(n for n in self.bucket.objects if n.startswith(prefix) and n > after)
        page, more = names[:PAGE_OBJECTS], names[PAGE_OBJECTS:]
        items = "".join(self._item(name) for name in page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = (
            f"<ListBucketResult><Prefix>{escape(prefix)}</Prefix>{token}{items}</ListBucketResult>"
        )
        self._answer(200, body.encode())

    def _item(self, name: str) -> str:
        data, modified_at = self.bucket.objects[name]
        moment = datetime.fromtimestamp(modified_at, UTC).isoformat().replace("+00:00", "Z")
        return (
            f"<Contents><Key>{escape(name)}</Key><Size>{len(data)}</Size>"
            f"<LastModified>{moment}</LastModified><ETag>e</ETag></Contents>"
        )

    def _released(self) -> dict[str, str]:
        """What a page is told, when a rule speaks of its origin and its method."""
        origin = self.headers.get("Origin", "")
        method = self.headers.get("Access-Control-Request-Method", self.command)
        for rule in self.bucket.rules:
            if origin in rule["origin"] and method in rule["method"]:
                listed = ", ".join(rule["responseHeader"])
                kind = "Allow" if self.command == "OPTIONS" else "Expose"
                released = {"Access-Control-Allow-Methods": ", ".join(rule["method"])}
                released[f"Access-Control-{kind}-Headers"] = listed
                return {"Access-Control-Allow-Origin": origin, **released}
        return {}

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode())

    def _answer(
        self, status: int, body: bytes = b"", *, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {"ETag": '"e"', "Content-Length": str(len(body)), **(headers or {})}
        headers |= self._released()
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Takes a crowd that comes at once."""

    daemon_threads = True
    request_queue_size = 256


@contextmanager
def gcs_service(name: str) -> Iterator[tuple[str, Bucket]]:
    """The endpoint of a service that holds one empty bucket, and that bucket."""
    bucket = Bucket(name)
    server = Server(("127.0.0.1", 0), type("BucketHandler", (Handler,), {"bucket": bucket}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def decoded(text: str) -> bytes:
    """The bytes of unpadded URL-safe base64."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def moment(text: str) -> float:
    """Unix seconds of a signed date; the beginning of time for what is none."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
