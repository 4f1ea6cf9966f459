#!/bin/bash
# Stands in for the installer of NodeSource: it registers the repository of Node.js $1.
set -e
if [ "$(id -u)" -ne 0 ]; then
  echo "Error: This script must be run as root." >&2
  exit 1
fi
apt-get update
apt-get install -y apt-transport-https ca-certificates curl gnupg
mkdir -p /usr/share/keyrings
echo "key" > /usr/share/keyrings/nodesource.gpg
echo "deb [signed-by=/usr/share/keyrings/nodesource.gpg] https://deb.nodesource.com/node_$1.x nodistro main" > /etc/apt/sources.list.d/nodesource.list
apt-get update
echo "Repository configured successfully."
