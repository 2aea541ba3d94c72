"""One segment is written, the others are whole, and no more lie here than the bound allows."""

from pathlib import Path

from serving.segments import Segments, segments
from serving.shipping.worker import whole_lines

LINE = b'{"id":"1"}\n'


def make(path: Path, size: int = 1000, seconds: float = 3600, keep: int = 10_000) -> Segments:
    return Segments(path, size=size, seconds=seconds, keep=keep)


def test_a_segment_is_whole_when_it_is_large_enough(tmp_path: Path) -> None:
    log = make(tmp_path, size=2 * len(LINE))
    log.append(LINE)
    assert (len(segments(tmp_path)), log.whole()) == (1, [])
    log.append(LINE)
    (path,) = log.whole()
    log.append(LINE)
    assert log.whole() == [path]
    log.close()
    assert path.read_bytes() == 2 * LINE


def test_a_segment_is_whole_when_it_is_old_enough(tmp_path: Path) -> None:
    log = make(tmp_path, seconds=0)
    log.append(LINE)
    assert log.whole() == []
    log.tend()
    assert len(log.whole()) == 1


def test_the_segment_that_is_written_is_not_taken_for_whole(tmp_path: Path) -> None:
    log = make(tmp_path)
    log.append(LINE)
    (path,) = segments(tmp_path)
    assert whole_lines(path) is None
    log.close()
    assert whole_lines(path) == LINE


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "20260101T000000Z-x-0001.jsonl"
    path.write_bytes(LINE + LINE[:5])
    assert whole_lines(path) == LINE


def test_the_oldest_go_when_the_bound_is_reached_and_their_rows_are_counted(tmp_path: Path) -> None:
    log = make(tmp_path, size=1, keep=3 * len(LINE))
    for _ in range(5):
        log.append(LINE)
    before = log.whole()
    log.tend()
    assert log.whole() == before[2:]
    assert log.expired == 2


def test_two_servers_that_begin_together_never_share_a_name(tmp_path: Path) -> None:
    for _ in range(2):
        log = make(tmp_path)
        log.append(LINE)
        log.close()
    assert len(segments(tmp_path)) == 2
