"""The questions of TSBS cpu-only, with random windows and hosts.

A window is `[begin, end)` in whole seconds since 1970, drawn uniformly from the data, so it is not
aligned to buckets. Its end may be one second after the last row, as in the suite.
"""

import dataclasses
import random

FIELDS = ("usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait", "usage_irq", "usage_softirq",
          "usage_steal", "usage_guest", "usage_guest_nice")
TAGS = ("hostname", "region", "datacenter", "rack", "os", "arch", "team", "service", "service_version",
        "service_environment")
MINUTE, HOUR = 60, 3600


@dataclasses.dataclass(frozen=True)
class QuestionType:
    """One row of the table of query types. `shape` says which answer: see Question."""
    name: str
    shape: str
    num_fields: int
    num_hosts: int   # 0 = all
    window_s: int    # 0 = none
    bucket_s: int = 0


@dataclasses.dataclass(frozen=True)
class Question:
    """One question, for every dialect to spell.

    shape   answer
    max     (bucket, max of each field) over all chosen hosts, by bucket
    avg     (bucket, hostname, mean of each field), by bucket and host
    high    (time, hostname, all fields) of rows with usage_user > 90
    last    (time, hostname, all fields) of the newest row of each host
    newest  (bucket, max of each field) of the newest five minutes before `end`
    """
    type: QuestionType
    begin: int
    end: int
    hosts: tuple[str, ...]  # empty = all

    @property
    def shape(self):
        return self.type.shape

    @property
    def fields(self):
        return FIELDS[:self.type.num_fields]

    def whole_buckets(self):
        """[begin, end) of the buckets that lie entirely in the window."""
        width = self.type.bucket_s
        return -(-self.begin // width) * width, self.end // width * width


TYPES = (
    QuestionType("single-groupby-1-1-1", "max", 1, 1, HOUR, MINUTE),
    QuestionType("single-groupby-1-1-12", "max", 1, 1, 12 * HOUR, MINUTE),
    QuestionType("single-groupby-1-8-1", "max", 1, 8, HOUR, MINUTE),
    QuestionType("single-groupby-5-1-1", "max", 5, 1, HOUR, MINUTE),
    QuestionType("single-groupby-5-1-12", "max", 5, 1, 12 * HOUR, MINUTE),
    QuestionType("single-groupby-5-8-1", "max", 5, 8, HOUR, MINUTE),
    QuestionType("cpu-max-all-1", "max", 10, 1, 8 * HOUR, HOUR),
    QuestionType("cpu-max-all-8", "max", 10, 8, 8 * HOUR, HOUR),
    QuestionType("cpu-max-all-32-24", "max", 10, 32, 24 * HOUR, HOUR),
    QuestionType("double-groupby-1", "avg", 1, 0, 12 * HOUR, HOUR),
    QuestionType("double-groupby-5", "avg", 5, 0, 12 * HOUR, HOUR),
    QuestionType("double-groupby-all", "avg", 10, 0, 12 * HOUR, HOUR),
    QuestionType("high-cpu-1", "high", 10, 1, 12 * HOUR),
    QuestionType("high-cpu-all", "high", 10, 0, 12 * HOUR),
    QuestionType("lastpoint", "last", 10, 0, 0),
    QuestionType("groupby-orderby-limit", "newest", 1, 0, HOUR, MINUTE),
)


def fits(question_type, first, last, num_hosts):
    """Whether data from `first` to `last` has windows and hosts enough for more than one question."""
    return question_type.window_s < last - first and question_type.num_hosts <= num_hosts


def draw(question_type, count, first, last, num_hosts, seed):
    """`count` questions; the same for the same arguments."""
    rng = random.Random(f"{question_type.name} {seed}")
    questions = []
    for _ in range(count):
        begin = rng.randint(first, last + 1 - question_type.window_s) if question_type.window_s else first
        hosts = rng.sample(range(num_hosts), question_type.num_hosts)
        questions.append(Question(question_type, begin, begin + question_type.window_s if question_type.window_s else last + 1,
                                  tuple(f"host_{host}" for host in hosts)))
    return questions
