#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a program under Open MPI's mpirun with every rank in a network namespace of its own, so that
# ranks talk TCP over links of a known rate, limited at both ends:
#   tests/network/with_link.sh --ranks N --rate none|100mbit|1gbit [--mpirun ARGUMENTS] -- PROGRAM...
#   --mpirun  more arguments for mpirun, in one word; repeatable
#
# The status is the program's; 64 for a wrong call; 77, with the reason, where namespaces or limits are
# not to be had (they need root, ip and tc). All that it makes is removed when it ends, also by a
# signal; what a killed call left behind is removed by the next one.
set -eu
here=$(cd "${BASH_SOURCE%/*}" && pwd)
# shellcheck source=tests/network/namespaces.sh
. "$here/namespaces.sh"

usage() {
  echo "with_link.sh: $1; usage: with_link.sh --ranks N --rate none|100mbit|1gbit" \
    "[--mpirun ARGUMENTS] -- PROGRAM..." >&2
  exit 64
}

skip() {
  echo "with_link.sh: skipped: $1" >&2
  exit 77
}

ranks='' rate='' extra=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  [ $# -gt 1 ] || usage "$1 is no option, or lacks its value"
  case $1 in
    --ranks) ranks=$2 ;;
    --rate) rate=$2 ;;
    --mpirun) read -ra words <<<"$2" && extra+=("${words[@]}") ;;
    *) usage "unknown option $1" ;;
  esac
  shift 2
done
[[ $ranks =~ ^[1-9][0-9]?$ ]] || usage "--ranks '$ranks': expected 1 to 99"
[[ $rate =~ ^(none|100mbit|1gbit)$ ]] || usage "--rate '$rate': expected none, 100mbit or 1gbit"
[ $# -gt 1 ] || usage "a program is missing"
shift

for tool in ip tc unshare mpirun; do
  command -v "$tool" >/dev/null || skip "there is no $tool"
done
[ "$(id -u)" -eq 0 ] || skip "namespaces need root"
remove_dead_links
link=$(link_of $$)
trap 'trap "" HUP INT TERM; remove_link "$link"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# A link of one rank tells whether all of this is allowed; after that, what fails is a failure.
refused=$(add_link "$link" 1 1mbit 2>&1 && "$here/rank_shell.sh" "$link" "$(address_of 0)" true 2>&1) ||
  skip "namespaces or limits are not allowed: $refused"
remove_link "$link"
add_link "$link" "$ranks" "$rate"

hosts=''
for ((rank = 0; rank < ranks; rank++)); do hosts+=$(address_of "$rank"):1,; done
network=$(address_of -1)/24
# Ranks wait for each other on few cores, so they must yield; and with whole messages put into the
# other's memory the two directions of a link would wait for each other.
command=(mpirun --allow-run-as-root -n "$ranks" --host "${hosts%,}" --map-by node --bind-to none
  --mca plm rsh --mca plm_rsh_agent "$here/rank_shell.sh $link"
  --mca pml ob1 --mca btl "tcp,self" --mca btl_tcp_flags 1 --mca mpi_yield_when_idle 1
  --mca btl_tcp_if_include "$network" --mca oob_tcp_if_include "$network"
  "${extra[@]}" "$@")
# In the background, because a shell answers signals only when what it waits for has ended.
"$here/rank_shell.sh" "$link" "$(address_of 0)" "${command[@]@Q}" &
status=0
wait $! || status=$?
exit "$status"
