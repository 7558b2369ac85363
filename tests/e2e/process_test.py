"""The server as a process: what it says, what it refuses, how it ends, and what is there when it comes back."""

import json
import os
import pathlib
import signal
import socket
import tempfile
import unittest

from stria_server import Server, stria


def lines(first, count):
    return [f"m,d=d{i % 5} v={i}i {1_700_000_000_000_000_000 + i}" for i in range(first, first + count)]


class ProcessTest(unittest.TestCase):
    def test_says_where_it_listens_and_writes_it_down(self):
        with Server() as server:
            run = json.loads((pathlib.Path(server.data) / "run.json").read_text())
            self.assertEqual(run["pid"], server.process.pid)
            self.assertIn(int(server.host.rsplit(":", 1)[1]), run["ports"].values())
            self.assertEqual(server.request("GET", "/ping")[0], 204)
            self.assertEqual(server.request("GET", "/ready")[0], 200)
            status, _, body = server.request("GET", "/health")
            self.assertEqual((status, json.loads(body)["status"]), (200, "pass"))
            status, headers, body = server.request("GET", "/metrics")
            self.assertEqual(status, 200)
            self.assertIn(b"stria_wal_syncs_total", body)
            self.assertIn(b"stria_wal_bytes_total", body)

    def test_stops_in_order_on_sigterm_and_keeps_every_row(self):
        with Server() as server:
            self.assertEqual(server.write("db", lines(0, 1000))[0], 204)
            self.assertEqual(server.stop(), 0)
            self.assertFalse((pathlib.Path(server.data) / "run.json").exists())
            server.start()
            self.assertEqual(server.count("db", "m"), 1000)

    def test_finishes_a_write_that_is_under_way_when_sigterm_comes(self):
        with Server() as server:
            body = "\n".join(lines(0, 200_000)).encode()
            with socket.create_connection(server.host.split(":")) as connection:
                connection.settimeout(60)
                connection.sendall(f"POST /write?db=db HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                                   f"Content-Length: {len(body)}\r\n\r\n".encode())
                # Now the server waits for the body.
                self.assertIn(b" 100 ", connection.recv(4096))
                server.process.send_signal(signal.SIGTERM)
                connection.sendall(body)
                self.assertIn(b" 204 ", connection.recv(4096))
            self.assertEqual(server.process.wait(60), 0)
            server.start()
            self.assertEqual(server.count("db", "m"), 200_000)

    def test_acknowledged_rows_survive_kill_9_before_and_after_a_flush(self):
        with Server() as server:
            self.assertEqual(server.write("db", lines(0, 5000))[0], 204)
            server.kill()
            server.start()
            self.assertEqual(server.count("db", "m"), 5000)
            server.flush()
            self.assertEqual(server.write("db", lines(5000, 5000))[0], 204)
            server.kill()
            server.start()
            rows = server.sql("SELECT count(*), sum(v), min(v), max(v) FROM m", "db")["rows"]
            self.assertEqual(rows, [[10000, 9999 * 5000, 0, 9999]])

    def test_a_data_directory_in_use_is_refused_and_names_the_holder(self):
        with Server() as server:
            second = stria("serve", "--data", server.data, "--http", "127.0.0.1:0")
            self.assertEqual(second.returncode, 1, second)
            self.assertIn(str(server.process.pid), second.stderr)
            self.assertIn(server.data, second.stderr)
            self.assertEqual(server.request("GET", "/ping")[0], 204)

    def test_a_taken_port_is_refused_says_by_whom_and_how_to_choose_another(self):
        with socket.socket() as taken, tempfile.TemporaryDirectory() as data:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = stria("serve", "--data", data, "--http", f"127.0.0.1:{port}")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(str(port), done.stderr)
            self.assertIn(str(os.getpid()), done.stderr)
            self.assertIn("--http", done.stderr)

    def test_an_address_that_others_reach_needs_a_word(self):
        with tempfile.TemporaryDirectory() as data:
            done = stria("serve", "--data", data, "--http", "0.0.0.0:0")
            self.assertEqual(done.returncode, 2, done)
            self.assertIn("--insecure", done.stderr)

    def test_a_data_directory_that_cannot_be_is_refused(self):
        with tempfile.NamedTemporaryFile() as file:
            done = stria("serve", "--data", file.name, "--http", "127.0.0.1:0")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(file.name, done.stderr)

    def test_usage_errors_exit_2_with_a_suggestion(self):
        for words, suggestion in ((("srve",), "serve"), (("serve", "--dta", "x"), "--data"), (("quary",), ""), ((), "")):
            done = stria(*words)
            self.assertEqual(done.returncode, 2, (words, done))
            self.assertIn(suggestion, done.stderr)
        with tempfile.TemporaryDirectory() as data:
            for setting in ("storage.memtabel=1MiB", "storage.memtable=lots"):
                done = stria("serve", "--data", data, "--set", setting)
                self.assertEqual(done.returncode, 2, done)
                self.assertIn("storage.memtable", done.stderr)

    def test_client_verbs_tell_who_is_to_blame_by_exit_code(self):
        with Server() as server:
            url = "http://" + server.host
            done = stria("write", "-H", url, "-d", "db", "-q", "-", input="m v=1 1\nm v=2 2\n")
            self.assertEqual((done.returncode, done.stdout), (0, ""), done)
            done = stria("sql", "-H", url, "-d", "db", "--format", "csv", "-c", "SELECT v FROM m ORDER BY v")
            self.assertEqual((done.returncode, done.stdout.split()), (0, ["v", "1", "2"]), done)
            done = stria("sql", "-H", url, "-d", "db", input="SELECT 1 AS one;\nSELECT 'a;b' AS two;")
            self.assertEqual((done.returncode, done.stdout.split()), (0, ["one", "1", "two", "a;b"]), done)
            done = stria("sql", "-H", url, "-d", "db", "-c", "SELECT w FROM m")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn('"w" not found', done.stderr)
            done = stria("write", "-H", url, "-d", "db", "-q", "-", input="m v=3 3\nbad\n")
            self.assertIn(done.returncode, (1, 4), done)
            self.assertIn("line 2", done.stderr)
            self.assertEqual(server.count("db", "m"), 3)
            self.assertEqual(stria("compact", "-H", url).returncode, 0)
        self.assertEqual(stria("sql", "-H", url, "-c", "SELECT 1").returncode, 3)

    def test_another_number_of_shards_is_refused(self):
        with Server("--shards", "4") as server:
            self.assertEqual(server.write("db", lines(0, 100))[0], 204)
            self.assertEqual(server.stop(), 0)
            done = stria("serve", "--data", server.data, "--shards", "2", "--http", "127.0.0.1:0")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("shards", done.stderr)
            server.flags = []
            server.start()
            self.assertEqual(server.count("db", "m"), 100)


if __name__ == "__main__":
    unittest.main(verbosity=2)
