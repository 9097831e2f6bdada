"""`trainyard doctor`: checks everything that is stored, while the service runs, and says what mends what is wrong.

It writes nothing without `--repair`, and then only what follows from the points of curves. What it reads may change
meanwhile, so that a file that is missing is looked for in the database once more before it is reported.
"""

import shutil
from datetime import UTC, datetime, timedelta

from core.errors import CurveCorrupt, InvalidSetup, NotFound
from core.findings import Finding
from core.settings import GIBIBYTE, Settings
from db import curve_checks, integrity, job_checks
from db.curve_checks import Curve
from db.session import Database
from db.upgrade import check_database
from operations.dataset_checks import check_datasets
from operations.file_checks import check_files
from operations.reporting import Report
from storage.opening import open_storage

LEAST_FREE_BYTES = GIBIBYTE
MAX_CLOCK_DIFFERENCE = timedelta(seconds=60)
"""As db/stored_files.py: files of running jobs are told from left ones by their time."""
NOTED_CLOCK_DIFFERENCE = timedelta(seconds=5)


def examine(settings: Settings, report: Report, *, is_quick: bool = False, repairs: bool = False) -> None:
    """Check database, files, curves, jobs and machine.

    Args:
        settings: Settings of the service.
        report: Receives findings.
        is_quick: Leave out what reads whole files: the hashes of artifacts and datasets, the pages of SQLite.
        repairs: Compute again what follows from the points of curves.

    Raises:
        TrainyardError: If the database does not answer, or is of another revision.
    """
    if not settings.data_dir.is_dir():
        raise InvalidSetup(
            f"There is no data directory {settings.data_dir}. Set TRAINYARD_DATA_DIR to that of the service."
        )
    url = settings.effective_database_url
    database = Database(url)
    try:
        with integrity.damage_as_error():
            check_database(url)
            _check_all(settings, database, report, is_quick=is_quick, repairs=repairs)
    except integrity.DatabaseDamaged as error:
        report.add(Finding("database_damaged", f"database {database}", f"{error.detail}.", integrity.RESTORE))
    finally:
        database.dispose()


def _check_all(settings: Settings, database: Database, report: Report, *, is_quick: bool, repairs: bool) -> None:
    _check_machine(settings, database, report)
    if not is_quick:
        for finding in integrity.check_pages(database):
            report.add(finding)
    with database.reading() as session:
        report.count("runs", job_checks.count_jobs(session))
        found = [
            *job_checks.check_jobs(
                session, lease_seconds=settings.lease_seconds, stall_seconds=settings.stall_timeout_seconds
            ),
            *integrity.check_pointers(session),
        ]
    for finding in found:
        report.add(finding)
    _check_curves(database, report, repairs=repairs)
    storage = open_storage(settings)
    check_files(database, storage.artifacts, report, is_quick=is_quick)
    check_datasets(database, storage.datasets, report, is_quick=is_quick)


def _check_machine(settings: Settings, database: Database, report: Report) -> None:
    before = datetime.now(UTC)
    with database.reading() as session:
        now = job_checks.read_clock(session)
    # The database's clock was read between these two.
    after = datetime.now(UTC)
    difference = max(before - now, now - after, timedelta())
    if difference > NOTED_CLOCK_DIFFERENCE:
        report.add(
            Finding(
                "clock_differs",
                "clock",
                f"This machine's clock and the database's differ by {difference / timedelta(seconds=1):,.1f} s.",
                "Set both by NTP. Up to a minute does no harm: leases use the database's clock alone.",
                is_note=difference <= MAX_CLOCK_DIFFERENCE,
            )
        )
    free = shutil.disk_usage(settings.data_dir).free
    if free < LEAST_FREE_BYTES:
        report.add(
            Finding(
                "disk_low",
                str(settings.data_dir),
                f"The disk has {free:,} bytes left, less than {LEAST_FREE_BYTES:,}.",
                "Free some: trainyard prune deletes old runs by the retention policy (docs/limits.md).",
            )
        )


def _check_curves(database: Database, report: Report, *, repairs: bool) -> None:
    after = 0
    while True:
        # Rows and points of a page are read in one snapshot: a run that goes on changes both at once.
        with database.reading() as session:
            curves = curve_checks.list_curves(session, after)
            found = [(curve, curve_checks.check_curve(session, curve)) for curve in curves]
        for curve, findings in found:
            is_repaired = repairs and bool(findings) and _repair(database, curve, findings)
            for finding in findings:
                if is_repaired:
                    report.add(Finding(finding.code, finding.subject, finding.detail, finding.remedy, is_repaired=True))
                else:
                    report.add(finding)
        report.count("curves", len(curves))
        report.count("points", sum(curve.summary.count for curve in curves))
        if len(curves) < curve_checks.CURVES_A_PAGE:
            return
        after = curves[-1].id


def _repair(database: Database, curve: Curve, findings: list[Finding]) -> bool:
    """Compute a curve's summary and rollups again; return False where its points are damaged themselves."""
    if any(finding.remedy != curve_checks.BY_REPAIR for finding in findings):
        return False
    try:
        with database.transaction() as session:
            return curve_checks.repair_curve(session, curve)
    except (NotFound, CurveCorrupt):
        # Deleted, or damaged, since.
        return False
