"""Answers the TSBS cpu queries from the line-protocol file itself. Shares no code with Stria.

A host's rows are kept as arrays sorted by time, one per field, so that a window is a slice that
bisect finds; nothing assumes that the times are regular.
"""

import array
import bisect
import re

import stria_server

FIELDS = ["usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait", "usage_irq",
          "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice"]
TAGS = ["hostname", "region", "datacenter", "rack", "os", "arch", "team", "service", "service_version",
        "service_environment"]
MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


class Host:
    def __init__(self, tags):
        self.tags = tags
        self.times = array.array("q")
        self.values = [array.array("q") for _ in FIELDS]


class CpuTruth:
    def __init__(self, path):
        self.hosts = {}
        self.num_rows = 0
        number = re.compile(r"=(-?\d+)i")
        prefixes = {}
        for line in stria_server.read_lines(path):
            head, fields, time = line.rstrip("\n").split(" ")
            host = prefixes.get(head)
            if host is None:
                tags = dict(tag.split("=", 1) for tag in head.split(",")[1:])
                host = prefixes[head] = self.hosts[tags["hostname"]] = Host(tags)
            host.times.append(int(time))
            for column, text in zip(host.values, number.findall(fields)):
                column.append(int(text))
            self.num_rows += 1
        self.first = min(host.times[0] for host in self.hosts.values())
        self.last = max(host.times[-1] for host in self.hosts.values())

    def buckets(self, host, begin, end, width):
        """(bucket start, first row, row after the last) of every non-empty bucket in [begin, end)."""
        low, high = bisect.bisect_left(host.times, begin), bisect.bisect_left(host.times, end)
        while low < high:
            start = host.times[low] // width * width
            after = min(bisect.bisect_left(host.times, start + width), high)
            yield start, low, after
            low = after

    def max_by_bucket(self, hosts, num_fields, begin, end, width):
        """Rows [bucket, max of each field] over all hosts together, by bucket."""
        found = {}
        for name in hosts:
            host = self.hosts[name]
            for start, low, high in self.buckets(host, begin, end, width):
                maxima = [max(host.values[f][low:high]) for f in range(num_fields)]
                known = found.get(start)
                found[start] = maxima if known is None else [max(pair) for pair in zip(known, maxima)]
        return [[start, *found[start]] for start in sorted(found)]

    def avg_by_bucket_and_host(self, num_fields, begin, end, width):
        """Rows [bucket, hostname, avg of each field], by bucket and hostname."""
        rows = []
        for name, host in self.hosts.items():
            for start, low, high in self.buckets(host, begin, end, width):
                rows.append([start, name, *[sum(host.values[f][low:high]) / (high - low) for f in range(num_fields)]])
        return sorted(rows)

    def high_cpu(self, hosts, begin, end):
        """Rows [time, hostname, region, fields...] with usage_user > 90, by hostname and time."""
        rows = []
        for name in sorted(hosts):
            host = self.hosts[name]
            low, high = bisect.bisect_left(host.times, begin), bisect.bisect_left(host.times, end)
            for row in range(low, high):
                if host.values[0][row] > 90:
                    rows.append([host.times[row], name, host.tags["region"], *[column[row] for column in host.values]])
        return rows

    def last_points(self):
        """Rows [hostname, time, fields...] of the newest row of each host, by hostname."""
        return [[name, self.hosts[name].times[-1], *[column[-1] for column in self.hosts[name].values]]
                for name in sorted(self.hosts)]
