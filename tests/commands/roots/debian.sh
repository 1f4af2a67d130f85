# The smallest Debian, of the release that runs here. 77: its mirror cannot be reached, or is too slow.
. /etc/os-release
# What debootstrap mounts goes with it.
! unshare -m true 2> /dev/null || own='unshare -m'
$own timeout 180 debootstrap --variant=minbase "$VERSION_CODENAME" "$1" http://deb.debian.org/debian && exit 0
tail -5 "$1/debootstrap/debootstrap.log" || true
exit 77
