"""Line protocol becomes the same rows as CSV, and bodies that are cut between lines."""

import pathlib
import tempfile
import unittest

from compare_path import START

import workload
from questions import FIELDS, TAGS


def line(host, tick):
    tags = ",".join(f"{tag}={'host_' + str(host) if tag == 'hostname' else tag + str(host)}" for tag in TAGS)
    return f"cpu,{tags} {','.join(f'{field}={host + i}i' for i, field in enumerate(FIELDS))} {(START + 10 * tick) * 10**9}\n"


class WorkloadTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        path = pathlib.Path(self.directory.name)
        self.text = "".join(line(host, tick) for tick in range(500) for host in range(5))
        (path / "cpu.lp").write_text(self.text)
        self.data = workload.Workload(path / "cpu.lp", path)
        self.addCleanup(self.data.close)

    def test_it_knows_hosts_rows_and_times(self):
        self.assertEqual(self.data.hosts, [f"host_{host}" for host in range(5)])
        self.assertEqual((self.data.num_rows, self.data.first, self.data.last), (2500, START, START + 4990))

    def test_csv_has_every_row_in_order(self):
        rows = "".join(path.read_text() for path in self.data.csv).splitlines()
        self.assertEqual(len(rows), 2500)
        self.assertEqual(rows[0], "2016-01-01 00:00:00,host_0," + ",".join(f"{tag}0" for tag in TAGS[1:]) + ",0,1,2,3,4,5,6,7,8,9")
        self.assertTrue(rows[-1].startswith("2016-01-01 01:23:10,host_4,"))
        self.assertTrue(all(path.stat().st_size > 0 for path in self.data.csv))

    def test_bodies_are_whole_lines_and_all_of_the_text(self):
        bodies = [(bytes(body).decode(), lines) for body, lines in self.data.bodies(1000)]
        self.assertEqual([lines for _, lines in bodies], [1000, 1000, 500])
        self.assertEqual([text.count("\n") for text, _ in bodies], [1000, 1000, 500])
        self.assertEqual("".join(text for text, _ in bodies), self.text)
        del bodies

    def test_other_measurements_are_refused(self):
        with self.assertRaisesRegex(ValueError, "not a series"):
            workload.tags_of("mem,hostname=host_0")


if __name__ == "__main__":
    unittest.main()
