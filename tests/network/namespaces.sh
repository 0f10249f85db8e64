# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Network namespaces of one call of with_link.sh, for it to source: ranks 0, 1, ... with an interface
# eth0 each, all on one switch, a bridge in a namespace of its own.
#
# A link is a name, pith-PID-START, of the process that owns it; its namespaces are LINK-switch,
# LINK-0, LINK-1, ... A number of a process comes back, with the time of its start it does not.

# link_of PID: the name of the link that this process owns; fails if it is no more, or a zombie.
link_of() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra stat <<<"${stat##*) }" # the name of the program, in brackets, may hold anything
  [ "${stat[0]}" != Z ] && echo "pith-$1-${stat[19]}"
}

# folder_of LINK: where its ranks keep their files.
folder_of() { echo "/tmp/$1"; }

# address_of RANK
address_of() { echo "10.77.0.$(($1 + 1))"; }

# shape NAMESPACE INTERFACE RATE: what leaves by this interface.
# A smaller queue drops packets, a larger one holds the answers up.
shape() {
  [ "$3" = none ] || tc -n "$1" qdisc add dev "$2" root tbf rate "$3" burst 128kb limit 1mb
}

# add_switch LINK
add_switch() {
  ip netns add "$1-switch" &&
    ip -n "$1-switch" link add switch type bridge &&
    ip -n "$1-switch" link set switch up
}

# add_rank LINK RANK RATE
add_rank() {
  local switch=$1-switch own=$1-$2
  ip netns add "$own" &&
    ip link add eth0 netns "$own" type veth peer name "port$2" netns "$switch" &&
    shape "$own" eth0 "$3" &&
    shape "$switch" "port$2" "$3" &&
    ip -n "$switch" link set "port$2" master switch up &&
    ip -n "$own" address add "$(address_of "$2")/24" dev eth0 &&
    ip -n "$own" link set lo up &&
    ip -n "$own" link set eth0 up
}

# add_link LINK RANKS RATE
add_link() {
  local rank
  mkdir -m 700 "$(folder_of "$1")" && add_switch "$1" || return 1
  for ((rank = 0; rank < $2; rank++)); do
    mkdir "$(folder_of "$1")/$rank" && add_rank "$1" "$rank" "$3" || return 1
  done
}

# remove_namespace NAMESPACE: with what still runs in it. Another call may be removing it, too.
remove_namespace() {
  local pids tries
  for ((tries = 0; tries < 50; tries++)); do # who is about to fork is not alone for long
    pids=$(ip netns pids "$1" 2>/dev/null) || break
    [ -n "$pids" ] || break
    # shellcheck disable=SC2086 # one word per process
    kill -KILL $pids 2>/dev/null || true
    sleep 0.02
  done
  ip netns delete "$1" 2>/dev/null || true
}

# names: of all namespaces.
names() { ip netns list | cut -d ' ' -f 1; }

# remove_link LINK
remove_link() {
  local namespace
  for namespace in $(names); do
    case $namespace in "$1"-*) remove_namespace "$namespace" ;; esac
  done
  rm -rf "$(folder_of "$1")"
}

# remove_dead_links: those whose owner is gone.
remove_dead_links() {
  local name link
  for name in $(names) "$(folder_of '')"pith-*; do
    [[ ${name##*/} =~ ^(pith-([0-9]+)-[0-9]+)(-|$) ]] || continue
    link=${BASH_REMATCH[1]}
    [ "$(link_of "${BASH_REMATCH[2]}")" = "$link" ] || remove_link "$link"
  done
}
