. ./lib.sh
p=$(port)
cli() { redis-cli -p $p "$@"; }
start() {
    redis-server --port $p --bind 127.0.0.1 --appendonly yes --appendfsync always --save "" --dir $d > log 2>&1 &
    s=$!
    listening $p
}
start
cli set k v; cli incr n; cli lpush l a b c; cli lrange l 0 -1
cli eval 'return {KEYS[1], redis.call("get", KEYS[1])}' 1 k
redis-benchmark -p $p -n 2000 -P 16 -q -t set,get,incr,lpush | tr '\r' '\n' | grep -c 'requests per second, '
cli bgsave
until cli info persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.02; done
cli info persistence | tr -d '\r' | grep -E 'rdb_last_bgsave_status|aof_last_write_status'
cli bgrewriteaof
until cli info persistence | tr -d '\r' | grep -E 'aof_rewrite_(in_progress|scheduled)' | sort | uniq -c | grep -q '1 aof_rewrite_in_progress:0'; do sleep 0.02; done
test -s dump.rdb && echo dumped
cli dbsize
cli shutdown; wait $s; echo status $?
start
until cli ping | grep -q PONG; do sleep 0.02; done
cli lrange l 0 -1
kill $s; wait $s; echo status $?
