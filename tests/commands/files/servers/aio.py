import asyncio, os

async def shout(r, w):
    while line := await r.readline():
        w.write(line.upper())
        await w.drain()
    w.close()

async def client(port, n):
    r, w = await asyncio.open_connection("127.0.0.1", port)
    right = 0
    for i in range(30):
        w.write(b"c%d %d\n" % (n, i))
        await w.drain()
        right += await r.readline() == b"C%d %d\n" % (n, i)
    w.close()
    await w.wait_closed()
    return right

class Reverse(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, address):
        self.transport.sendto(data[::-1], address)

class Answer(asyncio.DatagramProtocol):
    def __init__(self):
        self.answer = asyncio.get_running_loop().create_future()
    def datagram_received(self, data, address):
        self.answer.set_result(data)

async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(await asyncio.gather(*[client(port, n) for n in range(20)]))
    reverse, _ = await loop.create_datagram_endpoint(Reverse, local_addr=("127.0.0.1", 0))
    asking, answer = await loop.create_datagram_endpoint(Answer, remote_addr=reverse.get_extra_info("sockname"))
    asking.sendto(b"abc")
    print(await answer.answer)
    cat = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    print(await cat.communicate(b"through cat"))
    try:
        await asyncio.wait_for(asyncio.open_connection("127.0.0.1", 9), 5)
    except OSError as e:
        print(type(e).__name__)
    unix = await asyncio.start_unix_server(shout, "sock")
    r, w = await asyncio.open_unix_connection("sock")
    w.write(b"unix\n")
    print(await r.readline())
    w.close()
    unix.close()
    print((await loop.getaddrinfo("localhost", 80, family=2))[0][4])
    server.close()

asyncio.run(main())
