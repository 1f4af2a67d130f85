. ./lib.sh
export P=$(port)
user=; [ $(id -u) = 0 ] && user='-u nobody'
memcached -l 127.0.0.1 -p $P -U 0 $user -t 2 & s=$!
listening $P
python3 - <<'X'
import os, socket, threading
at = ("127.0.0.1", int(os.environ["P"]))
lines = {}
def work(n):
    f = socket.create_connection(at).makefile("rwb")
    right = 0
    for i in range(200):
        v = b"value %d of %d" % (i, n)
        f.write(b"set k%d-%d 0 0 %d\r\n%s\r\nget k%d-%d\r\n" % (n, i, len(v), v, n, i)); f.flush()
        right += f.readline() == b"STORED\r\n"
        f.readline(); right += f.readline() == v + b"\r\n"; f.readline()
    lines[n] = right
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(sorted(lines.items()))
f = socket.create_connection(at).makefile("rwb")
f.write(b"stats\r\n"); f.flush()
for line in f:
    if line.startswith((b"STAT cmd_set", b"STAT get_hits", b"STAT curr_items", b"STAT threads")): print(line.decode().strip())
    if line.startswith(b"END"): break
X
kill $s; wait $s; echo status $?
