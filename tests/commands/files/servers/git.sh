. ./lib.sh
export GIT_CONFIG_NOSYSTEM=1
git config --global user.name a; git config --global user.email a@b; git config --global init.defaultBranch main
git init -q src
for i in 1 2 3; do seq $((i * 1000)) > src/f$i; git -C src add .; git -C src commit -qm c$i; done
mkdir repos
git clone -q --bare src repos/r.git; touch repos/r.git/git-daemon-export-ok; git -C repos/r.git config http.receivepack true
p=$(port)
git daemon --reuseaddr --listen=127.0.0.1 --port=$p --base-path=repos 2> /dev/null & s=$!
listening $p
git clone -q git://127.0.0.1:$p/r.git c1; ls c1; git -C c1 log --format=%s
kill $s; wait $s 2>/dev/null
p=$(port)
python3 backend.py repos $p & s=$!
listening $p
git clone -q http://127.0.0.1:$p/r.git c2; git -C c2 log --format=%s; cmp src/f3 c2/f3
seq 50000 > c2/f4; git -C c2 add .; git -C c2 commit -qm c4; git -C c2 push -q; git -C repos/r.git log --format=%s main
kill $s; wait $s; echo status $?
