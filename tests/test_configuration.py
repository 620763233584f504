"""The settings refuse what is unsafe, and every name they read is explained."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from mlclub.supervisor.proof import production
from mlclub.supervisor.state import ROOT


def start(**changes):
    """Load the settings as production does; returns the refusal, or nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = kept | production() | changes
    done = subprocess.run(
        [sys.executable, "-c", "import mlclub.settings"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def test_a_complete_configuration_starts():
    assert start() == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY needs 40 random characters"),
        ({"SECRET_KEY": "insecure-only-for-development-and-tests"}, "SECRET_KEY needs 40 random characters"),
        ({"DEBUG": "1"}, "DEBUG must be off"),
        ({"DEMO": "1"}, "DEMO must be off"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name the portal's host"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the portal's host"),
        ({"SITE_URL": "http://portal.club.example"}, "SITE_URL must begin with https://"),
    ],
)
def test_production_does_not_start_with_a_weak_configuration(changes, said):
    assert start(**changes).endswith(f"The portal does not start in production: {said}.")


def test_every_variable_that_the_settings_read_is_explained():
    settings = (ROOT / "mlclub" / "settings.py").read_text()
    read = set(re.findall(r'\benv(?:\.\w+)?\(\s*"(\w+)"', settings))
    explained = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read
    # the compose file's own
    assert explained - read == {
        "HOST",
        "POSTGRES_PASSWORD",
        "GRADER_PASSWORD",
        "GRADER_SECRET_KEY",
        "EXTRAS",
        "POSTGRES_IMAGE",
    }
    assert read - explained == set()


def test_no_secret_lies_in_the_container_files():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = {"migrate", "web", "worker", "grader", "beat", "postgres", "redis", "caddy"}
    assert set(compose["services"]) == services
    said = [
        (name, variable, value)
        for name, service in compose["services"].items()
        for variable, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|KEY", variable)
    ]
    assert said == [
        ("grader", "SECRET_KEY", "${GRADER_SECRET_KEY:-}"),
        ("postgres", "POSTGRES_PASSWORD", "${POSTGRES_PASSWORD:?set it in .env}"),
    ]
    assert "secrets" not in compose
    assert ".env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_only_the_proxy_is_reached_from_outside():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())

    assert [name for name, service in compose["services"].items() if "ports" in service] == ["caddy"]
    assert compose["networks"]["inside"] == {"internal": True}
