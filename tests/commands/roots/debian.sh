# The smallest Debian, of the release that runs here. 77: its mirror cannot be reached, or is too slow.
. /etc/os-release
# What debootstrap mounts goes with it.
! unshare -m true 2> /dev/null || own='unshare -m'
for try in 1 2; do
    $own timeout 240 debootstrap --variant=minbase "$VERSION_CODENAME" "$1" http://deb.debian.org/debian && exit 0
    [ -s "$1/debootstrap/debootstrap.log" ] && tail -5 "$1/debootstrap/debootstrap.log"
    find "$1" -xdev -mindepth 1 -delete
done
exit 77
