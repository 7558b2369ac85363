"""The examiner notices answers that differ, are empty, are late or cannot be asked for."""

import unittest

from compare_path import START, question

import measure
from peer import TookTooLong


class Engine:
    """Answers every question with the same rows."""

    lacks, deviates, whole_buckets = {}, {}, False

    def __init__(self, rows, seconds=0.001):
        self.rows, self.seconds = rows, seconds

    def spell(self, asked):
        return str(asked.begin)

    def ask(self, _, keep):
        return self.seconds, self.rows if keep else None

    def read(self, _, raw):
        return raw


ROWS = [(START, 1), (START + 60, 2), (START + 120, 3)]
QUESTIONS = [question("single-groupby-1-1-1", START + 30 + i) for i in range(6)]


class ExaminerTest(unittest.TestCase):
    def setUp(self):
        self.examiner = measure.Examiner(num_compared=3, budget_s=60)
        self.first = self.examiner.ask(Engine(ROWS), QUESTIONS, is_reference=True)

    def test_the_warming_question_is_not_counted(self):
        self.assertEqual(len(self.first.seconds), len(QUESTIONS) - 1)
        self.assertAlmostEqual(self.first.p50_ms, 1)

    def test_the_same_answers_agree(self):
        asked = self.examiner.ask(Engine(ROWS), QUESTIONS)
        self.assertEqual((asked.compared, asked.disagreement), (3, ""))

    def test_another_answer_is_told(self):
        asked = self.examiner.ask(Engine([*ROWS[:2], (START + 120, 4)]), QUESTIONS)
        self.assertEqual(asked.compared, 0)
        self.assertIn("row 2", asked.disagreement)

    def test_aggregates_without_a_row_are_told_even_if_all_engines_agree(self):
        asked = measure.Examiner(num_compared=3, budget_s=60).ask(Engine([]), QUESTIONS, is_reference=True)
        self.assertIn("no rows", asked.disagreement)

    def test_rows_of_a_host_may_be_none(self):
        asked = measure.Examiner(num_compared=3, budget_s=60).ask(Engine([]), [question("high-cpu-1")] * 4, is_reference=True)
        self.assertEqual((asked.compared, asked.disagreement), (3, ""))

    def test_an_engine_without_partial_buckets_is_compared_on_whole_ones(self):
        cut = [question("single-groupby-1-1-1", length=100)] * 2  # Only the minute from START + 60 lies in it entirely.
        self.examiner.ask(Engine(ROWS), cut, is_reference=True)
        engine = Engine([ROWS[1]])
        engine.whole_buckets = True
        self.assertEqual(self.examiner.ask(engine, cut).compared, 1)
        engine.rows = ROWS
        self.assertIn("3 rows, expected 1", self.examiner.ask(engine, cut).disagreement)

    def test_a_known_deviation_is_not_compared(self):
        engine = Engine([])
        engine.deviates = {"max": "counts from the other end"}
        asked = self.examiner.ask(engine, QUESTIONS)
        self.assertEqual((asked.compared, asked.disagreement, asked.deviation), (0, "", "counts from the other end"))

    def test_what_cannot_be_asked_has_a_reason_and_no_time(self):
        engine = Engine(ROWS)
        engine.lacks = {"max": "no max"}
        asked = self.examiner.ask(engine, QUESTIONS)
        self.assertEqual((asked.p50_ms, asked.reason), (None, "no max"))

    def test_a_question_over_the_limit_is_recorded_as_such(self):
        engine = Engine(ROWS)

        def ask(_, keep):
            raise TookTooLong

        engine.ask = ask
        self.assertEqual(self.examiner.ask(engine, QUESTIONS).reason, "over 60 s")

    def test_large_answers_are_compared_less_often(self):
        class Text(list):
            def __len__(self):
                return measure.MAX_COMPARED_BYTES

        examiner = measure.Examiner(num_compared=3, budget_s=60)
        self.assertEqual(examiner.ask(Engine(Text(ROWS)), QUESTIONS, is_reference=True).compared, 1)
        self.assertEqual(examiner.ask(Engine(Text(ROWS)), QUESTIONS).compared, 1)

    def test_a_slow_engine_is_asked_less(self):
        asked = measure.Examiner(num_compared=1, budget_s=5).ask(Engine(ROWS, seconds=4), QUESTIONS)
        self.assertEqual(len(asked.seconds), 3)


if __name__ == "__main__":
    unittest.main()
