#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs those packages that are missing:
#   cmake/install_dependencies.sh quickstart    what the library, the tools and the examples need
#   cmake/install_dependencies.sh tests         and what the tests need
# It knows Debian and Ubuntu; elsewhere it says what to install and fails. SKIP_INSTALL=1 takes
# everything for present.
set -euo pipefail

library=(g++ cmake ninja-build libopenmpi-dev openmpi-bin libboost-dev libxxhash-dev libhwy-dev)
examples=(libboost-program-options-dev nlohmann-json3-dev libeigen3-dev zlib1g-dev
          dataset-fashion-mnist python3)
tests=(libgtest-dev libgmock-dev libboost-mpi-dev libboost-context-dev libopenblas-dev libzstd-dev clang-14 libclang-rt-14-dev
       clang-format-14 iproute2)

case "${1-}" in
  quickstart) packages=("${library[@]}" "${examples[@]}") ;;
  tests) packages=("${library[@]}" "${examples[@]}" "${tests[@]}") ;;
  *) echo "usage: $0 quickstart|tests" >&2; exit 64 ;;
esac
[ "${SKIP_INSTALL:-0}" = 1 ] && exit 0

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "This is not Debian or Ubuntu. Install what these packages hold, then set SKIP_INSTALL=1:" >&2
  echo "  ${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Not root and no sudo. Ask for: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
