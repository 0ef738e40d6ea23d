"""Where external tables may stand: a corpus of locations that must lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from arco.errors import Invalid
from arco.service.locations import Grounds, checked_location

REFUSED = {
    "loopback name": "http://localhost:8080/table",
    "loopback address": "http://127.0.0.1/table",
    "loopback, IPv6": "http://[::1]/table",
    "loopback, decimal": "http://2130706433/",
    "metadata service": "http://169.254.169.254/latest/meta-data/",
    "metadata service, IPv6": "http://[fd00:ec2::254]/latest/",
    "metadata service by name": "https://metadata.google.internal/computeMetadata/v1/",
    "metadata service as a bucket": "s3://169.254.169.254/latest",
    "number as a bucket": "s3://2130706433/x",
    "loopback as a bucket": "s3://localhost/x",
    "endpoint of a metadata service": "s3://lake/x?endpoint=http://169.254.169.254",
    "endpoint of loopback": "s3://lake/x?endpoint=http://127.0.0.1:9000",
    "another endpoint": "gs://lake/x?endpoint=https://evil.example",
    "credentials": "s3://key:secret@lake/x",
    "secret as an option": "s3://lake/x?aws_secret_access_key=hunter2",
    "unknown scheme": "ftp://lake/x",
    "gopher": "gopher://lake/x",
    "data": "data://text/plain",
    "azure by another scheme": "abfss://c@a.dfs.core.windows.net/x",
    "upper-case scheme": "S3://lake/x",
    "password file": "/etc/passwd",
    "password file as a URL": "file:///etc/passwd",
    "host in a file URL": "file://evil.example/share",
    "UNC": "\\\\evil\\share",
    "process": "/proc/self/environ",
    "device": "/dev/zero",
    "relative": "data/table",
    "home": "~/table",
    "parent": "{project}/../secret",
    "parent, encoded": "file://{project}/%2e%2e/secret",
    "parent, encoded twice": "file://{project}/%252e%252e/secret",
    "parent in a bucket": "s3://lake/a/../b",
    "parent in a bucket, encoded": "s3://lake/a/%2e%2e/b",
    "the store": "{project}/.arco",
    "another tenant in the store": "{project}/.arco/tenant=other/workspace=main/warehouse/t",
    "what contains the store": "{project}",
    "a link out": "{project}/link/table",
    "nul": "{project}/a\x00b",
    "new line": "{project}/a\nb",
    "right to left": "{project}/\u202eelbat",
    "empty": "",
    "too long": "s3://lake/" + "a/" * 1000,
    "query on a file": "file://{project}/data?x=1",
    "fragment": "s3://lake/x#y",
}


@pytest.fixture
def grounds(tmp_path: Path) -> Grounds:
    project = tmp_path / "project"
    (project / ".arco").mkdir(parents=True)
    (project / "data").mkdir()
    (tmp_path / "secret").mkdir()
    (project / "link").symlink_to(tmp_path / "secret")
    return Grounds(str(project / ".arco"), (project,))


@pytest.mark.parametrize("location", REFUSED.values(), ids=REFUSED.keys())
def test_a_location_that_could_lead_elsewhere_is_refused(location: str, grounds: Grounds) -> None:
    spelled = location.replace("{project}", str(grounds.roots[0]))
    with pytest.raises(Invalid) as refused:
        checked_location(spelled, grounds)
    assert refused.value.code == "LOCATION_REFUSED"
    assert "hunter2" not in str(refused.value) and "secret@" not in str(refused.value)


@pytest.mark.parametrize(
    ("location", "plain"),
    [
        ("{project}/data", "{project}/data"),
        ("file://{project}/data/", "{project}/data"),
        ("s3://lake/tables/orders/", "s3://lake/tables/orders"),
        ("s3://lake/orders?region=eu-west-1", "s3://lake/orders?region=eu-west-1"),
        ("gs://lake/orders", "gs://lake/orders"),
        ("az://lake/orders?account=acme", "az://lake/orders?account=acme"),
    ],
)
def test_a_location_of_ones_own_is_carried(location: str, plain: str, grounds: Grounds) -> None:
    project = str(grounds.roots[0])
    found = checked_location(location.replace("{project}", project), grounds)
    assert found == plain.replace("{project}", project)


@pytest.mark.parametrize(
    "location",
    [
        "s3://lake/arco",
        "s3://lake/arco/tenant=other/workspace=main/warehouse/t",
        "s3://lake/",
        "s3://lake",
        "s3://lake/arco?region=us-east-1",
    ],
)
def test_a_store_on_a_bucket_is_nobodys_table(location: str, tmp_path: Path) -> None:
    grounds = Grounds("s3://lake/arco?region=eu-west-1", (tmp_path,))
    with pytest.raises(Invalid, match="own store"):
        checked_location(location, grounds)


def test_a_service_that_speaks_s3_may_be_the_stores_own(tmp_path: Path) -> None:
    grounds = Grounds("s3://arco?endpoint=https://s3.example", (tmp_path,))
    location = "s3://lake/orders?endpoint=https%3A%2F%2Fs3.example"
    assert checked_location(location, grounds) == location
