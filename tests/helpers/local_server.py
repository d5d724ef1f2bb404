"""A server of this machine, to download from."""

import http.server
import threading
from contextlib import contextmanager


class Server(http.server.ThreadingHTTPServer):
    """Serves files by their names. ``faults`` holds, for a file, how many answers break off in the middle."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.faults = {}
        self.in_the_middle = lambda: None
        self.requests = []

    def handle_error(self, request, client_address):
        """A client that hangs up is no error of the test."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        name, content = self.answer()
        if self.server.faults.get(name, 0) > 0:
            self.server.faults[name] -= 1
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.server.in_the_middle()
        else:
            self.wfile.write(content)

    def answer(self):
        name = self.path.lstrip("/")
        self.server.requests.append(f"{self.command} {name}")
        content = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return name, content

    def log_message(self, *arguments):
        """Nothing on the screen."""


@contextmanager
def serving(files):
    """A running server of these files, contents by name; ``.address`` ends with a slash."""
    with Server(files) as running:
        running.address = f"http://127.0.0.1:{running.server_port}/"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()
