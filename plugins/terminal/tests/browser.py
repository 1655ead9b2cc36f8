"""A page with npm's @xterm/xterm in Chromium, driven over the DevTools protocol (chromedevtools.github.io/devtools-protocol)."""

import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[3] / "tests" / part) for part in (".", "wire")]
from clients import CLOSE, TEXT, WebSocket  # noqa: E402
from support import wait_until  # noqa: E402

XTERM = "@xterm/xterm@5.5.0"  # the last one whose files are plain scripts


@functools.cache
def xterm_folder():
    """Where xterm.js lies unpacked: TALOME_XTERM, or fetched once from npm. None where it cannot be had."""
    if os.environ.get("TALOME_XTERM"):
        return pathlib.Path(os.environ["TALOME_XTERM"])
    kept = pathlib.Path(tempfile.gettempdir(), f"talome-xterm-{os.getuid()}-5.5.0")
    if (kept / "package/lib/xterm.js").exists():
        return kept / "package"
    if not shutil.which("npm"):
        return None
    with tempfile.TemporaryDirectory(prefix="talome-npm-") as folder:
        done = subprocess.run(["npm", "pack", "--silent", XTERM], cwd=folder, capture_output=True, text=True, timeout=120)
        packed = list(pathlib.Path(folder).glob("*.tgz"))
        if done.returncode != 0 or not packed:
            return None
        subprocess.run(["tar", "xf", packed[0], "-C", folder], check=True, timeout=60)
        kept.mkdir(mode=0o700, exist_ok=True)
        if not (kept / "package").exists():
            shutil.copytree(pathlib.Path(folder, "package"), kept / "package")
    return kept / "package"


def unavailable():
    if not shutil.which("chromium"):
        return "there is no chromium"
    if xterm_folder() is None:
        return "npm's @xterm/xterm cannot be had: install npm, or name its folder in TALOME_XTERM"
    return None


PAGE = """<!doctype html><meta charset=utf-8><link rel=stylesheet href=css/xterm.css><script src=lib/xterm.js></script>
<body style="margin:0"><div id=t></div><script>
let term, socket, closed = null, messages = 0;
async function start(base, bearer, session, cols, rows) {
  term = new Terminal({cols, rows, scrollback: 5000, allowProposedApi: true});
  term.open(document.getElementById('t'));
  const answer = await fetch(base + '/api/terminal/session', {method: 'POST', headers: {Authorization: 'Bearer ' + bearer}});
  const ticket = (await answer.json()).token;
  socket = new WebSocket(base.replace('http', 'ws') + '/api/terminal/ws');
  socket.onmessage = event => { ++messages; term.write(event.data); };
  socket.onclose = event => { closed = event.code; };
  await new Promise(opened => { socket.onopen = opened; });
  socket.send(JSON.stringify({type: 'auth', token: ticket, sessionId: session}));
  socket.send(JSON.stringify({type: 'resize', cols, rows}));
  term.onData(data => socket.send(JSON.stringify({type: 'input', data})));
  term.onResize(size => socket.send(JSON.stringify({type: 'resize', cols: size.cols, rows: size.rows})));
}
function lines() {  // what is on the screen
  const buffer = term.buffer.active, out = [];
  for (let i = 0; i < term.rows; ++i) out.push(buffer.getLine(buffer.viewportY + i)?.translateToString(true) ?? '');
  return out;
}
function cursor() { const b = term.buffer.active; return [b.cursorX, b.cursorY, b.type]; }
function colour(row, col) { const c = term.buffer.active.getLine(term.buffer.active.viewportY + row).getCell(col); return [c.getFgColor(), c.isFgPalette(), c.getBgColor()]; }
</script>"""


class Page:
    """`with Page(talomed) as page: page.start("sess_x"); page.type("ls\\r"); page.wait("README")`."""

    def __init__(self, port):
        folder = xterm_folder()

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args, **options):
                super().__init__(*args, directory=str(folder), **options)

            def do_GET(self):
                if self.path == "/":
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html")
                    self.end_headers()
                    self.wfile.write(PAGE.encode())
                else:
                    super().do_GET()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.folder = tempfile.mkdtemp(prefix="talome-chromium-")
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0", f"--user-data-dir={self.folder}", self.url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": self.folder})
        port_file = pathlib.Path(self.folder, "DevToolsActivePort")
        wait_until(lambda: port_file.exists() and port_file.read_text().count("\n"), 60, 0.1, "chromium starts")
        self.debug = int(port_file.read_text().split()[0])
        target = wait_until(self._target, 60, 0.1, "chromium shows the page")
        self.socket = WebSocket(self.debug, target, timeout=60)
        self.number = 0
        wait_until(lambda: self.evaluate("typeof Terminal") == "function", 60, 0.1, "the page is loaded")

    def _target(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.debug}/json", timeout=10) as answer:
            pages = [each for each in json.load(answer) if each["type"] == "page" and each["url"].startswith(self.url)]
        return "/" + pages[0]["webSocketDebuggerUrl"].split("/", 3)[3] if pages else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.socket.close()
        self.process.terminate()
        self.process.wait(20)
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, method, **params):
        self.number += 1
        self.socket.send(TEXT, json.dumps({"id": self.number, "method": method, "params": params}))
        text = b""
        while True:
            opcode, payload, final, _ = self.socket.receive()
            assert opcode != CLOSE, payload
            text += payload
            if not final:
                continue
            said = json.loads(text)
            text = b""
            if said.get("id") == self.number:
                assert "error" not in said, said
                return said["result"]

    def evaluate(self, expression):
        result = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def start(self, talomed, session, cols=80, rows=24):
        self.evaluate(f"start({json.dumps(talomed.url)}, {json.dumps(talomed.token)}, {json.dumps(session)}, {cols}, {rows})")

    def reload(self):
        self.evaluate("window.old = true")
        self.command("Page.reload")
        wait_until(lambda: self.evaluate("typeof Terminal + window.old") == "functionundefined", 60, 0.1, "the page is loaded again")

    def type(self, text):
        self.evaluate(f"term.input({json.dumps(text)})")

    def lines(self):
        return self.evaluate("lines()")

    def wait(self, text, seconds=30):
        wait_until(lambda: any(text in line for line in self.lines()), seconds, 0.05, f"{text!r} is on the screen")
