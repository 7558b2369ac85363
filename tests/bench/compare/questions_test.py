"""Questions are random but repeatable, stay in the data, and are spelled in every dialect."""

import pathlib
import tempfile
import unittest
import urllib.parse

from compare_path import START, question

import questions
import sql_text
from influxdb_peer import InfluxdbPeer
from victoriametrics_peer import VictoriametricsPeer

LAST = START + 26 * 3600 - 10


class QuestionsTest(unittest.TestCase):
    def test_windows_lie_in_the_data(self):
        for kind in questions.TYPES:
            for asked in questions.draw(kind, 50, START, LAST, 100, seed=1):
                self.assertLessEqual(START, asked.begin)
                self.assertLessEqual(asked.end, LAST + 1)
                self.assertEqual(len(set(asked.hosts)), kind.num_hosts)
                if kind.window_s:
                    self.assertEqual(asked.end - asked.begin, kind.window_s)

    def test_the_same_seed_asks_the_same(self):
        kind = questions.TYPES[0]
        self.assertEqual(questions.draw(kind, 5, START, LAST, 100, 7), questions.draw(kind, 5, START, LAST, 100, 7))
        self.assertNotEqual(questions.draw(kind, 5, START, LAST, 100, 7), questions.draw(kind, 5, START, LAST, 100, 8))

    def test_data_that_is_too_short_or_small_does_not_fit(self):
        long = next(kind for kind in questions.TYPES if kind.name == "cpu-max-all-32-24")
        self.assertTrue(questions.fits(long, START, LAST, 100))
        self.assertFalse(questions.fits(long, START, LAST, 31))
        self.assertFalse(questions.fits(long, START, START + 24 * 3600, 100))

    def test_whole_buckets_leave_out_both_ends(self):
        self.assertEqual(question("single-groupby-1-1-1").whole_buckets(), (START + 60, START + 180))


class SpellingTest(unittest.TestCase):
    def test_sql_of_stria(self):
        self.assertEqual(
            sql_text.sql_of(question("single-groupby-1-1-1", hosts=["host_3"]), sql_text.STRIA),
            "SELECT time_bucket('1 minute', time) AS bucket, max(usage_user) AS max_usage_user FROM cpu WHERE "
            "time >= '2016-01-01T00:00:30Z' AND time < '2016-01-01T00:03:00Z' AND hostname IN ('host_3') "
            "GROUP BY bucket ORDER BY bucket")

    def test_every_dialect_spells_every_type(self):
        for kind in questions.TYPES:
            asked = questions.draw(kind, 1, START, LAST, 100, 1)[0]
            for dialect in (sql_text.STRIA, sql_text.POSTGRESQL, sql_text.DUCKDB, sql_text.CLICKHOUSE):
                text = sql_text.sql_of(asked, dialect)
                for host in asked.hosts:
                    self.assertIn(f"'{host}'", text)
                if asked.shape in ("max", "avg"):
                    self.assertTrue(all(field in text for field in asked.fields))

    def test_influxql_and_promql_have_the_window(self):
        asked = question("single-groupby-1-8-1", hosts=["host_3", "host_5"])
        with tempfile.TemporaryDirectory() as directory:
            influx = urllib.parse.unquote_plus(InfluxdbPeer(pathlib.Path(directory)).spell(asked))
            self.assertIn("time >= '2016-01-01 00:00:30' AND time < '2016-01-01 00:03:00'", influx)
            self.assertIn("(hostname = 'host_3' OR hostname = 'host_5')", influx)
            prom = urllib.parse.unquote_plus(VictoriametricsPeer(pathlib.Path(directory)).spell(asked))
            # The ends of the buckets that begin at 00:00, 00:01 and 00:02, less a millisecond.
            self.assertIn(f"start={START + 59}.999&end={START + 179}.999&step=60", prom)
            self.assertIn("hostname=~'host_3|host_5'", prom)


if __name__ == "__main__":
    unittest.main()
