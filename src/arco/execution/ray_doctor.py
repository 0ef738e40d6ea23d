"""Examining the way to a Ray cluster: is the extra there, the secret, and does the cluster answer.

Every finding says what to do next. Nothing is performed on the cluster. Must not know how it is
shown.
"""

from __future__ import annotations

from arco.errors import Invalid
from arco.execution.calling import Unanswered
from arco.execution.placing import INSTALL_RAY
from arco.execution.proofs import read_worker_secrets
from arco.execution.ray_cluster import is_installed, join
from arco.execution.ray_messages import Joined
from arco.sdk.project import nearest_settings
from arco.service.findings import Finding, bad, good, refused
from arco.service.settings import Settings

CHECK = "ray"
BYTES_PER_GIBIBYTE = 2**30


def is_wanted(settings: Settings) -> bool:
    """Whether this project has to do with Ray at all. Raises: Invalid PROJECT_INVALID."""
    return bool(settings.ray_address) or nearest_settings(settings.directory)[1].executor == "ray"


async def examine_ray(settings: Settings) -> Finding:
    """What stands between this process and the cluster. Cost: it is joined and left again."""
    if not is_installed():
        return bad(CHECK, "Ray is not installed here", fix=INSTALL_RAY)
    if not settings.ray_address:
        fix = "name the head of the cluster, HOST:PORT, in ARCO_RAY_ADDRESS"
        return bad(CHECK, "assets run on a Ray cluster, and nobody says where it is", fix=fix)
    try:
        secrets = read_worker_secrets(settings)
    except Invalid as error:
        return refused(CHECK, error)
    if not secrets:
        fix = "`openssl rand -hex 32` into a file; name it in ARCO_WORKER_SECRETS, here and there"
        return bad(CHECK, "its nodes could not be recognised: there is no secret", fix=fix)
    try:
        driver, joined = await join(settings)
    except Unanswered as problem:
        told, _, fix = str(problem).partition("; ")
        return bad(CHECK, told, fix=fix or "look whether the cluster runs, and its logs")
    driver.kill()
    await driver.ended()
    return good(CHECK, _told(settings.ray_address, joined))


def _told(address: str, joined: Joined) -> str:
    memory = joined.memory_bytes / BYTES_PER_GIBIBYTE
    size = f"{joined.nodes:,} nodes, {joined.cpus:g} CPUs, {memory:,.1f} GiB"
    return f"Ray {joined.version} at {address}: {size}"


__all__ = ["examine_ray", "is_wanted"]
