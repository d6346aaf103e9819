"""What the person asked for, and where a run may write."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".bench"  # raw results, and the peers that were installed
BASELINES = Path(__file__).parent / "baselines"


@dataclass(frozen=True, slots=True)
class Settings:
    """One run."""

    fn: tuple[str, ...]
    work: Path
    quick: bool = False

    def choose(self, full: int, quick: int) -> int:
        """How often to repeat."""
        return quick if self.quick else full

    def folder(self, name: str) -> Path:
        """A new empty folder, outside of this checkout so that no .gitignore of ours applies."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))


def say(text: str) -> None:
    """Progress, where it does not mix with results."""
    print(text, file=sys.stderr, flush=True)
