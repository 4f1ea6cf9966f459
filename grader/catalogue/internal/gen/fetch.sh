#!/bin/bash
# fetch.sh DIR: fetches what the generator reads, into DIR. For bookworm and trixie each:
#   SUITE.slim     the tree of debian:SUITE-slim (debootstrap, then documentation, manual pages and locales removed)
#   SUITE.apt      apt's own folders with the package lists and, in archives/, the packages of popular.txt with all they need
# Needs root, debootstrap, and a machine whose apt has the docker-* settings of Debian's official images.
set -e
here=$(cd "$(dirname "$0")" && pwd)
dir=$1; mkdir -p "$dir"; cd "$dir"
mirror=${MIRROR:-http://deb.debian.org/debian}
for suite in bookworm trixie; do
  [ -d $suite.full ] || debootstrap --variant=minbase $suite $suite.full "$mirror" > $suite.log
  if [ ! -d $suite.slim ]; then
    cp -a $suite.full $suite.slim
    cp /etc/apt/apt.conf.d/docker-* $suite.slim/etc/apt/apt.conf.d/
    printf '%s\n' 'path-exclude /usr/share/doc/*' 'path-include /usr/share/doc/*/copyright' 'path-exclude /usr/share/info/*' 'path-exclude /usr/share/linda/*' \
      'path-exclude /usr/share/lintian/overrides/*' 'path-exclude /usr/share/locale/*' 'path-exclude /usr/share/man/*' > $suite.slim/etc/dpkg/dpkg.cfg.d/docker
    ( cd $suite.slim
      rm -rf usr/share/info/* usr/share/lintian/overrides/* usr/share/linda usr/share/locale/* usr/share/man/*
      find usr/share/doc -type f ! -name copyright -delete; find usr/share/doc -type l -delete; find usr/share/doc -depth -type d -empty -delete
      rm -rf var/lib/apt/lists/* var/cache/apt/* var/log/*.log var/log/apt var/cache/ldconfig/aux-cache tmp/* etc/resolv.conf etc/apt/sources.list
      : > etc/hostname; mkdir -p var/cache/apt/archives/partial )
  fi
  apt=$dir/$suite.apt; mkdir -p "$apt"/{etc,lists/partial,archives/partial}
  printf 'deb %s %s main\ndeb %s %s-updates main\ndeb %s-security %s-security main\n' "$mirror" $suite "$mirror" $suite "$mirror" $suite > "$apt/etc/sources.list"
  run() {
    apt-get -o Dir::Etc::sourcelist="$apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$apt/lists" \
      -o Dir::Cache::archives="$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Dir::State::status="$dir/$suite.slim/var/lib/dpkg/status" \
      -o Dir::Etc::trusted=/dev/null -o Dir::Etc::trustedparts=/usr/share/keyrings -o Acquire::GzipIndexes=false -o Acquire::Languages=none \
      -o Dir::Etc::preferencesparts=/dev/null -o APT::Keep-Downloaded-Packages=true -o APT::Sandbox::User=root "$@"
  }
  run update > /dev/null
  while read -r line; do
    case $line in ''|'#'*) continue;; esac
    run install --download-only -y $line > "$apt/last.log" 2>&1 || { echo "$suite: not all of: $line"; tail -3 "$apt/last.log"; }
  done < "$here/popular.txt"
done
