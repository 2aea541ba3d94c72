"""Which requests go the short way."""

import json

from serving.direct import Direct
from serving.routes import INLINE, App
from serving.spec import SELDON
from tests.unit.serving.client import INFER, v2
from tests.unit.serving.tiny import ROW


def test_predictions_go_the_short_way_and_nothing_else(app: App) -> None:
    direct = Direct(app)
    assert direct.takes(INFER.encode())
    assert direct.takes(SELDON.encode())
    for path in (b"/metrics", b"/admin/roll", INFER.encode() + b"?x=1", b"/v2/models/shoe/infer"):
        assert not direct.takes(path)


def test_a_small_request_is_answered_at_once_and_counted(app: App) -> None:
    answer = Direct(app).answer(INFER.encode(), json.dumps(v2(ROW)).encode(), [])
    assert answer is not None
    assert answer.status == 200
    assert b'code="200"} 1' in app.metrics.render(app.served.model, app.log)


def test_what_would_hold_up_others_takes_the_long_way(app: App) -> None:
    assert Direct(app).answer(INFER.encode(), b" " * (INLINE + 1), []) is None
