"""Records which of the last messages of their sessions the asyncio client of python-socketio receives.

    python last_message.py --control http://127.0.0.1:4000 [--transports polling,websocket] [--ends ...] [--lasts ...]
        [--clients 20] [--batch 10] [--seed 1]

The counterpart of last_message.mjs, with the same scenarios and output.
"""

import argparse
import asyncio
import collections
import json
import logging
import random
import time

import aiohttp
import socketio

# The ends that the client requests for its own session. The others are requested from the control for all sessions.
OWN_ENDS = ["disconnect", "disconnect-close", "conn-close"]
SPREAD_SECONDS = 0.05
# Longer than any test.
NEVER_SECONDS = 3600
WAIT_SECONDS = 20

QUIET = logging.getLogger("quiet")
QUIET.disabled = True


class Client:
    def __init__(self, port, end, last, delay):
        # The client does not close a session of its own when the server closes the connection.
        self.http = aiohttp.ClientSession()
        self.observed = []
        self.ended = asyncio.Event()
        self.port, self.end, self.last, self.delay = port, end, last, delay
        self.socket = socketio.AsyncClient(
            reconnection_delay=NEVER_SECONDS,
            reconnection_delay_max=NEVER_SECONDS,
            randomization_factor=0,
            http_session=self.http,
            logger=QUIET,
            engineio_logger=QUIET,
        )
        self.socket.on("connect", self.connected)
        self.socket.on("connect_error", lambda error: self.observed.append(f"connect_error {error}"))
        self.socket.on("last", lambda value: self.observed.append(f"event {value}"))
        self.socket.on("disconnect", self.disconnected)

    async def open(self, transports):
        try:
            await self.socket.connect(f"http://127.0.0.1:{self.port}", transports=transports)
        except socketio.exceptions.ConnectionError as error:
            self.observed.append(f"not connected: {error}")

    async def connected(self):
        self.observed.append("connect")
        if self.end in OWN_ENDS:
            await self.socket.emit("finish", (self.last, self.end, self.delay), callback=self.answered)
        else:
            await self.socket.emit("hold", callback=self.answered)

    def answered(self, value):
        self.observed.append(f"ack {value}")

    def disconnected(self, reason):
        self.observed.append(f"disconnect {reason}")
        self.ended.set()

    async def stop(self):
        await self.socket.shutdown()
        await self.http.close()

    @property
    def is_closed(self):
        return self.socket.eio.state == "disconnected"


class Runner:
    def __init__(self, options, http):
        self.options, self.http = options, http
        self.random = random.Random(options.seed)
        self.transports = options.transports.split(",")

    async def scenario(self, end, last):
        counts = collections.Counter()
        size = self.options.batch
        for number, done in enumerate(range(0, self.options.clients, size)):
            spread = SPREAD_SECONDS if number % 2 == 0 else 0
            counts.update(await self.batch(min(size, self.options.clients - done), spread, end, last))
        for observed, count in counts.items():
            line = {"end": end, "last": last, "reconnect": False, "observed": observed, "count": count}
            print(json.dumps(line), flush=True)

    async def batch(self, count, spread, end, last):
        """Runs clients against a new server and returns the observations of each."""
        port = await self.control("POST", "/servers")
        # Half of the sessions end in the handler, and the others later.
        delays = [max(0, int(self.random.uniform(-1, 1) * 1000 * SPREAD_SECONDS)) for _ in range(count)]
        clients = [Client(port, end, last, delay) for delay in delays]
        starts = [self.random.random() * spread for _ in clients]

        async def open_later(client, start):
            await asyncio.sleep(start)
            await client.open(self.transports)

        opening = asyncio.gather(*map(open_later, clients, starts))
        if end not in OWN_ENDS:
            await self.control("POST", f"/servers/{port}/end?clients={count}&last={last}&end={end}")
        await opening
        await asyncio.wait([asyncio.create_task(client.ended.wait()) for client in clients], timeout=WAIT_SECONDS)
        await self.settle(port, clients)
        observations = [tuple(client.observed) for client in clients]
        for client in clients:
            await client.stop()
        await self.control("DELETE", f"/servers/{port}")
        return observations

    async def settle(self, port, clients):
        """Waits until neither side has an open connection and all messages that have arrived are handled."""
        until = time.monotonic() + WAIT_SECONDS
        while not (
            all(client.is_closed for client in clients)
            and await self.control("GET", f"/servers/{port}/sessions") == "0"
        ):
            if time.monotonic() > until:
                for client in clients:
                    client.observed.append(f"not settled: {client.socket.eio.state}")
                break
            await asyncio.sleep(0.001)
        for _ in range(5):
            await asyncio.sleep(0.001)

    async def control(self, method, path):
        async with self.http.request(method, self.options.control + path) as response:
            response.raise_for_status()
            return await response.text()


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", required=True)
    parser.add_argument("--transports", default="polling,websocket")
    parser.add_argument("--ends", default=",".join([*OWN_ENDS, "broadcast", "broadcast-close", "server-close"]))
    parser.add_argument("--lasts", default="event,ack,both")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    async with aiohttp.ClientSession() as http:
        runner = Runner(options, http)
        for end in options.ends.split(","):
            for last in options.lasts.split(","):
                await runner.scenario(end, last)


asyncio.run(main())
