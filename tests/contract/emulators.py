"""Services on this machine that speak like the providers' object stores.

They are subjects, not oracles: what they answer is compared with what the Store port promises.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlencode

from tests.contract.needs import needs

START_SECONDS = 60
ROOT = Path(__file__).parents[2]
BUCKET = "lake"
S3_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "only-for-tests"}
ACCOUNT = "arcotests"
ACCOUNT_KEY = base64.b64encode(hashlib.sha512(b"only for tests").digest()).decode()


@contextmanager
def s3_service() -> Iterator[str]:
    """The endpoint of an S3 emulator that holds one empty bucket."""
    port = free_port()
    command = [sys.executable, "-m", "tests.contract.s3_emulator", str(port)]
    with _service(command, port):
        asked("PUT", port, path=f"/{BUCKET}")
        yield f"http://127.0.0.1:{port}"


def copy_objects(endpoint: str, prefix: str, *, to: str) -> None:
    """What the S3 emulator holds below one prefix, it holds below another, too."""
    port = int(endpoint.rpartition(":")[2])
    asked("COPY", port, path=f"/{BUCKET}?{urlencode({'from': prefix, 'to': to})}")


@contextmanager
def azure_service(folder: Path) -> Iterator[str]:
    """The endpoint of an Azure emulator that holds one empty container."""
    port = free_port()
    command = [needs("azurite-blob"), "--blobPort", str(port), "--silent"]
    command += ["--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence"]
    accounts = {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{ACCOUNT_KEY}"}
    with _service(command, port, folder=folder, extra=accounts):
        azure_asked(port, BUCKET, parameters={"restype": "container"})
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"


def azure_asked(port: int, name: str, *, parameters: Mapping[str, str], body: str = "") -> None:
    """A PUT by the owner of the account, which has to succeed."""
    path = f"/{ACCOUNT}/{name}"
    length = str(len(body)) if body else ""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    signed = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    resource = "".join(f"\n{key}:{value}" for key, value in sorted(parameters.items()))
    text = f"PUT\n\n\n{length}{chr(10) * 9}{signed}/{ACCOUNT}{path}{resource}"
    mac = hmac.digest(base64.b64decode(ACCOUNT_KEY), text.encode(), "sha256")
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(mac).decode()}"
    asked("PUT", port, path=f"{path}?{urlencode(parameters)}", headers=headers, body=body)


def asked(
    method: str,
    port: int,
    *,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> http.client.HTTPResponse:
    """The answer to one request, which has to succeed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    length = {"Content-Length": str(len(body))}
    try:
        connection.request(method, path, body or None, headers={**length, **(headers or {})})
        response = connection.getresponse()
        assert response.status < 300, response.read()
        return response
    finally:
        connection.close()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _service(
    command: list[str],
    port: int,
    *,
    folder: Path | None = None,
    extra: Mapping[str, str] | None = None,
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        cwd=folder or ROOT,
        env={**os.environ, **(extra or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_port(process, port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the emulator ended with {process.returncode}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"no emulator listens on port {port}")
