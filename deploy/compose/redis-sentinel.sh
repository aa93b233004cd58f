#!/bin/sh
# Starts a Sentinel of deploy/compose/sentinel.yml: redis-sentinel.sh <address of the first master>. What it learns is kept
# in its configuration, which is therefore written only once.
set -eu
file=/data/sentinel.conf
if ! [ -s "$file" ]; then
  for line in \
    'port 26379' 'dir /data' 'protected-mode no' \
    "requirepass $REDISCLI_AUTH" "sentinel sentinel-pass $REDISCLI_AUTH" \
    "sentinel monitor encke $1 6379 2" "sentinel auth-pass encke $REDISCLI_AUTH" \
    'sentinel down-after-milliseconds encke 3000' 'sentinel failover-timeout encke 15000' \
    'sentinel parallel-syncs encke 1'; do echo "$line"; done >"$file.new"
  mv "$file.new" "$file"
fi
exec redis-server "$file" --sentinel
