. ./lib.sh
p=$(port)
mkdir -p src/a/b
for i in $(seq 40); do seq $((i * 20)) > src/a/f$i; done
ln -s f1 src/a/l; chmod 600 src/a/f2; head -c 300000 /dev/zero > src/a/b/big
printf 'use chroot = no\nmunge symlinks = no\n[m]\npath = %s\nread only = no\n' $d/src > conf
[ $(id -u) = 0 ] && printf 'uid = root\ngid = root\n' >> conf
rsync --daemon --no-detach --config=conf --address=127.0.0.1 --port=$p & s=$!
listening $p
rsync -a rsync://127.0.0.1:$p/m/ dst/; diff -r src dst && echo same; stat -c %a dst/a/f2; readlink dst/a/l
seq 90000 > dst/a/f3
rsync -a dst/ rsync://127.0.0.1:$p/m/; diff -r src dst && echo same
rsync rsync://127.0.0.1:$p/
rsync rsync://127.0.0.1:$p/none/ 2>&1 | head -1
rsync -a --delete src/a/ local/; rm src/a/f5; rsync -a --delete src/a/ local/; diff -r src/a local && echo same
kill $s; wait $s; echo status $?
