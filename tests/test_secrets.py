"""The chain of places of a secret; nothing shows it."""

import os
import stat
import sys
import threading

import keyring
import pytest
from keyring.backend import KeyringBackend

from pmctl import secrets
from pmctl.errors import ConfigError, redact
from pmctl.secrets import Secret, where


class Memory(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        return "from keyring" if username == "production/mautic.password" else None

    def set_password(self, service, username, password):
        raise NotImplementedError


@pytest.fixture
def kept(tmp_path):
    """Make a secret file of a mode; return its path."""

    def make(content, mode=0o600, name="secret"):
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return make


def script(code):
    return [sys.executable, "-c", code]


def test_the_first_place_that_has_it_wins(kept, monkeypatch, tmp_path):
    monkeypatch.setattr(keyring, "get_keyring", Memory)
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD", "from variable")
    monkeypatch.setenv("PMCTL_MAUTIC_PASSWORD_FILE", str(kept(b"from variable file\n", name="v")))
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "mautic.password").write_text("from systemd\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    own = {"command": script("print('from command')"), "file": kept(b"from file\n")}

    def found(**more):
        return Secret("mautic.password", context="production", **more).reveal()

    seen = [found(**own)]
    for variable in ("PMCTL_MAUTIC_PASSWORD", "PMCTL_MAUTIC_PASSWORD_FILE"):
        monkeypatch.delenv(variable)
        seen.append(found(**own))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    seen.append(found(**own))
    del own["command"]
    seen.append(found(**own))
    seen.append(found())

    assert seen == [
        "from variable",
        "from variable file",
        "from systemd",
        "from command",
        "from file",
        "from keyring",
    ]


def test_a_secret_shows_nowhere_and_is_redacted_once_it_is_known(monkeypatch):
    monkeypatch.setenv("PMCTL_HESTIA_PASSWORD", "kanarienvogel-1")
    secret = Secret("hestia.password")

    assert secret.reveal() == "kanarienvogel-1"

    assert f"{secret!r} {secret}" == "*** ***"
    assert redact("it is kanarienvogel-1") == "it is ***"


def test_it_is_looked_up_at_first_use_and_only_once(tmp_path):
    log = tmp_path / "log"
    secret = Secret("a.b", command=script(f"open({str(log)!r}, 'a').write('x'); print('secret')"))
    assert not log.exists()

    assert [secret.reveal(), secret.reveal()] == ["secret", "secret"]

    assert log.read_text() == "x"


def test_an_error_names_every_place_looked_at(kept):
    with pytest.raises(ConfigError) as caught:
        Secret("mautic.password").reveal()

    places = "PMCTL_MAUTIC_PASSWORD, PMCTL_MAUTIC_PASSWORD_FILE, $CREDENTIALS_DIRECTORY, keyring"
    assert f"looked at: {places} (the keyring in use is" in caught.value.message
    assert caught.value.hint.startswith("`pmctl config set-secret mautic.password`")


def test_a_keyring_that_hangs_is_named_and_not_waited_for(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(keyring, "get_keyring", released.wait)
    monkeypatch.setattr(secrets, "KEYRING_SECONDS", 0.05)

    with pytest.raises(ConfigError, match=r"keyring \(no answer within 0\.05 s\)"):
        Secret("mautic.password").reveal()

    released.set()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("pass", "is empty in"),
        ("print()", "is empty in"),
        ("print('kzq1\\nkzq2')", "more than one line"),
        ("print('a\\0b')", "more than one line"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "not UTF-8"),
        ("print('x' * 100_000)", "too much"),
        ("import sys; sys.exit('is locked')", "is locked"),
    ],
)
def test_a_command_must_print_one_line_of_text(code, words):
    with pytest.raises(ConfigError, match=words) as caught:
        Secret("mautic.password", command=script(code)).reveal()

    assert "kzq1" not in caught.value.message.split("more than")[0]
    assert caught.value.hint


def test_a_command_that_hangs_is_named(monkeypatch):
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.2)

    with pytest.raises(ConfigError, match=r"mautic\.password_command did not end within 0\.2 s"):
        Secret("mautic.password", command=["sleep", "60"]).reveal()


def test_one_newline_is_taken_off_and_spaces_stay(kept):
    assert Secret("a.b", file=kept(b" pass word \r\n")).reveal() == " pass word "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_file_that_others_may_use_is_refused_with_the_chmod_to_run(kept, mode):
    path = kept(b"kanarienvogel-2", mode)

    with pytest.raises(ConfigError, match=f"mode {mode:04o}") as caught:
        Secret("a.b", file=path).reveal()

    assert caught.value.hint == f"chmod 600 {path}"
    assert "kanarienvogel" not in caught.value.message


def test_a_file_of_somebody_else_is_refused(kept, monkeypatch):
    path = kept(b"secret")
    real = os.fstat

    def foreign(handle):
        values = list(real(handle))
        values[stat.ST_UID] = os.geteuid() + 1
        return os.stat_result(values)

    monkeypatch.setattr(os, "fstat", foreign)

    with pytest.raises(ConfigError, match="belongs to somebody else"):
        Secret("a.b", file=path).reveal()


def test_what_is_no_regular_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)

    for path in (tmp_path / "fifo", tmp_path):
        with pytest.raises(ConfigError, match="not a regular file"):
            Secret("a.b", file=path).reveal()


def test_a_link_is_judged_by_the_file_it_leads_to(kept, tmp_path):
    (tmp_path / "link").symlink_to(kept(b"secret", 0o644))

    with pytest.raises(ConfigError, match="mode 0644"):
        Secret("a.b", file=tmp_path / "link").reveal()


def test_a_missing_file_is_an_error_and_not_the_next_place(monkeypatch, tmp_path):
    monkeypatch.setattr(keyring, "get_keyring", Memory)

    with pytest.raises(ConfigError, match="No such file"):
        Secret("mautic.password", context="production", file=tmp_path / "none").reveal()


def test_an_empty_variable_is_refused(monkeypatch):
    monkeypatch.setenv("PMCTL_A_B", "")

    with pytest.raises(ConfigError, match="empty in PMCTL_A_B"):
        Secret("a.b").reveal()


def test_a_variable_that_is_no_text_is_refused(monkeypatch):
    monkeypatch.setitem(os.environ, "PMCTL_A_B", "caf\udce9")

    with pytest.raises(ConfigError, match="not UTF-8"):
        Secret("a.b").reveal()


def test_at_a_terminal_the_last_place_is_a_prompt(monkeypatch):
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda question: f"typed at {question}")

    assert Secret("a.b").reveal() == "typed at a.b: "


def test_the_end_of_input_at_the_prompt_is_an_error(monkeypatch):
    def ended(question):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)

    with pytest.raises(ConfigError, match="nothing was typed"):
        secrets.ask("?")


def test_where_tells_the_place_and_runs_nothing(tmp_path, kept):
    log = tmp_path / "log"
    command = script(f"open({str(log)!r}, 'w')")

    assert where(Secret("a.b", command=command)).startswith("a.b_command")
    assert where(Secret("a.b", file=kept(b"x"))) == "a.b_file"
    assert where(Secret("a.b")) == ""

    assert not log.exists()


def test_where_refuses_a_file_that_others_may_read(kept):
    with pytest.raises(ConfigError, match="others may use"):
        where(Secret("a.b", file=kept(b"x", 0o644)))
