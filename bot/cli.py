"""The `flowbot` command: parses the line, runs one thing, turns errors into exit codes. Imports nothing heavy."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from bot import __version__
from bot.model.errors import InputError, UnavailableError

if TYPE_CHECKING:
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
@click.option("--file", "tape", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A recorded tape.")
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
