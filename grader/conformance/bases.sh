#!/bin/bash
# bases.sh DIR: makes in DIR the root filesystems that the cases build on, as build contexts (rootfs.tar and Dockerfile):
#   DIR/slim  for debian:bookworm-slim: a minimal bookworm without documentation, apt set up as in Debian's official image
#   DIR/node  for node:20-bookworm-slim: the same with this machine's Node.js and npm under /usr/local
# Needs root and debootstrap.
set -euo pipefail
dir=$1
mkdir -p "$dir/slim" "$dir/node"
cd "$dir"
[ -d rootfs ] || debootstrap --variant=minbase bookworm rootfs

rm -rf slim.d
cp -a rootfs slim.d
(
  cd slim.d
  cat > etc/apt/apt.conf.d/docker-clean <<'CONF'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF
  echo 'Acquire::Languages "none";' > etc/apt/apt.conf.d/docker-no-languages
  printf 'Acquire::GzipIndexes "true";\n' > etc/apt/apt.conf.d/docker-gzip-indexes
  printf 'Apt::AutoRemove::SuggestsImportant "false";\n' > etc/apt/apt.conf.d/docker-autoremove-suggests
  printf '%s\n' 'path-exclude /usr/share/doc/*' 'path-include /usr/share/doc/*/copyright' 'path-exclude /usr/share/info/*' \
    'path-exclude /usr/share/linda/*' 'path-exclude /usr/share/lintian/overrides/*' 'path-exclude /usr/share/locale/*' \
    'path-exclude /usr/share/man/*' > etc/dpkg/dpkg.cfg.d/docker
  rm -rf usr/share/info/* usr/share/lintian/overrides/* usr/share/linda usr/share/locale/* usr/share/man/*
  find usr/share/doc -type f ! -name copyright -delete
  find usr/share/doc -type l -delete
  find usr/share/doc -depth -type d -empty -delete
  rm -rf var/lib/apt/lists/* var/cache/apt/* var/log/*.log var/log/apt var/cache/ldconfig/aux-cache tmp/* etc/resolv.conf
  : > etc/hostname
  mkdir -p var/cache/apt/archives/partial
  mirror=$(sed -n 's/^deb \(\S*\) bookworm main.*/\1/p' ../rootfs/etc/apt/sources.list | head -1)
  rm -f etc/apt/sources.list
  for s in "$mirror:bookworm bookworm-updates" "$mirror-security:bookworm-security"; do
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n' "${s%:*}" "${s##*:}"
  done > etc/apt/sources.list.d/debian.sources
)

pack() { # pack ROOTFS CONTEXT CMD ENV
  tar -C "$1" --numeric-owner --sort=name --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -cf "$2/rootfs.tar" .
  printf 'FROM scratch\nADD rootfs.tar /\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin%s\nCMD ["%s"]\n' "$4" "$3" > "$2/Dockerfile"
}
pack slim.d slim bash ""

rm -rf node.d
cp -a slim.d node.d
mkdir -p node.d/usr/local/lib/node_modules node.d/usr/local/etc node.d/home/node node.d/etc/ssl/certs
cp "$(readlink -f "$(command -v node)")" node.d/usr/local/bin/node
cp -a "$(npm root -g)/npm" node.d/usr/local/lib/node_modules/npm
ln -s ../lib/node_modules/npm/bin/npm-cli.js node.d/usr/local/bin/npm
ln -s ../lib/node_modules/npm/bin/npx-cli.js node.d/usr/local/bin/npx
printf 'registry=%s\ncafile=/etc/ssl/certs/ca-certificates.crt\naudit=false\nfund=false\nupdate-notifier=false\n' "$(npm config get registry)" > node.d/usr/local/etc/npmrc
cp -r /usr/share/ca-certificates node.d/usr/share/
cp -L /etc/ssl/certs/ca-certificates.crt node.d/etc/ssl/certs/
echo 'node:x:1000:1000::/home/node:/bin/bash' >> node.d/etc/passwd
echo 'node:x:1000:' >> node.d/etc/group
chown 1000:1000 node.d/home/node
pack node.d node node " NODE_VERSION=$(node -p process.versions.node)"
