. ./lib.sh
p=$(port)
ssh-keygen -q -t ed25519 -N '' -f hostkey; ssh-keygen -q -t ed25519 -N '' -f key; cp key.pub authorized
# sshd wants its directory, which only root can make.
[ -d /run/sshd ] || mkdir -p /run/sshd 2>/dev/null
cat > conf <<X
Port $p
ListenAddress 127.0.0.1
HostKey $d/hostkey
AuthorizedKeysFile $d/authorized
StrictModes no
UsePAM no
PidFile $d/pid
Subsystem sftp internal-sftp
X
/usr/sbin/sshd -D -f $d/conf -E $d/log & s=$!
listening $p
o="-F none -i $d/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$d/known -o LogLevel=ERROR"
me=$(id -un)@127.0.0.1
ssh $o -p $p $me 'echo hello; cat; exit 3' <<< 'from standard input'; echo status $?
ssh $o -p $p -tt $me 'tty > /dev/null && echo a terminal; stty size > /dev/null && echo with a size' < /dev/null | tr -d '\r'
q=$(port)
ssh $o -p $p -N -L $q:127.0.0.1:$p $me & f=$!
listening $q
(exec 3<>/dev/tcp/127.0.0.1/$q; head -c 7 <&3; echo)
kill $f; wait $f 2>/dev/null
seq 50000 > big; scp -q $o -P $p big $me:$d/copy; cmp big copy && echo copied
kill $s; wait $s; echo status $?
