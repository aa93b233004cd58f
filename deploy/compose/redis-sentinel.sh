#!/bin/sh
# Starts a Sentinel of deploy/compose/sentinel.yml: redis-sentinel.sh <address of the first master>. What it learns is kept
# in its configuration, which is therefore written only once; the password, which .env may change, at each start.
set -eu
file=/data/sentinel.conf
if ! [ -s "$file" ]; then
  for line in \
    'port 26379' 'dir /data' 'protected-mode no' "sentinel monitor encke $1 6379 2" \
    'sentinel down-after-milliseconds encke 3000' 'sentinel failover-timeout encke 15000' \
    'sentinel parallel-syncs encke 1'; do echo "$line"; done >"$file.new"
  mv "$file.new" "$file"
fi
{
  sed -E '/^(requirepass|user default|sentinel (sentinel-pass|auth-pass)) /d' "$file"
  echo "requirepass $REDISCLI_AUTH"
  echo "sentinel sentinel-pass $REDISCLI_AUTH"
  echo "sentinel auth-pass encke $REDISCLI_AUTH"
} >"$file.new"
mv "$file.new" "$file"
exec redis-server "$file" --sentinel
