"""Debian's image registry, on a free port of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.data.servers import running
from tests.ports import free_port

CONFIG = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """A registry that keeps its images in a folder; its address, as image names begin with it.

    By number, since ZenML's Kubeflow orchestrator takes `localhost` for a registry that a cluster
    cannot reach.
    """
    program = shutil.which("docker-registry")
    assert program, "docker-registry is not installed: apt-get install docker-registry"
    port, config = free_port(), folder / "registry.yml"
    config.write_text(CONFIG.format(root=folder / "images", port=port))
    with running([program, "serve", str(config)], port, None, folder / "registry.log"):
        yield f"127.0.0.1:{port}"
