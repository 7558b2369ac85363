"""The table of limits names benchmarks that exist, each once, and says where its figures come from."""

import json
import re
import unittest

from compare_path import ROOT

import run

TABLE = json.loads((ROOT / "bench/micro/limits.json").read_text())


class LimitsTest(unittest.TestCase):
    def test_every_benchmark_exists(self):
        for kernel in TABLE["kernels"]:
            for benchmark in filter(None, (kernel["benchmark"], kernel.get("here"))):
                self.check_benchmark(kernel["program"], benchmark)

    def check_benchmark(self, program, benchmark):
        function, *arguments = benchmark.split("/")
        source = (ROOT / f"bench/micro/{program}.cc").read_text()
        registered = re.search(rf"BENCHMARK\({function}\)([^;]*);", source)
        self.assertIsNotNone(registered, benchmark)
        if arguments and all(map(str.isdigit, arguments)) and "Range" not in registered[1]:
            # Arg(3), or Args({3, 8}).
            wanted = rf"Args?\(\{{?{', '.join(arguments)}\}}?\)"
            self.assertRegex(registered[1].replace("'", ""), wanted, benchmark)

    def test_every_program_is_built(self):
        areas = re.findall(r"stria_benchmark\((\w+)", (ROOT / "bench/micro/CMakeLists.txt").read_text())
        self.assertLessEqual({kernel["program"] for kernel in TABLE["kernels"]}, {f"{area}_bench" for area in areas})

    def test_each_kernel_is_named_once(self):
        names = [kernel["kernel"] for kernel in TABLE["kernels"]]
        self.assertEqual(len(names), len(set(names)))

    def test_figures_have_a_source_and_a_machine(self):
        self.assertTrue(TABLE["source"] and TABLE["machine"])
        for kernel in TABLE["kernels"]:
            self.assertIn(kernel["scale"], (1e3, 1e6, 1e9))
            self.assertGreater(kernel.get("limit", 1), 0)


class RunTest(unittest.TestCase):
    ANSWER = {"benchmarks": [
        {"run_name": "BM_A/7", "run_type": "iteration", "items_per_second": 2e9},
        {"run_name": "BM_A/7", "run_type": "iteration", "items_per_second": 3e9},
        {"run_name": "BM_A/7", "run_type": "aggregate", "items_per_second": 9e9},
        {"run_name": "BM_B", "run_type": "iteration", "error_occurred": True, "items_per_second": 1}]}

    def test_the_best_repetition_counts(self):
        self.assertEqual(run.best_of(self.ANSWER), {"BM_A/7": 3e9})

    def test_cpu_time_of_an_item_does_not_depend_on_the_clock_of_the_benchmark(self):
        answer = {"benchmarks": [
            {"run_name": "BM_A", "run_type": "iteration", "items_per_second": 1e9, "cpu_time": 5, "real_time": 8},
            {"run_name": "BM_B/real_time", "run_type": "iteration", "items_per_second": 1e9, "cpu_time": 4, "real_time": 8},
            {"run_name": "BM_B/real_time", "run_type": "iteration", "items_per_second": 1e9, "cpu_time": 6, "real_time": 8}]}
        self.assertEqual(run.cpu_ns_of(answer), {"BM_A": 1.0, "BM_B/real_time": 0.5})

    def test_rows_show_rate_limit_and_ratio(self):
        kernels = [{"kernel": "a", "program": "p", "benchmark": "BM_A/7", "unit": "G values/s", "scale": 1e9, "limit": 6, "here": "BM_C"},
                   {"kernel": "b", "program": "p", "benchmark": "BM_B", "unit": "M rows/s", "scale": 1e6}]
        self.assertEqual(run.rows_of(kernels, {("p", "BM_A/7"): 3e9, ("p", "BM_C"): 4e9}),
                         [("a", "3 G values/s", "6", "0.50", "4", "0.75"), ("b", "did not run", "–", "–", "–", "–")])


if __name__ == "__main__":
    unittest.main()
