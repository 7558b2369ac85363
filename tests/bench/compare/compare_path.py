"""Makes the modules of bench/compare and bench/micro importable, and has what several of these tests share."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "bench" / "compare"), str(ROOT / "bench" / "micro")]

import questions  # noqa: E402

START = 1_451_606_400  # 2016-01-01T00:00:00Z


def question(name, begin=START + 30, length=150, hosts=()):
    """A question of type `name` with a window that cuts buckets of a minute."""
    kind = next(kind for kind in questions.TYPES if kind.name == name)
    return questions.Question(kind, begin, begin + length, tuple(hosts))
