#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stands in for ssh where ranks are namespaces: rank_shell.sh LINK [OPTION...] ADDRESS COMMAND...
# runs the words of the command, joined, by a shell in the namespace with this address.
#
# Ranks that share a host name or a folder for temporary files are taken for one node by Open MPI,
# whose daemons then disturb each other.
set -eu
link=$1
shift
while [[ $1 == -* ]]; do shift; done
rank=$((${1##*.} - 1))
shift
# shellcheck source=tests/network/namespaces.sh
. "${BASH_SOURCE%/*}/namespaces.sh"
exec ip netns exec "$link-$rank" unshare --uts --ipc -- bash -c \
  "hostname rank$rank; export TMPDIR=$(folder_of "$link")/$rank; $*"
