"""Draws docs/pictures/packages.svg from the import contracts in pyproject.toml: `make picture`.

Each app is a box, with a row for each of its layers; imports point downwards. `--check` writes nothing and ends with 1
where the picture is out of date.
"""

import sys
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "packages.svg"
WIDTH, MARGIN, ROW, GAP, HEAD = 840, 12, 30, 6, 26  # pixels
CHARACTER, PADDING = 6.7, 9  # of a name in its box, with the font below
STYLE = """
  svg { color-scheme: light dark; font: 11px ui-monospace, "DejaVu Sans Mono", monospace; }
  .app { fill: #f4f6f8; stroke: #9aa7b4; }
  .package { fill: #dbe7f3; stroke: #7d93aa; }
  .module { fill: none; stroke: #c3ccd5; }
  text { fill: #1c2733; text-anchor: middle; } .name { font-weight: bold; text-anchor: start; }
  @media (prefers-color-scheme: dark) {
    .app { fill: #1b222a; stroke: #566472; }
    .package { fill: #2a3c4f; stroke: #6b86a1; }
    .module { stroke: #44505c; }
    text { fill: #e6ebf0; }
  }
"""

Layer = list[str]


def main() -> int:
    drawn = picture()
    if "--check" not in sys.argv:
        PICTURE.write_text(drawn)
    elif not PICTURE.exists() or PICTURE.read_text() != drawn:
        print("docs/pictures/packages.svg is out of date: run `make picture`.", file=sys.stderr)
        return 1
    return 0


def picture() -> str:
    between, inside = contracts()
    y = float(MARGIN)
    parts: list[str] = []
    for layer in between:
        width = (WIDTH - MARGIN * (len(layer) + 1)) / len(layer)
        layers = [inside.get(app) or [contents(app)] for app in layer]
        height = HEAD + max(len(rows(each, width)) for each in layers) * ROW
        for index, (app, each) in enumerate(zip(layer, layers, strict=True)):
            parts += box(app, each, MARGIN + index * (width + MARGIN), y, width, height)
        y += height + MARGIN
    size = f'width="{WIDTH}" height="{y:.0f}" viewBox="0 0 {WIDTH} {y:.0f}"'
    title = "<title>The packages of NanoGridBot; imports point downwards</title>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>\n{title}\n<style>{STYLE}</style>\n' + (
        "\n".join(parts) + "\n</svg>\n"
    )


def contracts() -> tuple[list[Layer], dict[str, list[Layer]]]:
    """Returns the layers between the apps, and those inside each app that has a contract."""
    between: list[Layer] = []
    inside: dict[str, list[Layer]] = {}
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    for contract in linter["contracts"]:
        if contract["type"] != "layers":
            continue
        layers = [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]
        if "containers" in contract:
            inside |= dict.fromkeys(contract["containers"], layers)
        else:
            between = layers
    return between, inside


def contents(app: str) -> Layer:
    """Returns the packages and modules of an app whose inside has no contract."""
    found = [path for path in sorted(folder(app).iterdir()) if is_package(path) or path.suffix == ".py"]
    return [path.stem for path in found if path.stem not in ("__init__", "migrations")]


def folder(app: str) -> Path:
    return ROOT / app.replace(".", "/")


def is_package(path: Path) -> bool:
    return (path / "__init__.py").exists()


def rows(layers: list[Layer], width: float) -> list[Layer]:
    """Returns the layers, each broken into as many rows as the width asks for."""
    return [row for layer in layers for row in broken(layer, width - 2 * GAP)]


def broken(layer: Layer, width: float) -> Iterator[Layer]:
    row: Layer = []
    for name in layer:
        if row and span([*row, name]) > width:
            yield row
            row = []
        row.append(name)
    yield row


def span(names: Layer) -> float:
    return sum(extent(name) + GAP for name in names) - GAP


def extent(text: str) -> float:
    return len(text) * CHARACTER + 2 * PADDING


def box(app: str, layers: list[Layer], x: float, y: float, width: float, height: float) -> Iterator[str]:
    yield rectangle("app", x, y, width, height)
    yield f'<text class="name" x="{x + PADDING:.1f}" y="{y + 17:.1f}">{escape(app)}</text>'
    for number, row in enumerate(rows(layers, width)):
        left, top = x + (width - span(row)) / 2, y + HEAD + number * ROW
        for name in row:
            kind = "package" if is_package(folder(app) / name) else "module"
            yield rectangle(kind, left, top, extent(name), ROW - GAP)
            yield f'<text x="{left + extent(name) / 2:.1f}" y="{top + 16:.1f}">{escape(name)}</text>'
            left += extent(name) + GAP


def rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" rx="4" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


if __name__ == "__main__":
    sys.exit(main())
