"""Runs the behaviour suite with the asyncio client of python-socketio.

    python suite.py --url http://127.0.0.1:4000 [--transports polling,websocket] [--msgpack] [--load-clients 50] [--only NAME]

The cases are those of cases.mjs that this client supports, with the same names. Prints one line per case and the
totals. The exit code is 0 when every case passed.
"""

import argparse
import asyncio
import importlib.metadata
import logging
import platform
import re
import secrets
import sys
import traceback

import engineio.payload
import socketio

WAIT_SECONDS = 10
LOAD_EVENTS = 200
ODD_NAMES = [
    "événement ☃ 漢字 😀",
    'quote"back\\slash/',
    "tab\tline\nnul\u0000",
    "with space",
    '[1,"2"]',
]

CASES = {}


def case(name, needs=lambda transports: True):
    """Registers a case; `needs` returns whether it can run with these transports."""

    def register(run):
        CASES[name] = (run, needs)
        return run

    return register


class Session:
    """Creates clients for a case and closes them when it ends."""

    def __init__(self, options):
        self.url = options.url
        self.transports = options.transports.split(",")
        self.load_clients = options.load_clients
        self.serializer = "msgpack" if options.msgpack else "default"
        self.clients = []

    def client(self, **options):
        client = Client(**{"serializer": self.serializer, "reconnection": False, "logger": QUIET, "engineio_logger": QUIET, **options})
        self.clients.append(client)
        return client

    async def connected(self, namespaces="/", auth=None, query="", **options):
        client = self.client(**options)
        await self.connect(client, namespaces, auth, query)
        return client

    async def connect(self, client, namespaces="/", auth=None, query="", seconds=WAIT_SECONDS):
        await client.connect(
            self.url + query, transports=self.transports, namespaces=namespaces, auth=auth, wait_timeout=seconds
        )

    async def several(self, count):
        return [await self.connected() for _ in range(count)]

    async def close(self):
        for client in self.clients:
            await client.shutdown()


class Client(socketio.AsyncClient):
    """The client of the package, extended with methods that wait for events."""

    def event_once(self, name, namespace="/"):
        """Returns a future of the arguments of the next event of this name."""
        future = asyncio.get_running_loop().create_future()

        def handler(*args):
            if not future.done():
                future.set_result(list(args))

        self.on(name, handler, namespace=namespace)
        return within(f"the event {name!r}", future)

    def record(self, name, namespace="/"):
        """Returns a list that collects the first argument of each event of this name from now on."""
        received = []
        self.on(name, received.append, namespace=namespace)
        return received

    async def echo(self, *args, name="echo", namespace="/"):
        answer = self.event_once(name, namespace)
        await self.emit(name, args, namespace=namespace)
        return await answer

    async def ask(self, name, *args, namespace="/"):
        """Waits for the server's acknowledgement and returns its argument, or a tuple of several."""
        return await self.call(name, args, namespace=namespace, timeout=WAIT_SECONDS)


async def within(what, awaitable, seconds=WAIT_SECONDS):
    try:
        return await asyncio.wait_for(awaitable, seconds)
    except TimeoutError:
        raise AssertionError(f"{what} did not arrive in {seconds} s") from None


async def fence(*clients):
    """Waits until these clients have received everything that the server has sent so far."""
    for client in clients:
        await client.ask("ack", "fence")


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r:.300}, got {actual!r:.300}"


def pattern(size):
    return bytes((i * 31 + 7) % 256 for i in range(size))


def unique():
    return secrets.token_hex(6)


@case("connect")
async def connect(t):
    client = await t.connected()
    sid = client.get_sid()
    assert re.fullmatch(r"[\w-]{20}", sid), f"the id {sid} does not have 20 URL-safe characters"
    assert sid != client.eio.sid, "the socket has the engine id"
    equal((await client.ask("whoami"))["id"], sid)


@case("auth payload")
async def auth_payload(t):
    auth = {"user": "José 😀", "nested": {"deep": [1, None, True]}}
    client = await t.connected(auth=auth)
    equal((await client.ask("whoami"))["auth"], auth)


@case("handshake query")
async def handshake_query(t):
    client = await t.connected(query="?tenant=a%20b&x=%C3%BC")
    query = (await client.ask("whoami"))["query"]
    equal((query["tenant"], query["x"], query["EIO"]), ("a b", "ü", "4"))


@case("event without arguments")
async def event_without_arguments(t):
    equal(await (await t.connected()).echo(), [])


@case("event with one argument")
async def event_with_one_argument(t):
    client = await t.connected()
    for value in ["text", "", 'quote " \\ \n \0 \u001e', "😀 漢字", 0, -1, 1.5, True, None, [], {}, {"a": [1, {"b": None}]}]:
        equal(await client.echo(value), [value])


@case("event with several arguments")
async def event_with_several_arguments(t):
    equal(await (await t.connected()).echo(1, "two", [3], {"four": 4}, None), [1, "two", [3], {"four": 4}, None])


@case("event with a large argument")
async def event_with_a_large_argument(t):
    text = "0123456789abcdéf" * 30_000
    equal(await (await t.connected()).echo(text), [text])


@case("unicode and escaped event names")
async def odd_event_names(t):
    client = await t.connected()
    for name in ODD_NAMES:
        equal(await client.echo("value", 2, name=name), ["value", 2])


@case("binary argument")
async def binary_argument(t):
    client = await t.connected()
    for size in [0, 1, 3, 256, 100_000]:
        equal(await client.echo(pattern(size)), [pattern(size)])


@case("binary nested at depth")
async def binary_nested(t):
    args = ["first", {"a": [{"b": {"c": pattern(5)}}, pattern(2)]}, [[[pattern(9)]]], 4]
    equal(await (await t.connected()).echo(*args), args)


@case("binary in acknowledgements")
async def binary_in_acknowledgements(t):
    client = await t.connected()
    equal(await client.ask("ack", {"deep": [pattern(4)]}), {"deep": [pattern(4)]})
    client.on("question", lambda value: {"got": value})
    answered = client.event_once("answered")
    await client.emit("ask", (pattern(7), WAIT_SECONDS * 1000))
    equal(await answered, [{"got": pattern(7)}])


@case("ack client to server")
async def ack_client_to_server(t):
    client = await t.connected()
    equal(await client.ask("ack"), None)
    equal(await client.ask("ack", 1), 1)
    equal(await client.ask("ack", "a", {"b": [2]}, None), ("a", {"b": [2]}, None))


@case("ack server to client")
async def ack_server_to_client(t):
    client = await t.connected()
    client.on("question", lambda value: {"twice": value * 2})
    answered = client.event_once("answered")
    await client.emit("ask", (21, WAIT_SECONDS * 1000))
    equal(await answered, [{"twice": 42}])


@case("ack timeout at the server")
async def ack_timeout(t):
    client = await t.connected()
    held = asyncio.Event()

    async def question(value):
        await held.wait()
        return value

    client.on("question", question)
    unanswered = client.event_once("unanswered")
    await client.emit("ask", ("anyone?", 50))
    equal(await unanswered, ["anyone?"])
    held.set()
    equal(await client.ask("ack", "alive"), "alive")


@case("namespaces")
async def namespaces(t):
    client = await t.connected(["/", "/admin"], auth={"token": "secret"})
    assert client.get_sid("/") != client.get_sid("/admin"), "both namespaces use the same socket id"
    equal((await client.ask("whoami", namespace="/admin"))["nsp"], "/admin")
    strays = client.record("echo")
    equal(await client.echo("in admin", namespace="/admin"), ["in admin"])
    await fence(client)
    equal(strays, [])


@case("refusal by middleware")
async def refusal_by_middleware(t):
    client = t.client()
    refused = client.event_once("connect_error", "/admin")
    try:
        await t.connect(client, "/admin", {"token": "wrong"})
    except socketio.exceptions.ConnectionError:
        pass
    else:
        raise AssertionError("the namespace did not refuse the client")
    equal(await refused, [{"message": "not allowed", "data": {"code": "E_TOKEN"}}])


@case("unknown namespace")
async def unknown_namespace(t):
    client = t.client()
    refused = client.event_once("connect_error", "/unknown")
    try:
        await t.connect(client, "/unknown")
    except socketio.exceptions.ConnectionError:
        pass
    else:
        raise AssertionError("the namespace did not refuse the client")
    equal(await refused, [{"message": "Invalid namespace"}])


@case("rooms: join and leave")
async def join_and_leave(t):
    client = await t.connected()
    a, b = sorted([unique(), unique()])
    equal(await client.ask("join", b), [b])
    equal(await client.ask("join", [a, b]), [a, b])
    equal(await client.ask("leave", b), [a])
    news = client.record("news")
    await client.ask("io-to", {"to": [b]}, "news", "left")
    await client.ask("io-to", {"to": [a]}, "news", "joined")
    equal(news, ["joined"])


@case("rooms: to excludes the sender")
async def to_excludes_the_sender(t):
    room, (one, two, three) = unique(), await t.several(3)
    await one.ask("join", room)
    await two.ask("join", room)
    received = [client.record("news") for client in (one, two, three)]
    await one.ask("to", {"to": [room]}, "news", "x")
    await fence(one, two, three)
    equal(received, [[], ["x"], []])


@case("rooms: except")
async def rooms_except(t):
    room, quiet, (one, two) = unique(), unique(), await t.several(2)
    await one.ask("join", room)
    await two.ask("join", [room, quiet])
    received = [client.record("news") for client in (one, two)]
    await one.ask("io-to", {"to": [room], "except": [quiet]}, "news", "x")
    await fence(one, two)
    equal(received, [["x"], []])


@case("rooms: a socket in two targeted rooms receives once")
async def two_targeted_rooms(t):
    a, b, (one, two) = unique(), unique(), await t.several(2)
    await two.ask("join", [a, b])
    received = two.record("news")
    await one.ask("to", {"to": [a, b]}, "news", "x")
    await fence(two)
    equal(received, ["x"])


@case("io.to(socket.id)")
async def to_an_id(t):
    one, two, three = await t.several(3)
    received = [client.record("news") for client in (one, two, three)]
    await one.ask("io-to", {"to": [two.get_sid()]}, "news", "for two")
    await fence(one, two, three)
    equal(received, [[], ["for two"], []])


@case("broadcast excludes the sender")
async def broadcast(t):
    name, (one, two, three) = unique(), await t.several(3)
    received = [client.record(name) for client in (one, two, three)]
    await one.ask("broadcast", name, "x")
    await fence(one, two, three)
    equal(received, [[], ["x"], ["x"]])


@case("disconnect from the client")
async def disconnect_from_the_client(t):
    client, witness = await t.several(2)
    sid = client.get_sid()
    await client.disconnect()
    # This client closes the transport together with its DISCONNECT, which may be lost or arrive too late.
    reason = (await witness.ask("reason", sid))["reason"]
    expected = ["client namespace disconnect", "transport close"]
    if t.serializer == "msgpack":
        # Its DISCONNECT has `nil` as data, which Node's server treats as malformed.
        expected.append("forced close")
    assert reason in expected, f"the reason is {reason!r}"


@case("disconnect from the server")
async def disconnect_from_the_server(t):
    client, witness = await t.several(2)
    sid, disconnected = client.get_sid(), client.event_once("disconnect")
    await client.emit("disconnect-me", False)
    equal(await disconnected, [client.reason.SERVER_DISCONNECT])
    equal((await witness.ask("reason", sid))["reason"], "server namespace disconnect")


@case("disconnect from the server, transport too")
async def disconnect_the_transport_too(t):
    client, witness = await t.several(2)
    sid, disconnected = client.get_sid(), client.event_once("disconnect")
    await client.emit("disconnect-me", True)
    await disconnected
    equal((await witness.ask("reason", sid))["reason"], "server namespace disconnect")


@case("transport close reason at the server")
async def transport_close_reason(t):
    client, witness = await t.several(2)
    sid = client.get_sid()
    await client.eio.disconnect()
    equal((await witness.ask("reason", sid))["reason"], "transport close")


# With polling only, this client treats a close packet as its own disconnect and does not reconnect.
@case("reconnection", needs=lambda transports: "websocket" in transports)
async def reconnection(t):
    witness = await t.connected()
    client = await t.connected(
        reconnection=True, reconnection_delay=0.01, reconnection_delay_max=0.02, randomization_factor=0
    )
    sid = client.get_sid()
    reconnected, disconnected = client.event_once("connect"), client.event_once("disconnect")
    await client.emit("close-transport")
    await disconnected
    await reconnected
    assert client.get_sid() != sid, "the new session has the old id"
    equal(await client.echo("again"), ["again"])
    equal((await witness.ask("reason", sid))["reason"], "forced close")


@case("1000 events from the client, in order")
async def thousand_from_the_client(t):
    client = await t.connected()
    for i in range(1000):
        await client.emit("numbered", i)
    equal(await client.ask("count"), {"received": 1000, "faults": 0})


@case("1000 events from the server, in order")
async def thousand_from_the_server(t):
    client = await t.connected()
    received = client.record("burst")
    await client.emit("burst", 1000)
    await fence(client)
    equal(received, list(range(1000)))


@case("upgrade", needs=lambda transports: len(transports) == 2)
async def upgrade(t):
    client = await t.connected()
    equal(client.transport(), "websocket")
    equal((await client.ask("whoami"))["transport"], "websocket")
    equal(await client.echo(pattern(10)), [pattern(10)])


@case("upgrade under load", needs=lambda transports: len(transports) == 2)
async def upgrade_under_load(t):
    # This client upgrades before it sends anything, so the load comes from the other clients.
    async def one():
        client = t.client()
        received = client.record("streamed")
        await t.connect(client, seconds=60)
        await client.emit("stream", (LOAD_EVENTS, 1))
        for i in range(LOAD_EVENTS):
            await client.emit("numbered", i)
            await asyncio.sleep(0)
        equal(await client.ask("count"), {"received": LOAD_EVENTS, "faults": 0})
        while len(received) < LOAD_EVENTS:
            await client.ask("ack")
        await fence(client)
        equal(received, list(range(LOAD_EVENTS)))
        equal((await client.ask("whoami"))["transport"], "websocket")

    await within("the end of the load", asyncio.gather(*(one() for _ in range(t.load_clients))), 120)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--transports", default="polling,websocket")
    parser.add_argument("--msgpack", action="store_true")
    parser.add_argument("--load-clients", type=int, default=50)
    parser.add_argument("--only", default="")
    options = parser.parse_args()

    version = importlib.metadata.version("python-socketio")
    serializer = ", msgpack" if options.msgpack else ""
    print(f"# python-socketio {version}, {options.transports}{serializer}, Python {platform.python_version()}")
    passed = failed = 0
    for name, (run, needs) in CASES.items():
        if options.only not in name or not needs(options.transports.split(",")):
            continue
        session = Session(options)
        try:
            await run(session)
            passed += 1
            print(f"ok {name}")
        except Exception as error:
            failed += 1
            print(f"not ok {name}: {error}\n{traceback.format_exc()}")
        finally:
            await session.close()
    if passed + failed == 0:
        failed = 1
        print(f'not ok suite: no case name contains "{options.only}"')
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


# Refused connections are expected in these cases and are not logged.
QUIET = logging.getLogger("quiet")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False

# By default, this client closes the connection if a poll returns more than 16 packets.
engineio.payload.Payload.max_decode_packets = 2000

if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
