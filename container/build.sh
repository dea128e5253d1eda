#!/usr/bin/env bash
# Build the image in which the agents run.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: container/build.sh [--base IMAGE] [--extra-ca FILE] [--tag NAME] [--full]

Builds the agent image from a Debian base.

  --base IMAGE     Debian 12 or later to build on   (or BASE; default debian:bookworm-slim)
  --extra-ca FILE  PEM bundle to trust as well, for networks that inspect TLS   (or EXTRA_CA)
  --tag NAME       name of the image   (or TAG; default nanogridbot-agent:latest)
  --full           with Chromium and fonts, for browsing   (or FULL=1; default name nanogridbot-agent:full)
  --help           this text
TEXT
}

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

base=${BASE:-debian:bookworm-slim}
extra_ca=${EXTRA_CA:-}
tag=${TAG:-}
full=${FULL:-}

while [ $# -gt 0 ]; do
    case $1 in
        --help | -h) usage; exit 0 ;;
        --full) full=1; shift; continue ;;
        --base | --extra-ca | --tag) [ $# -ge 2 ] || fail "$1 needs a value (see --help)" ;;
        *) usage >&2; fail "unknown argument: $1" ;;
    esac
    case $1 in
        --base) base=$2 ;;
        --extra-ca) extra_ca=$2 ;;
        --tag) tag=$2 ;;
    esac
    shift 2
done

variant=latest packages=
if [ -n "$full" ]; then
    variant=full packages="chromium fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji"
fi
tag=${tag:-nanogridbot-agent:$variant}

command -v docker >/dev/null || fail "the docker command is missing: install Docker first"
docker version --format '{{.Server.Version}}' >/dev/null 2>&1 || fail "no Docker engine answers: start it, or set DOCKER_HOST"
[ -z "$extra_ca" ] || [ -r "$extra_ca" ] || fail "cannot read the CA bundle $extra_ca"

here=$(cd "$(dirname "$0")" && pwd)
package=$here/runner/ngb_runner
constant() { sed -n "s/^$1 = \"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$package/__init__.py"; }

# A context of its own: nothing that happens to lie in the checkout reaches the image.
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir "$context/ca" "$context/ngb_runner" "$context/bin"
touch "$context/ca/.keep" "$context/bin/.keep"
[ -z "$full" ] || cp "$here/browse" "$context/bin/"
cp "$here/Dockerfile" "$here/requirements.txt" "$context/"
cp -R "$package/." "$context/ngb_runner/"
find "$context/ngb_runner" -type f ! -name '*.py' -delete
[ -z "$extra_ca" ] || cp "$extra_ca" "$context/ca/extra.crt"
# Whatever umask the checkout was made with, any uid must be able to read the runner.
chmod -R u=rwX,go=rX "$context"

docker build \
    --build-arg "BASE=$base" \
    --build-arg "EXTRA_PACKAGES=$packages" \
    --build-arg "RUNNER_VERSION=$(constant __version__)" \
    --build-arg "PROTOCOL=$(constant PROTOCOL)" \
    --tag "$tag" "$context" || fail "the image could not be built; the lines above say why"
echo "Built $tag on $base."
