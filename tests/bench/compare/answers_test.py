"""Answers of every engine come out in one normal form, and only equal ones agree."""

import json
import unittest

from compare_path import START, question

import answers
from questions import FIELDS

VALUES = list(range(10))


class NormalFormTest(unittest.TestCase):
    def test_stria_aggregates_are_read_by_place(self):
        body = json.dumps({"columns": [{"name": "bucket"}, {"name": "max_usage_user"}],
                           "rows": [[START + 60, 7], [START, 5]], "stats": {}})
        self.assertEqual(answers.from_stria(question("single-groupby-1-1-1"), body), [(START, 5), (START + 60, 7)])

    def test_stria_rows_are_read_by_name_of_column(self):
        columns = [{"name": name} for name in ("time", "region", *reversed(FIELDS), "hostname")]
        body = json.dumps({"columns": columns, "rows": [[START, "eu", *reversed(VALUES), "host_1"]], "stats": {}})
        self.assertEqual(answers.from_stria(question("high-cpu-all"), body), [(START, "host_1", *VALUES)])

    def test_clickhouse_times_are_text_of_unix_seconds(self):
        body = json.dumps({"meta": [{"name": "bucket"}, {"name": "hostname"}, {"name": "mean_usage_user"}],
                           "data": [[str(START), "host_2", 1.5]]})
        self.assertEqual(answers.from_clickhouse(question("double-groupby-1"), body), [(START, "host_2", 1.5)])

    def test_times_as_text_of_postgresql_and_iso(self):
        self.assertEqual(answers.seconds_of("2016-01-01 00:00:00+00"), START)
        self.assertEqual(answers.seconds_of("2016-01-01T00:01:00Z"), START + 60)

    def test_numbers_as_text_are_numbers(self):
        rows = answers.from_table(question("cpu-max-all-1"), ["bucket"], [("2016-01-01 00:00:00+00", *map(str, VALUES))],
                                  answers.seconds_of)
        self.assertEqual(rows, [(START, *VALUES)])

    def test_influxql_series_without_tags_leave_out_empty_buckets(self):
        body = json.dumps({"results": [{"series": [{"name": "cpu", "columns": ["time", "max"],
                                                    "values": [[START, 5], [START + 60, None], [START + 120, 6]]}]}]})
        self.assertEqual(answers.from_influxql(question("single-groupby-1-1-1"), body), [(START, 5), (START + 120, 6)])

    def test_influxql_series_by_host_carry_the_host(self):
        body = json.dumps({"results": [{"series": [
            {"tags": {"hostname": name}, "columns": ["time", "mean"], "values": [[START, value]]}
            for name, value in (("host_1", 2.5), ("host_0", 1))]}]})
        self.assertEqual(answers.from_influxql(question("double-groupby-1"), body), [(START, "host_0", 1), (START, "host_1", 2.5)])

    def test_influxql_rows_take_the_host_from_tags_or_columns(self):
        row = [START, *VALUES]
        grouped = {"results": [{"series": [{"tags": {"hostname": "host_3"}, "columns": ["time", *FIELDS], "values": [row]}]}]}
        flat = {"results": [{"series": [{"columns": ["time", *FIELDS, "hostname"], "values": [[*row, "host_3"]]}]}]}
        for body in (grouped, flat):
            self.assertEqual(answers.from_influxql(question("lastpoint"), json.dumps(body)), [(START, "host_3", *VALUES)])

    def test_influxql_errors_are_raised(self):
        with self.assertRaisesRegex(RuntimeError, "no such"):
            answers.from_influxql(question("lastpoint"), json.dumps({"results": [{"error": "no such thing"}]}))

    def test_an_empty_influxql_answer_has_no_rows(self):
        self.assertEqual(answers.from_influxql(question("high-cpu-1"), json.dumps({"results": [{"statement_id": 0}]})), [])

    def test_prometheus_points_belong_to_the_bucket_that_they_end(self):
        body = json.dumps({"status": "success", "data": {"result": [
            {"metric": {"__name__": "cpu_usage_system"}, "values": [[START + 59.999, "8"]]},
            {"metric": {"__name__": "cpu_usage_user"}, "values": [[START + 59.999, "7"], [START + 119.999, "9"]]}]}})
        asked = question("single-groupby-5-1-1")
        rows = answers.from_prometheus(asked, body)
        self.assertEqual(rows, [(START, 7, 8, None, None, None), (START + 60, 9, None, None, None, None)])

    def test_prometheus_errors_are_raised(self):
        with self.assertRaises(RuntimeError):
            answers.from_prometheus(question("cpu-max-all-1"), json.dumps({"status": "error", "error": "bad query"}))

    def test_only_whole_buckets_stay(self):
        rows = [(START + 60 * i, i) for i in range(4)]  # The window is 00:30 to 03:00.
        self.assertEqual(answers.only_whole_buckets(question("single-groupby-1-1-1"), rows), rows[1:3])


class AgreementTest(unittest.TestCase):
    def test_equal_answers_agree(self):
        self.assertIsNone(answers.difference([(START, "host_0", 1.5)], [(START, "host_0", 1.5)]))

    def test_floats_agree_within_a_billionth(self):
        self.assertIsNone(answers.difference([(START, 50.0 + 1e-9)], [(START, 50)]))
        self.assertIsNotNone(answers.difference([(START, 50.0 + 1e-6)], [(START, 50)]))

    def test_integers_must_be_equal(self):
        self.assertIsNotNone(answers.difference([(START, 10**12)], [(START, 10**12 + 1)]))

    def test_hosts_must_be_equal(self):
        self.assertIn("host_1", answers.difference([(START, "host_0", 1)], [(START, "host_1", 1)]))

    def test_a_missing_row_is_a_difference(self):
        self.assertIn("1 rows, expected 2", answers.difference([(START, 1), (START + 60, 2)], [(START, 1)]))

    def test_a_missing_value_is_a_difference(self):
        self.assertIsNotNone(answers.difference([(START, 1)], [(START, None)]))
        self.assertIsNotNone(answers.difference([(START, 1, 2)], [(START, 1)]))


if __name__ == "__main__":
    unittest.main()
