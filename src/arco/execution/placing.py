"""The executors of `http` and `ray`: their places, and what is missing where there are none.

Law: an attempt that nobody can ever perform ends at once, with the next step. Must not know how
places work.
"""

from __future__ import annotations

from functools import partial

from arco.execution.callbacks import Callbacks
from arco.execution.ray_cluster import RayCluster, is_installed
from arco.execution.remote import Remote
from arco.execution.stations import Station
from arco.orchestration.outcomes import ErrorCategory, TaskError
from arco.service.settings import Settings, listed
from arco.service.workspace import Workspace

INSTALL_RAY = "pip install 'arco[ray]' where the server runs, and on every node of the cluster"


def http_executor(workspace: Workspace, callbacks: Callbacks) -> Remote:
    """An `Executor` of worker services."""
    settings = workspace.settings
    stations = [
        Station(url, callbacks, runtime=workspace.runtime, scope=settings.scope)
        for url in listed(settings.worker_urls)
    ]
    problem = partial(missing_for_http, settings, callbacks)
    return Remote(workspace, callbacks, places=stations, problem=problem)


def ray_executor(workspace: Workspace, callbacks: Callbacks) -> Remote:
    """An `Executor` of a Ray cluster."""
    problem = partial(missing_for_ray, workspace.settings, callbacks)
    return Remote(workspace, callbacks, places=[RayCluster(workspace, callbacks)], problem=problem)


def missing_for_http(settings: Settings, callbacks: Callbacks) -> TaskError | None:
    """What keeps attempts from worker services, as this process is set up; None: nothing."""
    if listed(settings.worker_urls) and callbacks.secrets:
        return None
    missing = "ARCO_WORKER_SECRETS" if listed(settings.worker_urls) else "ARCO_WORKER_URLS"
    return TaskError(
        ErrorCategory.CONFIGURATION,
        f"the asset runs on a worker service, and {missing} of the leading process names none",
        hint="see docs/how-to/run-worker-services.md, or give the asset executor='pool'",
    )


def missing_for_ray(settings: Settings, callbacks: Callbacks) -> TaskError | None:
    """What keeps attempts from a Ray cluster, as this process is set up; None: nothing."""
    if settings.ray_address and callbacks.secrets and is_installed():
        return None
    hint = "see docs/how-to/run-on-ray.md, or give the asset executor='pool'"
    if not is_installed():
        problem, hint = "Ray is not installed with the leading process", INSTALL_RAY
    elif settings.ray_address:
        problem = "ARCO_WORKER_SECRETS of the leading process names no secret"
    else:
        problem = "ARCO_RAY_ADDRESS of the leading process names none"
    told = f"the asset runs on a Ray cluster, and {problem}"
    return TaskError(ErrorCategory.CONFIGURATION, told, hint=hint)


__all__ = ["INSTALL_RAY", "http_executor", "missing_for_http", "missing_for_ray", "ray_executor"]
