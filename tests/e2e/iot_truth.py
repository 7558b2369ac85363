"""Answers two of the TSBS IoT queries from line protocol itself: those that compare a truck's ten minutes with the
ten minutes before or after. Shares no code with Stria. A truck is its name."""

import collections
import math
import re

TEN_MINUTES = 600 * 10**9
DAY = 86400 * 10**9
NUMBER = re.compile(r"([a-z_]+)=([-0-9.e+]+)")


def interval_ns(value):
    """An interval as it is printed, "2d 05:15:00.5", in ns; anything else as it is."""
    match = re.fullmatch(r"(?:(\d+)d )?(\d\d):(\d\d):(\d\d)(?:\.(\d+))?", value) if isinstance(value, str) else None
    if match is None:
        return value
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 10**9 + int((match[5] or "").ljust(9, "0"))


class IotTruth:
    def __init__(self, lines):
        # By truck and bucket: the velocities, and [rows, rows with status 0].
        self.velocities = collections.defaultdict(lambda: collections.defaultdict(list))
        self.statuses = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
        self.models = {}
        for line in lines:
            head, fields, time = line.rstrip("\n").split(" ")
            table, *tags = head.split(",")
            tags = dict(tag.split("=", 1) for tag in tags)
            if "name" not in tags:
                continue
            name, bucket = tags["name"], int(time) // TEN_MINUTES * TEN_MINUTES
            values = dict(NUMBER.findall(fields))
            if table == "readings":
                # A bucket is there also when none of its rows has a velocity.
                of_bucket = self.velocities[name][bucket]
                if "velocity" in values:
                    of_bucket.append(float(values["velocity"]))
            elif table == "diagnostics":
                counts = self.statuses[name][bucket]
                counts[0] += 1
                counts[1] += float(values.get("status", "1")) == 0
                if "model" in tags:
                    self.models[name] = tags["model"]

    def driving_sessions(self):
        """avg-daily-driving-session: rows [name, day, mean ns of the sessions that began on that day]."""
        sessions = collections.defaultdict(list)
        for name, buckets in self.velocities.items():
            before, changes = None, []
            for bucket, values in sorted(buckets.items()):
                driving = math.fsum(values) / len(values) > 5 if values else None
                if None not in (driving, before) and driving != before:
                    changes.append((bucket, driving))
                before = driving
            for index, (start, driving) in enumerate(changes):
                if driving:
                    stop = changes[index + 1][0] if index + 1 < len(changes) else None
                    sessions[name, start // DAY * DAY].append(None if stop is None else stop - start)
        rows = []
        for (name, day), lengths in sorted(sessions.items()):
            known = [length for length in lengths if length is not None]
            rows.append([name, day, round(sum(known) / len(known)) if known else None])
        return rows

    def breakdowns(self):
        """breakdown-frequency: rows [model, how often ten minutes that were fine come before ten that were not]."""
        found = collections.Counter()
        for name, buckets in self.statuses.items():
            broken = [2 * zeros >= rows for _, (rows, zeros) in sorted(buckets.items())]
            found[self.models.get(name)] += sum(not now and after for now, after in zip(broken, broken[1:]))
        return sorted([model, count] for model, count in found.items() if count > 0)
