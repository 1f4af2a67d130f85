# For the other scripts here: `port` prints a free port, `listening PORT` waits until somebody listens there.
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listening() { until (exec 3<>/dev/tcp/127.0.0.1/$1) 2>/dev/null; do sleep 0.02; done; }
d=$PWD
export HOME=$d
