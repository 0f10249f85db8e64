#!/bin/sh
# Usage: check_format.sh CLANG_FORMAT ROOT
cd "$2" || exit 1
find lib compressors collectives examples tools tests \( -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) -print0 |
  xargs -0 "$1" --dry-run -Werror
