#!/bin/sh
# Starts a Redis of deploy/compose/*.yml: redis-node.sh [line of its configuration …]. The configuration is written once and kept
# with the data, because Sentinel changes it: a master that was replaced must not come back as one.
set -eu
file=/data/redis.conf
if ! [ -s "$file" ]; then
  for line in \
    'dir /data' 'appendonly yes' 'appendfsync everysec' 'maxmemory-policy noeviction' \
    "requirepass $REDISCLI_AUTH" "masterauth $REDISCLI_AUTH" "$@"; do echo "$line"; done >"$file.new"
  mv "$file.new" "$file"
fi
exec redis-server "$file" --protected-mode no
