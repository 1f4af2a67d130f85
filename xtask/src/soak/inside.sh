# Runs in the sandbox: redis-benchmark, pgbench and a storm of forks at the same time, in rounds. $1: rounds, $2: seconds of each.
# Before the first round that counts there is a short one, after which names and files that the kernel keeps are known.
# Writes a line about each round; ends with 1 if something has failed or has stood still.
set -u
rounds=$1 seconds=$2
home=$PWD
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
export PGHOST=$home/pg PGDATABASE=postgres PGUSER=pg
as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
failed() { echo "FAILED: $*"; touch "$home/failed"; }

# Objects, their bytes, and pages of all kinds that the kernel holds; with $1 the objects of each size.
memory() { awk 'NR > 2 && $1 != "pages" { n += $2; b += $2 * $4 } $1 == "pages" { p = $2 } END { print n, b, p }' /proc/slabinfo; }
sizes() { awk 'NR > 2 { printf "%s=%d ", $1, $2 }' /proc/slabinfo; }
# Counted without a process of its own.
processes() { local all=(/proc/[0-9]*); now=${#all[@]}; }
everybody() { for p in /proc/[0-9]*; do echo "$p: $(cut -d' ' -f2-8 $p/stat)"; done; }

start_postgres() {
    as "$bin/pg_ctl" -D "$home/pg/db" -w -t 120 -l "$home/pg/log" -o "-k $home/pg -h '' -c fsync=off" start > /dev/null || failed 'postgres does not start'
}
stop_postgres() { as "$bin/pg_ctl" -D "$home/pg/db" -m fast -t 120 stop > /dev/null || failed 'postgres does not stop'; }

redis_load() {
    local n=0 s
    while [ $SECONDS -lt $1 ]; do
        timeout 60 redis-benchmark -s "$home/redis.sock" -n 20000 -c 20 -P 16 -t set,get,incr,lpush,lrange_100 -q > redis.out 2>&1
        s=$?; [ $s = 0 ] || { failed "redis-benchmark ended with $s"; tail -c 300 redis.out; return; }
        timeout 60 redis-cli -s "$home/redis.sock" bgsave > /dev/null || { failed 'redis does not answer'; return; }
        n=$((n + 1))
    done
    echo $n > redis.count
}
pg_load() {
    timeout $(($1 - SECONDS + 60)) "$bin/pgbench" -n -c 4 -j 2 -P 5 -T $(($1 - SECONDS)) > pg.out 2>&1
    local s=$?; [ $s = 0 ] || { failed "pgbench ended with $s"; tail -3 pg.out; }
    grep 'tps, lat' pg.out | grep -E ' 0\.0 tps' && failed 'pgbench has stood still'
    sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' pg.out > pg.count
}
# One turn: many children at once, with statuses, pipes and signals.
turn() {
    local pids='' p i=0
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do (exit $i) & pids="$pids $!"; done
    i=0
    for p in $pids; do i=$((i + 1)); wait $p; [ $? = $i ] || return 1; done
    [ "$(seq 200 | sort -rn | head -1 | tr -d '\n')" = 200 ] || return 1
    sleep 100 & p=$!; kill $p; wait $p; [ $? = 143 ]
}
fork_load() {
    export -f turn
    local n=0 s
    while [ $SECONDS -lt $1 ]; do
        timeout 60 bash -c 'for t in 1 2 3 4 5; do turn || exit 1; done' 2> /dev/null
        s=$?; [ $s = 0 ] || { failed "the fork storm ended with $s"; return; }
        n=$((n + 100))
    done
    echo $n > fork.count
}

round() {
    SECONDS=0
    rm -f redis.count pg.count fork.count
    redis-server --port 0 --unixsocket "$home/redis.sock" --appendonly yes --save '' --dir "$home/redis" > redis.log 2>&1 & redis=$!
    cp -a pg/new pg/db; start_postgres
    until redis-cli -s "$home/redis.sock" ping 2> /dev/null | grep -q PONG; do sleep 0.1; done
    local end=$((SECONDS + $1)) a b c
    redis_load $end & a=$!
    pg_load $end & b=$!
    fork_load $end & c=$!
    wait $a $b $c
    stop_postgres
    kill $redis; wait $redis || failed "redis ended with $?"
    # What the round has written goes, so that only what it has cost shows.
    rm -rf redis/* redis.sock redis.log redis.out pg.out pg/db
    : > pg/log
    local i=0
    processes
    while [ $now -gt $before ] && [ $i -lt 100 ]; do i=$((i + 1)); sleep 0.1; processes; done
    [ $now -le $before ] || { failed "$now processes, $before before"; everybody; }
}

mkdir redis pg; chown 65534:65534 pg; chmod 711 .
processes; before=$now
as "$bin/initdb" -D "$home/pg/db" -U pg -A trust --no-sync > /dev/null || failed initdb
start_postgres
"$bin/pgbench" -i -q -s 1 > /dev/null 2>&1 || failed 'pgbench -i'
stop_postgres
mv pg/db pg/new
r=0
while [ $r -le $rounds ] && [ ! -e failed ]; do
    if [ $r = 0 ]; then round 10; else round $seconds; fi
    echo "round $r: $(cat redis.count 2> /dev/null) of redis-benchmark, $(cat pg.count 2> /dev/null) transactions, $(cat fork.count 2> /dev/null) forks"
    echo "memory $r: $(memory)"
    echo "sizes $r: $(sizes)"
    r=$((r + 1))
done
[ ! -e failed ]
