"""The terminal in a real browser, with the component that dashboards use."""

import unittest

import browser
from terminal_case import Terminal, free_port, wait_until


@unittest.skipIf(browser.unavailable(), browser.unavailable())
class BrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.talomed = cls.enterClassContext(Terminal(env={"DASHBOARD_ORIGIN": f"http://127.0.0.1:{port}"}))
        cls.talomed.login()
        cls.page = cls.enterClassContext(browser.Page(port))

    def same_after_reload(self, session, cols=80, rows=24):
        before = (self.page.lines(), self.page.evaluate("cursor()"))
        self.page.reload()
        self.page.start(self.talomed, session, cols, rows)
        try:
            wait_until(lambda: self.page.lines() == before[0], 20, 0.1, "the same screen is there")
        except AssertionError:
            self.assertEqual(self.page.lines(), before[0])
        self.assertEqual(self.page.evaluate("cursor()"), before[1])

    def test_one_terminal(self):
        page = self.page
        page.start(self.talomed, "sess_page")
        # Typing, and what comes back.
        page.type("PS1='> '; clear; echo he''llo\r")
        page.wait("hello")
        # Another size.
        page.evaluate("term.resize(100, 30)")
        page.type("stty size\r")
        page.wait("30 100")
        # 256 colours, wide characters, what combines.
        page.type("clear; printf '\\033[38;5;208mO\\033[48;5;21mB\\033[0m \u6f22\u5b57 e\u0301 \u00fc|\\n'\r")
        page.wait("OB \u6f22\u5b57 e\u0301 \u00fc|")
        row = next(i for i, line in enumerate(page.lines()) if line.startswith("OB "))
        self.assertEqual(page.evaluate(f"[colour({row}, 0).slice(0, 2), colour({row}, 1)[2]]"), [[208, True], 21])
        self.same_after_reload("sess_page", 100, 30)
        # A paste of a megabyte.
        page.type("stty -echo -icanon; head -c 1048576 | wc -c; stty sane\r")
        wait_until(lambda: not page.evaluate("term.modes.bracketedPasteMode"), 20, 0.05, "the shell is not asking any more")
        page.evaluate("term.paste('0123456789abcdef'.repeat(65536))")
        page.wait("1048576", 60)
        # A full-screen program: it is there after a reload, and goes on.
        page.type("clear; vi -u NONE -n '+set nomore' /tmp/talome-no-such-file || vim.tiny -u NONE -n /tmp/talome-no-such-file\r")
        wait_until(lambda: page.evaluate("cursor()")[2] == "alternate" and page.lines()[3].strip() == "~", 30, 0.05, "vi is there")
        page.type("ihello from vi\x1b")
        page.wait("hello from vi")
        self.same_after_reload("sess_page", 100, 30)
        self.assertEqual(page.evaluate("cursor()")[2], "alternate")
        page.type("Aand more\x1b")
        page.wait("hello from viand more")
        page.type(":q!\r")
        wait_until(lambda: page.evaluate("cursor()")[2] == "normal", 30, 0.1, "vi has ended")
        page.type("clear; top -d 1 -n 50\r")
        page.wait("load average", 30)
        page.type("q")
        wait_until(lambda: any(line.startswith("> ") for line in page.lines()), 30, 0.1, "the shell is back")
        page.type("clear; seq 1 500\r")
        wait_until(lambda: page.lines()[-2:] == ["500", "> "], 30, 0.1, "all is written")
        self.same_after_reload("sess_page", 100, 30)
        self.assertIsNone(page.evaluate("closed"))


if __name__ == "__main__":
    unittest.main()
