#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fails_with.sh PATTERN COMMAND...: succeeds if the command fails and prints the pattern.
pattern=$1
shift
if output=$("$@" 2>&1); then
  echo "$output"
  echo "fails_with.sh: the command succeeded"
  exit 1
fi
echo "$output"
echo "$output" | grep -q "$pattern"
