"""The page at /docs: the model's columns and a request to copy, as HTML without scripts."""

from __future__ import annotations

import shlex
from html import escape
from string import Template

import orjson

from serving.example import example_rows
from serving.model import Model
from serving.openapi import seldon_body, v2_body
from serving.protocols.v2 import datatype
from serving.schema import Column
from serving.spec import SELDON

PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$name</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2128; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d0d7de }
pre { background: #f6f8fa; padding: 1rem; overflow-x: auto }
code { font-size: .9em }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117 } pre { background: #161b22 } a { color: #58a6ff }
}
</style>
<h1>$name</h1>
<p>Version <b>$version</b> answers: $answers. Digest <code>$digest</code>.</p>
<h2>Columns</h2>
<table>
<tr><th>Name<th>Kind<th>v2 datatype<th>May be null<th>Seen in training</tr>
$columns
</table>
<p>A request names every column, in any order. A value that is not known is sent as null, where
the column allows it; nothing is filled in.</p>
<h2>Open Inference Protocol v2</h2>
<pre>$v2</pre>
<h2>Seldon v1</h2>
<pre>$seldon</pre>
<p><a href="/openapi.json">OpenAPI</a> · <a href="/metrics">Metrics</a> ·
<a href="/v2/models/$name">Model metadata</a></p>
</html>
""")


def page(model: Model) -> bytes:
    """The page for a model."""
    schema, rows = model.schema, example_rows(model.schema)[:1]
    classes = ", ".join(schema.classes)
    text = PAGE.substitute(
        name=escape(model.name),
        version=escape(model.version),
        digest=escape(model.digest),
        answers=escape(f"{schema.target}, one of {classes}" if classes else schema.target),
        columns="\n".join(map(column_row, schema.columns)),
        v2=escape(_command(f"/v2/models/{model.name}/infer", v2_body(schema, rows))),
        seldon=escape(_command(SELDON, seldon_body(schema, rows))),
    )
    return text.encode()


def column_row(column: Column) -> str:
    """A column's row of the table."""
    cells = (
        column.name,
        column.kind,
        datatype(column),
        "yes" if column.missing_share > 0 else "no",
        seen(column),
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells) + "</tr>"


def seen(column: Column) -> str:
    """The values that training saw, in short; of a sensitive column none."""
    if column.sensitive:
        return "sensitive, not shown"
    if column.kind == "categorical":
        more = f" and {len(column.categories) - 10} more" if len(column.categories) > 10 else ""
        return ", ".join(column.categories[:10]) + more
    span = f"{column.minimum:g} to {column.maximum:g}" if column.minimum is not None else ""
    return f"{span} days since {column.origin}" if column.kind == "datetime" else span


def _command(path: str, body: object) -> str:
    data = shlex.quote(orjson.dumps(body).decode())
    return f"curl http://HOST:PORT{path} \\\n  -H 'content-type: application/json' \\\n  -d {data}"
