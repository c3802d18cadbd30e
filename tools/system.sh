#!/bin/sh
# Bring the programs that tests need beside Python: by apt-get as root, else say what to install.
# Usage: tools/system.sh COMMAND…
set -eu

package_of() {
    case "$1" in
        java) echo default-jre-headless ;;
        mvn) echo maven ;;
        amtool) echo prometheus-alertmanager ;; # with its server
        *) echo "$1" ;;
    esac
}

missing=""
for command in "$@"; do
    command -v "$command" >/dev/null 2>&1 || missing="$missing $(package_of "$command")"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    export RUNLEVEL=1 # packages of servers do not start them: tests start their own
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    apt-get install -qq --yes --no-install-recommends $missing >/dev/null
else
    echo "Missing: install the Debian packages$missing, or what your system calls them." >&2
    exit 1
fi
