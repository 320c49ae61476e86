"""`pmctl config`: what a person sees and what stands in the file afterwards."""

import errno
import getpass
import io
import json
import os
import re
import tomllib

import keyring
import pytest
from keyring.backend import KeyringBackend

from pmctl import configfile

TEXT = """\
default_context = "production" # mine
[contexts.production.server]
hostname = "mail.example.com"
[contexts.production.mautic]
user = "ana" # the admin
[contexts.staging.mautic]
url = "https://staging.example.com"
client_id = "1_x"
"""


@pytest.fixture(autouse=True)
def no_system_file(monkeypatch, tmp_path):
    monkeypatch.setattr(configfile, "SYSTEM_FILE", tmp_path / "none")


@pytest.fixture
def file(home):
    path = home / ".config/pmctl/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Memory(KeyringBackend):
    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get(username)

    def set_password(self, service, username, password):
        self.kept[username] = password


@pytest.fixture
def memory(monkeypatch):
    backend = Memory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    return backend


@pytest.fixture
def terminal(monkeypatch):
    """Make every stream a terminal; the answers are typed in turn."""

    def answer(*answers):
        left = list(answers)
        monkeypatch.setattr(io, "StringIO", Terminal)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr(getpass, "getpass", lambda question: left.pop(0))

    return answer


def two_lines(err):
    lines = err.splitlines()
    return len(lines) == 2 and lines[0].startswith("error: ") and lines[1].startswith("hint: ")


def checks(out):
    return {row["check"]: row for row in json.loads(out)}


def test_init_writes_a_file_of_ours_that_works(pmctl, home):
    code, out, err = pmctl(
        "config", "init", "--hostname", "mail.example.com", "--mautic-client-id", "1_abc"
    )

    path = home / ".config/pmctl/config.toml"
    assert (code, out) == (0, "")
    assert "set-secret mautic.client_secret" in err
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert pmctl("config", "get", "mautic.url")[1] == "https://mtc.mail.example.com\n"
    assert pmctl("config", "get", "mautic.client_id")[1] == "1_abc\n"


@pytest.mark.parametrize(
    ("more", "secrets"),
    [
        ([], ["hestia.secret_key"]),
        (["--mautic-user", "ana"], ["mautic.password", "hestia.secret_key"]),
    ],
)
def test_init_takes_the_access_key_of_hestiacp(pmctl, home, more, secrets):
    words = ["--hostname", "mail.example.com", "--hestia-access-key", "AbCdEfGhIjKlMnOpQrSt"]

    code, _, err = pmctl("config", "init", *words, *more)

    assert code == 0
    assert re.findall(r"set-secret ([\w.]+)", err) == secrets
    assert pmctl("config", "get", "hestia.access_key")[1] == "AbCdEfGhIjKlMnOpQrSt\n"


def test_init_overwrites_only_when_told_to(pmctl, file):
    code, _, err = pmctl("config", "init", "--hostname", "new.example.com")
    assert code == 5
    assert two_lines(err)
    assert file.read_text() == TEXT

    assert pmctl("config", "init", "--hostname", "new.example.com", "--force")[0] == 0
    assert "new.example.com" in file.read_text()


def test_init_takes_the_name_of_the_context_and_the_file(pmctl, tmp_path):
    path = tmp_path / "other" / "c.toml"

    code, _, _ = pmctl(
        "config", "init", "--context", "staging", "--config", path, "--mautic-url", "https://m.x"
    )

    assert code == 0
    assert tomllib.loads(path.read_text()) == {
        "default_context": "staging",
        "contexts": {"staging": {"mautic": {"url": "https://m.x"}}},
    }


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--hostname", "https://x"),
        ("--mautic-url", "https://u:kanarienvogel@x"),
        ("--context", "a/b", "--hostname", "x"),
    ],
)
def test_init_writes_nothing_that_is_wrong(pmctl, home, words):
    code, _, err = pmctl("config", "init", *words)

    assert code == 64
    assert two_lines(err)
    assert "kanarienvogel" not in err
    assert not (home / ".config").exists()


def test_init_asks_at_a_terminal(pmctl, home, terminal):
    terminal()

    code, _, err = pmctl("config", "init", stdin="mail.example.com\n1_abc\n")

    assert code == 0, err
    text = (home / ".config/pmctl/config.toml").read_text()
    assert 'hostname = "mail.example.com"' in text
    assert 'client_id = "1_abc"' in text


def test_list_says_which_context_is_in_force(pmctl, file):
    code, out, _ = pmctl("--context", "staging", "config", "list", "-o", "json")

    assert code == 0
    assert json.loads(out) == [
        {"context": "production", "in_force": False, "default": True},
        {"context": "staging", "in_force": True, "default": False},
    ]


def test_list_helps_when_the_default_is_no_context(pmctl, file):
    file.write_text(TEXT.replace('"production" #', '"prod" #'))

    code, out, err = pmctl("config", "list")

    assert code == 0
    assert "staging" in out
    assert "there is no context prod" in err


def test_show_names_sources_and_hides_secrets(pmctl, file, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", "kanarienvogel-5")

    code, out, err = pmctl("config", "show", "-o", "json")

    rows = {row["key"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["mautic.user"]["source"] == "[contexts.production.mautic]"
    assert rows["mautic.password"]["value"] == "***"
    assert rows["mautic.password"]["source"] == "PMCTL_MAUTIC_PASSWORD"
    assert "kanarienvogel" not in out + err


def test_show_goes_on_behind_a_mistake(pmctl, file):
    file.write_text(TEXT + "[contexts.production.niledb]\nport = 'x'\n")

    code, out, _ = pmctl("config", "show", "-o", "json")

    rows = {row["key"]: row for row in json.loads(out)}
    assert code == 0
    assert "must be a number" in rows["niledb.port"]["error"]
    assert rows["mautic.user"]["value"] == "ana"


def test_an_overruled_environment_is_said_on_stderr(pmctl, file, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_URL", "https://elsewhere.example.com")

    _, out, err = pmctl("--context", "staging", "config", "get", "mautic.url")

    assert out == "https://staging.example.com\n"
    assert err == "--context staging overrules PMCTL_MAUTIC_URL\n"


def test_use_changes_one_line(pmctl, file):
    assert pmctl("config", "use", "staging")[0] == 0

    assert file.read_text() == TEXT.replace('"production" # mine', '"staging" # mine')
    assert file.stat().st_mode & 0o777 == 0o600


def test_use_of_an_unknown_context_offers_the_nearest(pmctl, file):
    code, _, err = pmctl("config", "use", "stagin")

    assert code == 3
    assert err.endswith("hint: did you mean staging?\n")
    assert file.read_text() == TEXT


def test_get_prints_the_bare_value_or_an_object(pmctl, file):
    assert pmctl("config", "get", "mautic.user")[1] == "ana\n"
    out = pmctl("config", "get", "retries", "-o", "json")[1]
    assert json.loads(out) == {"key": "retries", "value": 3}


@pytest.mark.parametrize(
    ("key", "expected"),
    [("mautic.urll", 3), ("billmanager.url", 3), ("mautic.password", 64)],
)
def test_get_of_what_is_not_there_says_why(pmctl, file, key, expected):
    code, out, err = pmctl("config", "get", key)

    assert (code, out) == (expected, "")
    assert two_lines(err)


def test_set_keeps_all_other_text(pmctl, file):
    assert pmctl("config", "set", "mautic.user", "eva")[0] == 0
    assert file.read_text() == TEXT.replace('"ana" # the', '"eva" # the')


def test_set_reaches_every_kind_of_place(pmctl, file):
    for words in (
        ("timeout_seconds", "2.5"),
        ("defaults.retries", "5"),
        ("mautic.password_command", "pass show 'my mautic'"),
        ("--context", "staging", "kumomta.url", "https://k.x:8025"),
    ):
        assert pmctl("config", "set", *words)[0] == 0

    data = tomllib.loads(file.read_text())
    assert data["defaults"] == {"retries": 5}
    assert data["contexts"]["production"]["timeout_seconds"] == 2.5
    command = data["contexts"]["production"]["mautic"]["password_command"]
    assert command == ["pass", "show", "my mautic"]
    assert data["contexts"]["staging"]["kumomta"] == {"url": "https://k.x:8025"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("mautic.password", "kanarienvogel"), 64),
        (("mautic.password", "-kanarienvogel"), 64),
        (("mautic.url", "https://ana:kanarienvogel@x"), 64),
        (("mautic.pasword", "kanarienvogel"), 3),
        (("mautic.url", "https://x", "kanarienvogel"), 64),
        (("retries", "many"), 64),
        (("mautic.password_command", "'pass"), 64),
        (("defaults.mautic.url", "https://x"), 64),
        (("defaults.mautic.password", "kanarienvogel"), 64),
    ],
)
def test_set_refuses_without_a_change_and_without_an_echo(pmctl, file, words, expected):
    code, out, err = pmctl("config", "set", *words)

    assert (code, out) == (expected, "")
    assert two_lines(err)
    assert "kanarienvogel" not in err
    assert file.read_text() == TEXT


def test_set_of_a_secret_says_how_it_is_done(pmctl, file):
    assert "config set-secret mautic.password" in pmctl("config", "set", "mautic.password", "x")[2]


def test_set_without_a_file_says_how_to_begin(pmctl):
    code, _, err = pmctl("config", "set", "retries", "1")

    assert code == 78
    assert "config init" in err


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_a_full_disk_leaves_the_old_file_and_no_temporary_one(pmctl, file, monkeypatch, call):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)

    code, _, err = pmctl("config", "set", "retries", "1")

    assert code == 78
    assert "No space left" in err
    assert two_lines(err)
    assert file.read_text() == TEXT
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_cannot_be_written_is_one_error(pmctl, file, monkeypatch):
    def read_only(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.mkstemp", read_only)

    code, _, err = pmctl("config", "use", "staging")

    assert code == 78
    assert "Read-only file system" in err
    assert two_lines(err)


def test_a_broken_file_is_not_edited(pmctl, file):
    file.write_text(TEXT + "= 1\n")

    code, _, err = pmctl("config", "set", "retries", "1")

    assert code == 78
    assert f"{file}:9:1: " in err
    assert file.read_text() == TEXT + "= 1\n"


def test_explain_shows_every_place_and_the_winner(pmctl, file, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_URL", "https://e.x")

    def states(*words):
        out = pmctl(*words, "config", "explain", "mautic.url", "-o", "json")[1]
        return [(row["place"].split()[0], row["state"]) for row in json.loads(out)]

    assert states() == [
        ("PMCTL_MAUTIC_URL", "in force"),
        ("[contexts.production.mautic]", "nothing"),
        ("built", "overruled"),
        ("default", "nothing"),
    ]
    assert states("--context", "staging")[:2] == [
        ("PMCTL_MAUTIC_URL", "overruled by --context"),
        ("[contexts.staging.mautic]", "in force"),
    ]


def test_explain_of_a_secret_runs_nothing_and_shows_nothing(pmctl, file, tmp_path):
    log = tmp_path / "log"
    pmctl("config", "set", "mautic.password_command", f"touch {log}")

    code, out, _ = pmctl("config", "explain", "mautic.password", "-o", "json")

    rows = {row["place"]: row["state"] for row in json.loads(out)}
    assert code == 0
    assert rows["mautic.password_command (touch)"] == "in force"
    assert rows["PMCTL_MAUTIC_PASSWORD"] == "nothing"
    assert rows["keyring"] == "not looked at"
    assert not log.exists()


def test_a_secret_from_stdin_goes_into_the_keyring(pmctl, file, memory):
    code, out, err = pmctl("config", "set-secret", "mautic.password", stdin="kanarienvogel-6\n")

    assert (code, out) == (0, "")
    assert memory.kept == {"production/mautic.password": "kanarienvogel-6"}
    assert "kanarienvogel" not in err + file.read_text()


def test_at_a_terminal_a_secret_is_typed_twice(pmctl, file, memory, terminal):
    terminal("one", "other", "kanarienvogel-7", "kanarienvogel-7")

    code, _, err = pmctl("config", "set-secret", "mautic.password")
    assert (code, memory.kept) == (64, {})
    assert two_lines(err)

    assert pmctl("config", "set-secret", "mautic.password")[0] == 0
    assert memory.kept == {"production/mautic.password": "kanarienvogel-7"}


def test_without_a_keyring_the_error_names_the_file(pmctl, file):
    code, _, err = pmctl("config", "set-secret", "mautic.password", stdin="kanarienvogel-8\n")

    assert code == 78
    assert two_lines(err)
    assert "--file" in err


def test_a_secret_in_a_file_is_ours_alone_and_named_in_the_configuration(pmctl, file):
    code, _, _ = pmctl("config", "set-secret", "mautic.password", "--file", stdin="pass word\n")

    path = file.parent / "secrets/production.mautic.password"
    assert code == 0
    assert path.read_text() == "pass word"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert pmctl("config", "get", "mautic.password_file")[1] == f"{path}\n"


def test_a_secret_that_another_place_hides_is_warned_about(pmctl, file, memory, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", "old")

    code, _, err = pmctl("config", "set-secret", "mautic.password", stdin="new\n")

    assert code == 0
    assert "warning: PMCTL_MAUTIC_PASSWORD comes first" in err


@pytest.mark.parametrize("word", ["kanarienvogel", "--kanarienvogel", "-kanarienvogel"])
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(pmctl, file, memory, word):
    code, out, err = pmctl("config", "set-secret", "mautic.password", word, stdin="x\n")

    assert code == 64
    assert two_lines(err)
    assert "kanarienvogel" not in out + err
    assert memory.kept == {}


@pytest.mark.parametrize(
    ("key", "stdin", "expected"),
    [
        ("mautic.password", "", 78),
        ("mautic.password", "two\nlines\n", 78),
        ("mautic.url", "x\n", 64),
        ("mautic.passwort", "x\n", 3),
    ],
)
def test_what_cannot_be_a_secret_is_refused(pmctl, file, memory, key, stdin, expected):
    code, _, err = pmctl("config", "set-secret", key, stdin=stdin)

    assert code == expected
    assert two_lines(err)
    assert memory.kept == {}


def test_doctor_is_content_with_a_good_setup(pmctl, file, monkeypatch):
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", "kanarienvogel-9")

    code, out, _ = pmctl("config", "doctor", "-o", "json")

    found = checks(out)
    assert code == 0
    assert all(row["ok"] for row in found.values())
    assert found["mautic.password"]["detail"] == "PMCTL_MAUTIC_PASSWORD"
    assert found["billmanager"]["detail"] == "not configured"
    assert found["niledb"]["detail"].startswith("not configured; PostgreSQL ")


@pytest.mark.parametrize(
    ("given", "secret", "ok"),
    [
        ({"ACCESS_KEY": "k" * 20}, "secret_key", False),
        ({"ACCESS_KEY": "k" * 20, "SECRET_KEY": "kanarienvogel-9"}, "secret_key", True),
        ({"API_HASH": "kanarienvogel-9"}, "api_hash", True),
        ({"API_HASH_FILE": "/none/of/that/name"}, "api_hash", False),
        ({"PASSWORD": "kanarienvogel-9"}, "password", True),
        ({"USER": "chief"}, "password", False),
    ],
)
def test_doctor_knows_the_ways_into_hestiacp(pmctl, file, monkeypatch, given, secret, ok):
    for name, value in {**given, "URL": "https://panel.example.com:8083"}.items():
        monkeypatch.setenv(f"PMCTL_HESTIA_{name}", value)

    found = checks(pmctl("config", "doctor", "-o", "json")[1])

    said = [name for name in found if name.startswith("hestia")]
    assert said == ["hestia", f"hestia.{secret}"]
    assert found[f"hestia.{secret}"]["ok"] is ok


@pytest.mark.parametrize(
    ("url", "ok", "words"),
    [
        ("https://p.example.com:8083", True, "its certificate pinned to 9f86d081884c"),
        ("http://p.example.com:8083", False, "no certificate for hestia.fingerprint"),
    ],
)
def test_doctor_says_that_a_certificate_is_pinned(pmctl, file, monkeypatch, url, ok, words):
    monkeypatch.setenv("PMCTL_HESTIA_URL", url)
    monkeypatch.setenv("PMCTL_HESTIA_FINGERPRINT", "9f86d081884c" + "0" * 52)

    found = checks(pmctl("config", "doctor", "-o", "json")[1])["hestia"]

    assert found["ok"] is ok
    assert words in found["detail"]


def test_doctor_finds_everything_at_once(pmctl, file, home, monkeypatch):
    file.write_text(
        TEXT + "[contexts.production.niledb]\nport = 'x'\n[contexts.production.billmanager]\n"
        "url = 'https://b.x'\n[contexts.production]\nca_file = '/none.pem'\n"
    )
    file.chmod(0o620)
    monkeypatch.setenv("PMCTL_MAUTIC_URLL", "x")
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))

    code, out, _ = pmctl("config", "doctor", "-o", "json")

    wrong = {name for name, row in checks(out).items() if not row["ok"]}
    assert code == 78
    assert wrong >= {
        "file", "defaults", "mautic.password", "niledb", "billmanager", "environment"
    }  # fmt: skip


def test_doctor_reports_a_file_that_cannot_be_used(pmctl, file, tmp_path):
    file.write_text("= 1")
    code, out, _ = pmctl("config", "doctor", "-o", "json")
    assert code == 78
    assert ":1:1: " in checks(out)["settings"]["detail"]

    code, out, _ = pmctl("config", "doctor", "--config", tmp_path / "none.toml", "-o", "json")
    assert code == 78
    assert "No such file" in checks(out)["file"]["detail"]


def test_doctor_refuses_a_secret_file_that_others_may_read(pmctl, file, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    pmctl("config", "set", "mautic.password_file", secret)

    code, out, _ = pmctl("config", "doctor", "-o", "json")

    assert code == 78
    assert f"chmod 600 {secret}" in checks(out)["mautic.password"]["detail"]


def test_doctor_without_a_file_names_the_first_step(pmctl):
    code, out, _ = pmctl("config", "doctor", "-o", "json")

    assert code == 0
    assert "config init" in checks(out)["file"]["detail"]


def test_the_audit_log_has_changes_newest_last_and_no_secret(pmctl, file, memory):
    pmctl("config", "use", "staging")
    pmctl("config", "set", "retries", "5")
    pmctl("config", "set-secret", "mautic.password", stdin="kanarienvogel-10\n")

    code, out, _ = pmctl("config", "audit", "--limit", "2", "-o", "json")

    rows = json.loads(out)
    assert code == 0
    assert [row["target"] for row in rows] == ["retries", "mautic.password"]
    assert rows[1]["command"] == ["config", "set-secret", "mautic.password"]
    assert "kanarienvogel" not in out


def test_an_empty_audit_log_is_an_empty_list(pmctl):
    assert pmctl("config", "audit", "-o", "json")[:2] == (0, "[]\n")


@pytest.mark.parametrize(
    "name",
    ["init", "list", "show", "use", "get", "set", "explain", "set-secret", "doctor", "audit"],
)
def test_help_needs_no_file_and_shows_examples(pmctl, file, name):
    file.write_text("= broken")

    code, out, _ = pmctl("config", name, "--help")

    assert code == 0
    assert f"  pmctl config {name}" in out or f"config {name}" in out.split("Options")[0]


def test_show_has_a_column_of_errors_only_when_there_is_one(pmctl, monkeypatch):
    assert pmctl("config", "show")[1].splitlines()[0] == "key\tvalue\tsource"

    monkeypatch.setenv("PMCTL_NILEDB_PORT", "many")

    assert pmctl("config", "show")[1].splitlines()[0] == "key\tvalue\tsource\terror"
