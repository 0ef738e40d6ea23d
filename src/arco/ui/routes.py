"""Every page, one line each: what the pages hand to the application."""

from __future__ import annotations

from arco.api.app import Pages
from arco.ui.answering import failed_page
from arco.ui.entering import is_open, way_in
from arco.ui.files import show_file
from arco.ui.pages.access import show_access
from arco.ui.pages.assets import show_asset, show_assets
from arco.ui.pages.audit import show_audit
from arco.ui.pages.backfill import show_backfilling
from arco.ui.pages.backfilling import show_cancel_backfill, show_pause, show_resume, show_retry
from arco.ui.pages.backfills import show_backfill, show_backfills
from arco.ui.pages.breaches import show_breaches
from arco.ui.pages.cancel import show_cancel
from arco.ui.pages.catalog import show_catalog, show_namespace
from arco.ui.pages.check import show_check
from arco.ui.pages.checks import show_checks
from arco.ui.pages.conditioning import show_disable_condition, show_enable_condition
from arco.ui.pages.conditions import show_condition, show_conditions
from arco.ui.pages.console import show_console
from arco.ui.pages.difference import show_difference
from arco.ui.pages.home import show_home
from arco.ui.pages.lineage import show_everything, show_lineage
from arco.ui.pages.login import show_login, sign_in, sign_out
from arco.ui.pages.materialize import show_materialize
from arco.ui.pages.notifications import show_news, show_notifier, show_test_notifier
from arco.ui.pages.partitions import show_partitions
from arco.ui.pages.pictures import show_picture
from arco.ui.pages.rerun import show_rerun
from arco.ui.pages.restore import show_restore
from arco.ui.pages.runs import show_run, show_runs
from arco.ui.pages.schedules import show_schedule, show_schedules
from arco.ui.pages.search import show_search
from arco.ui.pages.sensing import show_ask_sensor, show_disable_sensor, show_enable_sensor
from arco.ui.pages.sensors import show_sensor, show_sensors
from arco.ui.pages.switching import show_disable, show_enable, show_firing
from arco.ui.pages.system import show_system
from arco.ui.pages.table import show_table
from arco.ui.pages.task import show_task
from arco.ui.pages.versions import show_versions

ROUTES = (
    show_file,
    show_home,
    show_catalog,
    show_namespace,
    show_table,
    show_search,
    show_assets,
    show_asset,
    show_materialize,
    show_runs,
    show_run,
    show_task,
    show_picture,
    show_cancel,
    show_rerun,
    show_backfills,
    show_backfill,
    show_backfilling,
    show_pause,
    show_resume,
    show_cancel_backfill,
    show_retry,
    show_schedules,
    show_schedule,
    show_enable,
    show_disable,
    show_firing,
    show_sensors,
    show_sensor,
    show_enable_sensor,
    show_disable_sensor,
    show_ask_sensor,
    show_conditions,
    show_condition,
    show_enable_condition,
    show_disable_condition,
    show_breaches,
    show_news,
    show_notifier,
    show_test_notifier,
    show_versions,
    show_difference,
    show_restore,
    show_everything,
    show_lineage,
    show_partitions,
    show_checks,
    show_check,
    show_console,
    show_access,
    show_audit,
    show_system,
    show_login,
    sign_in,
    sign_out,
)
PAGES = Pages(ROUTES, failed_page, is_open=is_open, way_in=way_in)

__all__ = ["PAGES", "ROUTES"]
