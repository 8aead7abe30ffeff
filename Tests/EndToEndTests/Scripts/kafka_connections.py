"""kafka_connections.py PORT PID [CERTIFICATE]: opens 1,000 connections, lets each ask once, says what the broker's
memory is then. With the server's certificate over TLS."""

import resource
import socket
import ssl
import struct
import sys

port, pid = int(sys.argv[1]), sys.argv[2]
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if hard > 0 else 4096, hard))

context = ssl.create_default_context(cafile=sys.argv[3]) if len(sys.argv) > 3 else None

# Metadata, version 1, of all topics.
body = struct.pack(">hhih", 3, 1, 7, -1) + b"\xff\xff\xff\xff"
clients = []
for _ in range(1000):
    client = socket.create_connection(("127.0.0.1", port), timeout=120)
    if context is not None:
        client = context.wrap_socket(client, server_hostname="localhost")
    client.sendall(struct.pack(">i", len(body)) + body)
    clients.append(client)
for client in clients:
    assert client.recv(4096)[4:8] == b"\0\0\0\7"
with open(f"/proc/{pid}/status") as status:
    resident = next(line.split()[1] for line in status if line.startswith("VmRSS"))
print(len(clients), "connections,", int(resident) // 1024, "MiB")
