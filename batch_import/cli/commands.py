"""Commands that look: credentials, manifests, jobs. None of them imports anything."""

import argparse

from batch_import.cli.arguments import (
    credentials_of,
    job_of,
    options_of,
    result_options_of,
    settings_of,
)
from batch_import.cli.config import in_force
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.options import CONFIG, OPTIONS
from batch_import.cli.terminal import Asking, stoppable
from batch_import.cli.words import (
    print_checked,
    print_json,
    print_outcome,
    print_told,
    print_told_as_json,
    shown,
)
from batch_import.workflows import pipeline


def account(arguments: argparse.Namespace) -> int:
    """Test the credentials."""
    settings = settings_of(arguments)
    with stoppable() as stop:
        account = pipeline.account(settings, credentials_of(arguments), stop)
    print(f"The credentials work. Account: {shown(account.title) or '(no title)'}"
          f" ({shown(account.id)}) at {settings.api_base}")  # fmt: skip
    return OK


def init(arguments: argparse.Namespace) -> int:
    """Write template manifests."""
    from batch_import.cli.config_template import config_template
    from batch_import.manifest.template import write_templates

    for path in write_templates(arguments.folder, {CONFIG.name: config_template()}):
        print(f"Written: {shown(str(path))}")
    print("Fill one of them in, then: batch-import check MANIFEST")
    return OK


def config(arguments: argparse.Namespace) -> int:
    """Show the value of every option, and where it comes from."""
    from batch_import.credentials import NAMES, find

    told = in_force(OPTIONS, {}, arguments.in_file)
    del told["config"]
    place = find(told["credentials"].value)
    secrets = {name: place.origin if name in place.keys else None for name in NAMES}
    if arguments.json:
        print_told_as_json(told, secrets)
    else:
        file = arguments.config
        print(f"{shown(str(file))} is read." if file.exists() else f"There is no {file} here.")
        print_told(told, secrets)
        if place.trouble:
            print(place.trouble)
    return OK


def check(arguments: argparse.Namespace) -> int:
    """Validate a manifest."""
    job, settings = job_of(arguments), settings_of(arguments)
    watcher = pipeline.Watcher(asked=Asking().show)
    with stoppable() as stop:
        checked = pipeline.check(
            job, arguments.manifest, settings, options_of(arguments), watcher, stop
        )
    if arguments.json:
        print_json(job, checked)
    else:
        print_checked(job, checked)
    good = not checked.kinds if settings.strict else checked.valid == checked.rows
    return OK if good else INCOMPLETE


def report(arguments: argparse.Namespace) -> int:
    """Write the results again."""
    job = job_of(arguments)
    print_outcome(job, pipeline.report(job, arguments.format, result_options_of(arguments)))
    return OK
