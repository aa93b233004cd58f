#!/bin/sh
# Starts a Redis of deploy/compose/*.yml: redis-node.sh [line of its configuration …]. The configuration is written once and kept
# with the data, because Sentinel changes it: a master that was replaced must not come back as one. What .env may change is
# given anew at each start.
set -eu
file=/data/redis.conf
if ! [ -s "$file" ]; then
  for line in \
    'dir /data' 'appendonly yes' 'appendfsync everysec' 'maxmemory-policy noeviction' "$@"; do echo "$line"; done >"$file.new"
  mv "$file.new" "$file"
fi
# Redis itself may have written the user with the old password there, which would count more than --requirepass.
sed '/^user default /d' "$file" >"$file.new"
mv "$file.new" "$file"
exec redis-server "$file" --protected-mode no --requirepass "$REDISCLI_AUTH" --masterauth "$REDISCLI_AUTH" \
  --maxmemory "${REDIS_MAXMEMORY:-1gb}"
