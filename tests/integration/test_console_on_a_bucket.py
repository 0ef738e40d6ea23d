"""The console where the store signs: the browser reads from the bucket itself, if that lets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arco.store.cors import bucket_rule
from tests.contract.emulators import BUCKET
from tests.contract.gcs_double import gcs_service
from tests.contract.needs import needs
from tests.integration.api_server import deploy_shop, serving
from tests.integration.browser import REFUSALS_LOGGED, Browser

LOGGED = (REFUSALS_LOGGED, "Access to fetch at", "Failed to load resource: net::ERR_FAILED")
"""What the browser says of a bucket without a rule for its page."""
TOLD = "document.getElementById('rows').ariaBusy === 'false'"
SQL = "SELECT key FROM system.orchestration.assets ORDER BY 1"


def test_the_browser_reads_from_the_bucket_once_that_lets_pages_of_the_server(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("duckdb-wasm")
    with gcs_service(BUCKET) as (endpoint, bucket):
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", bucket.account(endpoint))
        store = f"gs://{BUCKET}/arco?endpoint={endpoint}"
        with serving(tmp_path, store=store) as server:
            deploy_shop(server)
            chromium.address = server.address
            policies = [
                server.ask("GET", path).headers["content-security-policy"] for path in ("/sql", "/")
            ]
            assert f"connect-src 'self' {endpoint};" in policies[0]
            assert "connect-src 'self';" in policies[1]
            chromium.open("/sql", store=[endpoint], fresh=True)
            chromium.ask("fill", fill="#sql", text=SQL)
            chromium.ask("click", click="#run", forgiven=LOGGED)
            chromium.ask("until", until=TOLD, seconds=60, forgiven=LOGGED)
            assert "the store lets no page" in chromium.ask(
                "text", text="#elsewhere", forgiven=LOGGED
            )
            rule = bucket_rule(server.workspace.store.location("x"), server.address)
            bucket.rules = json.loads(rule.document)
            chromium.ask("click", click="#run")
            chromium.until(TOLD, 60)
            assert "Read by this browser: " in chromium.text("#told")
            assert "shop.daily" in chromium.text("#rows")
