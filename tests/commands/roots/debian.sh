# The smallest Debian, of the release that runs here.
. /etc/os-release
# A mirror that is out of breath is asked once more.
for try in 1 2; do
    debootstrap --variant=minbase "$VERSION_CODENAME" "$1" http://deb.debian.org/debian && exit 0
    find "$1" -mindepth 1 -delete
done
exit 1
