"""millrace consume: here it only reads what the others have written."""

import os
import subprocess

from adapter import SECONDS, Adapter, Record

PROPERTIES = ["print.timestamp", "print.offset", "print.headers", "print.key"]


class Client(Adapter):
    version = "consume"

    def __init__(self, servers):
        self.servers = servers

    def fetch(self, counts, isolation="read_uncommitted"):
        found, started = {}, {}
        for topic, count in counts.items():
            arguments = [
                os.environ["MILLRACE_BINARY"], "consume", "--bootstrap-server", self.servers, "--topic", topic,
                "--partition", "0", "--offset", "earliest", "--max-messages", str(count), "--isolation-level",
                isolation, "--timeout-ms", str(SECONDS * 1000)]
            for name in PROPERTIES:
                arguments += ["--property", f"{name}=true"]
            started[topic] = subprocess.Popen(
                arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for topic, process in started.items():
            output, errors = process.communicate(timeout=2 * SECONDS)
            assert process.returncode == 0, errors
            found[topic] = []
            for line in output.splitlines():
                time, offset, headers, key, value = line.split("\t")
                name, text = headers.split(":")
                found[topic].append((int(offset.split(":")[1]), Record(
                    key.encode(), value.encode(), int(time.split(":")[1]), ((name, text.encode()),))))
        return found
