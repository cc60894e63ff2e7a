"""Drives a headless Chromium through its debugging pipe: no package is needed."""

import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_SECONDS = 120  # for one answer, on a busy machine


class BrowserError(Exception):
    """The browser failed, or a page of it."""


class Browser:
    def __init__(self):
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            raise BrowserError("there is no Chromium")
        self.folder = tempfile.mkdtemp()
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()
        command = [program, "--headless=new", "--disable-gpu", "--remote-debugging-pipe",
                   "--no-first-run", "--disable-background-networking", "--hide-scrollbars", "--disable-dev-shm-usage",
                   "--user-data-dir=" + self.folder]
        if os.geteuid() == 0:
            command.append("--no-sandbox")

        # The browser reads its commands from descriptor 3 and answers on 4.
        def place_pipes():
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate((to_browser, from_browser))]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.process = subprocess.Popen(command, preexec_fn=place_pipes, pass_fds=(3, 4),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.number = 0
        self.events = []
        target = self.send("Target.createTarget", {"url": "about:blank"}, None)["targetId"]
        self.session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True},
                                 None)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        os.close(self.output)
        os.close(self.input)
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self):
        """The next message."""
        while b"\0" not in self.buffer:
            if not select.select([self.input], [], [], WAIT_SECONDS)[0]:
                raise BrowserError("the browser does not answer")
            part = os.read(self.input, 1 << 16)
            if not part:
                raise BrowserError("the browser has ended")
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def send(self, method, parameters=None, session=""):
        """Sends a command and returns its result; events that arrive meanwhile are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = session or self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise BrowserError("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        for event in self.events:
            if event.get("method") == method:
                return event
        while True:
            event = self.read()
            self.events.append(event)
            if event.get("method") == method:
                return event

    def look(self, width, height=900, is_dark=False, has_script=True):
        """The size of the window, the colours, and whether scripts run, of the next pages."""
        self.send("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.send("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})
        self.send("Emulation.setScriptExecutionDisabled", {"value": not has_script})

    def open(self, path, tail=""):
        """Opens a file. Raises if the page reports an error or asks for anything but files."""
        self.events = []
        # A page with another fragment would not be loaded again.
        self.send("Page.navigate", {"url": "about:blank"})
        self.wait_for("Page.loadEventFired")
        self.events = []
        self.send("Page.navigate", {"url": pathlib.Path(path).resolve().as_uri() + tail})
        self.wait_for("Page.loadEventFired")
        self.check()

    def check(self):
        for event in self.events:
            method = event.get("method")
            if method in ("Runtime.exceptionThrown", "Log.entryAdded"):
                raise BrowserError(json.dumps(event["params"])[:400])
            if method == "Network.requestWillBeSent":
                url = event["params"]["request"]["url"]
                if not url.startswith(("file:", "data:", "about:")):
                    raise BrowserError("the page asks for " + url)

    def run(self, expression):
        """The value of an expression on the page."""
        result = self.send("Runtime.evaluate", {"expression": expression, "returnByValue": True,
                                                "awaitPromise": True})
        if "exceptionDetails" in result:
            raise BrowserError(json.dumps(result["exceptionDetails"])[:400])
        return result["result"].get("value")

    def screenshot(self, path, whole=False):
        data = self.send("Page.captureScreenshot", {"captureBeyondViewport": whole})["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))
