"""A real browser for the tests of pages: the one of this machine, or Debian's, installed once."""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# without the ones about the network it looks for updates as soon as it starts
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip
_INSTALL = ("install", "-y", "-qq", "--no-install-recommends")


@dataclass(frozen=True)
class Chromium:
    """A browser without a window; each run begins with an empty profile."""

    program: str

    def run(self, page: Path, *flags: str) -> str:
        """Open a page and return what the browser prints."""
        with tempfile.TemporaryDirectory() as profile:
            words = [self.program, *_FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
            env = {"PATH": "/usr/bin:/bin", "HOME": profile, "LC_ALL": "C.UTF-8"}
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=90, env=env, check=True
            )
        return done.stdout

    def screenshot(self, page: Path, to: Path, *, dark: bool = False) -> Picture:
        """Take a picture of a page as it first shows."""
        scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
        self.run(page, *scheme, "--window-size=860,1200", f"--screenshot={to}")
        return Picture.of(to.read_bytes())


@dataclass(frozen=True)
class Picture:
    """A PNG: its size, the colour of its first dot, how many different values it holds."""

    width: int
    height: int
    corner: tuple[int, int, int]
    values: int

    @classmethod
    def of(cls, png: bytes) -> Picture:
        """Read the first dot: whatever the filter of the first line, it stands as it is."""
        width, height = struct.unpack(">II", png[16:24])
        at, data = 8, b""
        while at < len(png):
            (length,) = struct.unpack(">I", png[at : at + 4])
            if png[at + 4 : at + 8] == b"IDAT":
                data += png[at + 8 : at + 8 + length]
            at += length + 12
        raw = zlib.decompress(data)
        return cls(width, height, (raw[1], raw[2], raw[3]), len(set(raw)))


def find() -> Chromium:
    """Return the browser; as root Debian's is installed where there is none, else it skips."""
    with (Path(tempfile.gettempdir()) / "pmctl-tests-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        if _program() is None and os.geteuid() == 0 and shutil.which("apt-get"):
            env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            for words in (["update", "-qq"], [*_INSTALL, "chromium"]):
                subprocess.run(
                    ["apt-get", *words], env=env, capture_output=True, timeout=600, check=False
                )
    program = _program()
    if program is None:
        pytest.skip("no Chromium here, and it could not be installed (apt-get install chromium)")
    return Chromium(program)


def _program() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)
