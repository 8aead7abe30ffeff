"""Types at `millrace sql` in a terminal of its own: lines, history, Ctrl-C, Ctrl-D. Usage: sql_shell.py MILLRACE"""
import os
import pty
import re
import select
import shutil
import sys
import tempfile
import time

millrace = sys.argv[1]
PROMPT = "millrace> "
home = tempfile.mkdtemp()


class Shell:
    def __init__(self):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(HOME=home, TERM="xterm", LC_ALL="C.UTF-8")
            os.execv(millrace, [millrace, "sql"])
        self.seen = ""
        self.wait_for(PROMPT)

    def wait_for(self, wanted):
        """Everything that comes until the text is there, without the terminal's own codes."""
        end = time.monotonic() + 30
        while wanted not in self.seen:
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                sys.exit(f"waited for {wanted!r}, got {self.seen!r}")
            try:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError:
                sys.exit(f"the shell ended while {wanted!r} was awaited: {self.seen!r}")
            self.seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.seen)
        before, self.seen = self.seen.split(wanted, 1)
        return before

    def type(self, text):
        # The prompt is there a moment before the terminal passes keys on one by one.
        time.sleep(0.1)
        os.write(self.terminal, text.encode())

    def ask(self, statement):
        self.type(statement + "\n")
        answer = self.wait_for("1 row in ")
        self.wait_for(PROMPT)
        return answer

    def end(self):
        self.type("\x04")
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


shell = Shell()

shell.type("SELECT 20 +\n")
shell.wait_for("       -> ")
answer = shell.ask("22 AS answer;")
assert "| answer |" in answer and "|     42 |" in answer, answer
print("statements over several lines ok")

shell.type("SELECT 'not wanted\x03")
shell.wait_for(PROMPT)
answer = shell.ask("SELECT 'wänted' AS w;")
assert "| wänted |" in answer, answer
print("Ctrl-C gives a line up ok")

shell.type("SELECT nothing;\n")
answer = shell.wait_for(PROMPT)
assert "line 1:8" in answer, answer
print("errors leave the shell open ok")

with open(f"{home}/lines.txt", "w") as lines:
    for start in range(0, 12_000_000, 1000):
        lines.write("".join(f"{number}\n" for number in range(start, start + 1000)))
shell.type(f"CREATE TEMPORARY VIEW lines USING text OPTIONS (path '{home}/lines.txt');\n")
shell.wait_for(PROMPT)
shell.type("SELECT count(*) FROM lines WHERE value LIKE '%9999%';\n")
time.sleep(0.5)
shell.type("\x03")
shell.wait_for("the query is stopped")
shell.wait_for(PROMPT)
print("Ctrl-C stops a query ok")

assert shell.end() == 0
shell = Shell()
shell.type("\x1b[A" * 4)
answer = shell.ask("")
assert "| wänted |" in answer, answer
assert shell.end() == 0
assert os.stat(f"{home}/.millrace_history").st_mode & 0o077 == 0
print("history ok")
shutil.rmtree(home)
