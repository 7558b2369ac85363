"""Loads one engine, asks it questions, and compares its answers with those of the first engine."""

import dataclasses
import statistics
import time

import answers
from peer import Load, TookTooLong


@dataclasses.dataclass
class Asked:
    """One engine and one type of question. Without `seconds` there is a `reason` why."""
    seconds: list[float] = dataclasses.field(default_factory=list)
    reason: str = ""
    compared: int = 0         # answers that were compared, and agree
    disagreement: str = ""    # the first that does not
    deviation: str = ""       # a known one: answers are not compared

    @property
    def p50_ms(self):
        return statistics.median(self.seconds) * 1000 if self.seconds else None


def load(peer, workload):
    """Loads `workload` into a started engine."""
    result = Load(rows=workload.num_rows)
    cpu_before, started = peer.cpu_s(), time.perf_counter()
    peer.load(workload)
    acknowledged = time.perf_counter()
    peer.settle()
    result.seconds = acknowledged - started
    result.settle_s = time.perf_counter() - acknowledged
    result.cpu_s = peer.cpu_s() - cpu_before
    result.disk_bytes = peer.disk_bytes()
    return result


# Of the answers of one type, text that is compared. What is beyond would take far longer to read than to measure.
MAX_COMPARED_BYTES = 64 << 20


class Examiner:
    """Asks engines the questions of one type. The answers of the reference are what the others' are compared with."""

    def __init__(self, num_compared, budget_s, min_answers=3):
        self.num_compared = num_compared
        self.budget_s = budget_s          # for one engine, after `min_answers` answers
        self.min_answers = min_answers
        self.expected = {}

    def ask(self, peer, questions, is_reference=False):
        """Asks all questions but the last, which warms up. The reference comes first."""
        asked = Asked(deviation=peer.deviates.get(questions[0].shape, ""))
        if questions[0].shape in peer.lacks:
            asked.reason = peer.lacks[questions[0].shape]
            return asked
        texts = [peer.spell(question) for question in questions]
        compared_bytes = 0
        try:
            spent = peer.ask(texts[-1], keep=False)[0]
            for question, text in zip(questions[:-1], texts):
                keep = question in self.expected and asked.compared < self.num_compared and not asked.deviation
                if is_reference:
                    keep = len(asked.seconds) < self.num_compared and compared_bytes < MAX_COMPARED_BYTES
                seconds, raw = peer.ask(text, keep)
                asked.seconds.append(seconds)
                if keep:
                    compared_bytes += len(raw)
                    self._compare(peer, question, raw, asked)
                spent += seconds
                if spent > self.budget_s and len(asked.seconds) >= self.min_answers:
                    break
        except TookTooLong:
            asked.reason = "over 60 s"
            asked.seconds.clear()
        except RuntimeError as failure:
            asked.reason = f"failed: {failure}"
            asked.seconds.clear()
        return asked

    def _compare(self, peer, question, raw, asked):
        found = peer.read(question, raw)
        expected = self.expected.setdefault(question, found)
        if peer.whole_buckets:
            expected = answers.only_whole_buckets(question, expected)
        if not found and question.shape != "high":  # A host may have been idle for all of a window.
            asked.disagreement = asked.disagreement or f"{peer.spell(question)}: no rows"
        elif difference := answers.difference(expected, found):
            asked.disagreement = asked.disagreement or f"{peer.spell(question)}: {difference}"
        else:
            asked.compared += 1
