"""SVG to PNG where there is no font, and where the extra is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pmctl.errors import ConfigError
from pmctl.picture import png

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9"/></svg>'


def test_a_machine_without_fonts_is_told_which_to_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        png(SVG, [str(tmp_path)])

    assert "no font" in caught.value.message
    assert "fonts-dejavu-core" in caught.value.hint


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)

    with pytest.raises(ConfigError) as caught:
        png(SVG)

    assert "pmctl[png]" in caught.value.hint
