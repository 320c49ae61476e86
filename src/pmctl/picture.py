"""SVG -> PNG, by resvg (the extra `pmctl[png]`): the only module that knows it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pmctl.errors import ConfigError

# resvg draws no letter without a font; these are looked for, the first found is used.
_FONTS = (
    "DejaVuSans", "LiberationSans-Regular", "NotoSans-Regular", "Arial", "Helvetica",
    "Roboto-Regular", "OpenSans-Regular", "FreeSans",
)  # fmt: skip
_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts",
    "/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
_FAMILIES = {"DejaVuSans": "DejaVu Sans", "LiberationSans": "Liberation Sans",
             "NotoSans": "Noto Sans", "OpenSans": "Open Sans", "FreeSans": "FreeSans"}  # fmt: skip
SHARP = 2.0  # dots for each px of the drawing


def png(svg: str, folders: Iterable[str] = _FOLDERS) -> bytes:
    """Return the picture as PNG, two dots for each px.

    Raises ConfigError when the extra is not installed or this machine has no font.
    """
    try:
        import resvg_py
    except ImportError as exc:
        raise ConfigError(
            "PNG pictures need resvg", hint="pip install 'pmctl[png]'; -o svg needs nothing"
        ) from exc
    font = _font(folders)
    family = _FAMILIES.get(font.stem.partition("-")[0], font.stem.partition("-")[0])
    bold = font.with_name(font.name.replace("Sans.", "Sans-Bold.").replace("-Regular", "-Bold"))
    files = [str(file) for file in dict.fromkeys((font, bold)) if file.exists()]
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=SHARP,
        skip_system_fonts=True,  # a scan of hundreds of fonts takes longer than the picture
        font_files=files,
        font_family=family,
        sans_serif_family=family,
    )


def _font(folders: Iterable[str]) -> Path:
    found: dict[str, Path] = {}
    for folder in folders:
        for file in Path(folder).expanduser().rglob("*.tt[fc]"):
            found.setdefault(file.stem, file)
    for name in _FONTS:
        if name in found:
            return found[name]
    raise ConfigError(
        "there is no font on this machine for a PNG picture",
        hint="install one (Debian: fonts-dejavu-core), or use -o svg",
    )
