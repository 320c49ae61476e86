"""Which value is in force, where it comes from, and what is said about a broken file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmctl import configfile
from pmctl.config import Config, load
from pmctl.configfile import File
from pmctl.errors import ConfigError
from pmctl.settings import BY_PATH, KEYS

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"

TWO = """
default_context = "production"
[defaults]
retries = 1
[contexts.production.server]
hostname = "mail.example.com"
[contexts.production.mautic]
user = "ana"
[contexts.staging]
timeout_seconds = 60
[contexts.staging.mautic]
url = "https://staging.example.com/"
client_id = "1_x"
"""


@pytest.fixture
def config(tmp_path):
    """Load TOML with command-line options."""

    def make(text=TWO, **options):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return load({"config": str(path), **options})

    return make


def broken(text, config, **options):
    """Return the error that loading and using everything gives."""
    with pytest.raises(ConfigError) as caught:
        use(config(text, **options))
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def use(loaded):
    for key in KEYS:
        if key.kind != "secret":
            loaded.source(key)
    return loaded.mautic


def value(loaded, path):
    return loaded.source(BY_PATH[path]).value


def test_one_hostname_builds_every_address(config):
    loaded = config()

    assert loaded.mautic.url == "https://mtc.mail.example.com"
    assert loaded.hestia.url == "https://mail.example.com:8083"
    assert loaded.kumomta.url == "https://mail.example.com:8025"


def test_an_address_of_its_own_beats_the_hostname(config):
    loaded = config(context="staging")

    assert loaded.mautic.url == "https://staging.example.com"
    assert loaded.mautic.client_id == "1_x"


def test_option_beats_environment_beats_context_beats_defaults(config, monkeypatch):
    text = "[defaults]\nretries = 4\n[contexts.a]\nretries = 3"
    monkeypatch.setenv("PMCTL_RETRIES", "2")
    seen = [config(text, retries=1).general.retries, config(text).general.retries]
    monkeypatch.delenv("PMCTL_RETRIES")
    seen += [config(text).general.retries, config("[defaults]\nretries = 4").general.retries]
    seen += [config("").general.retries]

    assert seen == [1, 2, 3, 4, 3]


def test_the_source_of_a_value_is_named(config, monkeypatch):
    def place(path, **options):
        return config(**options).source(BY_PATH[path]).place

    assert place("timeout_seconds", timeout=5.0) == "option --timeout"
    assert place("timeout_seconds", context="staging") == "[contexts.staging]"
    assert place("timeout_seconds") == "default"
    assert place("retries") == "[defaults]"
    assert place("hestia.url").startswith("built from server.hostname")
    assert place("billmanager.url") == "not set"
    monkeypatch.setenv("PMCTL_MAUTIC_USER", "eva")
    assert place("mautic.user") == "PMCTL_MAUTIC_USER"


def test_an_empty_variable_counts_as_none(config, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_USER", "")

    assert config().mautic.user == "ana"


def test_an_explicit_context_beats_the_environment_and_says_so(config, monkeypatch):
    monkeypatch.setenv("PMCTL_CONTEXT", "production")
    monkeypatch.setenv("PMCTL_MAUTIC_URL", "https://elsewhere.example.com")
    monkeypatch.setenv("PMCTL_MAUTIC_USER", "eva")  # staging says nothing about it

    loaded = config(context="staging")

    assert loaded.mautic.url == "https://staging.example.com"
    assert loaded.mautic.user == "eva"
    assert loaded.notes == ["--context staging overrules PMCTL_CONTEXT, PMCTL_MAUTIC_URL"]


def test_an_explicit_context_beats_the_environment_with_a_built_address_too(config, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_URL", "https://elsewhere.example.com")

    assert config().mautic.url == "https://elsewhere.example.com"
    assert config().notes == []
    assert config(context="production").mautic.url == "https://mtc.mail.example.com"


def test_an_environment_that_agrees_is_no_conflict(config, monkeypatch):
    monkeypatch.setenv("PMCTL_CONTEXT", "staging")
    monkeypatch.setenv("PMCTL_MAUTIC_URL", "https://staging.example.com")

    assert config(context="staging").notes == []


def test_a_secret_variable_works_with_an_explicit_context(config, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_CLIENT_SECRET", "kanarienvogel-3")

    loaded = config(context="staging")

    assert loaded.mautic.client_secret.reveal() == "kanarienvogel-3"
    assert "kanarienvogel" not in repr(loaded.mautic)
    assert loaded.notes == []


def test_the_environment_alone_is_enough(monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_URL", "https://ci.example.com")
    monkeypatch.setenv("PMCTL_MAUTIC_USER", "ci")
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", "kanarienvogel-4")
    monkeypatch.setenv("PMCTL_TIMEOUT_SECONDS", "2.5")

    loaded = load()

    assert loaded.context == "default"
    assert loaded.mautic.url == "https://ci.example.com"
    assert loaded.mautic.password.reveal() == "kanarienvogel-4"
    assert loaded.general.timeout_seconds == 2.5


def test_the_environment_is_checked_as_the_file_is(config, monkeypatch):
    for name, text in (("MAUTIC_URL", "ftp://x"), ("RETRIES", "many"), ("NILEDB_PORT", "1.5")):
        monkeypatch.setenv(f"PMCTL_{name}", text)
        message = broken(TWO, config)
        assert message.startswith(f"PMCTL_{name} ")
        monkeypatch.delenv(f"PMCTL_{name}")


def test_files_are_looked_for_in_order(home, tmp_path, monkeypatch):
    system, own, named, option = (tmp_path / name for name in ("sys", "own", "named", "option"))
    monkeypatch.setattr(configfile, "SYSTEM_FILE", system)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(own))
    seen = [configfile.find()]
    system.touch()
    seen.append(configfile.find())
    (own / "pmctl").mkdir(parents=True)
    (own / "pmctl/config.toml").touch()
    seen.append(configfile.find())
    monkeypatch.setenv("PMCTL_CONFIG", str(named))
    seen.append(configfile.find())
    seen.append(configfile.find(str(option)))

    assert seen == [None, system, own / "pmctl/config.toml", named, option]


def test_the_context_is_chosen_by_option_variable_file_or_because_it_is_the_only_one(
    config, monkeypatch
):
    assert config().context == "production"
    monkeypatch.setenv("PMCTL_CONTEXT", "staging")
    assert config().context == "staging"
    assert config(context="production").context == "production"
    monkeypatch.delenv("PMCTL_CONTEXT")
    assert config("[contexts.only]").context == "only"
    assert config("").context == "default"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[contexts.a]\n[contexts.b]", "several contexts"),
        ('default_context = "prodution"\n[contexts.production]', "there is no context prodution"),
        ('default_context = "x"', "there is no context x"),
        ("defaultcontext = 1", "unknown key defaultcontext"),
        ("default_context = 1", "must be text"),
        ("contexts = 1", "contexts must be a table"),
        ("contexts.a = 1", "contexts.a must be a table"),
        ("[contexts.'../a']", "cannot be a name"),
        ("defaults = []", "defaults must be a table"),
        ("[defaults]\nretrys = 1", "unknown key retrys"),
        ("[contexts.a.mautik]", "unknown key mautik"),
        ("[contexts.a]\nmautic = 1", "contexts.a.mautic must be a table"),
        ('[contexts.a.mautic]\nurls = "x"', "contexts.a.mautic: unknown key urls"),
        ("[contexts.a.mautic]\nurl = 1", "contexts.a.mautic.url must be text"),
        ('[contexts.a.mautic]\nurl = ""', "is empty"),
        ('[contexts.a.mautic]\nuser = "a\\u0000b"', "control character"),
        ('[contexts.a]\nretries = "3"', "must be a number"),
        ("[contexts.a]\nretries = true", "must be a number"),
        ("[contexts.a]\nretries = 1.5", "whole number"),
        ("[contexts.a]\nretries = -1", "between 0 and 100"),
        ("[contexts.a]\ntimeout_seconds = 0", "between"),
        ("[contexts.a]\ntimeout_seconds = nan", "between"),
        ("[contexts.a]\ntimeout_seconds = inf", "between"),
        ('[contexts.a.server]\nhostname = "https://x"', "bare host name"),
        ('[contexts.a.mautic]\npassword_command = "pass show x"', "list of words"),
        ("[contexts.a.mautic]\npassword_command = []", "names no program"),
        ('[contexts.a.mautic]\npassword_file = "~nobody-of-this-name/x"', "home folder"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(config, tmp_path, text, words):
    message = broken(text, config)

    assert words in message
    assert str(tmp_path / "config.toml") in message


def test_the_nearest_word_is_offered(config):
    for text, word in (
        ("[contexts.a.mautik]", "mautic"),
        ('[contexts.a.mautic]\nclientid = "x"', "client_id"),
        ("defaultcontext = 1", "default_context"),
    ):
        with pytest.raises(ConfigError) as caught:
            use(config(text))
        assert caught.value.hint == f"did you mean {word}?"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://ana:kanarienvogel@x.example", "holds credentials"),
        ("https://kanarienvogel@x.example", "holds credentials"),
        ("https://x.example/?token=kanarienvogel", "must end before"),
        ("https://x.example/#kanarienvogel", "must end before"),
        ("ftp://kanarienvogel", "is not an address"),
        ("kanarienvogel.example.com", "is not an address"),
        ("https://", "is not an address"),
        ("https://kanarienvogel:port", "is not an address"),
        ("https://[kanarienvogel", "is not an address"),
        ("https://x y", "is not an address"),
    ],
)
def test_an_address_is_checked_and_never_repeated(config, url, words):
    message = broken(f'[contexts.a.mautic]\nurl = "{url}"', config)

    assert words in message
    assert "kanarienvogel" not in message


def test_a_secret_in_the_file_is_refused_and_not_shown(config):
    for path in (key.path for key in KEYS if key.kind == "secret"):
        section, name = path.split(".")
        loaded = config(f'[contexts.a.{section}]\n{name} = "kanarienvogel"')

        with pytest.raises(ConfigError) as caught:
            getattr(loaded, section)

        assert "must not stand in this file" in caught.value.message
        assert "kanarienvogel" not in caught.value.message + caught.value.hint
        assert f"config set-secret {path}" in caught.value.hint


def test_a_broken_section_stops_only_its_own_backend(config):
    loaded = config(TWO + '[contexts.production.billmanager]\nuser = 1\npassword = "x"')

    assert loaded.mautic.user == "ana"
    with pytest.raises(ConfigError, match="billmanager"):
        _ = loaded.billmanager


@pytest.mark.parametrize(
    ("section", "missing"),
    [
        ("mautic", "mautic.url"),
        ("hestia", "hestia.url"),
        ("kumomta", "kumomta.url"),
        ("billmanager", "billmanager.url"),
        ("niledb", "niledb.database"),
    ],
)
def test_what_a_backend_needs_is_named_when_it_is_asked_for(section, missing):
    with pytest.raises(ConfigError, match=f"{missing} is not set in context default") as caught:
        getattr(load(), section)

    assert "config set" in caught.value.hint


def test_mautic_needs_a_client_or_a_user(config):
    with pytest.raises(ConfigError, match=r"mautic\.client_id or mautic\.user is not set"):
        _ = config('[contexts.a.server]\nhostname = "x"').mautic


def test_every_backend_can_be_described(monkeypatch):
    for name, text in {
        "BILLMANAGER_URL": "https://b.example",
        "BILLMANAGER_USER": "ana",
        "NILEDB_DATABASE": "events",
        "NILEDB_USER": "u",
        "NILEDB_PORT": "6432",
        "SERVER_HOSTNAME": "m.example",
        "HESTIA_ACCESS_KEY": "KEY",
    }.items():
        monkeypatch.setenv(f"PMCTL_{name}", text)
    loaded = load()

    assert (loaded.billmanager.url, loaded.billmanager.user) == ("https://b.example", "ana")
    assert (loaded.niledb.host, loaded.niledb.port) == ("db.thenile.dev", 6432)
    assert (loaded.hestia.access_key, loaded.hestia.user) == ("KEY", "admin")
    assert loaded.kumomta.user == ""


def test_relative_paths_start_at_the_file_and_home_is_known(config, tmp_path, home):
    loaded = config('[contexts.a]\nca_file = "ca.pem"\n[contexts.a.mautic]\npassword_file = "~/p"')

    assert loaded.general.ca_file == tmp_path / "ca.pem"
    assert value(loaded, "mautic.password_file") == home / "p"


def test_a_syntax_error_has_file_line_and_column(config, tmp_path):
    path = tmp_path / "config.toml"

    assert broken("a = 1\nb = = 2", config).startswith(f"{path}:2:5: ")
    assert broken('a = 1\nb = "', config).startswith(f"{path}:2:6: ")


def test_a_file_that_is_no_utf8_has_a_line(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b"# one\n# caf\xe9\n")

    with pytest.raises(ConfigError, match=r"config\.toml:2: not UTF-8"):
        load({"config": path})


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 10_000])
def test_a_hostile_file_is_one_error(config, text):
    broken(text, config)


def test_what_cannot_be_read_is_one_error(tmp_path, monkeypatch):
    (tmp_path / "big").write_bytes(b"#" * 2_000_000)
    for path, words in (
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file"),
        (tmp_path / "big", "too large"),
        ("a\0b", "null byte"),
    ):
        with pytest.raises(ConfigError, match=words) as caught:
            load({"config": str(path)})
        assert caught.value.hint


def test_a_file_without_permission_is_one_error(config, tmp_path, monkeypatch):
    def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    config()
    monkeypatch.setattr(Path, "open", denied)

    with pytest.raises(ConfigError, match=r"config\.toml: Permission denied"):
        load({"config": str(tmp_path / "config.toml")})


def test_a_file_that_everybody_may_write_to_is_refused(tmp_path):
    path = tmp_path / "config.toml"
    path.touch()
    path.chmod(0o666)

    with pytest.raises(ConfigError, match="everybody may write") as caught:
        load({"config": path})

    assert caught.value.hint == f"chmod o-w {path}"


def test_without_home_the_file_is_still_found(monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(configfile, "SYSTEM_FILE", Path("/nonexistent/config.toml"))

    assert configfile.user_file().is_absolute()


def test_every_beginning_of_the_example_is_a_configuration_or_one_error():
    content = EXAMPLE.read_bytes()
    outcomes = set()

    for length in range(len(content) + 1):
        outcomes.add(outcome(content[:length]))

    assert outcomes == {"good", "bad"}


@given(st.binary(max_size=80), st.integers(0, 2000))
def test_no_bytes_in_the_example_are_more_than_one_error(noise, position):
    content = EXAMPLE.read_bytes()

    assert outcome(content[:position] + noise + content[position:]) in ("good", "bad")


def outcome(content):
    try:
        use(Config(File(Path("c.toml"), configfile.parse(content, Path("c.toml"))), {}))
    except ConfigError as exc:
        words = exc.message + exc.hint
        return "bad" if words.isprintable() else f"unprintable: {words!r}"
    return "good"


def test_asking_for_the_value_of_a_secret_is_a_mistake_of_the_program():
    with pytest.raises(TypeError):
        load().source(BY_PATH["mautic.password"])


def test_importing_it_is_cheap():
    code = (
        "import sys, pmctl.config\n"
        "heavy = {'tomllib', 'keyring', 'httpx', 'pydantic', 'rich', 'yaml', 'asyncio', 'typer'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    path = os.pathsep.join(filter(None, sys.path))

    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, check=True
    )

    assert done.stdout == b"[]\n"
