#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fails_with.sh PATTERN COMMAND...: succeeds if the command fails, and what it prints, followed by
# "exit status N", contains the pattern.
pattern=$1
shift
output=$("$@" 2>&1)
status=$?
output="$output
exit status $status"
echo "$output"
[ $status -ne 0 ] && echo "$output" | grep -q "$pattern"
