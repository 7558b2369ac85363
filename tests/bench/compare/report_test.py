"""The report lists first where a peer is ahead, and hides nothing that went wrong."""

import unittest
import xml.dom.minidom

import compare_path  # noqa: F401

import chart
import report
from measure import Asked
from peer import Load


def run_of(ours, theirs, **asked):
    """A run of Stria and one peer: p50 of one question in seconds."""
    run = report.Run("make bench-compare", "data.", "questions.", 0.5)
    run.engines = [
        report.Engine("Stria", "1", load=Load(rows=1000, seconds=1, cpu_s=0.001, disk_bytes=5000), asked={"q": Asked([ours])}),
        report.Engine("Peer", "2", load=Load(rows=1000, seconds=2, cpu_s=0.002, disk_bytes=4000),
                      asked={"q": Asked([theirs], **asked)})]
    return run


class ReportTest(unittest.TestCase):
    def test_a_slower_peer_is_not_listed(self):
        self.assertEqual([line for line in report.behind(run_of(0.001, 0.002)) if line.startswith("- q")], [])

    def test_a_faster_peer_is_listed_with_both_figures(self):
        self.assertIn("- q: Peer 1 ms, Stria 4 ms (4 times)", report.behind(run_of(0.004, 0.001)))

    def test_the_widest_gap_comes_first(self):
        ahead = report.behind(run_of(0.004, 0.001))
        self.assertEqual([line.split(":")[0] for line in ahead], ["- q", "- disk a row"])

    def test_what_is_ahead_stands_before_all_tables(self):
        text = report.text_of(run_of(0.004, 0.001), "compare.svg")
        self.assertLess(text.index("- q: Peer"), text.index("| engine |"))

    def test_ratios_above_one_are_in_favour_of_stria(self):
        text = report.text_of(run_of(0.001, 0.004), "compare.svg")
        self.assertIn("| q, ms | **1** | 4 (4×) |", text)
        self.assertIn("| **1,000** | 500 (2×) |".replace("1,000", report.figure(1000)), text)

    def test_disagreements_and_late_answers_are_told(self):
        self.assertIn("**q disagrees**: row 3", report.text_of(run_of(1, 1, disagreement="row 3"), "c.svg"))
        late = run_of(1, 1)
        late.engines[1].asked["q"] = Asked(reason="over 60 s")
        self.assertIn("| q, ms | **1000** | over 60 s |", report.text_of(late, "c.svg"))

    def test_an_engine_that_did_not_run_is_told(self):
        run = run_of(1, 1)
        run.engines[1] = report.Engine("Peer", failure="no such program")
        text = report.text_of(run, "c.svg")
        self.assertIn("**did not run**: no such program", text)
        self.assertIn("| q, ms | **1000** | – |", text)


class ChartTest(unittest.TestCase):
    def test_it_is_xml_with_a_dot_for_each_figure(self):
        text = chart.draw("a < b", ["Stria", "Peer & co"], [("q1", [0.5, 20.0]), ("q2", [1.0, None])])
        document = xml.dom.minidom.parseString(text)
        titled = [dot for dot in document.getElementsByTagName("circle") if dot.getElementsByTagName("title")]
        self.assertEqual(len(titled), 3)

    def test_more_time_is_further_right(self):
        text = chart.draw("t", ["Stria", "Peer"], [("q", [0.5, 20.0])])
        dots = [dot for dot in xml.dom.minidom.parseString(text).getElementsByTagName("circle") if dot.getElementsByTagName("title")]
        places = {dot.getElementsByTagName("title")[0].firstChild.data.split(":")[0]: float(dot.getAttribute("cx")) for dot in dots}
        self.assertLess(places["Stria"], places["Peer"])


if __name__ == "__main__":
    unittest.main()
