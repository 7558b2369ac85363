"""Every verb of stria-bench against a real server, on small data."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from iot_truth import IotTruth, interval_ns  # noqa: E402
from stria_server import Server, read_lines  # noqa: E402

BENCH = os.environ.get("STRIA_BENCH", "build/release/bin/stria-bench")
# Longer than the longest window, with more hosts than a query asks for.
CPU = ["--workload", "cpu-only", "--scale", "40", "--duration", "25h", "--interval", "2m"]
CPU_ROWS = 40 * 25 * 30
NOBODY = "http://127.0.0.1:1"


def bench(*arguments):
    return subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False)


def done(*arguments):
    result = bench(*arguments)
    if result.returncode != 0:
        raise AssertionError(f"{arguments}: exit {result.returncode}, {result.stderr}")
    return result.stdout


def report_of(*arguments):
    return json.loads(done(*arguments, "--json"))


class VerbsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()
        cls.url = "http://" + cls.server.host
        cls.directory = tempfile.TemporaryDirectory(prefix="stria-bench-")
        cls.cpu = pathlib.Path(cls.directory.name) / "cpu.lp.zst"
        done("generate", *CPU, "-o", cls.cpu)
        cls.load = report_of("load", "--url", cls.url, "-d", "cpu", cls.cpu, "--compact")

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.directory.cleanup()

    def fails(self, code, text, *arguments):
        result = bench(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertIn(text, result.stderr)
        self.assertTrue(result.stderr.startswith("stria-bench: "), result.stderr)

    def test_generate_writes_the_same_bytes_for_the_same_seed(self):
        def digest(*flags):
            return hashlib.sha256(done("generate", "--workload", "iot", "--scale", "5", "--duration", "10m",
                                            "-o", "-", *flags).encode()).hexdigest()
        self.assertEqual(digest(), digest())
        self.assertEqual(digest("--seed", "123"), digest())
        self.assertNotEqual(digest("--seed", "124"), digest())

    def test_generate_compresses_what_it_else_writes_plainly(self):
        plain = done("generate", *CPU, "-o", "-")
        packed = subprocess.run(["zstd", "-dcq", self.cpu], capture_output=True, text=True, check=True).stdout
        self.assertEqual(packed, plain)

    def test_load_stores_every_row_and_says_what_it_took(self):
        self.assertEqual(self.server.count("cpu", "cpu"), CPU_ROWS)
        self.assertEqual(self.load["rows"], CPU_ROWS)
        self.assertEqual(self.load["values"], 10 * CPU_ROWS)
        for figure in ("rows_per_second", "ack_p50_ms", "client_cpu_us_per_row", "wal_bytes_per_row", "part_bytes",
                       "disk_bytes", "peak_rss_bytes"):
            self.assertGreater(self.load[figure], 0, figure)
        for figure in ("server_cpu_us_per_row", "server_cpu_us_per_row_compacted"):
            self.assertIsNotNone(self.load[figure], figure)
        self.assertLessEqual(self.load["ack_p50_ms"], self.load["ack_p99_ms"])
        self.assertLessEqual(self.load["ack_p99_ms"], self.load["ack_max_ms"])
        self.assertLess(self.load["part_bytes"], self.load["disk_bytes"])
        self.assertLess(self.load["wal_bytes_per_row"], 347)

    def test_load_sends_gzip_and_small_pieces_just_as_well(self):
        report = report_of("load", "--url", self.url, "-d", "gzip", self.cpu, "--gzip", "--batch-rows", "777", "--memory", "1MiB")
        self.assertEqual(report["rows"], CPU_ROWS)
        self.assertLess(report["bytes_sent"], 347 * CPU_ROWS / 3)
        columns = ", ".join(f"sum({f})" for f in ("usage_user", "usage_guest_nice"))
        self.assertEqual(self.server.sql(f"SELECT count(*), {columns} FROM cpu", "gzip")["rows"],
                         self.server.sql(f"SELECT count(*), {columns} FROM cpu", "cpu")["rows"])

    def test_load_into_the_sink_needs_no_server(self):
        report = report_of("load", "--null-sink", "--workers", "3", self.cpu)
        self.assertEqual(report["rows"], CPU_ROWS)
        self.assertNotIn("server_cpu_us_per_row", report)

    def test_load_says_what_was_refused(self):
        bad = pathlib.Path(self.directory.name) / "bad.lp"
        bad.write_text("m f=1 1\nno line protocol\n")
        self.fails(1, "no line protocol", "load", "--url", self.url, "-d", "bad", bad)
        self.fails(4, "1 of 2 bodies were refused", "load", "--url", self.url, "-d", "bad", "--batch-rows", "1", bad)

    def test_query_asks_every_type_of_cpu_only(self):
        report = report_of("query", "--url", self.url, "-d", "cpu", "--queries", "4", "--clients", "2")
        self.assertEqual(report["hosts"], 40)
        self.assertEqual(report["begin"], "2016-01-01T00:00:00.000000000Z")
        rows = {row["type"]: row for row in report["table"]}
        self.assertEqual(len(rows), 16, report.get("notes"))
        for name, row in rows.items():
            self.assertLessEqual(row["p50_ms"], row["p99_ms"], name)
            self.assertEqual(row["distinct"], 1 if name == "lastpoint" else 4, name)
        self.assertEqual(rows["lastpoint"]["rows"], 40)
        self.assertEqual(rows["double-groupby-all"]["rows"], 13 * 40)
        self.assertEqual(rows["groupby-orderby-limit"]["rows"], 5)
        self.assertEqual(rows["cpu-max-all-32-24"]["rows"], 25)
        self.assertGreater(rows["high-cpu-all"]["rows_scanned_per_second"], 0)

    def test_query_asks_every_type_of_iot(self):
        done("generate", "--workload", "iot", "--scale", "20", "--duration", "25h", "--interval", "1m",
                  "--url", self.url, "-d", "iot")
        report = report_of("query", "--workload", "iot", "--url", self.url, "-d", "iot", "--queries", "3")
        rows = {row["type"]: row for row in report["table"]}
        self.assertEqual(len(rows), 13, report.get("notes"))
        self.assertEqual(rows["avg-vs-projected-fuel-consumption"]["rows"], 4)
        self.assertEqual(rows["single-last-loc"]["rows"], 1)
        self.assertGreater(rows["avg-daily-driving-duration"]["rows"], 0)
        self.assertGreater(rows["avg-daily-driving-session"]["rows"], 0)
        self.assertGreater(rows["breakdown-frequency"]["rows"], 0)

    def test_queries_about_the_ten_minutes_before_and_after_agree_with_the_rows(self):
        rows = pathlib.Path(self.directory.name) / "iot.lp.zst"
        done("generate", "--workload", "iot", "--scale", "12", "--duration", "49h", "--interval", "30s", "-o", rows)
        done("load", "--url", self.url, "-d", "iot_rows", rows)
        truth = IotTruth(read_lines(rows))
        for name, expected in (("avg-daily-driving-session", truth.driving_sessions()),
                               ("breakdown-frequency", truth.breakdowns())):
            sql = done("query", "--workload", "iot", "--url", self.url, "-d", "iot_rows", "--types", name, "--queries", "1",
                       "--print-sql").strip()
            self.assertGreater(len(expected), 0, name)
            found = [[interval_ns(value) for value in row] for row in self.server.sql(sql, "iot_rows")["rows"]]
            self.assertEqual(sorted(found), expected, name)

    def test_query_takes_types_formats_and_windows(self):
        report = report_of("query", "--url", self.url, "-d", "cpu", "--queries", "2", "--format", "csv",
                             "--types", "lastpoint,single-groupby-1-1-1", "--end", "2016-01-01T02:00:00Z")
        self.assertEqual([row["type"] for row in report["table"]], ["lastpoint", "single-groupby-1-1-1"])
        self.assertEqual(report["end"], "2016-01-01T02:00:00.000000000Z")
        texts = done("query", "--url", self.url, "-d", "cpu", "--types", "high-cpu-1", "--queries", "5", "--print-sql")
        self.assertEqual(len(set(texts.splitlines())), 5)
        short = report_of("query", "--url", self.url, "-d", "cpu", "--types", "double-groupby-1", "--end", "2016-01-01T02:00:00Z")
        self.assertEqual(short["table"], [])
        self.assertIn("more than 12 h", short["notes"][0])

    def test_mixed_writes_while_it_asks(self):
        report = report_of("mixed", "--url", self.url, "-d", "mixed", "--seconds", "1", "--scale", "10",
                             "--history-rows", "60000", "--batch-rows", "1000")
        self.assertEqual(report["history_rows"], 60000)
        self.assertGreater(report["rows_written"], 0)
        self.assertEqual(self.server.count("mixed", "cpu"), 60000 + report["rows_written"])
        self.assertEqual(len(report["table"]), 6)
        for row in report["table"]:
            self.assertGreater(row["alone"] + row["mixed"], 0, row["type"])

    def test_cardinality_has_a_row_for_each_number_of_series(self):
        report = report_of("cardinality", "--url", self.url, "-d", "card", "--series", "100,2k", "--rows", "5000", "--queries", "2")
        self.assertEqual([(row["series"], row["rows"]) for row in report["table"]], [(100, 5000), (2000, 6000)])
        for series, rows in ((100, 5000), (2000, 6000)):
            self.assertEqual(self.server.count(f"card_{series}", "cpu"), rows)
            self.assertEqual(self.server.sql("SELECT count(*) FROM (SELECT DISTINCT hostname FROM cpu) AS h",
                                             f"card_{series}")["rows"], [[series]])

    def test_errors_say_what_to_do(self):
        self.fails(2, 'Did you mean "generate"?', "generat")
        self.fails(2, 'Did you mean "--workers"?', "load", "--worker", "2", "x")
        self.fails(2, "There are cpu-only, devops and iot", "generate", "--workload", "cpu", "-o", "-")
        self.fails(2, "either -o FILE or --url", "generate")
        self.fails(2, "--float-decimals 3", "generate", "--float-decimals", "3", "-o", "-")
        self.fails(2, "1k,100k", "cardinality", "--series", "1q")
        self.fails(2, "want http://", "query", "--url", "127.0.0.1:8181")
        self.fails(2, 'Did you mean "lastpoint"?', "query", "--url", self.url, "-d", "cpu", "--types", "lastpont")
        self.fails(1, "no such file", "load", "--null-sink", "/nonexistent.lp")
        self.fails(1, 'database "nothing" not found', "query", "--url", self.url, "-d", "nothing")
        for verb in (["load", str(self.cpu)], ["query"], ["mixed"], ["cardinality"]):
            self.fails(3, "cannot reach http://127.0.0.1:1", *verb, "--url", NOBODY)

    def test_every_verb_has_help(self):
        for verb in ("generate", "load", "query", "mixed", "cardinality"):
            self.assertIn("--", done(verb, "--help"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
