"""The keyring: trusted only when it keeps what it is given, and answers."""

import threading
from types import SimpleNamespace

import keyring
import pytest
from keyring.backend import KeyringBackend

from pmctl import keychain


class Memory(KeyringBackend):
    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password


class Plaintext(Memory):
    pass


class Forgetful(Memory):
    def set_password(self, service, username, password):
        pass


class Locked(Memory):
    def __init__(self):
        super().__init__()
        self.released = threading.Event()

    def get_password(self, service, username):
        self.released.wait()


@pytest.fixture
def use(monkeypatch):
    def use(backend):
        monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
        return backend

    return use


def test_what_is_put_is_got(use):
    backend = use(Memory())

    keychain.put("production/mautic.password", "s3cret", 2)

    assert backend.kept == {("pmctl", "production/mautic.password"): "s3cret"}
    assert keychain.get("production/mautic.password", 2) == "s3cret"
    assert keychain.get("staging/mautic.password", 2) is None


@pytest.mark.parametrize("name", ["keyring.backends.null", "keyring.backends.fail"])
def test_a_keyring_that_loses_secrets_is_refused(use, name):
    module = __import__(name, fromlist=["Keyring"])
    use(module.Keyring())

    with pytest.raises(keychain.Unavailable, match=name):
        keychain.put("a", "b", 2)
    with pytest.raises(keychain.Unavailable, match=name):
        keychain.get("a", 2)


def test_a_keyring_that_writes_plain_text_is_refused(use):
    backend = use(Plaintext())

    with pytest.raises(keychain.Unavailable, match="Plaintext"):
        keychain.put("a", "b", 2)

    assert backend.kept == {}


def test_a_chain_of_keyrings_is_used_without_the_bad_ones(use):
    chain = use(SimpleNamespace(backends=[Plaintext(), Memory()]))

    keychain.put("a", "b", 2)

    assert chain.backends[0].kept == {}
    assert keychain.get("a", 2) == "b"


def test_a_keyring_that_forgets_is_found_out(use):
    use(Forgetful())

    with pytest.raises(keychain.Unavailable, match="did not keep"):
        keychain.put("a", "b", 2)


def test_a_keyring_that_hangs_is_given_up(use):
    backend = use(Locked())

    with pytest.raises(keychain.Unavailable, match="no answer"):
        keychain.get("a", 0.05)

    backend.released.set()


def test_any_failure_of_a_keyring_means_there_is_none(use, monkeypatch):
    monkeypatch.setattr(keyring, "get_keyring", lambda: 1 / 0)

    with pytest.raises(keychain.Unavailable, match="division"):
        keychain.get("a", 2)
