"""`sipar up`, `migrate`, `doctor` and `openapi`: running the house itself."""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import sys
from pathlib import Path
from typing import Annotated

import django
import typer
from django.core.exceptions import ImproperlyConfigured
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from sipar.config import environment, readiness, up
from sipar.config.supervisor import check_port, run
from sipar.core import localdb
from sipar.core.machine import MachineProblem
from sipar.core.mailbox import mailbox_from, problem_with

HOST = "127.0.0.1"
ANSWERS_WITHIN_S = 10
SNAPSHOT = environment.PROJECT / "docs" / "reference" / "openapi.json"
console = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    app.command("up")(start)
    app.command("migrate")(migrate)
    app.command("doctor")(doctor)
    app.command("openapi")(openapi)


def start(
    port: Annotated[int, typer.Option(help="Port on the loopback address.", min=1, max=65535)] = int(
        environment.PORT.read()
    ),
    organisations: Annotated[int, typer.Option(help="Size of the demonstration nation.", min=50, max=200_000)] = 3_000,
) -> None:
    """Start Sipar: database, web server and worker. Ctrl-C stops everything."""
    check_port(HOST, port)
    var = environment.var_folder()
    with up.database(os.environ, say=_say) as cluster:
        if not readiness.is_ready(cluster, var):
            _prepare(organisations)
            readiness.remember(cluster)
        address = f"http://localhost:{port}/"
        run(
            [up.web_process(HOST, port), up.worker_process()],
            ready_url=f"http://{HOST}:{port}/accounts/login/",
            on_ready=lambda: _tell(address),
            watch=lambda: cluster.ensure_started() if cluster else None,
            log_file=var / "log" / "sipar.log",
        )


def _prepare(organisations: int) -> None:
    django.setup()
    from django.conf import settings

    from sipar.config import installation
    from sipar.people.demonstration import refuse_in_production

    installation.bring_up_to_date(say=_say)
    if settings.DEMONSTRATION:
        _load_demonstration(organisations)
    else:
        refuse_in_production()
    installation.collect_static_files(say=_say)


def _load_demonstration(organisations: int) -> None:
    from django.utils import timezone

    from sipar import demonstration

    if demonstration.is_loaded():
        return
    _say(f"Loading the demonstration nation: {organisations:,} invented organisations")
    with progress_bar() as bar:
        task = bar.add_task("Loading", total=1.0)
        demonstration.load(
            organisations=organisations,
            seed=1,
            now=timezone.now(),
            progress=lambda done, total, sentence: bar.update(task, completed=done, total=total, description=sentence),
        )


def _tell(address: str) -> None:
    django.setup()
    from django.conf import settings

    console.print(f"\nSipar answers at [bold]{address}[/bold]")
    if not settings.DEMONSTRATION:
        return
    from sipar.demonstration.people import PASSWORD, ROLES_TABLE

    table = Table("Sign in as", "E-mail address", "and try", box=None, pad_edge=False)
    for email, role, trial in ROLES_TABLE:
        table.add_row(str(role), email, str(trial))
    console.print(table)
    console.print(
        f"Every password is [bold]{PASSWORD}[/bold]. One click signs in: {address}me/demonstration-sign-in/\n"
        "Second-factor codes: sipar demo code EMAIL. Stop with Ctrl-C."
    )


def migrate() -> None:
    """Bring tables, guards and reference data up to date, as the owner of the database."""
    with up.database(os.environ, say=_say):
        django.setup()
        from sipar.config import installation

        installation.bring_up_to_date(say=_say)
    _say("The database is up to date")


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look at what Sipar needs on this machine, and say what is missing and how to mend it."""
    findings = [_python(), _postgres(), _disk(), _pango(), _browser_files(), _relay(), *_mailboxes()]
    if as_json:
        typer.echo(json.dumps([{"what": what, "ok": ok, "sentence": sentence} for what, ok, sentence in findings]))
    else:
        for what, ok, sentence in findings:
            console.print(f"[{'green' if ok else 'red'}]{'good' if ok else 'to mend'}[/] {what}: {sentence}")
    raise typer.Exit(0 if all(ok for _, ok, _ in findings) else 1)


Finding = tuple[str, bool, str]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return "Python", sys.version_info >= (3, 12), f"{version} (3.12 or later is needed)"


def _postgres() -> Finding:
    if environment.DATABASE_URL.read():
        try:
            localdb.ensure_roles_and_database(os.environ)
        except MachineProblem as problem:
            return "PostgreSQL", False, str(problem)
        return "PostgreSQL", True, "the server of DATABASE_URL answers"
    try:
        return "PostgreSQL", True, f"programs in {localdb.find_binaries()}"
    except MachineProblem as problem:
        return "PostgreSQL", False, str(problem)


def _disk() -> Finding:
    folder = environment.var_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    return "Disk", free > 1, f"{free:.1f} GB free in {folder} (1 GB is needed)"


def _pango() -> Finding:
    try:
        import weasyprint
    except OSError:
        return "Pango", False, "PDF reports need it. Debian: apt install libpangoft2-1.0-0. All else works without it."
    return "Pango", True, f"WeasyPrint {weasyprint.__version__} can draw PDF reports"


def _browser_files() -> Finding:
    there = (Path(__file__).parents[2] / "ui" / "static" / "vendor" / "stamp.json").exists()
    return "Browser files", there, "styles and scripts are in place" if there else "run `make setup`"


def _relay() -> Finding:
    from django.core.mail.backends.smtp import EmailBackend

    url = environment.MAIL_URL.read()
    if not url:
        return "Mail relay", True, "none is set: mails become files in var/mail"
    try:
        sender, options = environment.sender(), environment.mailer(url, Path())["OPTIONS"]
        backend = EmailBackend(alias="default", **options | {"timeout": ANSWERS_WITHIN_S})
        backend.open()
        backend.close()
    except (ImproperlyConfigured, ValueError) as problem:
        return "Mail relay", False, str(problem)
    except (OSError, smtplib.SMTPException) as problem:
        return "Mail relay", False, f"{options['host']} does not let Sipar in ({type(problem).__name__})"
    return "Mail relay", True, f"{options['host']} lets Sipar in; mails are from {sender}"


def _mailboxes() -> list[Finding]:
    """The mailboxes that are set; what comes to one that cannot be read is read by nobody."""
    found: list[Finding] = []
    for variable in (environment.INTAKE_MAIL, environment.NOTICE_MAIL, environment.FEEDS_MAIL):
        if not variable.read():
            continue
        try:
            problem = problem_with(mailbox_from(variable.read(), setting=variable.name))
        except ValueError as wrong:
            problem = str(wrong)
        found.append((variable.name, not problem, problem or "the mailbox can be read"))
    return found


def openapi(
    check: Annotated[bool, typer.Option(help="Compare with the snapshot instead of writing it.")] = False,
) -> None:
    """Write the OpenAPI document to docs/reference/openapi.json, or check that it is what the code says."""
    django.setup()
    from sipar.config.api import api

    document = json.dumps(api.get_openapi_schema(path_prefix="/api/"), indent=1, sort_keys=True, ensure_ascii=False)
    if not check:
        SNAPSHOT.write_text(document + "\n")
        return
    if not SNAPSHOT.exists() or SNAPSHOT.read_text() != document + "\n":
        console.print("The API is not what docs/reference/openapi.json says. Look at the difference; `sipar openapi`.")
        raise typer.Exit(1)


def progress_bar() -> Progress:
    """The progress bar of long commands, on standard error."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip


def _say(sentence: str) -> None:
    console.print(sentence)
