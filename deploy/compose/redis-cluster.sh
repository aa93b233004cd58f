#!/bin/sh
# Makes a Redis Cluster of the given `host:port`, half of them replicas, unless it is one already; ends when all of it agrees.
set -eu
host=${1%:*}
ok() { redis-cli -h "$host" cluster info | grep -q '^cluster_state:ok'; }
ok || redis-cli --cluster create "$@" --cluster-replicas 1 --cluster-yes
until ok && redis-cli --cluster check "$1" >/dev/null; do sleep 1; done
