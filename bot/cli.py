"""The `flowbot` command: parses the line, runs one thing, turns errors into exit codes. Imports nothing heavy."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bot import __version__
from bot.model.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model.alerts import DeliveryState

STATES = ("queued", "sending", "sent", "digested", "expired", "dead", "unknown")
"""Those of `DeliveryState`, which `--version` need not import."""
EXIT_INPUT, EXIT_UNAVAILABLE, EXIT_BUG, EXIT_INTERRUPTED = 1, 69, 70, 130  # 2 is click's, for a wrong command line
DEFAULT_CONFIG = Path("config.yaml")

config_option = click.option(
    "-c", "--config", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True,
    help="The configuration file.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="flowbot")
def flowbot() -> None:
    """Options-flow alerts for Discord and Slack: once each, fast, and explained."""


@flowbot.command()
@config_option
def run(config: Path) -> None:
    """Run the service until it is told to stop (Ctrl-C or SIGTERM)."""
    from bot.app import run as run_service

    run_service(config)


@flowbot.command()
@click.option("--seconds", type=click.FloatRange(min=1), default=60.0, show_default=True, help="How long.")
@click.option("--rate", type=click.FloatRange(min=0.1), default=100.0, show_default=True, help="Prints a second.")
def demo(seconds: float, rate: float) -> None:
    """Show live alerts from an embedded market: no keys, no accounts."""
    from bot.demo import run as run_demo

    run_demo(seconds=seconds, rate=rate)


@flowbot.command()
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="The port to serve on; 0 picks one.")
@click.option(
    "--rate", type=float, help="Prints a second, 0: as fast as possible. Default: 25, or the file's own pace."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same market.")
@click.option(
    "--file", "tape", type=click.Path(exists=True, path_type=Path), help="A tape: a file, or a folder of days."
)
@click.option("--speed", type=float, default=1.0, show_default=True, help="How much faster than recorded.")
def simulate(port: int, rate: float | None, seed: int, tape: Path | None, speed: float) -> None:
    """Serve both providers' protocols on this machine, from a seeded market or a tape."""
    from bot.errands import simulate as serve
    from bot.workbench.simulator import SimulateOptions

    serve(SimulateOptions(port=port, rate=rate, seed=seed, file=tape, speed=speed))


@flowbot.command()
@config_option
def check(config: Path) -> None:
    """Check everything that `run` would load; print every problem as file:line:col: message."""
    from bot.settings import load

    settings = load(config)
    for warning in settings.warnings:
        click.echo(str(warning), err=True)
    click.echo(
        f"{config}: good: {_count(settings.providers, 'provider')}, {_count(settings.rules, 'rule')}, "
        f"{_count(settings.destinations, 'destination')}"
    )


@flowbot.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many.")
@config_option
def audit(config: Path, limit: int) -> None:
    """Show who steered what by /flowadmin, the newest first."""
    from bot.errands import audit as listed

    click.echo(listed(config, limit))


@flowbot.command()
@config_option
def doctor(config: Path) -> None:
    """Look at tokens, scopes, channels, webhooks, keys and the clock; say what to mend. Posts nothing."""
    from bot.doctor.examination import run as examine

    report, health = examine(config)
    click.echo(report)
    if health != "good":
        sys.exit(EXIT_INPUT if health == "bad" else EXIT_UNAVAILABLE)


@flowbot.command()
@config_option
def reload(config: Path) -> None:
    """Have the running flowbot read its configuration anew; print what changed, or every problem."""
    from bot.errands import reload as ask

    click.echo(ask(config))


@flowbot.command("test")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-c", "--config", type=click.Path(path_type=Path), help="The configuration, where a file names none.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the results as JUnit XML too.")
def test_rules(files: tuple[Path, ...], config: Path | None, junit: Path | None) -> None:
    """Run unit tests of rules: prints in, expected alerts out, on a virtual clock."""
    from bot import logs
    from bot.trials import run as run_tests

    logs.configure(logs.LogSettings(level="warning", format="console"))
    if not run_tests(files, config=config, junit=junit, write=click.echo):
        sys.exit(EXIT_INPUT)


@flowbot.command()
@click.argument("tapes", metavar="TAPE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--diff", "other", type=click.Path(path_type=Path), help="Another configuration to compare with.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="One day of a folder.")
@click.option(
    "--as", "frames_of", default="radarpulse", show_default=True,
    help="Whose frames those are whose provider the configuration does not name: a vendor, or a map.",
)  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with the timeline too.")
@config_option
def backtest(
    tapes: tuple[Path, ...],
    other: Path | None,
    day: "datetime | None",
    frames_of: str,
    is_json: bool,
    html: Path | None,
    config: Path,
) -> None:
    """Say what the rules would have posted on recorded tapes, and where a channel's limit would have been hit."""
    from bot import logs
    from bot.backtesting import BacktestOptions
    from bot.backtesting import run as run_backtest

    logs.configure(logs.LogSettings(level="error", format="console"))
    run_backtest(
        BacktestOptions(
            config=config, tapes=tapes, other=other, frames_of=frames_of, day=day and day.date(), is_json=is_json,
            html=html,
        )
    )  # fmt: skip


@flowbot.group(invoke_without_command=True)
@config_option
@click.pass_context
def watchlists(context: click.Context, config: Path) -> None:
    """Tickers that rules name together: list them; add and remove work beside a running service."""
    from bot.errands import watchlists as listed

    if context.invoked_subcommand is None:
        click.echo(listed(config))


@watchlists.command("add")
@click.argument("name")
@click.argument("tickers", metavar="TICKER...", nargs=-1, required=True)
@config_option
def watchlists_add(name: str, tickers: tuple[str, ...], config: Path) -> None:
    """Put tickers on the watchlist NAME."""
    from bot.errands import change_watchlist

    click.echo(change_watchlist(config, name, tickers, is_on=True))


@watchlists.command("remove")
@click.argument("name")
@click.argument("tickers", metavar="TICKER...", nargs=-1, required=True)
@config_option
def watchlists_remove(name: str, tickers: tuple[str, ...], config: Path) -> None:
    """Take tickers off the watchlist NAME."""
    from bot.errands import change_watchlist

    click.echo(change_watchlist(config, name, tickers, is_on=False))


@flowbot.command()
def schema() -> None:
    """Print the configuration's JSON Schema (2020-12), for editors."""
    import json

    from bot.settings import schema as make_schema

    click.echo(json.dumps(make_schema(), indent=2, ensure_ascii=False))


@flowbot.command("send-test")
@click.argument("destination")
@config_option
def send_test(destination: str, config: Path) -> None:
    """Send one alert, marked TEST, to DESTINATION, the way real ones go; print the message's link or id."""
    from bot.errands import send_test as send

    click.echo(send(config, destination))


@flowbot.command()
@click.argument("alert_id", metavar="ID")
@config_option
def explain(alert_id: str, config: Path) -> None:
    """Say why an alert fired, clause by clause, and what became of each delivery. ID is in the alert's footer."""
    from bot.errands import explain as tell

    click.echo(tell(config, alert_id))


@flowbot.command()
@click.option("--state", type=click.Choice(STATES), help="Only deliveries in this state.")
@click.option("--destination", help="Only deliveries to this destination.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first.")
@click.option("--retry", "wanted", metavar="ID", help="Send again what failed: an alert's id, or id@destination.")
@config_option
def deliveries(
    state: "DeliveryState | None", destination: str | None, limit: int, wanted: str | None, config: Path
) -> None:
    """List what became of deliveries, or send one again that failed. Works beside a running service."""
    from bot import errands

    if wanted is not None:
        click.echo(errands.retry(config, wanted))
    else:
        click.echo(errands.deliveries(config, state=state, destination=destination, limit=limit))


@flowbot.group()
def webhooks() -> None:
    """Prints that a vendor posts to us: register, list, delete at the vendor."""


account_option = click.option("--account", help="The radarpulse provider whose key is used, where there are several.")


@webhooks.command("register")
@click.argument("provider")
@click.option(
    "--min-score", type=click.FloatRange(0, 100), default=70.0, show_default=True, help="From which score on."
)
@account_option
@config_option
def webhooks_register(provider: str, min_score: float, account: str | None, config: Path) -> None:
    """Have RadarPulse post to PROVIDER, which is of type webhook; its secret is kept beside the store."""
    from bot.feeds import register_webhook

    click.echo(register_webhook(config, provider, account=account, min_score=min_score))


@webhooks.command("list")
@account_option
@config_option
def webhooks_list(account: str | None, config: Path) -> None:
    """List what is registered at RadarPulse."""
    from bot.feeds import list_webhooks

    click.echo(list_webhooks(config, account=account))


@webhooks.command("delete")
@click.argument("webhook_id", metavar="ID")
@account_option
@config_option
def webhooks_delete(webhook_id: str, account: str | None, config: Path) -> None:
    """End a registration at RadarPulse, and forget its secret."""
    from bot.feeds import delete_webhook

    click.echo(delete_webhook(config, webhook_id, account=account))


@flowbot.group()
def tape() -> None:
    """The recorded feed."""


@tape.command("fetch")
@click.option("--provider", required=True, help="Whose history.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Which day, such as 2026-11-20.")
@click.option("--replace", is_flag=True, help="In the place of what is on the tape of that day.")
@config_option
def tape_fetch(provider: str, day: "datetime", replace: bool, config: Path) -> None:
    """Fill a past day's tape from the vendor's history."""
    from bot.feeds import fetch_day

    click.echo(fetch_day(config, provider, day.date(), replace=replace))


@flowbot.command("map")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "name", help="A map that comes with flowbot, or a file; with -c, a mapped provider.")
@click.option("-c", "--config", type=click.Path(path_type=Path), help="The configuration with your own map.")
def map_(file: Path, name: str | None, config: Path | None) -> None:
    """Show what the frames in FILE become, field by field, so that a map is written in minutes."""
    from bot.feeds import explain_map

    click.echo(explain_map(file, name=name, config=config))


def main() -> NoReturn:
    """Run the command line. Errors in the user's input are told without a traceback; a bug shows all of it."""
    sys.exit(_exit_code(lambda: flowbot.main(standalone_mode=False)))


def _exit_code(command: Callable[[], object]) -> int:
    try:
        command()
    except InputError as error:
        click.echo(str(error), err=True)
        return EXIT_INPUT
    except UnavailableError as error:
        click.echo(f"flowbot: {error}", err=True)
        return EXIT_UNAVAILABLE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 the outermost supervisor: a bug is shown whole, and has a code of its own
        import traceback

        from bot.logs import redactor

        click.echo(redactor.text(traceback.format_exc()), err=True)
        click.echo("flowbot: this is a bug; please report it with the lines above", err=True)
        return EXIT_BUG
    return 0


def _count(things: object, noun: str) -> str:
    number = len(things)  # type: ignore[arg-type]
    return f"{number} {noun}{'' if number == 1 else 's'}"
