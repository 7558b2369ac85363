"""Bad input through a real server: what is good is stored, what is bad is answered with its line and reason."""

import gzip
import http.client
import json
import socket
import unittest

import stria_server

HOUSE_MEMBERS = {"code", "message", "line", "column", "hint", "request_id"}


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = stria_server.Server("--set", "ingest.max_batch=1MiB")
        cls.server.start()
        assert cls.server.write("plant", "readings,device=a temperature=20.5,count=1i 1")[0] == 204

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.server.close()
        assert code == 0, code

    def sql_error(self, statement, database="plant"):
        """(status, members of the error) of a statement that fails."""
        status, headers, body = self.server.sql_raw(statement, database)
        error = json.loads(body)["error"]
        self.assertGreaterEqual(set(error), {"code", "message"})
        self.assertLessEqual(set(error), HOUSE_MEMBERS)
        self.assertEqual(error["request_id"], headers["x-request-id"])
        return status, error

    def test_bad_lines_are_named_and_the_good_ones_are_stored(self):
        body = "m,d=a v=1 1\nthis is no line\nm,d=b v=2 2\nm,d=c v= 3\nm,d=d v=4 4\n"
        status, headers, answer = self.server.write("lines", body)
        self.assertEqual(status, 400)
        message = json.loads(answer)["error"]
        for part in ("partial write", "line 2", "line 4", "dropped=0"):
            self.assertIn(part, message)
        self.assertIn("partial write", headers["x-influxdb-error"])
        self.assertEqual(self.server.sql("SELECT d FROM m ORDER BY d", "lines")["rows"], [["a"], ["b"], ["d"]])

    def test_a_type_conflict_names_both_types_and_keeps_the_others(self):
        status, _, answer = self.server.write("plant", "readings,device=b temperature=\"warm\" 2\nreadings,device=b temperature=3 3")
        self.assertEqual(status, 400)
        message = json.loads(answer)["error"]
        self.assertIn("type string, already exists as type float", message)
        self.assertIn("dropped=1", message)
        rows = self.server.sql("SELECT temperature FROM readings WHERE device = 'b'", "plant")["rows"]
        self.assertEqual(rows, [[3]])

    def test_the_second_dialect_has_its_own_form(self):
        status, headers, answer = self.server.request("POST", "/api/v2/write?bucket=v2&precision=ns", "m v=1 1\nnonsense\n")
        self.assertEqual(status, 400)
        error = json.loads(answer)
        self.assertEqual(error["code"], "invalid")
        self.assertIn("unable to parse 'nonsense'", error["message"])
        self.assertEqual(headers["x-platform-error-code"], "invalid")
        status, _, answer = self.server.request("POST", "/api/v2/write?bucket=v2", "m v=\"text\" 2")
        self.assertEqual((status, json.loads(answer)["code"]), (422, "unprocessable entity"))
        self.assertEqual(self.server.count("v2", "m"), 1)

    def test_a_body_of_nonsense_stores_nothing(self):
        for body in ("\x00\x01\x02", "{\"json\": true}", "SELECT 1", "m v=1 9999999999999999999999", "m,=x v=1 1", "m v=1e999 1"):
            with self.subTest(body=body):
                self.assertEqual(self.server.write("nonsense", body)[0], 400)
        self.assertEqual(self.sql_error("SELECT * FROM m", "nonsense")[0], 404)

    def test_a_write_without_a_database_is_refused(self):
        status, _, answer = self.server.request("POST", "/write?db=", "m v=1 1")
        self.assertEqual(status, 400)
        self.assertIn("database is required", json.loads(answer)["error"])

    def test_an_unknown_precision_is_refused(self):
        status, _, answer = self.server.write("plant", "m v=1 1", precision="fortnights")
        self.assertEqual(status, 400)
        self.assertIn("fortnights", json.loads(answer)["error"])

    def test_a_truncated_body_stores_nothing(self):
        with socket.create_connection(self.server.host.split(":")) as connection:
            connection.sendall(b"POST /write?db=cut HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nm v=1 1\nm v=2 2\n")
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(30)
            answer = connection.recv(4096)
        self.assertNotIn(b" 204 ", answer)
        self.assertEqual(self.sql_error("SELECT count(*) FROM m", "cut")[0], 404)

    def test_a_truncated_or_false_gzip_body_stores_nothing(self):
        whole = gzip.compress(b"m v=1 1\nm v=2 2\n" * 100)
        for body in (whole[:-9], b"no gzip at all"):
            status, _, _ = self.server.request("POST", "/write?db=gz", body, {"Content-Encoding": "gzip"})
            self.assertEqual(status, 400)
        self.assertEqual(self.server.request("POST", "/write?db=gz", whole, {"Content-Encoding": "gzip"})[0], 204)
        self.assertEqual(self.server.count("gz", "m"), 2)

    def test_a_body_that_is_too_large_is_refused_even_when_it_is_compressed(self):
        lines = b"m v=1 1\n" * 200_000
        for body, headers in ((lines, {}), (gzip.compress(lines), {"Content-Encoding": "gzip"})):
            connection = http.client.HTTPConnection(self.server.host, timeout=60)
            try:
                connection.request("POST", "/write?db=large", body, headers)
                self.assertEqual(connection.getresponse().status, 413)
            except (BrokenPipeError, ConnectionResetError):
                pass  # It was told before all was sent, which some systems turn into a reset.
            finally:
                connection.close()
        self.assertEqual(self.sql_error("SELECT * FROM m", "large")[0], 404)

    def test_what_is_no_http_is_answered_and_closed(self):
        with socket.create_connection(self.server.host.split(":")) as connection:
            connection.settimeout(30)
            connection.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            self.assertIn(connection.recv(4096)[:12], (b"HTTP/1.1 400", b""))
        self.assertEqual(self.server.request("GET", "/ping")[0], 204)

    def test_an_unknown_route_and_a_wrong_method_say_so(self):
        self.assertEqual(self.server.request("GET", "/nothing/here")[0], 404)
        self.assertIn(self.server.request("DELETE", "/write?db=plant")[0], (404, 405))

    def test_sql_errors_carry_code_position_and_hint(self):
        cases = [
            ("SELECT temprature FROM readings", 400, "unknown_column", 1, 8, "temperature"),
            ("SELECT *\nFROM readngs", 404, "unknown_table", 2, 6, "readings"),
            ("SELECT v FORM readings", 400, "parse", 1, 15, "FROM"),
            ("SELECT * FROM nowhere.readings", 404, "unknown_database", 1, 15, ""),
            ("SELECT * FROM readings WHERE device = 3", 400, "type_conflict", None, None, ""),
            ("SELECT 1 / 0", 400, "invalid_argument", None, None, ""),
            ("SELECT 9223372036854775807 + 1", 400, "out_of_range", None, None, ""),
        ]
        for statement, status, code, line, column, hint in cases:
            with self.subTest(statement=statement):
                found_status, error = self.sql_error(statement)
                self.assertEqual((found_status, error["code"]), (status, code))
                if line is not None:
                    self.assertEqual((error["line"], error["column"]), (line, column))
                self.assertIn(hint, error.get("hint") or "")

    def test_a_read_of_an_unknown_database_is_a_404(self):
        self.assertEqual(self.sql_error("SELECT * FROM t", "nobody")[1]["code"], "unknown_database")

    def test_an_empty_or_enormous_statement_is_refused(self):
        self.assertEqual(self.server.request("GET", "/api/v1/sql")[0], 400)
        self.assertEqual(self.server.request("POST", "/api/v1/sql", "")[0], 400)
        nested = "SELECT " + "(" * 20_000 + "1" + ")" * 20_000
        self.assertEqual(self.server.request("POST", "/api/v1/sql", nested)[0], 400)
        self.assertIn(self.server.request("POST", "/api/v1/sql", "SELECT " + "1 + " * 600_000 + "1")[0], (400, 413))
        self.assertEqual(self.server.sql("SELECT 1")["rows"], [[1]])

    def test_bad_json_and_unknown_formats_are_refused(self):
        kind = {"Content-Type": "application/json"}
        for body in ("{", "[]", '{"q": 1}', '{"query": "SELECT 1"}'):
            self.assertEqual(self.server.request("POST", "/api/v1/sql", body, kind)[0], 400)
        self.assertEqual(self.server.sql_raw("SELECT 1", fmt="parquet")[0], 400)
        self.assertEqual(self.server.sql_raw("SELECT 1", epoch="years")[0], 400)

    def test_limits_of_a_request_end_in_their_own_codes(self):
        for headers, code in (({"X-Stria-Max-Rows": "1"}, "resource_exhausted"), ({"X-Stria-Timeout": "soon"}, "invalid_argument")):
            statement = "SELECT time FROM readings"
            self.server.write("plant", "readings,device=limit temperature=1 5\nreadings,device=limit temperature=1 6")
            status, _, body = self.server.request("POST", "/api/v1/sql?db=plant", statement, headers)
            document = json.loads(body)
            self.assertEqual(document["error"]["code"], code)


if __name__ == "__main__":
    unittest.main(verbosity=2)
