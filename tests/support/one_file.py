"""Runs one test file and writes what happened, a JSON line a test, so that a crash or a time-out loses only what
had not run yet. Used by tests/run: one_file.py FILE RESULTS"""

import importlib.util
import json
import os
import sys
import unittest


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def title(test) -> str:
    return getattr(test, "_testMethodName", None) and f"{type(test).__name__}.{test._testMethodName}" or str(test)


class Recorder(unittest.TestResult):
    def __init__(self, results):
        super().__init__()
        self.buffer = False
        self._results = results
        self._state = {}       # test id -> (outcome, text) of the test that runs now
        self._reported = set()
        self.fixtures = []     # (name, outcome, text): a class or module that could not be set up

    def write(self, **row):
        self._results.write(json.dumps(row) + "\n")
        self._results.flush()

    def startTest(self, test):
        super().startTest(test)
        self._state = {}
        self.write(running=title(test))

    def stopTest(self, test):
        super().stopTest(test)
        if self._state:  # else it is being interrupted
            self._reported.add(test.id())
            self.write(name=title(test), **self._state)

    def _note(self, test, outcome, text):
        if not isinstance(test, unittest.TestCase):  # setUpClass, setUpModule and their opposites
            self.fixtures.append((str(test), outcome, text))
            return
        if test.id() in self._reported:
            return
        if self._state.get("outcome") != "failed":
            self._state = {"outcome": outcome, "text": text}
        elif outcome == "failed":
            self._state["text"] += "\n" + text

    def addSuccess(self, test):
        super().addSuccess(test)
        self._note(test, "passed", "")

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self._note(test, "passed", "")

    def addError(self, test, error):
        super().addError(test, error)
        self._note(test, "failed", self._exc_info_to_string(error, test))

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._note(test, "failed", self._exc_info_to_string(error, test))

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._note(test, "failed", f"{subtest}\n{self._exc_info_to_string(error, test)}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(getattr(test, "test_case", test), "skipped", reason)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._note(test, "failed", "succeeded, though it is marked as an expected failure")

    def finish(self, tests):
        """Tests that did not run because of their class or module count with that reason."""
        used = set()
        for test in tests:
            if test.id() in self._reported:
                continue
            kind = f"{type(test).__module__}.{type(test).__qualname__}"
            found = [f for f in self.fixtures if kind in f[0] or "Module" in f[0]]
            name, outcome, text = found[0] if found else ("", "failed", "did not run")
            used.add(name)
            repeated = text if outcome == "skipped" or not found else f"did not run: {name} failed\n{text}"
            self.write(name=title(test), outcome=outcome, text=repeated)
        for name, outcome, text in self.fixtures:
            if name not in used and outcome == "failed":  # such as tearDownClass: all of its tests have run
                self.write(name=name, outcome="failed", text=text)


def main():
    path, results = sys.argv[1], open(sys.argv[2], "w")
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    tests = list(cases(suite))
    recorder = Recorder(results)
    suite.run(recorder)
    recorder.finish(tests)
    recorder.write(done=True)


if __name__ == "__main__":
    main()
