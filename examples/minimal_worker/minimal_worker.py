"""The smallest worker service: an asset is a program of its name in this folder, without a table.

`SECRET=... python minimal_worker.py PORT TENANT/WORKSPACE SERVER_URL`
"""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

SECRET, (PORT, SCOPE, SERVER) = os.environ["SECRET"].encode(), sys.argv[1:]
HELD: dict[str, dict] = {}


def mac(text: str, body: bytes = b"") -> str:
    return hmac.digest(SECRET, f"arco-worker\n{text}".encode() + body, "sha256").hex()


def tell(offer: dict, kind: str, **said: object) -> bool:
    body = {"type": kind, "dispatch_id": offer["envelope"]["dispatch_id"], **said}
    path = f"{SERVER}/api/v1/tasks/{offer['envelope']['attempt_id']}/{kind}"
    while True:
        proof = mac(f"answer\n{offer['token']}")
        headers = {"Authorization": f"Bearer {offer['token']}.{proof}"}
        headers["Content-Type"] = "application/json"
        try:
            with urlopen(Request(path, json.dumps(body).encode(), headers), timeout=10) as answer:
                offer.update(json.load(answer))
                return offer.get("should_cancel", False)
        except OSError:
            time.sleep(0.2)


def is_over(process: subprocess.Popen, seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def perform(offer: dict) -> None:
    began, name = time.strftime("%FT%TZ", time.gmtime()), offer["envelope"]["asset"]["key"]
    if not tell(offer, "started", started_at=began):
        process = subprocess.Popen([f"./{name}"])
        while not is_over(process, offer["heartbeat_seconds"]):
            if tell(offer, "heartbeat"):
                process.kill()
        error = {"category": "USER_CODE", "message": f"{name} ended with {process.returncode}"}
        completion, ended = {"error": error}, time.strftime("%FT%TZ", time.gmtime())
        completion = completion if process.returncode else {}
        tell(offer, "completed", started_at=began, ended_at=ended, completion=completion)
    del HELD[offer["envelope"]["dispatch_id"]]


class Service(BaseHTTPRequestHandler):
    def do_POST(self) -> int | None:
        body = self.rfile.read(min(2**24, int(self.headers["Content-Length"])))
        moment, _, given = self.headers.get("Arco-Signature", "0.").partition(".")
        good = hmac.compare_digest(given, mac(f"offer\n{moment}\n", body))
        if not good or abs(time.time() - int(moment)) > 300:
            return self.send_error(401)
        offer = json.loads(body)
        name = offer["envelope"]["dispatch_id"]
        if (f"{offer['tenant']}/{offer['workspace']}", offer["callback_url"]) != (SCOPE, SERVER):
            return self.send_error(403)
        if HELD and name not in HELD:
            return self.send_error(503)
        if HELD.setdefault(name, offer) is offer:
            threading.Thread(target=perform, args=(offer,)).start()
        HELD[name].update(offer)
        self.send_response(202)
        self.end_headers()
        return self.wfile.write(json.dumps({"dispatch_id": name, "free": 0}).encode())


ThreadingHTTPServer(("127.0.0.1", int(PORT)), Service).serve_forever()
