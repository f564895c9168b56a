#!/bin/sh
# Resolve the lock files in requirements/ from pyproject.toml: every supported Python and platform, with hashes,
# without any address (the machine's own client configuration says where packages come from).
# Usage: tools/lock.sh PATH-TO-UV [--upgrade]
set -eu
uv=$1
shift
compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" "$@"
}
compile "$@" pyproject.toml --output-file requirements/run.txt
compile "$@" --group pyproject.toml:build --constraints requirements/run.txt --output-file requirements/build.txt
compile "$@" --group pyproject.toml:dev --constraints requirements/run.txt --constraints requirements/build.txt \
    --output-file requirements/dev.txt
compile "$@" --group pyproject.toml:node --output-file requirements/node.txt
compile "$@" --group pyproject.toml:cities --output-file requirements/cities.txt
compile "$@" --group pyproject.toml:fuse --output-file requirements/fuse.txt
compile "$@" --group pyproject.toml:uv --output-file requirements/uv.txt
