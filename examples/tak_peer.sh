#!/usr/bin/env bash
# A real TAK server hears our objects: FreeTAKServer from PyPI, in an environment of its own under .build/, on a
# network of its own that has nothing but loopback (it binds to every address; needs root for that network).
# FreeTAKServer 2.2 fails on the CoT attribute `opex`: it is left out here, the plane stands in uid and texts.
# Run from the checkout after `make setup`:  bash examples/tak_peer.sh
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/.build/tak port=${1:-8087}
if [ ! -x "$home/bin/python" ]; then
    python3 -m venv "$home"
    # Its tracing breaks with newer OpenTelemetry: the property `span_exporter` is read-only there.
    "$home/bin/python" -m pip install --quiet "FreeTAKServer==2.2.1" "opentelemetry-sdk==1.20.0" "opentelemetry-api==1.20.0"
fi
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
mkdir -p "$run"/{Certs,ExCheck/template,ExCheck/checklist,FreeTAKServerDataPackageFolder,Logs}
touch "$run/FTSDataBase.db"
cat > "$run/FTSConfig.yaml" <<YAML
System: {FTS_MAINLOOP_DELAY: 100, FTS_CONNECTION_MESSAGE: tocsin, FTS_DATABASE_TYPE: SQLite}
Addresses: {FTS_COT_PORT: $port, FTS_SSLCOT_PORT: 18089, FTS_DP_ADDRESS: 127.0.0.1, FTS_USER_ADDRESS: 127.0.0.1,
            FTS_API_PORT: 18023, FTS_FED_PORT: 18000, FTS_API_ADDRESS: 127.0.0.1}
Filesystem: {FTS_COT_TO_DB: false, FTS_CERTS_PATH: $run/Certs, FTS_EXCHECK_PATH: $run/ExCheck,
             FTS_EXCHECK_TEMPLATE_PATH: $run/ExCheck/template, FTS_EXCHECK_CHECKLIST_PATH: $run/ExCheck/checklist,
             FTS_DATAPACKAGE_PATH: $run/FreeTAKServerDataPackageFolder, FTS_LOGFILE_PATH: $run/Logs,
             FTS_PERSISTENCE_PATH: $run}
YAML
export FTS_CONFIG_PATH=$run/FTSConfig.yaml FTS_DB_PATH=$run/FTSDataBase.db FTS_FIRST_START=false home run port
unshare --net --pid --fork --kill-child bash -euc '
    ip link set lo up
    "$home/bin/python" -m FreeTAKServer.controllers.services.FTS </dev/null >"$run/server.log" 2>&1 &
    for _ in $(seq 120); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.5
    done
    .venv/bin/python examples/tak_peer.py --port "$port" --no-opex || { tail -n 20 "$run/server.log" >&2; exit 1; }'
