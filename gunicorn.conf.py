"""The web server: threads for short requests; long work is in the worker."""

import os
from pathlib import Path

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 8
timeout = 30
graceful_timeout = 8
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
# Request lines and headers beyond this are refused before the application sees them.
limit_request_line = 8190
# It would be created in the home folder, which services often do not have.
control_socket_disable = True
accesslog = None
loglevel = "warning"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def child_exit(server, worker):
    """Forget the figures of a worker that ended, where workers share them."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
